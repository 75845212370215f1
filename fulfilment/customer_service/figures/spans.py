"""Stretches of days cut into weeks or months, and figures over a list of durations. Pure functions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from django.utils.formats import date_format
from django.utils.translation import gettext as _

WEEK, MONTH = "week", "month"
BP = 10_000


def begin_of(day: dt.date, by: str) -> dt.date:
    """The Monday of its week, or the first of its month."""
    return day.replace(day=1) if by == MONTH else day - dt.timedelta(days=day.weekday())


def spans(first: dt.date, last: dt.date, by: str) -> Iterator[dt.date]:
    """The first days of every week or month that ``first`` to ``last`` touches."""
    day = begin_of(first, by)
    while day <= last:
        yield day
        day = begin_of(day + dt.timedelta(days=32 if by == MONTH else 7), by)


def label(day: dt.date, by: str) -> str:
    """A week or month for people: "week 48, 2026", "November 2026"."""
    if by == MONTH:
        return date_format(day, "F Y")
    year, week, _weekday = day.isocalendar()
    return _("week %(week)s, %(year)s") % {"week": week, "year": year}


def percentile(values: Sequence[int], percent: int) -> int | None:
    """The smallest value that ``percent`` of a hundred do not exceed (nearest rank); None without any."""
    if not values:
        return None
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(rank, 1) - 1]


def share_bp(part: int, whole: int) -> int | None:
    """``part`` of ``whole`` in basis points; None of nothing."""
    return round(part * BP / whole) if whole else None


def hours_text(minutes: int | None) -> str:
    """Minutes of business time for people: "3:05 h"; "" for none."""
    return "" if minutes is None else f"{minutes // 60}:{minutes % 60:02} h"
