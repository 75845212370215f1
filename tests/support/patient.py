"""A Celery worker whose tasks take their time: ``celery -A tests.support.patient worker``. Each writes that it began
and that it ended into the file named in PATIENT_LOG."""

from __future__ import annotations

import os
import time
from pathlib import Path

import django

django.setup()

from celery.signals import worker_ready  # noqa: E402
from django.conf import settings  # noqa: E402

from shop.celery import app  # noqa: E402

TOOK_S = 0.4
NAME = "patient.note"
app.conf.task_routes = settings.CELERY_TASK_ROUTES | {NAME: {"queue": "money"}}


@app.task(name=NAME)
def note(n: int) -> None:
    """Begin, take some time, end."""
    write(f"begun {n}")
    time.sleep(TOOK_S)
    write(f"ended {n}")


@worker_ready.connect
def begin(**_more: object) -> None:
    """The first worker gets PATIENT_TASKS of them to do."""
    for n in range(int(os.environ.get("PATIENT_TASKS", "0"))):
        note.delay(n)


def write(line: str) -> None:
    """One line at once."""
    with Path(os.environ["PATIENT_LOG"]).open("a") as file:
        file.write(f"{line}\n")
