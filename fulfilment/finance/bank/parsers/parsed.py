"""What every parser gives: statements with lines, or a refusal that names the line. Pure: no database, no settings."""

from __future__ import annotations

import codecs
import datetime as dt
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from shop.kernel.money import EXPONENTS, to_minor
from shop.kernel.text import clean_line

MAX_BYTES = (
    20_000_000  #: a year of a small shop as CAMT is below 10 MB; larger ones are refused before they are read
)
MAX_LINES = 100_000  #: bookings in one file
MAX_LINE_CHARS = 100_000  #: in one line of MT940 or CSV; the longest honest ones have some hundreds
PIECE_BYTES = 65_536
MAX_SECONDS = 30.0  #: nobody waits longer for one file to be understood
MAX_AMOUNT_MINOR = 10**15  #: ten thousand billions; what is above is a broken file
EARLIEST, LATEST = dt.date(1990, 1, 1), dt.date(2199, 12, 31)
AMOUNT = re.compile(r"\d{1,18}(?:\.\d{0,5})?", re.ASCII)
NOTHING_PROVIDED = {"NOTPROVIDED", "NONREF", "NICHT ANGEGEBEN"}


class Refused(Exception):
    """The file is not imported. ``code``: a key of ``reasons.REASONS``; ``line`` from 1; ``facts`` fill its text."""

    def __init__(self, code: str, line: int | None = None, **facts: Any) -> None:
        super().__init__(f"{code} in line {line}: {facts}")
        self.code, self.line, self.facts = code, line, facts


@dataclass(slots=True)
class ParsedLine:
    """One booking; fields as in ``models.StatementLine``. ``line`` is where it begins in the file;
    ``weak_reference``: the bank's reference only counts the entries of this file."""

    booked_on: dt.date
    valued_on: dt.date
    amount_minor: int
    currency: str
    line: int = 0
    code: str = ""
    end_to_end_id: str = ""
    mandate_id: str = ""
    counterparty: str = ""
    counterparty_iban: str = ""
    counterparty_bic: str = ""
    text: str = ""
    structured_reference: str = ""
    bank_reference: str = ""
    original_amount_minor: int | None = None
    original_currency: str = ""
    charges_minor: int = 0
    is_reversal: bool = False
    return_reason: str = ""
    batch: str = ""
    is_collective: bool = False
    weak_reference: bool = False


@dataclass(slots=True)
class ParsedStatement:
    """One statement of one account; balances in minor units, None where the file has none."""

    iban: str = ""
    number_of_account: str = ""
    number: str = ""
    currency: str = ""
    opening_minor: int | None = None
    closing_minor: int | None = None
    first_day: dt.date | None = None
    last_day: dt.date | None = None
    line: int = 0
    pending: int = 0
    notes: list[str] = field(default_factory=list)
    lines: list[ParsedLine] = field(default_factory=list)

    @property
    def turnover_minor(self) -> int:
        """The sum of its lines."""
        return sum(line.amount_minor for line in self.lines)

    @property
    def is_off(self) -> bool:
        """Whether opening balance and lines do not make the closing balance."""
        if self.opening_minor is None or self.closing_minor is None:
            return False
        return self.opening_minor + self.turnover_minor != self.closing_minor

    def settle_days(self) -> None:
        """First and last day from the lines where the file does not say; Refused when there is no day at all."""
        days = [line.booked_on for line in self.lines]
        days += [day for day in (self.first_day, self.last_day) if day is not None]
        if not days:
            raise Refused("no_day", self.line)
        self.first_day = self.first_day or min(days)
        self.last_day = self.last_day or max(days)
        if self.last_day < self.first_day:
            self.first_day, self.last_day = self.last_day, self.first_day


@dataclass(slots=True)
class Parsed:
    """A file understood whole."""

    kind: str
    statements: list[ParsedStatement]

    @property
    def lines_total(self) -> int:
        """How many bookings there are in it."""
        return sum(len(statement.lines) for statement in self.statements)


def minor_units(text: str, currency: str, line: int) -> int:
    """An amount such as 1234.50 in minor units, never negative. Refused for anything else."""
    plain = text.strip()
    if currency not in EXPONENTS:
        raise Refused("currency", line, currency=clean_line(currency)[:20])
    if len(plain) > 24 and plain.replace(".", "").isdigit():
        raise Refused("amount_too_large", line, amount=plain[:24])
    if not AMOUNT.fullmatch(plain):
        raise Refused("amount", line, amount=clean_line(plain)[:40])
    try:
        amount = to_minor(Decimal(plain), currency)
    except ValueError:
        raise Refused("fraction", line, amount=plain, currency=currency) from None
    if amount >= MAX_AMOUNT_MINOR:
        raise Refused("amount_too_large", line, amount=plain)
    return amount


def real_day(year: int, month: int, day: int, line: int, text: str) -> dt.date:
    """A day of the calendar within reason; Refused otherwise."""
    try:
        found = dt.date(year, month, day)
    except ValueError:
        raise Refused("day", line, day=clean_line(text)[:40]) from None
    if not EARLIEST <= found <= LATEST:
        raise Refused("day", line, day=clean_line(text)[:40])
    return found


def reference(text: str) -> str:
    """A reference as one line; "" for the words by which banks say that there is none."""
    plain = clean_line(text)
    return "" if plain.upper() in NOTHING_PROVIDED else plain


def is_utf8(data: bytes) -> bool:
    """Whether the bytes are UTF-8; looked at piece by piece, so that no second copy of a large file is made."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for at in range(0, len(data), PIECE_BYTES):
            decoder.decode(data[at : at + PIECE_BYTES], at + PIECE_BYTES >= len(data))
    except UnicodeDecodeError:
        return False
    return True


def text_lines(data: bytes, encoding: str, *, errors: str = "strict") -> Iterator[tuple[int, str]]:
    """(number from 1, text with its line end) of every line, one at a time.

    Refused for a line longer than MAX_LINE_CHARS, and (errors="strict") for bytes that are not of this encoding.
    """
    stream = io.TextIOWrapper(io.BytesIO(data), encoding=encoding, errors=errors, newline="")
    number = 0
    while True:
        number += 1
        try:
            line = stream.readline(MAX_LINE_CHARS)
        except UnicodeError:
            raise Refused("encoding", _bad_line(data, encoding) or number, encoding=encoding) from None
        if not line:
            return
        if len(line) >= MAX_LINE_CHARS:
            raise Refused("text_too_long", number)
        yield number, line


def _bad_line(data: bytes, encoding: str) -> int | None:
    """The first line that is not of this encoding; None where lines cannot be told apart before decoding (UTF-16)."""
    if encoding.startswith("utf-16"):
        return None
    for number, raw in enumerate(io.BytesIO(data), start=1):
        try:
            raw.decode(encoding)
        except UnicodeError:
            return number
    return None


def account_number(text: str) -> str:
    """An IBAN or account number as banks print it, without spaces."""
    return re.sub(r"\s", "", clean_line(text)).upper()
