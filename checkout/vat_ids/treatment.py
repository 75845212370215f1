"""When goods go to a firm abroad without VAT. Pure."""

from __future__ import annotations

import datetime as dt

from django.conf import settings

from .models import VatIdCheck
from .rules import EU, country_of

FRESH = dt.timedelta(days=1)  #: how long an answer of the register counts without asking again
INTRA_COMMUNITY = "K"  #: VAT category of EN 16931 (UNTDID 5305)


def untaxed_category(
    *, destination: str, vat_id: str, check: VatIdCheck | None, seller_vat_id: str, now: dt.datetime
) -> str:
    """The VAT category of an order: "K" for a tax-free intra-community supply (§ 4 no. 1b, § 6a UStG), "" when VAT
    is due.

    destination: ISO code of the country the goods are sent to; "" when they are fetched here. check: the answer about
    ``vat_id``; it counts for a day. All of it must hold: the goods leave for another member state, the buyer's VAT id
    is one of another member state and proved valid, and the seller has a VAT id of its own.
    """
    home = settings.KONTOR_HOME_COUNTRY
    goes_abroad = destination in EU and destination != home
    is_foreign = country_of(vat_id) in EU and country_of(vat_id) != home
    proved = check is not None and check.is_valid and check.vat_id == vat_id and now - check.asked_at <= FRESH
    return INTRA_COMMUNITY if goes_abroad and is_foreign and proved and seller_vat_id else ""
