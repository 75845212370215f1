"""What every task has around it: the id of what caused it, and for tasks by the clock a rest after each failure.

A task for one row needs no more than its row: that counts attempts and pauses (attempts.py) and in the end is dead
with its cause. A task by the clock has no row, so its failures in a row are kept here: it rests for doubling pauses of
at most an hour, is tried again by the sweep (a job of the night does not wait for the next night), and staff see the
cause. One that runs every few minutes looks after many rows: it rests a minute at most, so that one bad row does not
make the others wait.

One that is killed says nothing itself. What watches over its process does: Celery where it ran out of time or its
process was lost, processpool.py where the queue is in files. Where all of the worker went (the machine, its container),
a seldom task has left the mark of its beginning, and is asked for anew; one that runs often comes by again anyhow.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

from billiard.exceptions import TimeLimitExceeded, WorkerLostError
from celery import current_app
from celery.signals import before_task_publish, heartbeat_sent, task_failure
from django.conf import settings
from django.db import DatabaseError, connections
from django.db.models import F, Q

from . import masks
from .attempts import ERROR_MAX_CHARS, pause_s
from .clock import now
from .nudges import Nudge
from .outbox import core as outbox
from .processpool import is_told_again

log = logging.getLogger(__name__)

OFTEN_S = 900  #: a task that runs at least so often ...
OFTEN_PAUSE_S = 60  #: ... rests no longer than this after a failure, or as long as it does anyhow
GRACE_S = 30  #: after its time limit, in which what was at work is certainly ended
BACKUP = "kernel.backup"  #: at work while a backup is made, so its mark is in each
KILLED = "it was ended in the middle: killed, or the machine went down"


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
        with outbox.correlation(self.request.get("thread") or uuid.uuid4().hex), masks.about():
            if is_by_the_clock(self.name) and not args:
                return by_the_clock(self.name, self.run)
            return self.run(*args, **kwargs)

    def was_killed(self, why: str) -> None:
        """In the worker's main process: count it for a task by the clock, which could not do so itself."""
        if is_by_the_clock(self.name):
            try:
                note_failure(self.name, why)
            finally:
                connections.close_all()  # processes that are forked from this one inherit none


@task_failure.connect
def what_was_killed(
    sender: Any = None, task_id: str = "", exception: Any = None, args: Any = None, **_more: Any
) -> None:
    """Celery ended the process of a task that was out of time, or found it gone."""
    if isinstance(exception, TimeLimitExceeded | WorkerLostError) and isinstance(sender, Task) and not args:
        limit = settings.TASK_TABLE[sender.name].limit_s if sender.name in settings.TASK_TABLE else 0
        out_of_time = isinstance(exception, TimeLimitExceeded)
        if out_of_time and is_told_again(task_id):
            return
        sender.was_killed(f"it took more than {limit} s and was ended" if out_of_time else str(exception))


def is_by_the_clock(name: str) -> bool:
    """Whether beat asks for this task."""
    work = settings.TASK_TABLE.get(name)
    return work is not None and work.again == settings.CLOCK


def by_the_clock(name: str, run: Any) -> Any:
    """Run it unless it rests after a failure, or is a seldom one at work. Raises what it raises, after counting it."""
    from .models import TaskTrouble

    rows = TaskTrouble.objects.filter(task=name)
    known = rows.values_list("failures", flat=True).first()
    if known is not None and not _begins(rows, known):
        return None
    leaves_mark = known is None and not is_often(name)
    if leaves_mark and not _mark(name):
        return None
    try:
        done = run()
    except Exception as error:
        note_failure(name, f"{type(error).__name__}: {error}")
        raise
    if known is not None or leaves_mark:
        rows.delete()
    if known:
        log.info("%s went well again after %s failures", name, known)
    return done


def _begins(rows: Any, failures: int) -> bool:
    """Take the turn that is due; of two workers one gets it. One that dies has used it up, and the next counts it. One
    that runs often rests as after a failure and leaves no mark: whether it is at work still, nobody could say so soon.
    """
    name = rows.values_list("task", flat=True).first() or ""
    later = now() + dt.timedelta(seconds=rest_s(name, failures + 1))
    due = Q(next_at__lte=now())
    if is_often(name):
        return bool(rows.filter(due).update(next_at=later, begun_at=None))
    later = max(later, _surely_ended(name))
    if rows.filter(due, begun_at=None).update(next_at=later, begun_at=now()):
        return True
    died = {"failures": F("failures") + 1, "last_at": F("begun_at"), "last_error": KILLED}
    if not rows.filter(due, begun_at__isnull=False).update(next_at=later, begun_at=now(), **died):
        return False
    log.error("%s: %s", name, KILLED)
    return True


def _mark(name: str) -> bool:
    """Leave a mark that a seldom task began; False when another worker did so in the same moment."""
    from .models import TaskTrouble

    defaults = {"begun_at": now(), "next_at": _surely_ended(name)}
    return TaskTrouble.objects.get_or_create(task=name, defaults=defaults)[1]


def _surely_ended(name: str) -> dt.datetime:
    work = settings.TASK_TABLE.get(name)
    limit = work.limit_s if work is not None else settings.CELERY_TASK_TIME_LIMIT
    return now() + dt.timedelta(seconds=limit + GRACE_S)


def troubles() -> Any:
    """Tasks by the clock that failed since they last went well, the oldest trouble first (a QuerySet)."""
    from .models import TaskTrouble

    return TaskTrouble.objects.filter(failures__gt=0).order_by("since")


def is_often(name: str) -> bool:
    """Whether it comes by again so soon that a lost turn of its is none."""
    every = _every_s(name)
    return bool(every) and min(every) <= OFTEN_S


def _every_s(name: str) -> list[float]:
    return [
        float(entry["schedule"])
        for entry in settings.CELERY_BEAT_SCHEDULE.values()
        if entry["task"] == name and isinstance(entry["schedule"], int | float)
    ]


def rest_s(name: str, failures: int) -> int:
    """Seconds a task by the clock rests after so many failures in a row."""
    if is_often(name):
        return min(pause_s(failures), max(OFTEN_PAUSE_S, int(min(_every_s(name)))))
    return pause_s(failures)


def note_failure(name: str, why: str) -> None:
    """Count it with its cause and the time of the next try. Never raises: with the database down there is no row, and
    the next tick of the clock tries again."""
    from .models import TaskTrouble

    try:
        row, _new = TaskTrouble.objects.get_or_create(task=name)
        TaskTrouble.objects.filter(pk=row.pk).update(
            failures=F("failures") + 1,
            last_at=now(),
            next_at=now() + dt.timedelta(seconds=rest_s(name, row.failures + 1)),
            last_error=why[:ERROR_MAX_CHARS],
            begun_at=None,
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
    """Staff's button: end the rest of a task and ask for it, unless it is at it. False when it went well meanwhile."""
    row = troubles().filter(task=name)
    if row.filter(Q(begun_at=None) | Q(next_at__lte=now())).update(next_at=now()):
        send(name)
        return True
    return bool(row.exists())


def after_a_restore() -> None:
    """What was at work when the backup was made was not killed: the backup itself is done, the others are due anew.

    Never raises: the tables of a backup may be older than this code, and then there are no marks in them.
    """
    from .models import TaskTrouble

    try:
        at_work = TaskTrouble.objects.filter(begun_at__isnull=False)
        at_work.filter(task=BACKUP).delete()
        at_work.update(begun_at=None, next_at=now())
    except DatabaseError as problem:
        log.info("there are no marks of tasks in this backup: %s", problem)


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
