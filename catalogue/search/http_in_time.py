"""Connections over which answers come whole in time (in_time.py), for the engine that is asked over HTTP: a shop that
has none loads nothing of this.
"""

from __future__ import annotations

import io
import socket
import time
from http.client import HTTPResponse
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection

from .in_time import left, until


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
        self.sock.settimeout(left(self.until))
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
        self.answer_until = min(time.monotonic() + limit, until.get())
        self.timeout = min(limit, left(self.answer_until))
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
