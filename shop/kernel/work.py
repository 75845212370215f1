"""What every task has around it: the id of what caused it, and for tasks by the clock a rest after each failure.

A task for one row needs no more than its row: that counts attempts and pauses (attempts.py) and in the end is dead
with its cause. A task by the clock has no row, so its failures in a row are kept here: it rests for doubling pauses of
at most an hour, is tried again by the sweep (a job of the night does not wait for the next night), and staff see the
cause. One that runs every few minutes looks after many rows: it rests a minute at most, so that one bad row does not
make the others wait.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

from celery import current_app
from celery.signals import before_task_publish, heartbeat_sent
from django.conf import settings
from django.db import DatabaseError
from django.db.models import F

from .attempts import ERROR_MAX_CHARS, pause_s
from .clock import now
from .nudges import Nudge
from .outbox import core as outbox

log = logging.getLogger(__name__)

OFTEN_S = 900  #: a task that runs at least so often ...
OFTEN_PAUSE_S = 60  #: ... rests no longer than this after a failure, or as long as it does anyhow


@before_task_publish.connect
def say_what_caused_it(headers: dict[str, Any] | None = None, **_more: Any) -> None:
    """Every message carries the id of the click (or message, or night's task) that asked for it, and when."""
    if headers is not None:
        headers["thread"] = outbox.current_correlation_id()
        headers["sent_at"] = time.time()


@heartbeat_sent.connect
def worker_lives(**_more: Any) -> None:
    """A file whose age says that the worker's loop turns (scripts/alive.py)."""
    with suppress(OSError):
        Path(settings.DATA_DIR, "worker.alive").touch()


class Task(Nudge):
    """The base of all tasks."""

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run under the id of what asked for it. Called as a plain function it is just that."""
        if self.request.called_directly:
            return super().__call__(*args, **kwargs)
        with outbox.correlation(self.request.get("thread") or uuid.uuid4().hex):
            if is_by_the_clock(self.name) and not args:
                return by_the_clock(self.name, self.run)
            return self.run(*args, **kwargs)


def is_by_the_clock(name: str) -> bool:
    """Whether beat asks for this task."""
    work = settings.TASK_TABLE.get(name)
    return work is not None and work.again == settings.CLOCK


def by_the_clock(name: str, run: Any) -> Any:
    """Run it unless it rests after a failure. Raises what it raises, after counting it."""
    from .models import TaskTrouble

    rows = TaskTrouble.objects.filter(task=name)
    known = rows.values_list("failures", flat=True).first()
    if known is not None and not _begins(rows, known):
        return None
    try:
        done = run()
    except Exception as error:
        note_failure(name, error)
        raise
    if known is not None:
        rows.delete()
        log.info("%s went well again after %s failures", name, known)
    return done


def _begins(rows: Any, failures: int) -> bool:
    """Take the turn that is due; of two workers one gets it. One that dies has used it up."""
    later = now() + dt.timedelta(
        seconds=rest_s(rows.values_list("task", flat=True).first() or "", failures + 1)
    )
    return bool(rows.filter(next_at__lte=now()).update(next_at=later))


def rest_s(name: str, failures: int) -> int:
    """Seconds a task by the clock rests after so many failures in a row."""
    every = [
        entry["schedule"]
        for entry in settings.CELERY_BEAT_SCHEDULE.values()
        if entry["task"] == name and isinstance(entry["schedule"], int | float)
    ]
    if every and min(every) <= OFTEN_S:
        return min(pause_s(failures), max(OFTEN_PAUSE_S, int(min(every))))
    return pause_s(failures)


def note_failure(name: str, error: Exception) -> None:
    """Count it with its cause and the time of the next try. Never raises: with the database down there is no row, and
    the next tick of the clock tries again."""
    from .models import TaskTrouble

    try:
        row, _new = TaskTrouble.objects.get_or_create(task=name)
        TaskTrouble.objects.filter(pk=row.pk).update(
            failures=F("failures") + 1,
            last_at=now(),
            next_at=now() + dt.timedelta(seconds=rest_s(name, row.failures + 1)),
            last_error=f"{type(error).__name__}: {error}"[:ERROR_MAX_CHARS],
            correlation_id=outbox.current_correlation_id()[:64],
        )
    except DatabaseError as problem:
        log.warning("the failure of %s cannot be written down: %s", name, problem)


def send_rested() -> int:
    """Ask again for tasks whose rest is over; returns for how many. The sweep calls it."""
    from .models import TaskTrouble

    due = list(TaskTrouble.objects.filter(next_at__lte=now()).values_list("task", flat=True))
    return sum(send(name) for name in due)


def again_now(name: str) -> bool:
    """Staff's button: end the rest of a task and ask for it. False when it went well meanwhile."""
    from .models import TaskTrouble

    if not TaskTrouble.objects.filter(task=name).update(next_at=now()):
        return False
    send(name)
    return True


def send(name: str) -> bool:
    """Ask for a task by the clock; False when there is none of that name any more or the queue cannot be reached."""
    if name not in settings.TASK_TABLE:
        return False
    try:
        current_app.send_task(name, expires=600)
    except Exception as error:  # whatever a broker client may raise
        log.warning("queue not reachable, %s waits for the clock: %s", name, error)
        return False
    return True


def pulse(queue: str, sent_at: float | None) -> None:
    """A worker came to this queue: note when, and how long the message had waited."""
    from .models import QueuePulse

    moment = now()
    sent = dt.datetime.fromtimestamp(sent_at, dt.UTC) if sent_at else moment
    QueuePulse.objects.update_or_create(
        queue=queue, defaults={"sent_at": min(sent, moment), "ran_at": moment}
    )
