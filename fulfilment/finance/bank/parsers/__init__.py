"""Files of banks: what kind is it, what does it say. Bytes in, ``Parsed`` out, or ``Refused`` with line and reason."""

from __future__ import annotations

import re

from . import camt, csv_file, mt940
from .parsed import MAX_BYTES, Parsed, ParsedLine, ParsedStatement, Refused

__all__ = ["MAX_BYTES", "Parsed", "ParsedLine", "ParsedStatement", "Refused", "kind_of", "parse"]

XML, MT940, CSV = "xml", "mt940", "csv"
#: What a file begins with that is no statement, and the refusal's code.
MAGIC = {b"PK\x03\x04": "zip", b"PK\x05\x06": "zip", b"\x1f\x8b": "zip", b"7z\xbc\xaf": "zip", b"%PDF": "pdf"}
UTF16 = (b"\xff\xfe", b"\xfe\xff")
SWIFT = re.compile(rb"^:(?:20|25|60F|60M|61):", re.MULTILINE)


def kind_of(data: bytes) -> str:
    """``xml``, ``mt940`` or ``csv``, by what is in it and never by its name. Refused when it is none of them."""
    if not data.strip():
        raise Refused("empty", None)
    for magic, code in MAGIC.items():
        if data.startswith(magic):
            raise Refused(code, None)
    start = data[:4_096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"<") or (data.startswith(UTF16) and b"<" in data[:8]):
        return XML
    if SWIFT.search(data[:65_536].replace(b"\r", b"\n")):
        return MT940
    if b"\0" in data[:65_536] and not data.startswith(UTF16):
        raise Refused("not_text", None)
    return CSV


def parse(
    data: bytes, *, mapping: csv_file.Mapping | None = None, iban: str = "", number_of_account: str = ""
) -> Parsed:
    """Understand a file whole. mapping, iban and number_of_account are for CSV only.

    Refused: too large (before anything is read), unknown, unreadable, or not adding up.
    """
    if len(data) > MAX_BYTES:
        raise Refused("too_large", None, most_mb=MAX_BYTES // 1_000_000)
    kind = kind_of(data)
    if kind == XML:
        return camt.parse(data)
    if kind == MT940:
        return mt940.parse(data)
    if mapping is None:
        raise Refused("no_mapping", None)
    return csv_file.parse(data, mapping, iban=iban, number_of_account=number_of_account)
