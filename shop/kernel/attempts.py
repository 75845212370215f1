"""Trying work until it is done: compare-and-set, counted attempts, doubling pauses, dead after a limit.

Effect and mark are one transaction: a worker killed in the middle leaves the row pending, a worker that arrives
second finds it done.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import models, transaction
from django.db.models import F, Q

from .clock import now
from .models import Attempted
from .transactions import retrying

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 5
LONGEST_PAUSE_S = 3600
ATTEMPTS_MAX = 12  #: with doubling pauses this is about six hours
ERROR_MAX_CHARS = 2000
#: Clocks of two machines may be apart by so much. What lies further ahead was written by one that was set back since.
CLOCKS_DIFFER = dt.timedelta(seconds=15)

Row = TypeVar("Row", bound=Attempted)


class GiveUp(Exception):
    """Raised by work that no repetition can mend: the row is dead at once, with this text as cause."""


def pause_s(attempts: int) -> int:
    """Seconds to wait after the n-th failed attempt: doubling from FIRST_PAUSE_S, capped at LONGEST_PAUSE_S."""
    return min(FIRST_PAUSE_S * 2 ** max(0, attempts - 1), LONGEST_PAUSE_S)


def attempt(model: type[Row], pk: object, work: Callable[[Row], None]) -> bool:
    """Do ``work(row)`` once and mark the row done, in one transaction. Returns whether this call did it.

    A row that is not pending (done by another worker, or dead), or that another worker is at, is left alone: two sweeps
    share what waits and do not queue up behind each other (on PostgreSQL; SQLite has one writer anyway). A failure is
    counted with its cause and the time of the next attempt; it is never raised to the caller.
    """

    def once() -> bool:
        free = model._base_manager.filter(pk=pk, state=Attempted.PENDING).select_for_update(skip_locked=True)
        rows = model._base_manager.filter(pk__in=free.values("pk")).update(
            state=Attempted.DONE, done_at=now(), attempts=F("attempts") + 1, last_error=""
        )
        if not rows:
            return False
        work(model._base_manager.get(pk=pk))
        return True

    try:
        return retrying(once)
    except Exception as error:
        note_failure(model, pk, error)
        return False


def note_failure(model: type[Attempted], pk: object, error: Exception) -> None:
    """Count a failed attempt: cause, time of the next one, dead after ATTEMPTS_MAX or a GiveUp."""
    log.warning("%s %s failed: %s", model.__name__, pk, error, exc_info=not isinstance(error, GiveUp))
    with transaction.atomic():
        row = model._base_manager.filter(pk=pk, state=Attempted.PENDING).first()
        if row is None:
            return
        attempts = row.attempts + 1
        dead = isinstance(error, GiveUp) or attempts >= ATTEMPTS_MAX
        model._base_manager.filter(pk=pk, state=Attempted.PENDING).update(
            attempts=attempts,
            state=Attempted.DEAD if dead else Attempted.PENDING,
            last_error=f"{type(error).__name__}: {error}"[:ERROR_MAX_CHARS],
            next_attempt_at=now() + dt.timedelta(seconds=pause_s(attempts)),
        )


def due(model: type[Row], limit: int, *first: Any) -> models.QuerySet[Row]:
    """Pending rows whose time has come, oldest first; ``first``: what they are ordered by before their time.

    Due is also what is planned for later than any pause from now reaches, whoever's clock wrote it: one was set back
    meanwhile, and nobody is to wait until it is there again.
    """
    moment = now()
    is_due = Q(next_attempt_at__lte=moment) | Q(attempts=0, next_attempt_at__gt=moment)
    for attempts in range(1, ATTEMPTS_MAX):
        longest = dt.timedelta(seconds=pause_s(attempts)) + CLOCKS_DIFFER
        is_due |= Q(attempts=attempts, next_attempt_at__gt=moment + longest)
    rows: models.QuerySet[Row] = model._base_manager.filter(is_due, state=Attempted.PENDING)
    return rows.order_by(*first, "next_attempt_at", "pk")[:limit]


def retry(model: type[Attempted], pk: object) -> bool:
    """Staff's Retry button: a dead or waiting row is due at once, with its count started anew. False when done."""
    rows = (
        model._base_manager.filter(pk=pk)
        .exclude(state=Attempted.DONE)
        .update(state=Attempted.PENDING, attempts=0, next_attempt_at=now())
    )
    return bool(rows)
