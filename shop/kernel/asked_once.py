"""Questions that pages ask again and again with other ids: their SQL is made once in each process.

Putting a queryset together and making SQL of it costs a millisecond or two, as often as it is asked: a third of an
article's page of which nothing is kept. Rows come as they would from the queryset, articles as objects, values as
tuples. ``by_ids.py`` does the same for values of one list of ids, with less around it: each page with its parts kept
asks by it, and rows there need no objects of Django's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable
from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import QuerySet

Row = TypeVar("Row")
_FIRST = -2_000_000_000  #: stands for the first id, the next lower number for the next one; no row has these
_MOST = 40  #: kinds of one question that are kept: numbers of ids, and what else makes it another one


@dataclass(frozen=True)
class _Made:
    """A question with its SQL, and where its ids belong."""

    compiler: Any
    iterable: Any
    sql: str
    params: tuple[Any, ...]
    converters: dict[int, Any]  #: what makes values of the database's, by column
    #: place among the params, place among the ids, how the database is told
    places: tuple[tuple[int, int, type], ...]


class _Asked:
    """As much of a queryset as Django's iterables look at."""

    db = DEFAULT_DB_ALIAS
    _known_related_objects: dict[Any, Any] = {}  #: nobody writes into it

    def __init__(self, compiler: Any) -> None:
        self.query, self._compiler = self, compiler

    def get_compiler(self, using: str) -> Any:
        """The compiler, which has made the SQL already."""
        return self._compiler


class AskedOnce(Generic[Row]):
    """``make(*lists_of_ids, *fixed)`` gives a queryset, of objects or ``values_list``, without prefetching.

    It is called once for each number of ids and each ``fixed``: what it reads besides must not change while the
    process lives, neither a setting nor the language nor the clock.
    """

    def __init__(self, make: Callable[..., QuerySet[Any, Row]]) -> None:
        self._make = make
        self._made = lru_cache(maxsize=_MOST)(self._make_sql)

    def rows(self, *lists: Collection[int], fixed: tuple[Hashable, ...] = ()) -> list[Row]:
        """The rows, in the order of the queryset. One query, none where one of the lists is empty."""
        if not all(lists):
            return []
        filled = [_filled(list(ids)) for ids in lists]
        made = self._made(tuple(len(ids) for ids in filled), fixed)
        ids = [one for several in filled for one in several]
        params = list(made.params)
        for place, which, kind in made.places:
            params[place] = kind(ids[which])
        compiler = copy(made.compiler)
        compiler.connection = connections[DEFAULT_DB_ALIAS]  # each thread has its own
        compiler.get_converters = lambda _columns: made.converters
        compiler.as_sql = lambda *_how, **_more: (made.sql, tuple(params))
        return list(made.iterable(_Asked(compiler)))

    def _make_sql(self, lengths: tuple[int, ...], fixed: tuple[Hashable, ...]) -> _Made:
        stand_ins, first = [], _FIRST
        for length in lengths:
            stand_ins.append(list(range(first, first - length, -1)))
            first -= length
        asked: Any = self._make(*stand_ins, *fixed)
        if asked._prefetch_related_lookups:
            raise ValueError("what is prefetched is no part of this question's SQL")
        compiler = asked.query.get_compiler(DEFAULT_DB_ALIAS)
        sql, params = compiler.as_sql()
        converters = compiler.get_converters([column[0] for column in compiler.select[: compiler.col_count]])
        compiler.connection = None  # it is this thread's
        which = {one: place for place, one in enumerate(one for several in stand_ins for one in several)}
        places = tuple(
            (place, which[param], type(param))
            for place, param in enumerate(params)
            if isinstance(param, int) and param in which
        )
        if {which for _place, which, _kind in places} != set(which.values()):
            raise ValueError(f"this question does not ask for its ids: {sql}")
        return _Made(compiler, asked._iterable_class, sql, tuple(params), converters, places)


def _filled(ids: list[int]) -> list[int]:
    """The ids with the last one repeated up to 1, 2, 4, 8 ... of them: few numbers of ids, the same rows."""
    return ids + ids[-1:] * ((1 << (len(ids) - 1).bit_length()) - len(ids))
