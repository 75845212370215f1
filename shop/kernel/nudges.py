"""Asking the queue for something, without waiting for a queue that does not answer.

A task is a nudge: what it would do stands in a table, and a sweep finds it. So after one failed attempt nobody in this
process tries for ``QUEUE_REST_S``; a click waits for a broken broker once, not at every row it wrote.
"""

from __future__ import annotations

import time
from typing import Any

from celery import Task
from django.conf import settings
from kombu.exceptions import EncodeError, OperationalError

_resting = 0.0


class QueueRests(OperationalError):  # type: ignore[misc]
    """The queue did not answer a moment ago; the sweep does what was asked."""


def forget() -> None:
    """Ask the queue again at once."""
    global _resting
    _resting = 0.0


class Nudge(Task):  # type: ignore[misc]
    """The class of all our tasks."""

    abstract = True

    def apply_async(self, *args: Any, **kwargs: Any) -> Any:
        """Celery's. Raises QueueRests at once while the queue rests, else what the broker's library raises."""
        global _resting
        if time.monotonic() < _resting:
            raise QueueRests(f"{self.name}: the queue did not answer a moment ago")
        try:
            return super().apply_async(*args, **kwargs)
        except (TypeError, EncodeError):  # our mistake, no word about the queue
            raise
        except Exception:
            _resting = time.monotonic() + settings.QUEUE_REST_S
            raise
