"""Offers and vouchers for tests."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from oscar.apps.offer.models import Benefit, Condition, ConditionalOffer, Range
from oscar.apps.voucher.models import Voucher

from shop.kernel.clock import now


def make_range(name: str = "Alles", **fields: Any) -> Range:
    """A range; of everything unless told otherwise."""
    return Range.objects.create(name=name, **{"includes_all_products": True, **fields})


def make_offer(
    name: str = "Sommer",
    *,
    percent: int = 0,
    minor: int = 0,
    of: Range | None = None,
    at_least: int = 1,
    offer_type: str = ConditionalOffer.SITE,
    exclusive: bool = False,
    priority: int = 0,
    **fields: Any,
) -> ConditionalOffer:
    """An offer: ``percent`` off, or an amount of ``minor`` cents off the basket, from ``at_least`` pieces on."""
    of = of or make_range(f"Alles für {name}")
    kind, value = (Benefit.PERCENTAGE, Decimal(percent)) if percent else (Benefit.FIXED, Decimal(minor) / 100)
    return ConditionalOffer.objects.create(
        name=name,
        offer_type=offer_type,
        exclusive=exclusive,
        priority=priority,
        condition=Condition.objects.create(range=of, type=Condition.COUNT, value=at_least),
        benefit=Benefit.objects.create(range=of, type=kind, value=value),
        max_basket_applications=None if percent else 1,
        **fields,
    )


def make_voucher(
    code: str, *, usage: str = Voucher.MULTI_USE, days_ago: tuple[int, int] = (1, -30), **offer: Any
) -> Voucher:
    """A voucher valid between ``days_ago`` (from, to), with one offer."""
    start, end = (now() - dt.timedelta(days=days) for days in days_ago)
    voucher = Voucher.objects.create(
        code=code, name=code, usage=usage, start_datetime=start, end_datetime=end
    )
    voucher.offers.add(make_offer(f"Gutschein {code}", offer_type=ConditionalOffer.VOUCHER, **offer))
    return voucher
