"""index.xml: what each table of a Z3 export is, in the description standard that tax offices' software reads.

Source: Beschreibungsstandard für die Datenträgerüberlassung of the Federal Ministry of Finance (Audicon), version of 1
September 2004. ``index.dtd`` declares, in words of our own, the elements that are used here and is narrower than the
official gdpdu-01-09-2004.dtd, whose name index.xml must give: what is valid by ours is valid by that.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shop.kernel.xmltree import etree

from .table import DAY, DAY_FORMAT, DECIMAL, DELIMITER, GROUPING, NUMBER, QUOTE, RECORD_END, Column, Table

DTD_NAME = "gdpdu-01-09-2004.dtd"
DTD = Path(__file__).with_name("index.dtd")
VERSION = "1.0"
FIRST_ROW = "2"  #: the first line of each file is its heading


@dataclass(frozen=True, slots=True)
class Supplier:
    """Who hands the data over; texts of one line."""

    name: str
    location: str
    comment: str


def xml(tables: Sequence[Table], *, supplier: Supplier, first: dt.date, last: dt.date) -> bytes:
    """The bytes of index.xml for tables that hold the days from ``first`` to ``last``."""
    root = etree.Element("DataSet")
    _add(root, "Version", VERSION)
    who = etree.SubElement(root, "DataSupplier")
    for tag, value in (
        ("Name", supplier.name),
        ("Location", supplier.location),
        ("Comment", supplier.comment),
    ):
        _add(who, tag, value)
    media = etree.SubElement(root, "Media")
    _add(media, "Name", f"Kontor {first.isoformat()} bis {last.isoformat()}")
    for table in tables:
        _table(media, table, first, last)
    written: bytes = etree.tostring(
        root,
        xml_declaration=True,
        encoding="UTF-8",
        pretty_print=True,
        doctype=f'<!DOCTYPE DataSet SYSTEM "{DTD_NAME}">',
    )
    return written.replace(b"&#13;\n</RecordDelimiter>", b"&#13;&#10;</RecordDelimiter>")


def _table(media: Any, table: Table, first: dt.date, last: dt.date) -> None:
    """One table in the order the standard asks for: the columns of its key, the others, what they point to."""
    at = etree.SubElement(media, "Table")
    _add_all(at, {"URL": table.file, "Name": table.name, "Description": table.meaning})
    validity = etree.SubElement(at, "Validity")
    _add_all(etree.SubElement(validity, "Range"), {"From": first.isoformat(), "To": last.isoformat()})
    _add(validity, "Format", DAY_FORMAT)
    etree.SubElement(at, "UTF8")
    _add_all(at, {"DecimalSymbol": DECIMAL, "DigitGroupingSymbol": GROUPING})
    _add(etree.SubElement(at, "Range"), "From", FIRST_ROW)
    form = etree.SubElement(at, "VariableLength")
    _add_all(form, {"ColumnDelimiter": DELIMITER, "RecordDelimiter": RECORD_END, "TextEncapsulator": QUOTE})
    for position, column in enumerate(table.columns):
        _column(form, "VariablePrimaryKey" if position < table.keys else "VariableColumn", column)
    for name, other in table.refers:
        _add_all(etree.SubElement(form, "ForeignKey"), {"Name": name, "References": other})


def _column(form: Any, tag: str, column: Column) -> None:
    at = etree.SubElement(form, tag)
    _add(at, "Name", column.name)
    if column.meaning:
        _add(at, "Description", column.meaning)
    if column.kind == NUMBER:
        _add(etree.SubElement(at, "Numeric"), "Accuracy", str(column.size))
    elif column.kind == DAY:
        _add(etree.SubElement(at, "Date"), "Format", DAY_FORMAT)
    else:
        etree.SubElement(at, "AlphaNumeric")
        _add(at, "MaxLength", str(column.declared_length))


def _add(parent: Any, tag: str, value: str) -> None:
    etree.SubElement(parent, tag).text = value


def _add_all(parent: Any, values: Mapping[str, str]) -> None:
    for tag, value in values.items():
        _add(parent, tag, value)
