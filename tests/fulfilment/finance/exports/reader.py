"""Reads a DATEV batch as DATEV would: an independent reader, which knows what automatic accounts do."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections import Counter
from dataclasses import dataclass

#: SKR03: automatic account -> account of its VAT, rate in percent.
AUTOMATIC = {"8400": ("1776", 19), "8300": ("1771", 7), "2406": ("1776", 19), "2401": ("1771", 7)}


@dataclass
class Batch:
    """A file: fields of its header, names of columns, rows."""

    name: str
    header: list[str]
    columns: list[str]
    rows: list[list[str]]


def batches(content: bytes) -> list[Batch]:
    """Every file of the ZIP, checked for its form."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return [_batch(name, packed.read(name)) for name in packed.namelist()]


def _batch(name: str, content: bytes) -> Batch:
    text = content.decode("cp1252")
    assert text.endswith("\r\n") and text.count("\n") == text.count("\r\n")
    header, columns, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=";")
    assert len(header) == 31
    assert len(columns) == 125
    for row in rows:
        assert len(row) == 125
        assert re.fullmatch(r"\d+,\d\d", row[0]) and row[0] != "0,00"
        assert row[1] in ("S", "H") and row[2] == "EUR"
        assert re.fullmatch(r"\d{4}", row[6]) and re.fullmatch(r"\d{4}", row[7]) and row[6] != row[7]
        assert row[8] in ("", "40") and re.fullmatch(r"\d{4}", row[9])
        assert re.fullmatch(r"[\w$&%*+\-/]{0,36}", row[10]) and len(row[13]) <= 60
        assert not {row[6], row[7]} <= set(AUTOMATIC), "DATEV refuses two automatic accounts in a row"
    return Batch(name, header, columns, rows)


def balances(files: list[Batch]) -> dict[str, int]:
    """Account -> balance in cents (debit positive) when DATEV has read the files."""
    sums: Counter[str] = Counter()
    for file in files:
        for row in file.rows:
            amount = int(row[0].replace(",", "")) * (1 if row[1] == "S" else -1)
            for account, value in ((row[6], amount), (row[7], -amount)):
                sums[account] += value
                if account in AUTOMATIC and row[8] != "40":
                    vat_account, percent = AUTOMATIC[account]
                    vat = (2 * abs(value) * percent + 100 + percent) // (2 * (100 + percent))
                    vat = vat if value > 0 else -vat
                    sums[account] -= vat
                    sums[vat_account] += vat
    return {account: value for account, value in sums.items() if value}
