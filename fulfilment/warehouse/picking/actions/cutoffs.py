"""Cut-offs: when the carrier comes, and which of its visits a new pick list can still make."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone

from checkout.order.models import Order
from checkout.shipping.models import PICKUP, DeliveryMethod
from fulfilment.warehouse.picking.models import CutOff
from shop.kernel.business_days import is_holiday
from shop.kernel.clock import now

OWN_CARRIER = "own"  #: the shop's own label, where the delivery method names no carrier
DAYS_AHEAD = 14  #: how far a cut-off is looked for: further than any row of holidays


def carrier_of(order: Order) -> str:
    """Code of the carrier that will take the order; ``pickup`` when it is fetched in the store. One query."""
    method = DeliveryMethod.objects.filter(code=order.shipping_code).first()
    if method is not None and method.kind == PICKUP:
        return PICKUP
    return method.carrier if method is not None and method.carrier else OWN_CARRIER


def next_cut_off(*, site_id: int, carrier: str, after: dt.datetime | None = None) -> dt.datetime | None:
    """The carrier's next visit at the site after ``after`` (None: now). None when no cut-off is written down.

    Times that name the carrier count before those of every carrier; holidays are left out. One query.
    """
    rows = list(CutOff.objects.filter(site=site_id, carrier__in=("", carrier)))
    own = [row for row in rows if row.carrier == carrier]
    return first_of(own or rows, after or now())


def first_of(cut_offs: list[Any], after: dt.datetime) -> dt.datetime | None:
    """The earliest moment after ``after`` that one of the cut-offs means, in the shop's time zone; None without."""
    today = timezone.localdate(after)
    for ahead in range(DAYS_AHEAD + 1):
        day = today + dt.timedelta(days=ahead)
        moments = [
            timezone.make_aware(dt.datetime.combine(day, row.time))
            for row in cut_offs
            if str(day.isoweekday()) in row.weekdays and not is_holiday(day, row.holidays_of)
        ]
        later = [moment for moment in moments if moment > after]
        if later:
            return min(later)
    return None
