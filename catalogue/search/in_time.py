"""Answers over HTTP that are whole in time. A time-out of a socket counts from byte to byte: whoever sends one now and
then is waited for without end. Here a limit is for all of an answer, and ``within`` for all answers of a page together.
"""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http.client import HTTPResponse
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection

_until: ContextVar[float] = ContextVar("until", default=float("inf"))


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """All that is asked in the block has to be answered in so many seconds; what is not raises what a time-out does."""
    token = _until.set(min(_until.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _until.reset(token)


def _left(until: float) -> float:
    """Seconds. Raises: TimeoutError when there are none."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("the answer was not whole in time")
    return left


class _Reader(io.RawIOBase):
    """What comes over a socket until a moment. Each read may wait for what is left of the time."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, until: float) -> None:
        super().__init__()
        self.raw, self.sock, self.until = raw, sock, until

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """As much as has come. Raises: TimeoutError."""
        self.sock.settimeout(_left(self.until))
        return self.raw.readinto(buffer)

    def close(self) -> None:
        """Also what it reads from."""
        self.raw.close()
        super().close()


class _InTime(HTTPConnection):
    """The limit of a request (its ``timeout``, in seconds) is for all of it: connecting, sending, and the answer."""

    answer_until = float("inf")

    def request(self, *args: Any, **kwargs: Any) -> None:
        """urllib3's. Raises: TimeoutError."""
        limit = self.timeout if isinstance(self.timeout, int | float) else float("inf")
        self.answer_until = min(time.monotonic() + limit, _until.get())
        self.timeout = min(limit, _left(self.answer_until))
        if self.sock is not None:  # what a former answer left on it
            self.sock.settimeout(self.timeout)
        super().request(*args, **kwargs)

    def response_class(self, sock: socket.socket, *args: Any, **kwargs: Any) -> HTTPResponse:  # type: ignore[override]
        """http.client's, reading in time."""
        answer = HTTPResponse(sock, *args, **kwargs)
        raw = answer.fp.detach()  # type: ignore[attr-defined]
        answer.fp = io.BufferedReader(_Reader(raw, sock, self.answer_until))
        return answer


class InTime(_InTime):
    """For http addresses."""


class InTimeTLS(_InTime, HTTPSConnection):
    """For https addresses."""
