"""A bank's CSV, read as a mapping says that a person made and saved; nothing about columns is guessed."""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from shop.kernel.text import clean_line

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

ENCODINGS = {"auto": "utf-8-sig", "utf-8": "utf-8-sig", "cp1252": "cp1252", "utf-16": "utf-16"}
DELIMITERS = {";": ";", ",": ",", "\t": "\t", "|": "|"}
#: How a day is written: name -> (pattern, position of year, month, day).
DATE_FORMATS: dict[str, tuple[re.Pattern[str], tuple[int, int, int]]] = {
    "d.m.Y": (re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", re.ASCII), (3, 2, 1)),
    "d.m.y": (re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{2})", re.ASCII), (3, 2, 1)),
    "Y-m-d": (re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?", re.ASCII), (1, 2, 3)),
    "d/m/Y": (re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII), (3, 2, 1)),
    "m/d/Y": (re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII), (3, 1, 2)),
    "Ymd": (re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII), (1, 2, 3)),
}
#: Columns a mapping may name. Either ``amount`` (signed, or with ``mark``) or ``debit`` and ``credit``.
COLUMNS = (
    "booked_on", "valued_on", "amount", "debit", "credit", "mark", "currency", "counterparty", "counterparty_iban",
    "counterparty_bic", "text", "text2", "end_to_end_id", "mandate_id", "bank_reference", "code", "account",
)  # fmt: skip
MAX_CELL_CHARS = 20_000
MAX_COLUMNS = 200


@dataclass(frozen=True)
class Mapping:
    """How to read a bank's CSV.

    header_row: row of the column names, from 1; 0 means there is none and columns are numbers. columns: field ->
    column name (or number from 1). debit_marks: what ``mark`` says for money that left. currency: of lines without a
    column for it.
    """

    encoding: str = "auto"
    delimiter: str = ";"
    header_row: int = 1
    date_format: str = "d.m.Y"
    decimal: str = ","
    currency: str = "EUR"
    columns: dict[str, str] = field(default_factory=dict)
    debit_marks: list[str] = field(default_factory=lambda: ["S", "D", "Soll", "DBIT"])

    @classmethod
    def of(cls, settings: dict[str, Any]) -> Mapping:
        """From what is saved; unknown keys are ignored."""
        return cls(**{key: value for key, value in settings.items() if key in cls.__dataclass_fields__})

    def as_settings(self) -> dict[str, Any]:
        """What is saved."""
        return asdict(self)


def _lines(data: bytes, encoding: str) -> Iterator[str]:
    """The lines as they are. Refused for one that is no text, too long, or not in this encoding."""
    codec, errors = ENCODINGS.get(encoding, "utf-8-sig"), "strict"
    if encoding == "auto" and not is_utf8(data):
        codec, errors = "cp1252", "replace"
    for number, line in text_lines(data, codec, errors=errors):
        if "\0" in line:
            raise Refused("not_text", number)
        yield line


def rows(data: bytes, mapping: Mapping) -> list[tuple[int, list[str]]]:
    """(line of the file, cells) of every row that is not empty. Refused for what is no CSV."""
    reader = csv.reader(_lines(data, mapping.encoding), delimiter=DELIMITERS.get(mapping.delimiter, ";"))
    found: list[tuple[int, list[str]]] = []
    begin = 1
    try:
        for row in reader:
            if len(row) > MAX_COLUMNS or any(len(cell) > MAX_CELL_CHARS for cell in row):
                raise Refused("text_too_long", begin)
            if len(found) > MAX_LINES:
                raise Refused("too_many_lines", begin, most=MAX_LINES)
            if any(cell.strip() for cell in row):
                found.append((begin, row))
            begin = reader.line_num + 1
    except csv.Error as error:
        raise Refused("broken_csv", reader.line_num, error=str(error)[:100]) from None
    return found


def header(table: list[tuple[int, list[str]]], mapping: Mapping) -> list[str]:
    """The column names; numbers where the mapping has none."""
    if not mapping.header_row:
        return [str(number + 1) for number in range(max((len(row) for _line, row in table), default=0))]
    at = next((row for line, row in table if line >= mapping.header_row), [])
    return [clean_line(cell) for cell in at]


def fits(data: bytes, mapping: Mapping) -> bool:
    """Whether every column that the mapping names stands in the file's header."""
    if not mapping.header_row:
        return False
    try:
        names = set(header(rows(data[:200_000], mapping), mapping))
    except Refused:
        return False
    wanted = {name for name in mapping.columns.values() if name}
    return bool(wanted) and wanted <= names


def parse(data: bytes, mapping: Mapping, *, iban: str = "", number_of_account: str = "") -> Parsed:
    """The bookings of a CSV as one statement per account in it. Refused with the line for what cannot be read."""
    table = rows(data, mapping)
    names = header(table, mapping)
    missing = [name for name in mapping.columns.values() if name and name not in names]
    if missing:
        raise Refused("csv_column", mapping.header_row or 1, column=missing[0][:60])
    at = {key: names.index(name) for key, name in mapping.columns.items() if name and key in COLUMNS}
    if "booked_on" not in at or not ({"amount"} <= at.keys() or {"debit", "credit"} & at.keys()):
        raise Refused("csv_mapping", None)
    begin = mapping.header_row
    statements: dict[str, ParsedStatement] = {}
    for line, row in table:
        if line <= begin:
            continue
        cells = {key: row[place].strip() if place < len(row) else "" for key, place in at.items()}
        booking = _booking(cells, mapping, line)
        if booking is None:
            continue
        own = account_number(cells.get("account", "")) or iban or number_of_account
        if not own:
            raise Refused("no_account", line)
        statement = statements.setdefault(
            own, _statement(own, iban, number_of_account, booking.currency, line)
        )
        if booking.currency != statement.currency:
            raise Refused("entry_currency", line, entry=booking.currency, statement=statement.currency)
        statement.lines.append(booking)
    if not statements:
        raise Refused("no_statement", begin or 1)
    for statement in statements.values():
        statement.settle_days()
    return Parsed(kind="csv", statements=list(statements.values()))


def _statement(own: str, iban: str, number: str, currency: str, line: int) -> ParsedStatement:
    known = own in (iban, number)
    return ParsedStatement(
        iban=iban if known else own, number_of_account=number if known else own, currency=currency, line=line
    )


def _booking(cells: dict[str, str], mapping: Mapping, line: int) -> ParsedLine | None:
    """One row; None for a row without day and amount (a sum or a note below the table)."""
    currency = (cells.get("currency") or mapping.currency).upper()
    figures = [cells.get(key, "") for key in ("amount", "debit", "credit")]
    if not cells["booked_on"] and not any(figures):
        return None
    booked = _day(cells["booked_on"], mapping, line)
    amount = _amount(cells, mapping, currency, line)
    if amount == 0:
        return None
    texts = [clean_line(cells.get(key, "")) for key in ("text", "text2")]
    return ParsedLine(
        line=line,
        booked_on=booked,
        valued_on=_day(cells["valued_on"], mapping, line) if cells.get("valued_on") else booked,
        amount_minor=amount,
        currency=currency,
        text=" ".join(text for text in texts if text),
        code=clean_line(cells.get("code", ""))[:40],
        end_to_end_id=reference(cells.get("end_to_end_id", ""))[:80],
        mandate_id=reference(cells.get("mandate_id", ""))[:80],
        counterparty=clean_line(cells.get("counterparty", ""))[:140],
        counterparty_iban=account_number(cells.get("counterparty_iban", ""))[:40],
        counterparty_bic=account_number(cells.get("counterparty_bic", ""))[:20],
        bank_reference=reference(cells.get("bank_reference", ""))[:80],
    )


def _day(text: str, mapping: Mapping, line: int) -> dt.date:
    pattern, (year, month, day) = DATE_FORMATS.get(mapping.date_format, DATE_FORMATS["d.m.Y"])
    match = pattern.fullmatch(text)
    if match is None:
        raise Refused("day", line, day=clean_line(text)[:40])
    whole = int(match[year]) + (2000 if len(match[year]) == 2 else 0)
    return real_day(whole, int(match[month]), int(match[day]), line, text)


def _amount(cells: dict[str, str], mapping: Mapping, currency: str, line: int) -> int:
    """Signed minor units out of one column, one column with a mark, or two columns."""
    if cells.get("amount"):
        amount = _figure(cells["amount"], mapping, currency, line)
        marks = {mark.casefold() for mark in mapping.debit_marks}
        return -abs(amount) if cells.get("mark", "").casefold() in marks and "mark" in cells else amount
    credit = _figure(cells["credit"], mapping, currency, line) if cells.get("credit") else 0
    debit = _figure(cells["debit"], mapping, currency, line) if cells.get("debit") else 0
    if not cells.get("credit") and not cells.get("debit"):
        raise Refused("amount", line, amount="")
    return abs(credit) - abs(debit)


def _figure(text: str, mapping: Mapping, currency: str, line: int) -> int:
    """A figure with its thousands separators and its sign (before or behind) in minor units."""
    plain = re.sub(r"[\s\u00a0\u202f€']", "", text).replace("\u2212", "-")
    sign = -1 if plain.startswith("-") or plain.endswith("-") else 1
    plain = plain.strip("+-")
    thousands = "." if mapping.decimal == "," else ","
    whole, mark, cents = plain.partition(mapping.decimal)
    if thousands in whole and not re.fullmatch(
        rf"\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+", whole, flags=re.ASCII
    ):
        raise Refused("amount", line, amount=clean_line(text)[:40])
    return sign * minor_units(f"{whole.replace(thousands, '')}{'.' if mark else ''}{cents}", currency, line)
