"""MT940 (SWIFT, as German banks write it). Line by line, so that a refusal can name the line."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from shop.kernel.text import clean_line

from .iban import from_german_number, looks_like_iban
from .identity import batch_key
from .mt940_details import Details, details, plain_details
from .parsed import (
    MAX_LINES,
    Parsed,
    ParsedLine,
    ParsedStatement,
    Refused,
    account_number,
    is_utf8,
    minor_units,
    real_day,
    reference,
    text_lines,
)

TAG = re.compile(r":(\d\d[A-Z]?|NS):", re.ASCII)
BALANCE = re.compile(r"([CD])(\d\d)(\d\d)(\d\d)([A-Z]{3})?([\d.,]+)", re.ASCII)
BOOKING = re.compile(
    r"(\d\d)(\d\d)(\d\d)(\d{4})?(R?[CD])([A-Z])?(\d+(?:,\d*)?)([NFS][A-Z0-9]{3})?([^\n]*)(.*)",
    re.ASCII | re.DOTALL,
)
ORIGINAL = re.compile(r"/OCMT/([A-Z]{3})(\d+,\d*)/", re.ASCII)
CHARGES = re.compile(r"/CHGS/([A-Z]{3})(\d+,\d*)/", re.ASCII)
ACCOUNT_WITH_CURRENCY = re.compile(r"(.*\d)([A-Z]{3})", re.ASCII)
#: Debit and credit; RC takes a credit back (money leaves), RD a debit (money comes).
SIGNS = {"C": 1, "D": -1, "RC": -1, "RD": 1}
MAX_FIELD_CHARS = 10_000
CENTURY_PIVOT = 80  #: two-digit years from here on are of the last century


@dataclass
class Field:
    """One field: its tag, its text with line breaks, the line it begins in."""

    tag: str
    line: int
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The whole text."""
        return "\n".join(self.pieces).strip()


def parse(data: bytes) -> Parsed:
    """Statements of an MT940 file. Refused with the line for anything that is none."""
    statements: list[_Statement] = []
    count = 0
    for one in fields(data):
        if one.tag == "20" or not statements:
            statements.append(_Statement(one.line))
        count += one.tag == "61"
        if count > MAX_LINES:
            raise Refused("too_many_lines", one.line, most=MAX_LINES)
        statements[-1].take(one)
    if not statements:
        raise Refused("no_statement", 1)
    return Parsed(kind="mt940", statements=[one.finished() for one in statements])


def fields(data: bytes) -> Iterator[Field]:
    """The fields of the file; what stands before the first and the lines that only divide are left out.

    UTF-8 where it is, else the Latin alphabet that banks use.
    """
    current: Field | None = None
    folded = False
    for number, raw in text_lines(data, "utf-8-sig" if is_utf8(data) else "cp1252", errors="replace"):
        line = raw.rstrip("\r\n")
        if line == ":" or line.startswith(("-}", "{")) or line.strip() == "-":
            folded = line == ":"
            continue
        if folded and re.match(r"\d\d[A-Z]?:", line):
            line = f":{line}"  # the bank folded its lines in the middle of a tag
        folded = False
        match = TAG.match(line)
        if match is not None:
            if current is not None:
                yield current
            current = Field(match[1], number, [line[match.end() :]])
        elif current is not None:
            current.pieces.append(line)
            if sum(map(len, current.pieces[-2:])) > MAX_FIELD_CHARS or len(current.pieces) > 200:
                raise Refused("text_too_long", current.line)
    if current is not None:
        yield current


class _Statement:
    """One statement while its fields come."""

    def __init__(self, line: int) -> None:
        self.parsed = ParsedStatement(line=line)
        self.has_account = False
        self.first: dt.date | None = None

    def take(self, one: Field) -> None:
        if len(one.text) > MAX_FIELD_CHARS:
            raise Refused("text_too_long", one.line)
        if one.tag == "25":
            self._account(one)
        elif one.tag in ("28", "28C"):
            self.parsed.number = reference(one.text)[:40]
        elif one.tag in ("60F", "60M", "62F", "62M"):
            self._balance(one, opening=one.tag.startswith("60"))
        elif one.tag == "61":
            self._booking(one)
        elif one.tag == "86" and self.parsed.lines and self.parsed.closing_minor is None:
            _fill(self.parsed.lines[-1], details(one.text))
        elif one.tag == "NS" and self.parsed.lines and self.parsed.closing_minor is None:
            _fill(self.parsed.lines[-1], plain_details(one.text))

    def finished(self) -> ParsedStatement:
        """The statement; Refused when its account is not named."""
        if not self.has_account:
            raise Refused("no_account", self.parsed.line)
        if not self.parsed.currency:
            raise Refused("no_balance", self.parsed.line)
        self.parsed.settle_days()
        for line in self.parsed.lines:
            line.text = clean_line(line.text)
            line.is_collective = bool(line.bank_reference)
            if line.bank_reference:
                line.batch = batch_key(line.booked_on, line.amount_minor, line.currency, line.bank_reference)
        return self.parsed

    def _account(self, one: Field) -> None:
        number = account_number(one.text)
        match = ACCOUNT_WITH_CURRENCY.fullmatch(number)
        if match is not None:
            number = match[1]
        if not number:
            raise Refused("no_account", one.line)
        self.has_account = True
        self.parsed.number_of_account = number[:40]
        self.parsed.iban = number if looks_like_iban(number) else from_german_number(number)

    def _balance(self, one: Field, *, opening: bool) -> None:
        match = BALANCE.match(one.text)
        if match is None:
            raise Refused("mt940_balance", one.line, text=clean_line(one.text)[:60])
        sign, year, month, day, currency, amount = match.groups()
        currency = currency or self.parsed.currency
        if self.parsed.currency not in ("", currency):
            raise Refused("balance_currency", one.line, balance=currency, statement=self.parsed.currency)
        self.parsed.currency = currency
        minor = _minor(amount, currency, one.line) * (1 if sign == "C" else -1)
        date = real_day(_year(year), int(month), int(day), one.line, one.text[1:7])
        if opening:
            self.parsed.opening_minor = minor
            self.first = date
        else:
            self.parsed.closing_minor, self.parsed.last_day = minor, date
            if not self.parsed.lines:
                self.parsed.first_day = min(self.first or date, date)

    def _booking(self, one: Field) -> None:
        match = BOOKING.match(one.text) or BOOKING.match(one.text.replace("\n", ""))
        if match is None:
            raise Refused("mt940_booking", one.line, text=clean_line(one.text)[:60])
        if not self.parsed.currency:
            raise Refused("no_balance", one.line)
        year, month, day, entry, mark, _funds, amount, code, references, more = match.groups()
        valued = self._value_day(int(month), int(day), _year(year), one)
        minor = _minor(amount, self.parsed.currency, one.line) * SIGNS[mark]
        if minor == 0:
            self.parsed.notes.append(f"zero:{one.line}")
            return
        ours, _gap, theirs = references.partition("//")
        self.parsed.lines.append(
            ParsedLine(
                line=one.line,
                booked_on=_entry_day(entry, valued, one.line) if entry else valued,
                valued_on=valued,
                amount_minor=minor,
                currency=self.parsed.currency,
                code=code or "",
                bank_reference=reference(theirs)[:80],
                end_to_end_id="" if ours[:5] in ("KREF+", "EREF+") else reference(ours)[:80],
                is_reversal=mark in ("RC", "RD"),
                original_amount_minor=_found(ORIGINAL, references + more, one.line)[0],
                original_currency=_found(ORIGINAL, references + more, one.line)[1],
                charges_minor=_found(CHARGES, references + more, one.line)[0] or 0,
            )
        )

    def _value_day(self, month: int, day: int, year: int, one: Field) -> dt.date:
        """A value date. Banks reckon interest by months of 30 days and write 30 February: the month's last day."""
        if month == 2 and day in (29, 30):
            last = calendar.monthrange(year, 2)[1]
            if day > last:
                self.parsed.notes.append(f"february:{one.line}")
                day = last
        return real_day(year, month, day, one.line, one.text[:6])


def _fill(line: ParsedLine, found: Details) -> None:
    """What the details of a booking (:86:) say, onto the line; of several fields the text goes on."""
    line.text = f"{line.text} {found.text}".strip()
    line.code = found.code or line.code
    line.end_to_end_id = reference(found.end_to_end_id)[:80] or line.end_to_end_id
    line.mandate_id = reference(found.mandate_id)[:80]
    line.counterparty = clean_line(found.name)[:140] or line.counterparty
    line.counterparty_iban = account_number(found.iban)[:40] or line.counterparty_iban
    line.counterparty_bic = account_number(found.bic)[:20] or line.counterparty_bic
    line.return_reason = clean_line(found.return_reason)[:40]
    line.is_reversal = line.is_reversal or bool(found.return_reason)


def _found(pattern: re.Pattern[str], text: str, line: int) -> tuple[int | None, str]:
    match = pattern.search(text.replace("\n", "") + "/")
    if match is None:
        return None, ""
    try:
        return _minor(match[2], match[1], line), match[1]
    except Refused:  # a currency we do not keep is told by the text, not by figures
        return None, ""


def _minor(text: str, currency: str, line: int) -> int:
    if not re.fullmatch(r"\d+(?:[.,]\d*)?", text, flags=re.ASCII):
        raise Refused("amount", line, amount=text[:40])
    return minor_units(text.replace(",", "."), currency, line)


def _year(two_digits: str) -> int:
    year = int(two_digits)
    return (1900 if year >= CENTURY_PIVOT else 2000) + year


def _entry_day(text: str, valued: dt.date, line: int) -> dt.date:
    """The day of the booking, written without its year: the one nearest to the value date."""
    month, day = int(text[:2]), int(text[2:])
    candidates = []
    for year in (valued.year - 1, valued.year, valued.year + 1):
        try:
            candidates.append(dt.date(year, month, day))
        except ValueError:
            continue
    if not candidates:
        raise Refused("day", line, day=text)
    return min(candidates, key=lambda found: abs((found - valued).days))
