"""The day on which a movement is booked."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from fulfilment.finance.ledger.actions import PeriodClosed, refuse_closed
from shop.kernel import clock


def booking_day(moment: dt.datetime) -> dt.date:
    """The provider's day, or today when its period has been closed since."""
    day = min(timezone.localtime(moment).date(), clock.today())
    try:
        refuse_closed(day)
    except PeriodClosed:
        return clock.today()
    return day
