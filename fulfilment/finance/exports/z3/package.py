"""The file of a Z3 export: a ZIP of the tables, index.xml with its DTD, and a text for people."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from fulfilment.finance.invoicing.facts import seller_facts
from fulfilment.finance.invoicing.models import Invoice
from shop.kernel.moments import one_moment
from shop.kernel.text import clean_line

from . import bank, books, documents, index
from .stretch import Stretch
from .table import Table, lines

#: In the order in which they are written: tables of keys last, when it is known which keys occur.
TABLES: tuple[Table, ...] = (
    books.ACCOUNTS, books.BALANCES, books.ENTRIES, books.POSTINGS, books.GOODS, documents.DOCUMENTS, documents.LINES,
    documents.CHARGES, documents.TAXES, documents.CUSTOMERS, documents.OPEN_ITEMS, bank.PAYMENTS, bank.BANK_LINES,
    books.KINDS, books.RATES, books.VAT_CATEGORIES,
)  # fmt: skip
README = Path(__file__).with_name("liesmich.txt")


def write(stretch: Stretch, file: IO[bytes]) -> int:
    """Write the ZIP to ``file``; returns how many entries it holds. Rows pass by in chunks, whatever their number.

    Nothing in it tells when it was made, so that closed months always give the same bytes.
    """
    counts: dict[str, int] = {}
    supplier = _supplier(stretch.last)
    with one_moment(), zipfile.ZipFile(file, "w") as packed:
        described = index.xml(TABLES, supplier=supplier, first=stretch.first, last=stretch.last)
        _put(packed, "index.xml", [described], stretch.last)
        _put(packed, index.DTD_NAME, [index.DTD.read_bytes()], stretch.last)
        for table in TABLES:
            counts[table.file] = _put_table(packed, table, stretch)
        _put(packed, "LIESMICH.txt", [_readme(stretch, supplier, counts)], stretch.last)
    return counts[books.ENTRIES.file]


def _put_table(packed: zipfile.ZipFile, table: Table, stretch: Stretch) -> int:
    count = 0
    with packed.open(_info(table.file, stretch.last), "w", force_zip64=True) as member:
        for rows, written in lines(table, table.rows(stretch)):
            member.write(written)
            count += rows
    return count


def _put(packed: zipfile.ZipFile, name: str, chunks: Iterable[bytes], day: dt.date) -> None:
    with packed.open(_info(name, day), "w") as member:
        for chunk in chunks:
            member.write(chunk)


def _info(name: str, day: dt.date) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, (day.year, day.month, day.day, 0, 0, 0))
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def _supplier(last: dt.date) -> index.Supplier:
    """The merchant as on the last document of the days, which never changes; without documents as of today."""
    issued = Invoice.objects.filter(issued_on__lte=last).order_by("-issued_on", "-pk")
    seller = issued.values_list("seller", flat=True).first() or seller_facts()
    location = f"{seller.get('street', '')}, {seller.get('postcode', '')} {seller.get('city', '')}"
    numbers = [seller[name] for name in ("tax_number", "vat_id") if seller.get(name)]
    comment = ", ".join(["Kontor, GoBD Z3", *numbers])
    return index.Supplier(*map(clean_line, (seller.get("name", ""), location, comment)))


def _readme(stretch: Stretch, supplier: index.Supplier, counts: dict[str, int]) -> bytes:
    written = README.read_text(encoding="utf-8").format(
        name=supplier.name,
        location=supplier.location,
        first=stretch.first.isoformat(),
        last=stretch.last.isoformat(),
        counts="\n".join(f"{file:<24}{count:>12}" for file, count in counts.items()),
    )
    return written.replace("\n", "\r\n").encode()
