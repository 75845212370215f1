"""Holidays and business days in Germany, for whoever reckons with days: terms of letters, visits of carriers."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

from .public_holidays import country_holidays

SATURDAY = 5
#: The states of Germany by their two letters.
GERMAN_STATES = (
    "BB",
    "BE",
    "BW",
    "BY",
    "HB",
    "HE",
    "HH",
    "MV",
    "NI",
    "NW",
    "RP",
    "SH",
    "SL",
    "SN",
    "ST",
    "TH",
)


@lru_cache(maxsize=64)
def _holidays(state: str, year: int) -> frozenset[dt.date]:
    return frozenset(country_holidays("DE", subdiv=state or None, years=year).keys())


def is_holiday(day: dt.date, state: str) -> bool:
    """Whether ``day`` is a holiday of the German state (``HH``, ``BY``, ...; "" for those of the whole country)."""
    return day in _holidays(state, day.year)


def is_business_day(day: dt.date, state: str) -> bool:
    """Whether ``day`` is neither weekend nor holiday of the German state."""
    return day.weekday() < SATURDAY and not is_holiday(day, state)
