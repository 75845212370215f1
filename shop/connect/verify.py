"""Invariants of pushes, for ``manage.py verify``. Each check returns sentences; none when it holds."""

from __future__ import annotations

import datetime as dt

from shop.kernel.clock import now

from . import sealed_secrets
from .models import TEST, Push

OVERDUE = dt.timedelta(minutes=15)  #: due that long without a try: worker or beat stands still


def no_push_is_dead_or_overdue() -> list[str]:
    """Nothing was given up, nothing waits that could have been sent. Endpoints switched off are no failure."""
    wanted = Push.objects.filter(endpoint__active=True).exclude(event=TEST).select_related("endpoint")
    dead = wanted.filter(state=Push.DEAD)
    found = [f"push {p.event} {p.subject} to {p.endpoint.name} was given up: {p.last_error}" for p in dead]
    late = wanted.filter(state=Push.PENDING, next_attempt_at__lt=now() - OVERDUE)
    return found + [f"push {p.event} {p.subject} to {p.endpoint.name} waits although it is due" for p in late]


CHECKS = [
    ("no dead or overdue pushes", no_push_is_dead_or_overdue),
    ("secrets of pushes open with the key of the shop", sealed_secrets.unreadable),
]
