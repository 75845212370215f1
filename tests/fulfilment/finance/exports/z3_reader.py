"""Reads a Z3 export as the tax office's software would: it knows index.xml and nothing of the shop.

index.xml is held against the DTD beside it and, apart from that, against the content the description standard of 1
September 2004 gives each element (``STANDARD``), for the DTD is the shop's own. Files are cut character by character at
the signs that index.xml declares; keys must be unique and every reference must lead somewhere.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from lxml import etree

#: Element -> its children as a pattern over their names, each followed by a blank.
STANDARD = {
    "DataSet": r"Version (DataSupplier )?(Command )*(Media )+(Command )*",
    "DataSupplier": r"Name Location Comment ",
    "Media": r"Name (Command )*(Table )+(Command )*",
    "Table": r"URL (Name )?(Description )?(Validity )?((ANSI|Macintosh|OEM|UTF16|UTF7|UTF8) )?"
    r"(DecimalSymbol DigitGroupingSymbol )?(SkipNumBytes )?(Range )?(Epoch )?(VariableLength|FixedLength) ",
    "Validity": r"Range (Format )?",
    "Range": r"From ((To|Length) )?",
    "VariableLength": r"(ColumnDelimiter )?(RecordDelimiter )?(TextEncapsulator )?"
    r"((VariablePrimaryKey )+(VariableColumn )*|(VariableColumn )+)(ForeignKey )*",
    "VariablePrimaryKey": r"Name (Description )?(Numeric |AlphaNumeric (MaxLength )?|Date )(Map )*",
    "VariableColumn": r"Name (Description )?(Numeric |AlphaNumeric (MaxLength )?|Date )(Map )*",
    "Numeric": r"((ImpliedAccuracy|Accuracy) )?",
    "Date": r"(Format )?",
    "ForeignKey": r"(Name )+References ",
}
DATES = {"YYYY-MM-DD": "%Y-%m-%d"}


@dataclass
class Medium:
    """What was on it: index.xml, and each table's rows by its name."""

    index: Any
    names: list[str]
    tables: dict[str, list[dict[str, Any]]]
    raw: dict[str, bytes]


def read(content: bytes) -> Medium:
    """Every table of the ZIP, checked against its description."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert packed.testzip() is None
        raw = {name: packed.read(name) for name in packed.namelist()}
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    index = etree.fromstring(raw["index.xml"], parser)
    named = index.getroottree().docinfo.system_url
    assert named == "gdpdu-01-09-2004.dtd"
    dtd = etree.DTD(io.BytesIO(raw[named]))
    assert dtd.validate(index), dtd.error_log
    _hold_against_the_standard(index)
    tables, references = {}, []
    for described in index.findall("Media/Table"):
        name, rows = described.findtext("Name"), _rows(described, raw[described.findtext("URL")])
        _keys_are_unique(described, rows)
        tables[name] = rows
        for key in described.findall("VariableLength/ForeignKey"):
            references.append((name, key.findtext("Name"), key.findtext("References")))
    described = {one.findtext("Name"): one for one in index.findall("Media/Table")}
    for name, column, other in references:
        _leads_somewhere(name, column, tables[name], described[other], tables[other])
    return Medium(index, list(raw), tables, raw)


def _hold_against_the_standard(index: Any) -> None:
    for element in index.iter():
        children = "".join(f"{child.tag} " for child in element)
        pattern = STANDARD.get(element.tag, "")
        assert re.fullmatch(pattern, children), f"{element.tag}: {children}"


def _columns(described: Any) -> list[Any]:
    form = described.find("VariableLength")
    return [*form.findall("VariablePrimaryKey"), *form.findall("VariableColumn")]


def _rows(described: Any, content: bytes) -> list[dict[str, Any]]:
    assert described.find("UTF8") is not None
    form = described.find("VariableLength")
    signs = [form.findtext(tag) for tag in ("ColumnDelimiter", "RecordDelimiter", "TextEncapsulator")]
    records = _records(content.decode("utf-8"), *signs)
    first = int(described.findtext("Range/From"))
    columns = _columns(described)
    rows = []
    for cells in records[first - 1 :]:
        assert len(cells) == len(columns), (described.findtext("Name"), cells)
        rows.append(
            {
                column.findtext("Name"): _value(column, cell, described)
                for column, cell in zip(columns, cells, strict=True)
            }
        )
    return rows


def _records(text: str, delimiter: str, end: str, quote: str) -> list[list[tuple[str, bool]]]:
    """Records of (cell, whether it stood in quotes). A quotation mark opens and closes, nothing else."""
    records: list[list[tuple[str, bool]]] = []
    cells: list[tuple[str, bool]] = []
    cell, is_open, was_quoted, at = "", False, False, 0
    while at < len(text):
        if text[at] == quote:
            is_open, was_quoted, at = not is_open, True, at + 1
        elif not is_open and text[at] == delimiter:
            cells.append((cell, was_quoted))
            cell, was_quoted, at = "", False, at + 1
        elif not is_open and text.startswith(end, at):
            records.append([*cells, (cell, was_quoted)])
            cells, cell, was_quoted, at = [], "", False, at + len(end)
        else:
            assert text[at] not in "\r\n", "a line break inside a text"
            cell, at = cell + text[at], at + 1
    assert not is_open and not cell and not cells, "the last record has no end"
    return records


def _value(column: Any, cell: tuple[str, bool], described: Any) -> Any:
    text, was_quoted = cell
    if column.find("Numeric") is not None:
        assert not was_quoted
        digits = int(column.findtext("Numeric/Accuracy"))
        decimal, grouping = described.findtext("DecimalSymbol"), described.findtext("DigitGroupingSymbol")
        pattern = r"-?\d+" + (re.escape(decimal) + rf"\d{{{digits}}}" if digits else "")
        assert text == "" or re.fullmatch(pattern, text), text
        return Decimal(text.replace(grouping, "").replace(decimal, ".")) if text else None
    if column.find("Date") is not None:
        assert not was_quoted
        return dt.datetime.strptime(text, DATES[column.findtext("Date/Format")]).date() if text else None
    assert was_quoted
    assert len(text) <= int(column.findtext("MaxLength"))
    assert not text.startswith(("=", "+", "-", "@", "\t")), "a spreadsheet runs it"
    return text


def _key(described: Any) -> list[str]:
    return [one.findtext("Name") for one in described.findall("VariableLength/VariablePrimaryKey")]


def _keys_are_unique(described: Any, rows: list[dict[str, Any]]) -> None:
    key = _key(described)
    seen = [tuple(row[name] for name in key) for row in rows]
    assert len(seen) == len(set(seen)), described.findtext("Name")


def _leads_somewhere(
    name: str, column: str, rows: list[dict[str, Any]], other: Any, others: list[dict[str, Any]]
) -> None:
    """A reference goes by the other table's first column and its type; empty texts refer to nothing."""
    target = _key(other)[0]
    known = {row[target] for row in others}
    lost = {row[column] for row in rows if row[column] not in ("", None)} - known
    assert not lost, f"{name}.{column}: {sorted(lost)[:3]} are not in {other.findtext('Name')}"
