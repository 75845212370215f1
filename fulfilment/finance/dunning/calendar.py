"""Business days: a term that ends on a Saturday, Sunday or holiday ends on the next business day (§ 193 BGB)."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import holidays

SATURDAY = 5


@lru_cache(maxsize=64)
def _holidays(state: str, year: int) -> frozenset[dt.date]:
    return frozenset(holidays.country_holidays("DE", subdiv=state or None, years=year).keys())


def is_business_day(day: dt.date, state: str) -> bool:
    """Whether ``day`` is neither weekend nor holiday of the German state (``HH``, ``BY``, ...)."""
    return day.weekday() < SATURDAY and day not in _holidays(state, day.year)


def business_day_from(day: dt.date, state: str) -> dt.date:
    """``day``, or the first business day after it."""
    while not is_business_day(day, state):
        day += dt.timedelta(days=1)
    return day
