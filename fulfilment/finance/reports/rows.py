"""Long lists made by one SQL statement: the database sorts, adds up and hands out the page that is looked at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.db import connection

from .table import Row


class SqlRows:
    """Rows of a SELECT, a stretch at a time. Offers what a paginator and a report ask of a list.

    The page that is looked at and the sums over all rows come by one statement: what makes them is the dear part.
    """

    def __init__(
        self,
        select: str,
        values: Sequence[Any],
        order: str,
        make: Callable[[list[Any]], list[Row]],
        *,
        with_: str = "",
        sums: Sequence[str] = (),
    ) -> None:
        """select: the statement without order; with_: its table expressions; make: records to rows; sums: SQL."""
        self.with_, self.select, self.values, self.order, self.make = with_, select, list(values), order, make
        self._aggregates = ["COUNT(*)", *sums]
        self._totals: list[int] | None = None
        self._kept: tuple[int, int, list[Any]] | None = None

    def __len__(self) -> int:
        return self.totals()[0]

    def __getitem__(self, part: slice) -> list[Row]:
        start, stop = part.start or 0, part.stop
        if stop is None:
            stop = len(self)
        if self._kept is None or self._kept[:2] != (start, stop):
            self.load(start, stop)
        assert self._kept is not None
        return self.make(self._kept[2])

    def __iter__(self) -> Iterator[Row]:
        yield from self[0 : len(self)]

    def totals(self) -> list[int]:
        """The count and the sums over all rows; of no rows all are 0."""
        if self._totals is None:
            columns = ", ".join(self._aggregates)
            found = records(f"{self.with_} SELECT {columns} FROM ({self.select}) AS every", self.values)[0]
            self._totals = [int(value or 0) for value in found]
        return self._totals

    def load(self, start: int, stop: int) -> None:
        """Read a stretch, and the totals with it."""
        over = ", ".join(f"{aggregate} OVER ()" for aggregate in self._aggregates)
        sql = (
            f"{self.with_} SELECT every.*, {over} FROM ({self.select}) AS every ORDER BY {self.order} "
            "LIMIT %s OFFSET %s"
        )
        found = records(sql, [*self.values, max(0, stop - start), start])
        width = len(self._aggregates)
        if found:
            self._totals = [int(value or 0) for value in found[0][-width:]]
        elif start == 0 and stop > 0:
            self._totals = [0] * width
        self._kept = (start, stop, [record[:-width] for record in found])


def records(sql: str, values: Sequence[Any]) -> list[Any]:
    """The records of a statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql, list(values))
        return cursor.fetchall()


def day_of(value: Any) -> dt.date | None:
    """A day out of the database; SQLite gives days as text."""
    if value is None or isinstance(value, dt.date):
        return value
    return dt.date.fromisoformat(str(value)[:10])


def edge(day: dt.date) -> Any:
    """A day as a parameter."""
    return connection.ops.adapt_datefield_value(day)


def json_text(column: str, key: str) -> str:
    """SQL of a text inside a JSON column."""
    if connection.vendor == "postgresql":
        return f"({column} ->> '{key}')"
    return f"json_extract({column}, '$.{key}')"


def like(text: str) -> str:
    """A parameter for LIKE that finds ``text`` anywhere, its own % and _ taken literally (with ESCAPE '!')."""
    plain = text.replace("\x00", "").lower()
    return "%" + plain.replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%"
