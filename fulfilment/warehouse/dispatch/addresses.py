"""Is an address one that a parcel can be sent to? Checked per country and carrier before a label is asked for.

The rules are data (``data/addresses.json``, with their source): the form of the postal code, parts that must be
there, and how long a part may be for a carrier. Whether the street exists is for the carrier to say.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from shop.ui.countries import country_name

from .documents import Address

RULES = Path(__file__).with_name("data") / "addresses.json"
PARTS: dict[str, Any] = {
    "name": gettext_lazy("Name"),
    "street": gettext_lazy("Street and number"),
    "extra": gettext_lazy("Company or addition"),
    "postcode": gettext_lazy("Postcode"),
    "city": gettext_lazy("City"),
}


@lru_cache(maxsize=1)
def rules() -> dict[str, Any]:
    """The table of rules as read from its file."""
    found: dict[str, Any] = json.loads(RULES.read_text(encoding="utf-8"))
    return found


def problems(address: Address, carrier: str) -> list[str]:
    """What is wrong with the address, in sentences for staff; empty when a label may be asked for.

    carrier: code of the connector (``own``, ``dhl``). A country that the table does not know is not judged, unless
    the carrier's list says that it does not go there.
    """
    known = rules()
    limits = known["carriers"].get(carrier, known["carriers"]["own"])
    found = [
        _("%(part)s is missing.") % {"part": PARTS[part]}
        for part in known["required"]
        if not getattr(address, part).strip()
    ]
    if not address.country:
        return [*found, _("The country is missing.")]
    if "countries" in limits and address.country not in limits["countries"]:
        found.append(
            _("This carrier does not deliver to %(country)s.") % {"country": country_name(address.country)}
        )
    found += _postcode(address, known["countries"].get(address.country))
    return [*found, *_lengths(address, limits["lengths"])]


def _postcode(address: Address, country: dict[str, str] | None) -> list[str]:
    code = address.postcode.strip().upper()
    if not code or country is None or re.fullmatch(country["postcode"], code, re.ASCII):
        return []
    words = _("%(postcode)s is no postcode of %(country)s; they look like %(example)s.")
    return [
        words % {"postcode": code, "country": country_name(address.country), "example": country["example"]}
    ]


def _lengths(address: Address, limits: dict[str, int]) -> list[str]:
    words = _("%(part)s has %(length)s characters; at most %(most)s fit on this carrier's label.")
    return [
        words % {"part": PARTS[part], "length": len(value), "most": most}
        for part, most in limits.items()
        if len(value := getattr(address, part).strip()) > most
    ]
