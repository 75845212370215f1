"""The worker's processes where the queue is in files: one that is killed takes the others with it, and all begin anew.

They share one lock: whoever is idle holds it while waiting for work. The system does not let go of it when that
process is killed (out of memory, an operator's hand), so the others would wait for ever, in a worker that looks
alive and does nothing. Nobody can ask a lock who holds it; so the whole worker ends, and what watches over it
starts it again. What ran is begun anew by the sweep. With Redis or RabbitMQ Celery uses pipes of each process's
own and none of this applies.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
from collections import deque
from typing import Any

from billiard import pool
from celery.concurrency.prefork import TaskPool
from celery.worker import state

log = logging.getLogger(__name__)

EXIT_STATUS = 70  #: EX_SOFTWARE of sysexits.h
REMEMBERED = 100  #: tasks whose end was told; the second word comes a moment after the first
_told: deque[str] = deque(maxlen=REMEMBERED)


def is_told_again(task_id: str) -> bool:
    """Whether this was asked for the task before, in this process. Celery tells twice of one that it ended for its
    time: once as it ends the process, and once more as billiard finds it gone."""
    if task_id in _told:
        return True
    _told.append(task_id)
    return False


class _Timeouts(pool.TimeoutHandler):  # type: ignore[misc]
    """A process that is ended because its task took too long was busy, and held nothing."""

    def _trywaitkill(self, worker: Any) -> None:
        worker.ended_by_us = True
        super()._trywaitkill(worker)


class Pool(pool.Pool):  # type: ignore[misc]
    """Billiard's, that ends with the first of its processes that somebody else killed."""

    TimeoutHandler = _Timeouts
    _pool: list[Any]
    _state: int

    def _join_exited_workers(self, shutdown: bool = False) -> Any:
        is_stopping = any(word not in (None, False) for word in (state.should_stop, state.should_terminate))
        if not shutdown and not is_stopping and self._state == pool.RUN:
            for worker in self._pool:
                status = worker.exitcode
                ours = ("ended_by_us", "_job_terminated", "_controlled_termination")
                if status is not None and status < 0 and not any(getattr(worker, one, False) for one in ours):
                    self._end(worker.pid, -status)
        return super()._join_exited_workers(shutdown)

    def _end(self, pid: int, number: int) -> None:
        log.error(
            "task process %s was killed (signal %s): the worker ends and is to be started again", pid, number
        )
        for worker in self._pool:
            with contextlib.suppress(OSError):
                os.kill(worker.pid, signal.SIGKILL)
        for request in list(state.active_requests):
            if request.worker_pid == pid:
                _count(request, number)
        os._exit(EXIT_STATUS)


def _count(request: Any, number: int) -> None:
    """A task by the clock cannot count this end itself (work.py)."""
    was_killed = getattr(request.task, "was_killed", None)
    if was_killed is None or request.args:
        return
    try:
        was_killed(f"its process was killed (signal {number})")
    except Exception:  # the worker ends all the same
        log.exception("the end of %s cannot be written down", request.name)


def install() -> None:
    """Let Celery use it wherever it would use billiard's."""
    TaskPool.BlockingPool = Pool
