"""Answers over HTTP that are whole in time. A time-out of a socket counts from byte to byte: whoever sends one now and
then is waited for without end. Here a limit is for all of an answer, and ``within`` for all answers of a page together.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

#: Until when all that is asked now has to be answered.
until: ContextVar[float] = ContextVar("until", default=float("inf"))


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """All that is asked in the block has to be answered in so many seconds; what is not raises what a time-out does."""
    token = until.set(min(until.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        until.reset(token)


def left(moment: float) -> float:
    """Seconds until a moment of the monotonic clock. Raises: TimeoutError when there are none."""
    seconds = moment - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("the answer was not whole in time")
    return seconds
