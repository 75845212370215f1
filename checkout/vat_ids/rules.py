"""What a VAT id and a buyer's reference look like. Pure; no network, no database."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _
from stdnum.de import leitweg
from stdnum.eu import vat
from stdnum.exceptions import ValidationError

from shop.kernel.text import clean_line

#: Member states by ISO code; deliveries elsewhere at rate 0 are exports (§ 6 UStG).
EU = frozenset(
    "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE".split()  # noqa: SIM905
)
VAT_ID_MAX, REFERENCE_MAX = 20, 50
_LIKE_LEITWEG = re.compile(r"\d{2,12}-(?:[0-9A-Z]{1,30}-)?\d{2}", re.IGNORECASE | re.ASCII)


class NotAVatId(ValueError):
    """The text is no VAT id of the EU; says in words what is wrong."""


class NotAReference(ValueError):
    """The text cannot be a buyer reference; says in words what is wrong."""


def clean_vat_id(text: str) -> str:
    """A VAT id without spaces and dots, with its country ("DE123456788"), checked by form and check digit.

    Raises NotAVatId in words.
    """
    line = clean_line(text)
    if len(line) > 2 * VAT_ID_MAX or not line.isascii():
        raise NotAVatId(_("This is not a VAT id. It begins with the two letters of a country of the EU."))
    if not line[:2].isalpha():
        raise NotAVatId(
            _("Please give the VAT id with the two letters of its country, for example DE123456788.")
        )
    try:
        number = str(vat.validate(line))
    except ValidationError:
        raise NotAVatId(
            _(
                "This VAT id cannot be right: its form or check digit does not fit. Please check for a typing error."
            )
        ) from None
    if country_of(number) not in EU:
        raise NotAVatId(_("This is not a VAT id. It begins with the two letters of a country of the EU."))
    return number[:VAT_ID_MAX]


def country_of(vat_id: str) -> str:
    """The ISO code of the country that gave a VAT id; Greece writes EL."""
    return {"EL": "GR"}.get(vat_id[:2], vat_id[:2])


def clean_reference(text: str) -> str:
    """A buyer's reference (EN 16931, BT-10): a Leitweg-ID with right check digits, or the buyer's own words.

    Raises NotAReference when it looks like a Leitweg-ID but is none, or is too long.
    """
    line = clean_line(text)
    if len(line) > REFERENCE_MAX:
        raise NotAReference(
            _("The reference may have at most %(most)d characters.") % {"most": REFERENCE_MAX}
        )
    if _LIKE_LEITWEG.fullmatch(line):
        if not leitweg.is_valid(line):
            raise NotAReference(
                _(
                    "This looks like a Leitweg-ID, but its check digits do not fit. Please check for a typing error."
                )
            )
        return str(leitweg.validate(line))
    return line


def is_leitweg(reference: str) -> bool:
    """Whether a reference is a Leitweg-ID: the buyer is a public one and wants an XRechnung."""
    return bool(_LIKE_LEITWEG.fullmatch(reference)) and leitweg.is_valid(reference)
