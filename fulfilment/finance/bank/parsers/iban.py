"""IBANs as the files write them, and the IBAN behind a German bank code and account number (ISO 13616)."""

from __future__ import annotations

import re

from stdnum import iban as checked

SHAPE = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", re.ASCII)


def looks_like_iban(text: str) -> bool:
    """Whether it has the shape and check digits of an IBAN."""
    return bool(SHAPE.fullmatch(text)) and bool(checked.is_valid(text, check_country=False))


def from_german_number(text: str) -> str:
    """The IBAN of "12345678/1020304050" (bank code / account); "" when it is no such pair.

    Leading zeros that banks put before the account number are taken off, as far as they are zeros.
    """
    code, slash, number = text.partition("/")
    if not slash or not re.fullmatch(r"\d{8}", code, flags=re.ASCII) or not number.isascii():
        return ""
    number = number.lstrip("0") if number.isdigit() else number
    if not re.fullmatch(r"\d{1,10}", number, flags=re.ASCII):
        return ""
    plain = f"{code}{number:0>10}"
    digits = 98 - int(f"{plain}131400") % 97
    return f"DE{digits:02}{plain}"
