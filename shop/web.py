"""The web server's worker: gunicorn's threads, behind a place where requests are gathered until they are whole.

Two things gunicorn's own does not do. A thread is given a request only when all of it has come, so whoever sends a
letter every ten seconds keeps no thread from others. And no more than ``WAITING_MAX`` requests wait for a thread:
what comes beyond is told at once to come back (503 with Retry-After), so those who wait are served in time.

Used by `make run` and by the image: ``gunicorn shop.wsgi --worker-class shop.web.Worker``.
"""

from __future__ import annotations

import contextlib
import errno
import re
import socket
import time
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

WAITING_MAX = 64  #: whole requests of a process that wait for a thread: about two seconds' work
HEAD_S = 10.0  #: for the lines of a request, from the connection or the end of the answer before
BODY_S = 30.0  #: more, for what follows them
HEAD_BYTES = 65_536
BODY_BYTES = 40_000_000  #: no upload is larger: the bank's files come nearest, with half of it
GATHERED_BYTES_MAX = 96_000_000  #: of all unfinished requests of a process; then the largest goes
ARRIVING_MAX = 500  #: unfinished requests of a process; then the oldest goes
PAUSE_S = 15.0  #: no thread waits longer for one reader to take, or to send, the next piece
ANSWER_BYTES = 1_000_000  #: of an answer the system keeps for a slow reader, as far as it lets us
LOOK_EVERY_S = 0.5
CHUNK_BYTES = 65_536

LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,12})[ \t]*(?:\r\n|$)")
CHUNKED, EXPECTS = b"\r\ntransfer-encoding:", b"\r\nexpect:"
LAST_CHUNK = b"0\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
#: Asked by what watches over the process: it lives also while it is busy.
HEALTH = (b"GET /healthz", b"GET /livez", b"GET /readyz")
RETRY_AFTER_S = 5
_WORDS = (
    "<!doctype html><html lang='de'><meta charset='utf-8'><title>Gleich wieder da · Kontor</title>"
    "<h1>Gerade ist sehr viel los</h1><p>Bitte laden Sie die Seite in ein paar Sekunden neu. Ihr Warenkorb und Ihre "
    "Bestellungen sind sicher gespeichert; was Sie eben abgeschickt haben, ist noch nicht angekommen.</p>"
    "<p lang='en'>We are very busy just now. Please reload in a few seconds. Your basket and your orders are safe; "
    "what you have just sent has not arrived yet.</p></html>"
).encode()


def _answer(status: bytes, words: bytes, kind: bytes = b"text/plain", more: bytes = b"") -> bytes:
    return (
        b"HTTP/1.1 %s\r\nContent-Type: %s; charset=utf-8\r\nCache-Control: no-store\r\n%s"
        b"Connection: close\r\nContent-Length: %d\r\n\r\n%s"
    ) % (status, kind, more, len(words), words)


BUSY = _answer(b"503 Service Unavailable", _WORDS, b"text/html", b"Retry-After: %d\r\n" % RETRY_AFTER_S)
LONG_HEAD = _answer(b"431 Request Header Fields Too Large", b"The lines before the request are too long.")
LARGE_BODY = _answer(b"413 Content Too Large", b"What was sent is too large.")


class Connection(TConn):  # type: ignore[misc]
    """A connection, and what has come over it of a request that is not whole yet."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.arrived = bytearray()
        self.head_ends = 0  #: 0: it has not ended yet
        self.needed = 0  #: bytes of the whole request
        self.is_chunked = False
        self.until = 0.0

    def look(self) -> bytes:
        """Read the head once it is there. Returns what is to be said at once: a refusal, or 100 Continue; else b""."""
        if self.head_ends:
            return b""
        end = self.arrived.find(b"\r\n\r\n")
        if end < 0:
            return LONG_HEAD if len(self.arrived) >= HEAD_BYTES else b""
        self.head_ends = end + 4
        self.until += BODY_S
        head = bytes(self.arrived[: end + 2]).lower()
        length = LENGTH.search(head)
        self.is_chunked = CHUNKED in head
        self.needed = self.head_ends + (int(length[1]) if length else 0)
        if self.needed > HEAD_BYTES + BODY_BYTES:
            return LARGE_BODY
        return CONTINUE if EXPECTS in head and len(self.arrived) == self.head_ends else b""

    def is_whole(self) -> bool:
        """Whether a thread would not have to wait for more."""
        if not self.head_ends:
            return False
        if self.is_chunked:
            return self.arrived.endswith(LAST_CHUNK, self.head_ends)
        return len(self.arrived) >= self.needed

    def init(self) -> None:
        """In the thread: gunicorn reads what was gathered first, and then waits for nobody for ever."""
        super().init()
        self.sock.settimeout(PAUSE_S)
        if self.arrived:
            self.parser.unreader.unread(bytes(self.arrived))
            self.arrived, self.head_ends = bytearray(), 0


class Worker(ThreadWorker):  # type: ignore[misc]
    """See the module."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.arriving: dict[Connection, None] = {}
        self.under_way = 0  #: requests that have a thread or wait for one
        self.shed = 0  #: requests that were told to come back
        self._looked = 0.0

    def accept(self, listener: socket.socket) -> None:
        """Take a connection, and wait for its request outside of the threads."""
        try:
            sock, address = listener.accept()
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise
            return
        self.nr_conns += 1
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ANSWER_BYTES)
        if len(self.arriving) >= ARRIVING_MAX:
            self._give_up(next(iter(self.arriving)))
        self._gather(Connection(self.cfg, sock, address, listener.getsockname()))

    def on_client_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        """The next request of a kept connection begins."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._gather(conn)

    def enqueue_req(self, conn: Connection) -> None:
        """Give a whole request to the threads."""
        self.under_way += 1
        super().enqueue_req(conn)

    def finish_request(self, conn: Connection, fs: Any) -> None:
        """A thread is free again."""
        self.under_way -= 1
        super().finish_request(conn, fs)

    def murder_pending(self) -> None:
        """Give up requests that did not become whole in time."""
        now = time.monotonic()
        if now - self._looked < LOOK_EVERY_S and self.alive:
            return
        self._looked = now
        for conn in [conn for conn in self.arriving if conn.until < now]:
            self._give_up(conn)

    def _cap_keepalive(self, deadline: float) -> None:
        """The worker ends: requests that have begun may still arrive, for a moment."""
        super()._cap_keepalive(deadline)
        self._take_the_rest()
        for conn in self.arriving:
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
        try:
            data = sock.recv(CHUNK_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._give_up(conn)
            return
        conn.arrived += data
        said = conn.look()
        if said and said != CONTINUE:
            self._refuse(conn, said)
            return
        if said:
            with contextlib.suppress(OSError):
                sock.send(said)
        if len(conn.arrived) > HEAD_BYTES + BODY_BYTES:
            self._refuse(conn, LARGE_BODY)
        elif conn.is_whole():
            self._leave(conn)
            self._hand_over(conn)
        elif len(conn.arrived) > CHUNK_BYTES and self._gathered() > GATHERED_BYTES_MAX:
            self._give_up(max(self.arriving, key=lambda one: len(one.arrived)))

    def _gathered(self) -> int:
        return sum(len(conn.arrived) for conn in self.arriving)

    def _hand_over(self, conn: Connection) -> None:
        is_full = self.under_way >= self.cfg.threads + WAITING_MAX
        if is_full and not conn.arrived.startswith(HEALTH):
            self.shed += 1
            if self.shed % 100 == 1:
                self.log.warning(
                    "%s requests were told to come back: more came than can be served", self.shed
                )
            self._say_and_close(conn, BUSY)
            return
        conn.data_ready = True
        self.enqueue_req(conn)

    def _refuse(self, conn: Connection, words: bytes) -> None:
        self._leave(conn)
        self._say_and_close(conn, words)

    def _say_and_close(self, conn: Connection, words: bytes) -> None:
        with contextlib.suppress(OSError):
            conn.sock.send(words)
            conn.sock.shutdown(socket.SHUT_WR)
        self.nr_conns -= 1
        conn.close()

    def _leave(self, conn: Connection) -> None:
        del self.arriving[conn]
        with contextlib.suppress(OSError, KeyError, ValueError):
            self.poller.unregister(conn.sock)

    def _give_up(self, conn: Connection) -> None:
        self._leave(conn)
        self.nr_conns -= 1
        conn.close()
