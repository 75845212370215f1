"""Work that must not run in a transaction (mails, pushes): claimed by one worker at a time, with a lease.

``attempts.attempt()`` holds a transaction around the work; talking to the world must not. Here a worker takes a row by
compare-and-set, works outside of any transaction, and writes down what became of it. A worker that dies leaves its
lease behind: the row is due again when that runs out. The one window that remains: the other side took it, and the
worker died before it could write that down. What is sent therefore carries a stable id by which the receiver can drop
the second one.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, TypeVar

from django.db import models
from django.db.models import Case, F, Q, Value, When

from .attempts import ATTEMPTS_MAX, GiveUp, note_failure
from .clock import now
from .models import Attempted

#: Longer than a task may run (CELERY_TASK_TIME_LIMIT): who holds an expired lease is dead.
LEASE = dt.timedelta(seconds=330)


class Claimed(Attempted):
    """Attempted work that is done outside of transactions by whoever holds the claim."""

    claim = models.CharField(max_length=32, blank=True, default="")
    claimed_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def is_claimed(self) -> bool:
        """Whether a worker is at it now."""
        return self.claimed_until is not None and self.claimed_until > now()


Row = TypeVar("Row", bound=Claimed)


def free() -> Q:
    """Rows that are due and that nobody works on."""
    moment = now()
    return Q(state=Attempted.PENDING, next_attempt_at__lte=moment) & (
        Q(claimed_until=None) | Q(claimed_until__lte=moment)
    )


def take(model: type[Row], pk: object) -> Row | None:
    """Claim one row that is due; of two workers one gets it. None when it is done, dead, not due or taken.

    A lease that somebody left behind counts as a failed attempt: work that kills its worker is given up in the end.
    """
    claim = uuid.uuid4().hex
    left_behind = Case(When(claimed_until__isnull=False, then=Value(1)), default=Value(0))
    rows = model._base_manager.filter(free(), pk=pk).update(
        claim=claim, claimed_until=now() + LEASE, attempts=F("attempts") + left_behind
    )
    if not rows:
        return None
    taken: Row | None = model._base_manager.filter(pk=pk, claim=claim).first()
    if taken is not None and taken.attempts >= ATTEMPTS_MAX:
        fail(taken, GiveUp("every worker that tried this died over it"))
        return None
    return taken


def finish(row: Claimed, **also: Any) -> bool:
    """Mark the row done, with further field values. False when another worker already had (our lease ran out)."""
    rows = (
        type(row)
        ._base_manager.filter(pk=row.pk, state=Attempted.PENDING)
        .update(
            state=Attempted.DONE,
            done_at=now(),
            attempts=F("attempts") + 1,
            last_error="",
            claim="",
            claimed_until=None,
            **also,
        )
    )
    return bool(rows)


def fail(row: Claimed, error: Exception, **also: Any) -> None:
    """Count the failed attempt with its cause, plan the next, and let go of the claim. Never raises for a lost one."""
    mine = type(row)._base_manager.filter(pk=row.pk, claim=row.claim)
    if not mine.exists():  # our lease ran out and another worker took over: the attempt is theirs
        return
    note_failure(type(row), row.pk, error)
    mine.update(claim="", claimed_until=None, **also)


def waiting(model: type[Row], limit: int) -> models.QuerySet[Row]:
    """Rows that could be taken now, oldest first."""
    rows: models.QuerySet[Row] = model._base_manager.filter(free())
    return rows.order_by("next_attempt_at", "pk")[:limit]
