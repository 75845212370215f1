"""A question about rows by their ids, asked on every page: its SQL is made once in each process.

Django makes the SQL of a queryset anew each time it is asked, which costs half a millisecond: a sixth of an article's
page whose parts are kept. Only the number of ids differs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import QuerySet

_STANDS_FOR_ALL = -1  #: no row has this id
_PLACE = "IN (%s)"


@dataclass(frozen=True)
class _Made:
    sql: str
    #: place of a column, what makes its value of the database's, and its expression
    converters: list[tuple[int, list[Callable[..., Any]], Any]]


class RowsByIds:
    """``make(ids)`` gives ``values_list`` of a queryset that is filtered by these ids (``pk__in=ids``) and by nothing
    else that has a value. Values come as they would from it."""

    def __init__(self, make: Callable[[Sequence[int]], QuerySet[Any, tuple[Any, ...]]]) -> None:
        self._make = make
        self._made: _Made | None = None

    def rows(self, ids: Collection[int]) -> list[tuple[Any, ...]]:
        """The rows of ``ids`` that are there, in no order. One query, none without ids.

        Raises ValueError where the question has other values than the ids.
        """
        if not ids:
            return []
        made = self._made = self._made or _compiled(self._make([_STANDS_FOR_ALL]))
        connection = connections[DEFAULT_DB_ALIAS]
        places = ", ".join(["%s"] * len(ids))
        with connection.cursor() as cursor:
            cursor.execute(made.sql.replace(_PLACE, f"IN ({places})"), list(ids))
            rows = cursor.fetchall()
        if not made.converters:
            return [tuple(row) for row in rows]
        found = []
        for row in map(list, rows):
            for place, converters, expression in made.converters:
                for convert in converters:
                    row[place] = convert(row[place], expression, connection)
            found.append(tuple(row))
        return found


def _compiled(asked: QuerySet[Any, tuple[Any, ...]]) -> _Made:
    compiler = asked.query.get_compiler(DEFAULT_DB_ALIAS)
    sql, params = compiler.as_sql()
    if tuple(params) != (_STANDS_FOR_ALL,) or sql.count(_PLACE) != 1:
        raise ValueError(f"this is not a question about rows by their ids alone: {sql}")
    columns = [expression for expression, _sql, _name in compiler.select]
    found = compiler.get_converters(columns)
    return _Made(sql, [(place, converters, column) for place, (converters, column) in found.items()])
