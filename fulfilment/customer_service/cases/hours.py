"""Due times in business hours: what arrives on Friday evening is not late on Saturday."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone

from shop.kernel.business_days import is_business_day

DAYS_MAX = 400  #: a due time that far away means that the shop never opens


@dataclass(frozen=True)
class OpeningHours:
    """From when to when service works on business days; ``state``: German state whose holidays count ("": all)."""

    opens: dt.time
    closes: dt.time
    state: str = ""


def due_after(start: dt.datetime, minutes: int, opening: OpeningHours) -> dt.datetime:
    """The moment ``minutes`` of business time after ``start`` (aware), in the shop's time zone.

    Time counts from ``opens`` to ``closes`` on business days only. Zero minutes are due at the next moment of business
    time. Raises ValueError where the opening hours never add up.
    """
    if opening.opens >= opening.closes or minutes < 0:
        raise ValueError("opening hours must open before they close, and minutes are not negative")
    left = dt.timedelta(minutes=minutes)
    local = timezone.localtime(start)
    day = local.date()
    for _day in range(DAYS_MAX):
        if is_business_day(day, opening.state):
            begins, ends = _moment(day, opening.opens), _moment(day, opening.closes)
            begins = max(begins, local)
            if begins < ends:
                if left <= ends - begins:
                    return begins + left
                left -= ends - begins
        day += dt.timedelta(days=1)
    raise ValueError("the due time is too far away")


def minutes_between(start: dt.datetime, end: dt.datetime, opening: OpeningHours) -> int:
    """Whole minutes of business time from ``start`` to ``end`` (aware); 0 when nothing of it was business time."""
    begin, finish = timezone.localtime(start), timezone.localtime(end)
    day, found = begin.date(), dt.timedelta()
    while day <= finish.date():
        if is_business_day(day, opening.state):
            opens, closes = _moment(day, opening.opens), _moment(day, opening.closes)
            found += max(dt.timedelta(), min(closes, finish) - max(opens, begin))
        day += dt.timedelta(days=1)
    return int(found.total_seconds()) // 60


def _moment(day: dt.date, time: dt.time) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, time))
