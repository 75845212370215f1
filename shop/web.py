"""The web server's worker: gunicorn's threads, behind a place where requests are gathered until they are whole.

Three things gunicorn's own does not do. A thread is given one request only, when all of it has come, and reads from
nobody: whoever sends a letter every ten seconds keeps no thread from others. No more than ``WAITING_MAX`` requests
wait for a thread: what comes beyond is told at once to come back (503 with Retry-After), so those who wait are served
in time. And no thread waits for who reads an answer: what is not taken at once the main loop sends (web_sending.py).

Used by `make run` and by the image: ``gunicorn shop.wsgi --worker-class shop.web.Worker``. What of gunicorn's inner
workings this leans on is pinned by tests/architecture/test_gunicorn.py.
"""

from __future__ import annotations

import contextlib
import errno
import io
import re
import signal
import socket
import time
from functools import partial
from selectors import EVENT_READ, EVENT_WRITE
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from gunicorn.http.unreader import Unreader
from gunicorn.workers.gthread import TConn, ThreadWorker

from shop import web_memory
from shop.web_answers import BUSY, CODED_BODY, CONTINUE, LARGE_BODY, LONG_HEAD, NO_LENGTH
from shop.web_sending import PAUSE_S, RATE, Patient

WAITING_MAX = 64  #: whole requests of a process that wait for a thread: about two seconds' work
HEALTH_MAX = 8  #: more, of those who watch over the process
HEAD_S = 10.0  #: for the lines of a request, from the connection or the end of the answer before
BODY_S = 30.0  #: more, for what follows them, and a second for each RATE bytes of it that have come
HEAD_BYTES = 65_536
BODY_BYTES = 40_000_000  #: no upload is larger: the bank's files come nearest, with half of it
MEMORY_BYTES = 262_144  #: of a body; a larger one is gathered in a file
GATHERED_BYTES_MAX = 128_000_000  #: of all requests of a process, in memory and files
ARRIVING_MAX = 500  #: unfinished requests of a process; then the oldest goes
READERS_MAX = 300  #: whose answers the main loop sends; then the slowest goes
FLUSH_BYTES = 1_000_000  #: of an answer at once; then others have their turn
ANSWER_BYTES = 1_000_000  #: of an answer the system keeps for a slow reader, as far as it lets us
DRAIN_S = 2.0  #: what somebody still sends is thrown away for so long, so that they hear the last answer
STOP_S = 3.0  #: before the worker is killed, requests that have not become whole are told to come back
LOOK_EVERY_S = 0.5
CHUNK_BYTES = 65_536

LENGTH = re.compile(rb"\r\ncontent-length[ \t]*:([^\r\n]*)")
CODED = re.compile(rb"\r\ntransfer-encoding[ \t]*:")
EXPECTS = b"\r\nexpect:"
#: Asked by what watches over the process: it lives also while it is busy.
HEALTH = re.compile(rb"GET /(healthz|livez|readyz) HTTP/")


def _receive(sock: socket.socket) -> bytes | None:
    """What has come: b"" behind the last of it, None when nothing has."""
    try:
        return sock.recv(CHUNK_BYTES)
    except (BlockingIOError, InterruptedError):
        return None
    except OSError:
        return b""


class Gathered(Unreader):  # type: ignore[misc]
    """Where gunicorn's parser reads one request from. At its end there is no more, and nobody waits for it."""

    def __init__(self, head: bytes = b"", body: IO[bytes] | None = None) -> None:
        super().__init__()
        self.head, self.body = head, body or io.BytesIO()

    def read(self, size: int | None = None, read_ahead: int | None = None) -> bytes:
        """Like gunicorn's, but never more than was asked for: what is read ahead would be copied each time."""
        found: bytes = super().read(size)
        return found

    def chunk(self, size_hint: int | None = None) -> bytes:
        """The lines of the request first, then what follows them."""
        if self.head:
            head, self.head = self.head, b""
            return head
        return self.body.read(size_hint or CHUNK_BYTES)


class Connection(TConn):  # type: ignore[misc]
    """A connection, and what has come over it of a request that is not whole yet."""

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, server: Any) -> None:
        super().__init__(cfg, Patient.of(sock), client, server)
        self.arrived = bytearray()  #: not looked at yet: half a head, or what came behind a whole request
        self.head = b""
        self.body: IO[bytes] | None = None
        self.needed = 0  #: bytes of the body
        self.got = 0  #: of them
        self.body_until = 0.0
        self.until = 0.0

    @property
    def size(self) -> int:
        """Bytes kept for it."""
        return len(self.arrived) + len(self.head) + self.got

    def take(self, data: bytes) -> bytes:
        """Take what has come. Returns what is to be said at once: a refusal, or 100 Continue; else b"".

        Raises: OSError when there is no place to keep it.
        """
        self.arrived += data
        said = b"" if self.head else self._look()
        if self.head and self.got < self.needed:
            self._keep()
        return said if not self.is_whole() or said != CONTINUE else b""

    def is_whole(self) -> bool:
        """Whether all of a request has come."""
        return bool(self.head) and self.got == self.needed

    def _look(self) -> bytes:
        while self.arrived.startswith(b"\r\n"):  # some send it behind a form (RFC 9112 2.2)
            del self.arrived[:2]
        end = self.arrived.find(b"\r\n\r\n")
        if end < 0:
            return LONG_HEAD if len(self.arrived) >= HEAD_BYTES else b""
        lines = bytes(self.arrived[: end + 2]).lower()
        lengths = [length.strip(b" \t") for length in LENGTH.findall(lines)] or [b"0"]
        if CODED.search(lines):
            return CODED_BODY
        if len(lengths) > 1 or not lengths[0].isdigit():
            return NO_LENGTH
        if len(lengths[0].lstrip(b"0")) > len(str(BODY_BYTES)) or int(lengths[0]) > BODY_BYTES:
            return LARGE_BODY
        self.head, self.needed = bytes(self.arrived[: end + 4]), int(lengths[0])
        del self.arrived[: end + 4]
        self.body_until = self.until + BODY_S
        return CONTINUE if EXPECTS in lines and not self.arrived else b""

    def _keep(self) -> None:
        if self.body is None:
            self.body = SpooledTemporaryFile(MEMORY_BYTES)  # noqa: SIM115 - closed by forget()
        piece = self.arrived[: self.needed - self.got]
        self.body.write(piece)
        del self.arrived[: len(piece)]
        self.got += len(piece)
        self.until = self.body_until + self.got / RATE
        if self.got == self.needed:
            self.body.seek(0)

    def init(self) -> None:
        """In the thread: gunicorn reads what was gathered, and nothing else."""
        super().init()
        self.sock.settimeout(PAUSE_S)
        self.sock.begin()
        self.parser.unreader = Gathered(self.head, self.body)

    def forget(self) -> None:
        """The request is answered, or never will be."""
        if self.parser is not None:
            self.parser.unreader = Gathered()
        if self.body is not None:
            with contextlib.suppress(OSError):
                self.body.close()
        self.head, self.body, self.needed, self.got = b"", None, 0, 0


class Worker(ThreadWorker):  # type: ignore[misc]
    """See the module."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.arriving: dict[Connection, None] = {}
        self.under_way: set[Connection] = set()  #: their requests have a thread or wait for one
        self.reading: dict[
            Connection, Any
        ] = {}  #: they take the rest of an answer; with what the thread returned
        self.leaving: dict[Connection, None] = {}  #: they have heard the last, and may still be sending
        self.shed = 0  #: requests that were told to come back
        self.stops_at = float("inf")
        self._looked = 0.0
        self._growth = web_memory.Growth(self.ppid, self.cfg.worker_tmp_dir)

    def accept(self, listener: socket.socket) -> None:
        """Take a connection, and wait for its request outside of the threads."""
        try:
            sock, address = listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE) and self.arriving:
                self._close(next(iter(self.arriving)))  # room for the next try
            elif error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EMFILE, errno.ENFILE):
                raise
            return
        self.nr_conns += 1
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ANSWER_BYTES)
        if len(self.arriving) >= ARRIVING_MAX:
            self._close(next(iter(self.arriving)))
        self._gather(Connection(self.cfg, sock, address, listener.getsockname()))

    def on_client_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        """The next request of a kept connection begins."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._gather(conn)

    def enqueue_req(self, conn: Connection) -> None:
        """Give a whole request to the threads."""
        conn.data_ready = True
        self.under_way.add(conn)
        super().enqueue_req(conn)

    def finish_request(self, conn: Connection, fs: Any) -> None:
        """A thread is free again. The reader may not have taken all yet."""
        self.under_way.discard(conn)
        conn.forget()
        if conn.sock.rest and conn.sock.fileno() >= 0:
            self._send_on(conn, fs)
        else:
            self._answered(conn, fs)

    def _send_on(self, conn: Connection, fs: Any) -> None:
        if len(self.reading) >= READERS_MAX:
            self._close(min(self.reading, key=lambda one: one.sock.speed))
        self.reading[conn] = fs
        try:
            conn.sock.setblocking(False)
            self.poller.register(conn.sock, EVENT_WRITE, partial(self._on_reading, conn))
        except (OSError, ValueError, KeyError):  # it has gone already
            self._close(conn)

    def _on_reading(self, conn: Connection, sock: socket.socket) -> None:
        if conn not in self.reading:
            return  # given up since the poller said that there is room
        try:
            conn.sock.flush(FLUSH_BYTES)
        except OSError:
            self._close(conn)
            return
        if not conn.sock.rest:
            fs = self.reading[conn]
            self._leave(conn)
            self._answered(conn, fs)

    def _answered(self, conn: Connection, fs: Any) -> None:
        """All of an answer is on its way. What came behind the request is the beginning of the next one."""
        if fs.cancelled() or fs.exception() or not fs.result():
            self._drain(conn)
        elif conn.arrived:
            self._gather(conn)
            self._arrive(conn, b"")
        else:
            super().finish_request(conn, fs)

    def murder_pending(self) -> None:
        """Give up requests that did not become whole in time, readers that are too slow, and who goes on sending."""
        now = time.monotonic()
        if now - self._looked < LOOK_EVERY_S and self.alive:
            return
        self._looked = now
        if self.alive and self._is_to_end():
            self.log.info(
                "%.0f MB: this worker ends when all is answered, another begins", web_memory.held_mb()
            )
            self.handle_exit(signal.SIGTERM, None)  # as when the shop is stopped
        for conn in list(self.arriving):
            if now >= self.stops_at and conn.size:
                self._refuse(conn, BUSY)
            elif now >= min(conn.until, self.stops_at):
                self._close(conn)
        for conn in [conn for conn in self.reading if now >= conn.sock.until]:
            self._close(conn)
        for conn in list(self.leaving):
            if now >= conn.until:
                self._close(conn)

    def _is_to_end(self) -> bool:
        """It has grown, nobody reads any more or long enough was waited for them, and no other worker is ending."""
        return (
            self._growth.is_too_much()
            and not (self.reading and self._growth.waits_for_readers())
            and self._growth.takes_its_turn()
        )

    def _cap_keepalive(self, deadline: float) -> None:
        """The worker ends: requests that have begun may still arrive until shortly before the end."""
        super()._cap_keepalive(deadline)
        self._take_the_rest()
        grace = self.cfg.graceful_timeout
        self.stops_at = time.monotonic() + max(grace / 2, grace - STOP_S)
        for conn in self.arriving:
            if not conn.size:
                conn.until = min(conn.until, deadline)

    def _take_the_rest(self) -> None:
        """Answer who connected already, and let nobody connect any more. Gunicorn keeps the listener open while the
        last requests are answered: who connects meanwhile would wait in vain and be cut off in the end."""
        for listener in self.sockets:
            before = -1
            while before != self.nr_conns:
                before = self.nr_conns
                self.accept(listener)
            listener.close()

    def _gather(self, conn: Connection) -> None:
        conn.sock.setblocking(False)
        conn.until = time.monotonic() + HEAD_S
        self.arriving[conn] = None
        self.poller.register(conn.sock, EVENT_READ, partial(self._on_arriving, conn))

    def _on_arriving(self, conn: Connection, sock: socket.socket) -> None:
        if conn not in self.arriving:
            return  # given up since the poller said that something came
        data = _receive(sock)
        if data:
            self._arrive(conn, data)
        elif data is not None:
            self._close(conn)

    def _arrive(self, conn: Connection, data: bytes) -> None:
        try:
            said = conn.take(data)
        except OSError as error:
            self.log.warning("A request could not be kept: %s", error)
            said = BUSY
        if said == CONTINUE:
            with contextlib.suppress(OSError):
                conn.sock.send(said)
        elif said:
            self._refuse(conn, said)
        elif conn.is_whole():
            self._hand_over(conn)
        elif conn.size > CHUNK_BYTES and self._gathered() > GATHERED_BYTES_MAX:
            self._refuse(max(self.arriving, key=lambda one: one.size), BUSY)

    def _gathered(self) -> int:
        return sum(conn.size for group in (self.arriving, self.under_way) for conn in group)

    def _hand_over(self, conn: Connection) -> None:
        most = self.cfg.threads + WAITING_MAX
        if HEALTH.match(conn.head):
            most += HEALTH_MAX
        if len(self.under_way) >= most:
            self.shed += 1
            if self.shed % 100 == 1:
                self.log.warning(
                    "%s requests were told to come back: more came than can be served", self.shed
                )
            self._refuse(conn, BUSY)
            return
        self._leave(conn)
        self.enqueue_req(conn)

    def _refuse(self, conn: Connection, words: bytes) -> None:
        self._leave(conn)
        conn.forget()
        conn.sock.setblocking(False)
        with contextlib.suppress(OSError):
            conn.sock.send(words)
        self._drain(conn)

    def _drain(self, conn: Connection) -> None:
        """Say that this was the last, and read what still comes: an end with unread bytes would undo the answer."""
        conn.arrived.clear()
        conn.until = time.monotonic() + DRAIN_S
        if len(self.leaving) >= ARRIVING_MAX:
            self._close(next(iter(self.leaving)))
        self.leaving[conn] = None
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
            self.poller.register(conn.sock, EVENT_READ, partial(self._on_leaving, conn))
        except (OSError, ValueError, KeyError):  # it has gone already
            self._close(conn)

    def _on_leaving(self, conn: Connection, sock: socket.socket) -> None:
        if conn in self.leaving and _receive(sock) == b"":
            self._close(conn)

    def _leave(self, conn: Connection) -> bool:
        """Wait no longer for anything of it. Returns: whether one did."""
        was_here = conn in self.arriving or conn in self.reading or conn in self.leaving
        for group in (self.arriving, self.reading, self.leaving):
            group.pop(conn, None)
        with contextlib.suppress(OSError, KeyError, ValueError):
            self.poller.unregister(conn.sock)
        return was_here

    def _close(self, conn: Connection) -> None:
        if self._leave(conn):
            self.nr_conns -= 1
        conn.forget()
        conn.close()
