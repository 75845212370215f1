"""Long lists made by one SQL statement: the database sorts, adds up and hands out the page that is looked at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.db import connection

from .table import Row

BEST = 10  #: how many of the best there are for a chart


class SqlRows:
    """Rows of a SELECT, a stretch at a time. Offers what a paginator and a report ask of a list.

    The page that is looked at, the sums over all rows and the best few for a chart come by one statement: what makes
    the rows is the dear part.
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
        best: str = "",
    ) -> None:
        """select: the statement without order; with_: its table expressions; make: records to rows; sums: SQL; best:
        the order of ``best()``."""
        self.select, self.values, self.order, self.make, self.best_order = (
            select, list(values), order, make, best,
        )  # fmt: skip
        self._with = f"{with_}, every AS ({select})" if with_ else f"WITH every AS ({select})"
        self._aggregates = ["COUNT(*)", *sums]
        self._totals: list[int] | None = None
        self._kept: tuple[int, int, list[Any]] | None = None
        self._best: list[Any] | None = None

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
            self.load(0, 0)
        assert self._totals is not None
        return self._totals

    def best(self) -> list[Any]:
        """The first ``BEST`` records by the order given as best."""
        if self._best is None:
            self.load(0, 0)
        assert self._best is not None
        return self._best

    def load(self, start: int, stop: int) -> None:
        """Read a stretch, and with it the totals and the best."""
        parts = [("page", self.order, max(0, stop - start), start)]
        if self.best_order and self._best is None:
            parts.append(("best", self.best_order, BEST, 0))
        tables, values = [], [*self.values]
        for name, order, limit, offset in parts:
            numbered = f"SELECT every.*, ROW_NUMBER() OVER (ORDER BY {order}) AS place FROM every"
            tables.append(f"{name} AS ({numbered} ORDER BY place LIMIT %s OFFSET %s)")
            values += [limit, offset]
        sums = f"totals AS (SELECT {', '.join(self._named())} FROM every)"
        found = records(
            f"{self._with}, {sums}, {', '.join(tables)} "
            + " UNION ALL ".join(
                f"SELECT '{name}' AS part, totals.*, {name}.* FROM totals LEFT JOIN {name} ON 1 = 1"
                for name, *_rest in parts
            )
            + " ORDER BY part, place",
            values,
        )
        width = len(self._aggregates)
        self._totals = [int(value or 0) for value in found[0][1 : width + 1]]
        by_part = {
            name: [row[width + 1 : -1] for row in found if row[0] == name and row[-1] is not None]
            for name, *_rest in parts
        }
        self._kept = (start, stop, by_part["page"])
        self._best = by_part.get("best", self._best)

    def _named(self) -> list[str]:
        return [f"{aggregate} AS total_{at}" for at, aggregate in enumerate(self._aggregates)]


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
