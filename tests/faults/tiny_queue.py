"""A worker on a queue in files, for tests of its processes alone: ``celery -A tests.faults.tiny_queue worker``."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from billiard import pool
from celery import Celery, Task
from celery.concurrency.prefork import TaskPool
from celery.signals import celeryd_init, task_failure

from shop.kernel import filequeue
from shop.kernel.processpool import is_told_again

filequeue.install()


@celeryd_init.connect
def take_the_guard_away(**more: Any) -> None:
    """shop/celery.py, which comes with every module of shop, has just installed it."""
    if os.environ.get("TINY_UNGUARDED") == "yes":
        TaskPool.BlockingPool = pool.Pool


FOLDER = Path(os.environ["TINY_FOLDER"])
app = Celery("tiny", broker="filesystem://")
app.conf.broker_transport_options = {
    "data_folder_in": str(FOLDER),
    "data_folder_out": str(FOLDER),
    "control_folder": str(FOLDER / "control"),
    "store_processed": False,
    "polling_interval": 0.05,
}
app.conf.task_ignore_result = True
app.conf.worker_max_memory_per_child = int(os.environ["TINY_MEMORY_KIB"])


@app.task(name="write")  # type: ignore[untyped-decorator]
def write(name: str) -> None:
    """Leave a sign of who did it."""
    (FOLDER / name).write_text(str(os.getpid()))


class Told(Task):  # type: ignore[misc]
    """As shop.kernel.work.Task: told in the main process when its own was killed."""

    def was_killed(self, why: str) -> None:
        """Leave a sign."""
        (FOLDER / "killed").write_text(f"{self.name} {os.getpid()} {why}")


@task_failure.connect  # type: ignore[untyped-decorator]
def told(sender: Task, task_id: str, exception: Exception, **more: Any) -> None:
    """Leave a sign of whom Celery tells it, a line each time it is news."""
    if is_told_again(task_id):
        (FOLDER / "again").write_text(task_id)
        return
    with (FOLDER / "ended").open("a") as ended:
        ended.write(f"{sender.name} {os.getpid()} {type(exception).__name__}\n")


@app.task(name="hang", base=Told, time_limit=2)  # type: ignore[untyped-decorator]
def hang() -> None:
    """Write down who we are, and never end."""
    (FOLDER / "hanging").write_text(str(os.getpid()))
    time.sleep(600)
