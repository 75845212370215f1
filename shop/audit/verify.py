"""Invariants of the access log."""

from __future__ import annotations

import datetime as dt

from shop.kernel import clock, guards

from . import triggers
from .models import Access

PURGE_LATE_AFTER = dt.timedelta(days=7)


def guards_are_there() -> list[str]:
    """The database refuses changes by itself."""
    return [f"trigger {name} is missing" for name in guards.missing(triggers.GUARDS)]


def nothing_is_kept_too_long() -> list[str]:
    """What is past its time is gone: the purge runs."""
    before = clock.now() - dt.timedelta(days=triggers.KEPT_DAYS) - PURGE_LATE_AFTER
    late = Access.objects.filter(at__lt=before).count()
    return [f"{late} rows are older than {triggers.KEPT_DAYS} days"] if late else []


CHECKS = [
    ("the access log refuses changes", guards_are_there),
    ("the access log keeps nothing past its time", nothing_is_kept_too_long),
]
