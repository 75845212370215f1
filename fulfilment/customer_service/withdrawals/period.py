"""Until when a contract can be withdrawn from, whether a declaration came in time, and what the law leaves out."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from catalogue.exclusions import EXCLUSIONS, Exclusion
from checkout.order.models import Line
from fulfilment.warehouse.dispatch.queries import delivered_on
from shop.kernel.business_days import GERMAN_STATES, is_business_day

from .models import Withdrawal

WITHDRAWAL_DAYS = 14  #: § 355 (2) BGB


def withdrawal_until(delivered_on: dt.date | None) -> dt.date | None:
    """The last day for a withdrawal: 14 days after the last delivery (§§ 355 (2), 356 (2) BGB), the day of delivery not
    counted (§ 187 (1) BGB), moved to the next working day from a weekend or holiday (§ 193 BGB).

    A holiday of any German state moves it: § 193 counts those of one place, and guessing which shortens no right.
    None while the clock has not begun.
    """
    if delivered_on is None:
        return None
    day = delivered_on + dt.timedelta(days=WITHDRAWAL_DAYS)
    while not all(is_business_day(day, state) for state in GERMAN_STATES):
        day += dt.timedelta(days=1)
    return day


def until_of(order_id: int) -> dt.date | None:
    """The last day for a withdrawal from an order; None while it has not begun. Three queries."""
    return withdrawal_until(delivered_on(order_id))


def is_late(withdrawal: Withdrawal, until: dt.date | None) -> bool:
    """Whether a declaration came after the last day."""
    return until is not None and timezone.localtime(withdrawal.received_at).date() > until


def excluded_lines(order_id: int, chosen: set[int] | None = None) -> list[tuple[Line, Exclusion]]:
    """Lines of an order (the ``chosen`` ones, or all) that the law leaves out, each with why. One query."""
    rows = Line.objects.filter(order_id=order_id).exclude(withdrawal_exclusion="").order_by("pk")
    found = [line for line in rows if not chosen or line.pk in chosen]
    return [(line, EXCLUSIONS[line.withdrawal_exclusion]) for line in found]


def excluded_of(withdrawal: Withdrawal) -> list[tuple[Line, Exclusion]]:
    """What of a withdrawal the law leaves out: it is accepted all the same, and a person decides. At most one query."""
    if withdrawal.order_id is None:
        return []
    return excluded_lines(withdrawal.order_id, {int(line["order_line_id"]) for line in withdrawal.lines})
