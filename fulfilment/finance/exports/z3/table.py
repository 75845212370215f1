"""A table of the Z3 export: its columns, and its rows as CSV exactly as index.xml declares it.

UTF-8 without mark, semicolons, every text in quotes, decimal comma, no digit grouping, days as YYYY-MM-DD, CRLF. The
description standard knows no way to write a quotation mark or a line break inside a text: marks become apostrophes and
breaks become spaces, so that the simplest reader counts the columns right. What a spreadsheet would run as a formula
gets an apostrophe in front.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from fulfilment.warehouse.lists import harmless
from shop.kernel.money import EXPONENTS
from shop.kernel.text import clean_line

from .stretch import Stretch

DELIMITER, RECORD_END, QUOTE, DECIMAL, GROUPING = ";", "\r\n", '"', ",", "."
DAY_FORMAT = "YYYY-MM-DD"
ACCURACY = 2  #: digits of every amount and rate after the comma
CHUNK_ROWS = 2_000

TEXT, NUMBER, DAY = "text", "number", "day"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Column:
    """A column. size: of a TEXT its most characters; of a NUMBER its digits after the comma (cells come as whole
    numbers of the last digit, None is empty)."""

    name: str
    kind: str
    size: int = 0
    meaning: str = ""

    @property
    def declared_length(self) -> int:
        """The most characters a text may have in the file: an apostrophe may stand in front."""
        return self.size + 1


def text(name: str, size: int, meaning: str = "") -> Column:
    """A column of texts of at most ``size`` characters."""
    return Column(name, TEXT, size, meaning)


def whole(name: str, meaning: str = "") -> Column:
    """A column of whole numbers."""
    return Column(name, NUMBER, 0, meaning)


def amount(name: str, meaning: str = "") -> Column:
    """A column of amounts or percentages with two digits after the comma."""
    return Column(name, NUMBER, ACCURACY, meaning)


def day(name: str, meaning: str = "") -> Column:
    """A column of days."""
    return Column(name, DAY, 0, meaning)


@dataclass(frozen=True, slots=True)
class Table:
    """A table. keys: how many of the first columns are its key; refers: column -> name of the table it points to."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    rows: Callable[[Stretch], Iterable[Sequence[Any]]]
    keys: int = 1
    refers: tuple[tuple[str, str], ...] = ()

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{self.name.lower()}.csv"


def hundredths(minor: int | None, currency: str) -> int | None:
    """An amount in minor units as a cell of an amount column, whatever digits its currency has."""
    return None if minor is None else minor * 10 ** (ACCURACY - EXPONENTS.get(currency, ACCURACY))


def lines(table: Table, rows: Iterable[Sequence[Any]]) -> Iterator[tuple[int, bytes]]:
    """How many rows, and their bytes, chunk by chunk; the first chunk is the heading and counts none."""
    yield 0, _record(_quoted(column.name, column.declared_length) for column in table.columns).encode()
    writers = [_writer(column) for column in table.columns]
    for chunk in chunked(rows, CHUNK_ROWS):
        written = [_record(write(cell) for write, cell in zip(writers, row, strict=True)) for row in chunk]
        yield len(chunk), "".join(written).encode()


def chunked(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    """The rows in lists of ``size``, the last one shorter."""
    left = iter(rows)
    while chunk := list(islice(left, size)):
        yield chunk


def _record(cells: Iterable[str]) -> str:
    return DELIMITER.join(cells) + RECORD_END


def _writer(column: Column) -> Callable[[Any], str]:
    if column.kind == TEXT:
        return lambda cell: _quoted(cell, column.declared_length)
    if column.kind == DAY:
        return _day
    return _hundredths if column.size else _whole


def _quoted(cell: Any, most: int) -> str:
    plain = "" if cell is None else str(cell)
    if not (plain.isascii() and plain.isprintable()):
        plain = clean_line(plain)
    return QUOTE + str(harmless(plain.replace(QUOTE, "'")))[:most] + QUOTE


def _day(cell: dt.date | None) -> str:
    return "" if cell is None else cell.isoformat()


def _whole(cell: int | None) -> str:
    return "" if cell is None else str(cell)


def _hundredths(cell: int | None) -> str:
    if cell is None:
        return ""
    sign = "-" if cell < 0 else ""
    return f"{sign}{abs(cell) // 100}{DECIMAL}{abs(cell) % 100:02d}"
