"""A Celery worker that dies once at every step: ``celery -A tests.support.mortal worker -B --pool solo``.

Each step (a subscriber's handler done but not committed, a delivery committed, a mail handed over, a task begun or
ended) has a label. The first time a worker comes by, the label is written to the file named in MORTAL_LOG and the
process is killed with SIGKILL; from then on it passes. So every step is survived exactly once.
"""

from __future__ import annotations

import datetime as dt
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

django.setup()

from celery.signals import task_prerun  # noqa: E402

from shop.celery import app  # noqa: E402
from shop.kernel import attempts, claims  # noqa: E402

__all__ = ["app"]


#: A test cannot wait five minutes until the lease of a dead worker has run out.
claims.LEASE = dt.timedelta(seconds=2)


def die_once(label: str) -> None:
    """SIGKILL to the whole worker with its beat when it comes by ``label`` for the first time."""
    log = Path(os.environ["MORTAL_LOG"])
    if label in (log.read_text().splitlines() if log.exists() else []):
        return
    with log.open("a") as file:
        file.write(f"{label}\n")
        file.flush()
        os.fsync(file.fileno())
    os.killpg(os.getpgid(0), signal.SIGKILL)


_attempt = attempts.attempt


def attempt(model: Any, pk: object, work: Callable[[Any], None]) -> bool:
    """The kernel's, with a death after the effect and before the commit, and one after the commit."""
    name = ""

    def deadly(row: Any) -> None:
        nonlocal name
        name = getattr(row, "subscriber", model.__name__)
        work(row)
        die_once(f"{name}: done, not committed")

    done = _attempt(model, pk, deadly)
    if done:
        die_once(f"{name}: committed")
    return done


_finish = claims.finish


def finish(row: Any) -> bool:
    """The kernel's, with a death between the world's yes and our note of it."""
    die_once(f"{type(row).__name__} {getattr(row, 'kind', '')}: handed over, not noted")
    return _finish(row)


attempts.attempt = attempt  # type: ignore[assignment]
claims.finish = finish  # type: ignore[assignment]


@task_prerun.connect
def before_task(task: Any = None, **kwargs: Any) -> None:
    """A death as a task begins: the queue loses it, the tables do not."""
    if task is not None and not task.name.endswith((".sweep", "send_due")):
        die_once(f"task {task.name} begun")
