"""The QR code that a banking app reads: EPC069-12, "Quick Response Code: Guidelines to Enable Data Capture
for the Initiation of a SEPA Credit Transfer", version 002. For euro transfers only."""

from __future__ import annotations

import io

from stdnum import iban as iban_rules
from stdnum.exceptions import ValidationError

from shop.kernel.few_use import segno
from shop.kernel.money import to_decimal

LARGEST_MINOR = 99_999_999_999  #: 999,999,999.99 EUR
_MOST_BYTES = 331  # the guideline's limit, so that version 13 with error level M is enough
_NAME_LENGTH, _TEXT_LENGTH = 70, 140
_NAME_BYTES = 200  # 70 letters of several bytes each would leave no room for the account


def payload(*, name: str, iban: str, amount_minor: int, reference: str = "", bic: str = "") -> str:
    """The text inside the code.

    name: the payee (cut at 70 characters). iban: with or without spaces. amount_minor: euro cents, 1 to
    LARGEST_MINOR.
    reference: what the payer quotes, unstructured (cut at 140). bic: optional within the EEA since version
    002.
    Raises ValueError for a wrong IBAN, an amount out of range, or no name.
    """
    try:
        account = iban_rules.validate(iban)
    except ValidationError:
        raise ValueError(f"{iban!r} is not an IBAN") from None
    if not 0 < amount_minor <= LARGEST_MINOR:
        raise ValueError("the amount of a transfer is from 0.01 to 999,999,999.99 EUR")
    payee = _one_line(name)[:_NAME_LENGTH].encode()[:_NAME_BYTES].decode(errors="ignore")
    if not payee:
        raise ValueError("a transfer needs the payee's name")
    amount = f"EUR{to_decimal(amount_minor):.2f}"
    head = ["BCD", "002", "1", "SCT", _one_line(bic), payee, account, amount, "", ""]
    return _within("\n".join(head) + "\n", _one_line(reference)[:_TEXT_LENGTH])


def svg(text: str) -> str:
    """``text`` as a QR code (SVG), error level M as the guideline asks, without a quiet zone."""
    picture = io.BytesIO()
    code = segno.make(text, error="m", boost_error=False, micro=False, encoding="utf-8")
    code.save(picture, kind="svg", border=0, xmldecl=False, svgclass=None, lineclass=None, omitsize=True)
    return picture.getvalue().decode()


def _one_line(text: str) -> str:
    """``text`` without line breaks and control characters: each line of the code is a field."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _within(head: str, reference: str) -> str:
    """Head and reference in at most 331 bytes; the reference gives way (letters may take several bytes)."""
    while len((head + reference).encode()) > _MOST_BYTES:
        reference = reference[:-1]
    return head + reference
