"""Close months, softly and for good, and open softly closed ones again."""

from __future__ import annotations

import calendar
import datetime as dt
from typing import Any

from django.db import connection
from django.db.models import Min
from django.utils.translation import gettext as _

from fulfilment.finance.ledger import triggers
from fulfilment.finance.ledger.models import Entry, Period
from shop.kernel import clock
from shop.kernel.states import MoveNotAllowed, move
from shop.kernel.transactions import retrying

FIRMNESS = {"open": 0, "soft": 1, "hard": 2}


class CannotClose(ValueError):
    """The month cannot be closed, or opened again; the message says why, for people."""


def month_of(day: dt.date) -> tuple[dt.date, dt.date]:
    """First and last day of the month of ``day``."""
    return day.replace(day=1), day.replace(day=calendar.monthrange(day.year, day.month)[1])


def month_after(day: dt.date) -> dt.date:
    """First day of the month after that of ``day``."""
    return month_of(day)[1] + dt.timedelta(days=1)


def first_month() -> dt.date | None:
    """First day of the month in which the books begin; None while they are empty. One query."""
    earliest = Entry.objects.filter(posted_at__isnull=False).aggregate(day=Min("booked_on"))["day"]
    return earliest.replace(day=1) if earliest else None


def months_to_close(today: dt.date) -> list[dt.date]:
    """First days of the months that are over and not closed, oldest first. Two queries."""
    at, this = first_month(), today.replace(day=1)
    if at is None:
        return []
    closed = set(Period.objects.exclude(state="open").values_list("first_day", flat=True))
    found = []
    while at < this:
        if at not in closed:
            found.append(at)
        at = month_after(at)
    return found


def close_month(*, month: dt.date, hard: bool = False, why: str, by: Any) -> Period:
    """Close the month of the day ``month``: softly, or for good when it is softly closed.

    Month after month: the ones before must be closed as firmly. Only what is over is closed. Raises CannotClose.
    """
    if not why.strip():
        raise CannotClose(_("Please say why."))
    first_day, last_day = month_of(month)
    if last_day >= clock.today():
        raise CannotClose(_("The month is not over yet."))
    to = "hard" if hard else "soft"

    def work() -> Period:
        _alone()
        earlier = _first_looser(first_day, to)
        if earlier is not None:
            raise CannotClose(
                _("Months are closed in their order: %(month)s comes first.") % {"month": f"{earlier:%m/%Y}"}
            )
        period, _new = Period.objects.get_or_create(first_day=first_day, last_day=last_day)
        return _moved(period, to, why, by)

    return retrying(work)


def reopen_month(*, month: dt.date, why: str, by: Any) -> Period:
    """Open a softly closed month again, the latest one first. Raises CannotClose."""
    if not why.strip():
        raise CannotClose(_("Please say why."))
    first_day, last_day = month_of(month)

    def work() -> Period:
        _alone()
        later = (
            Period.objects.exclude(state="open").filter(first_day__gt=last_day).order_by("-first_day").first()
        )
        if later is not None:
            raise CannotClose(
                _("Months are opened in reverse order: %(month)s comes first.")
                % {"month": f"{later.first_day:%m/%Y}"}
            )
        period = Period.objects.filter(first_day=first_day, last_day=last_day).first()
        if period is None:
            raise CannotClose(_("The month is not closed."))
        return _moved(period, "open", why, by)

    return retrying(work)


def _moved(period: Period, to: str, why: str, by: Any) -> Period:
    if period.state == to:  # a double click, or a colleague was faster
        return period
    closed_by = by if to != "open" and getattr(by, "pk", None) else None
    closed_at = clock.now() if to != "open" else None
    try:
        move(period, to=to, by=by, why=why.strip(), closed_at=closed_at, closed_by=closed_by)
    except MoveNotAllowed:
        words = {
            "soft": _("The month is closed for good."),
            "hard": _("The month has to be softly closed first."),
            "open": _("The month is closed for good and cannot be opened again."),
        }
        raise CannotClose(words[to]) from None
    return period


def _first_looser(until: dt.date, to: str) -> dt.date | None:
    """First day of the first month before ``until`` that is not closed as firmly as ``to``. Two queries."""
    states = dict(Period.objects.filter(first_day__lt=until).values_list("first_day", "state"))
    month = first_month() or until
    while month < until:
        if FIRMNESS[states.get(month, "open")] < FIRMNESS[to]:
            return month
        month = month_after(month)
    return None


def _alone() -> None:
    """Wait for everybody who is posting, and let nobody post until the period is closed (see triggers.py). SQLite has
    one writer at a time anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [triggers.CLOSING_LOCK])
