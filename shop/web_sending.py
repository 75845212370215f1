"""How the web server's worker (`shop/web.py`) gives answers to readers who are slow: what the system does not take at
once is kept, the thread is free for the next request, and the main loop sends the rest as it is read.

Kept are bytes up to ``KEPT_BYTES`` of an answer and ``KEPT_BYTES_MAX`` of all; files cost nothing, they are read when
there is room. Only beyond that a thread waits for a reader, ``HELD_S`` in all. Everybody has to take ``RATE`` bytes a
second on average, and something every ``PAUSE_S``.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import time
from collections import deque
from threading import Lock
from typing import Any, ClassVar, Self

RATE = 10_000  #: bytes a second that a reader takes at least
PAUSE_S = 15.0  #: nobody waits longer for a reader to take the next piece
HELD_S = 30.0  #: a thread waits no longer than this for the reader of one answer
KEPT_BYTES = 8_000_000
KEPT_BYTES_MAX = 32_000_000
PIECE_BYTES = 65_536


class _Bytes:
    """Bytes of an answer that nobody has taken yet."""

    def __init__(self, data: Any) -> None:
        self.left = memoryview(bytes(data))

    @property
    def kept(self) -> int:
        """Bytes in memory."""
        return len(self.left)

    def send(self, sock: socket.socket) -> int:
        """A piece, as far as there is room. Returns bytes. Raises BlockingIOError where there is none."""
        sent = os.write(sock.fileno(), self.left[:PIECE_BYTES])  # sock.send would wait for its time-out
        self.left = self.left[sent:]
        return sent

    def is_sent(self) -> bool:
        """Whether all of it went out."""
        return not self.left

    def close(self) -> None:
        """Nobody takes the rest."""
        self.left = self.left[:0]


class _File:
    """A part of an open file; its descriptor is ours, so the application may close its own."""

    kept = 0

    def __init__(self, source: int, offset: int, count: int) -> None:
        self.source, self.offset, self.count = os.dup(source), offset, count

    def send(self, sock: socket.socket) -> int:
        """Like _Bytes.send. Raises: BrokenPipeError where the file is shorter than was said."""
        sent = os.sendfile(sock.fileno(), self.source, self.offset, min(PIECE_BYTES, self.count))
        if not sent:
            raise BrokenPipeError(errno.EPIPE, "the file became shorter")
        self.offset += sent
        self.count -= sent
        return sent

    def is_sent(self) -> bool:
        """Whether all of it went out."""
        return not self.count

    def close(self) -> None:
        """Done with it."""
        if self.source >= 0:
            os.close(self.source)
            self.source = -1


class Patient(socket.socket):
    """A socket whose reader may be slow, within the limits of the module."""

    kept_of_all: ClassVar[int] = 0
    _counting: ClassVar[Lock] = Lock()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rest: deque[_Bytes | _File] = deque()
        self.kept = 0  #: bytes in memory
        self.begin()

    @classmethod
    def of(cls, sock: socket.socket) -> Self:
        """Take the place of an accepted socket."""
        return cls(sock.family, sock.type, sock.proto, fileno=sock.detach())

    def begin(self) -> None:
        """The next answer begins."""
        self.waited = 0.0  #: seconds, for who takes this answer, until ``since``
        self.taken = 0  #: bytes of it
        self.since: float | None = None  #: nothing was taken since then (monotonic seconds)
        self.held = 0.0  #: seconds that threads have waited for who takes it, over all of its pieces

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send all, or keep it for the main loop. Raises: BrokenPipeError for a reader who is too slow."""
        self._put(_Bytes(data))

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        """Like sendall. Returns: bytes."""
        if count is None:
            count = os.fstat(file.fileno()).st_size - offset
        self._put(_File(file.fileno(), offset, count))
        return count

    def _put(self, piece: _Bytes | _File) -> None:
        self.rest.append(piece)
        self._count(piece.kept)
        self.flush()
        while self.rest and (self.kept > KEPT_BYTES or Patient.kept_of_all > KEPT_BYTES_MAX):
            ready = select.poll()
            ready.register(self, select.POLLOUT)
            began = time.monotonic()
            left = min(self.until - began, HELD_S - self.held)
            is_ready = left > 0 and ready.poll(left * 1000)
            self.held += time.monotonic() - began
            if not is_ready:
                self.forget()
                raise BrokenPipeError(errno.EPIPE, "the reader is too slow")
            self.flush()

    def flush(self, most: int | None = None) -> None:
        """Send of the rest what there is room for, about ``most`` bytes. Raises: OSError, and nothing is left then."""
        sent_now = 0
        if self.gettimeout() is None:
            self.settimeout(PAUSE_S)  # a socket that blocks would block in the system's calls
        try:
            while self.rest and (most is None or sent_now < most):
                piece = self.rest[0]
                before = piece.kept
                sent = piece.send(self)
                sent_now += sent
                self._count(piece.kept - before)
                self._took(sent)
                if piece.is_sent():
                    piece.close()
                    self.rest.popleft()
        except (BlockingIOError, InterruptedError):
            if self.since is None:
                self.since = time.monotonic()
        except OSError:
            self.forget()
            raise

    def _took(self, sent: int) -> None:
        self.taken += sent
        if self.since is not None:
            self.waited += time.monotonic() - self.since
            self.since = None

    @property
    def until(self) -> float:
        """The moment (monotonic) at which the reader has been too slow, if nothing more is taken before."""
        if self.since is None:
            return time.monotonic() + PAUSE_S
        return self.since + min(PAUSE_S, PAUSE_S + self.taken / RATE - self.waited)

    @property
    def speed(self) -> float:
        """Bytes a second of the time that was waited for the reader."""
        waiting = time.monotonic() - self.since if self.since is not None else 0.0
        return self.taken / max(self.waited + waiting, 0.001)

    def forget(self) -> None:
        """Nobody takes the rest."""
        for piece in self.rest:
            self._count(-piece.kept)
            piece.close()
        self.rest.clear()

    def _count(self, more: int) -> None:
        if more:
            self.kept += more
            with Patient._counting:
                Patient.kept_of_all += more

    def close(self) -> None:
        """Also what was kept."""
        self.forget()
        super().close()
