"""Long lists made by one SQL statement: the database sorts, adds up and hands out the page that is looked at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.db import connection

from .table import Row


class SqlRows:
    """Rows of a SELECT, a stretch at a time. Offers what a paginator and a report ask of a list."""

    def __init__(
        self,
        select: str,
        values: Sequence[Any],
        order: str,
        make: Callable[[list[Any]], list[Row]],
        *,
        with_: str = "",
    ) -> None:
        """select: the statement without order; with_: its table expressions; make: records -> rows."""
        self.with_, self.select, self.values, self.order, self.make = with_, select, list(values), order, make
        self._count: int | None = None

    def __len__(self) -> int:
        if self._count is None:
            self._count = int(self.sums("COUNT(*)")[0])
        return self._count

    def __getitem__(self, part: slice) -> list[Row]:
        start, stop, _step = part.indices(len(self))
        sql = f"{self.with_} {self.select} ORDER BY {self.order} LIMIT %s OFFSET %s"
        return self.make(records(sql, [*self.values, max(0, stop - start), start]))

    def __iter__(self) -> Iterator[Row]:
        yield from self[0 : len(self)]

    def sums(self, columns: str) -> tuple[Any, ...]:
        """Aggregates over all rows; when the first is the count it need not be asked for again."""
        found = records(f"{self.with_} SELECT {columns} FROM ({self.select}) AS every", self.values)[0]
        if columns.startswith("COUNT(*)"):
            self._count = int(found[0])
        return tuple(found)


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
