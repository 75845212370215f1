"""Is a day open, and which is the next one that is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError
from django.utils.translation import gettext as _

from fulfilment.finance.ledger import triggers
from fulfilment.finance.ledger.models import Period

ONE_DAY = dt.timedelta(days=1)
#: Whether a day (given twice, then the reason for posting there all the same) lies in a closed period.
CLOSED_SQL = (
    "EXISTS (SELECT 1 FROM ledger_period WHERE first_day <= %s AND last_day >= %s "
    "AND (state = 'hard' OR (state = 'soft' AND %s = '')))"
)


class LedgerError(ValueError):
    """The lines do not make an entry; the message says why."""


class PeriodClosed(LedgerError):
    """The day lies in a closed period; choose a later one."""


def state_of(day: dt.date) -> str:
    """ "open", "soft" or "hard": how firmly the period of a day is closed. One query."""
    covering = Period.objects.filter(first_day__lte=day, last_day__gte=day)
    states = set(covering.values_list("state", flat=True))
    return "hard" if "hard" in states else "soft" if "soft" in states else "open"


def refuse_closed(day: dt.date, *, into_closed: str = "") -> None:
    """Raise PeriodClosed when ``day`` lies in a closed period; for forms that want to say so before writing.

    into_closed: the reason for posting into a softly closed one all the same.
    """
    state = state_of(day)
    if state == "hard" or (state == "soft" and not into_closed):
        raise PeriodClosed(closed_text(day))


def closed_text(day: dt.date) -> str:
    """What to say of a day that is closed."""
    return _("The month of %(day)s is closed.") % {"day": f"{day:%d.%m.%Y}"}


@contextmanager
def closed_in_words() -> Iterator[None]:
    """The database's refusal of a period that was closed in this very moment, as PeriodClosed."""
    try:
        yield
    except IntegrityError as error:
        if triggers.CLOSED in str(error):
            raise PeriodClosed(_("The month was closed in this moment.")) from error
        raise


def next_open_day(day: dt.date) -> dt.date:
    """``day`` when it is open, else the first open day after it. One query."""
    return moved_day(day, closed_stretches(day))


def closed_stretches(since: dt.date | None = None) -> list[tuple[dt.date, dt.date]]:
    """First and last day of what is closed, softly or hard, in their order. One query."""
    closed = Period.objects.exclude(state="open").order_by("first_day", "last_day")
    if since:
        closed = closed.filter(last_day__gte=since)
    return list(closed.values_list("first_day", "last_day"))


def moved_day(day: dt.date, closed: list[tuple[dt.date, dt.date]]) -> dt.date:
    """``day``, or the first after it that lies in no closed stretch."""
    for first_day, last_day in closed:
        if first_day <= day <= last_day:
            day = last_day + ONE_DAY
    return day
