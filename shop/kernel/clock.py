"""One clock for the whole house, and one place to stop it in tests."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.utils import timezone

_frozen: ContextVar[dt.datetime | None] = ContextVar("frozen_now", default=None)


def now() -> dt.datetime:
    """The present moment, time zone aware (UTC)."""
    return _frozen.get() or timezone.now()


def today() -> dt.date:
    """Today's date where the shop is (settings.TIME_ZONE), not in UTC: a mail at 00:30 in Hamburg is of the new day."""
    return timezone.localtime(now()).date()


def at_noon(day: dt.date) -> dt.datetime:
    """Noon of ``day`` in the shop's time zone; used to run a nightly job for another date."""
    return timezone.make_aware(dt.datetime.combine(day, dt.time(12)))


@contextmanager
def frozen(moment: dt.datetime) -> Iterator[dt.datetime]:
    """Stop the clock at ``moment`` (must be time zone aware) within the block."""
    if timezone.is_naive(moment):
        raise ValueError("freeze the clock with a time zone aware moment")
    token = _frozen.set(moment)
    try:
        yield moment
    finally:
        _frozen.reset(token)
