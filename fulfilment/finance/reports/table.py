"""A report as plain values: columns, rows, sums. Page, CSV and PDF write the same table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

TEXT, MONEY, NUMBER, PERCENT, DAY = "text", "money", "number", "percent", "day"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: what stands above it, and what its cells are. ``key``: sorts by ``?sort=key``; "": does not."""

    label: str
    kind: str = TEXT  #: MONEY: minor units; PERCENT: basis points; DAY: datetime.date
    key: str = ""

    @property
    def is_number(self) -> bool:
        """Whether its cells stand at the right."""
        return self.kind in (MONEY, NUMBER, PERCENT)


@dataclass(slots=True)
class Row:
    """A row: as many cells as there are columns (None: empty). ``urls``: what is behind a cell, by its position.

    style: "" an ordinary row, "head" a heading, "sum" a sum, "note" an aside. depth: how far it is moved in.
    """

    cells: list[Any]
    urls: dict[int, str] = field(default_factory=dict)
    style: str = ""
    depth: int = 0


@dataclass(slots=True)
class Report:
    """A table with its name (of files), title, and what stands around it."""

    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Row] | Lazy
    foot: Row | None = None
    facts: list[tuple[str, str]] = field(default_factory=list)  #: filters in words, printed on the PDF
    notes: list[str] = field(default_factory=list)
    warning: str = ""
    currency: str = "EUR"
    charts: list[dict[str, Any]] = field(default_factory=list)  #: {"title", "rows"} for bar_chart
    stats: list[dict[str, Any]] = field(default_factory=list)  #: variables of components/stat.html
    empty: tuple[str, str] = ("", "")  #: title and text when there is no row
    is_paged: bool = True


class Lazy:
    """Rows made when they are asked for: a long list costs what its page costs."""

    def __init__(
        self, found: Any, make: Callable[[Sequence[Any]], list[Row]], count: int | None = None
    ) -> None:
        """found: a queryset (or a sequence); make: a stretch of it -> rows, with a constant number of queries."""
        self.found, self.make, self.known = found, make, count

    def __len__(self) -> int:
        if self.known is None:
            self.known = self.found.count() if hasattr(self.found, "query") else len(self.found)
        return self.known

    def __getitem__(self, part: slice) -> list[Row]:
        return self.make(list(self.found[part]))

    def __iter__(self) -> Iterator[Row]:
        step = 1_000
        for at in range(0, len(self), step):
            yield from self[at : at + step]


def sorted_rows(rows: list[Row], columns: Sequence[Column], wanted: str) -> list[Row]:
    """Rows by the column that ``wanted`` ("net", "-net") names; as they are when it names none. Empty cells last."""
    keys = [column.key for column in columns]
    name = wanted.removeprefix("-")
    if not name or name not in keys:
        return rows
    at = keys.index(name)
    full = [row for row in rows if row.cells[at] is not None]
    full.sort(key=lambda row: _comparable(row.cells[at]), reverse=wanted.startswith("-"))
    return full + [row for row in rows if row.cells[at] is None]


def _comparable(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def period_text(first: dt.date | None, last: dt.date | None, lang: str) -> str:
    """A stretch of days for the head of a paper."""
    from fulfilment.finance.invoicing.letterhead import short_day

    return " – ".join(short_day(day, lang) if day else "…" for day in (first, last))
