"""Business days: a term that ends on a Saturday, Sunday or holiday ends on the next business day (§ 193 BGB)."""

from __future__ import annotations

import datetime as dt

from shop.kernel.business_days import is_business_day

__all__ = ["business_day_from", "is_business_day"]


def business_day_from(day: dt.date, state: str) -> dt.date:
    """``day``, or the first business day after it."""
    while not is_business_day(day, state):
        day += dt.timedelta(days=1)
    return day
