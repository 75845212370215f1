"""A wire between Kontor and one of the servers it leans on, steered by a test: delay, cut, reset, slow close, refuse,
silence, and answers of one's own.

``with Wire(("127.0.0.1", 6379)) as wire:`` listens on ``wire.port``. Without an upstream it only refuses, is silent or
says what it is told to say; that is enough for everything but "and then it is back".
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

CHUNK_BYTES = 65_536
Upstream = tuple[str, int] | Path  #: host and port, or a Unix socket
Saying = Callable[[bytes], bytes]  #: what came in -> what is answered; b"" answers nothing


class Wire:
    """One listening port whose manners can be changed at any time; what is open changes with them."""

    def __init__(self, upstream: Upstream | None = None) -> None:
        self.upstream = upstream
        self.connections = 0  #: taken since the beginning
        self.requests = 0  #: pieces of data that came from our side
        self.delay_s = 0.0
        self.close_s = 0.0
        self._manner = "pass" if upstream else "silent"
        self._says: Saying = lambda asked: b""
        self._greeting = b""
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = self._listen(0)
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Wire:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.refuse()

    def mend(self) -> None:
        """Everything gets through again, at once."""
        self.delay_s = self.close_s = 0.0
        self._become("pass")

    def delay(self, seconds: float) -> None:
        """Every piece of an answer comes so much later."""
        self.delay_s = seconds
        self._become("pass")

    def close_slowly(self, seconds: float) -> None:
        """Whoever ends a connection is answered, and hears the other side's end so much later."""
        self.close_s = seconds
        self._become("pass")

    def refuse(self) -> None:
        """Nobody listens: what is open breaks, what comes new is refused by the system."""
        self._manner = "refuse"
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._drop()

    def cut(self) -> None:
        """What is open ends without a word, and so does everything new as soon as it is there."""
        self._become("cut")
        self._drop()

    def reset(self) -> None:
        """Like cut, but torn off (RST) as by a server that crashed."""
        self._become("reset")
        self._drop(torn=True)

    def silence(self) -> None:
        """Everything is taken and nothing is answered, as behind a firewall that drops."""
        self._become("silent")

    def say(self, answer: bytes | Saying) -> None:
        """Answer everything with these bytes, or with what the function makes of what was asked."""
        self._says = answer if callable(answer) else lambda asked: answer
        self._become("say")
        self._drop()

    def drip(self, words: bytes, *, at_once: int, every_s: float) -> None:
        """Answer with these words: so many bytes at once, then one by one."""
        self._drips = (words, at_once, every_s)
        self._become("drip")
        self._drop()

    def greet(self, words: bytes) -> None:
        """Say these words to whoever comes, before anything is asked, and then nothing; some protocols begin so."""
        self._greeting = words
        self.say(b"")

    def _become(self, manner: str) -> None:
        if self._manner == "refuse":
            self._listener = self._listen(self.port)
        self._manner = manner

    def _listen(self, port: int) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", port), backlog=128)
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return listener

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _address = listener.accept()
            except OSError:
                return
            self.connections += 1
            if self._manner in ("cut", "reset"):
                _close(client, torn=self._manner == "reset")
                continue
            with self._lock:
                self._open.add(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        """From our side to the server; the way back is a thread of its own, begun with the first byte."""
        server: socket.socket | None = None
        with contextlib.suppress(OSError):
            if self._manner == "pass":
                server = self._connected(client)
            if self._manner == "say" and self._greeting:
                client.sendall(self._greeting)
            while data := client.recv(CHUNK_BYTES):
                self.requests += 1
                if self._manner == "say":
                    client.sendall(self._says(data))
                elif self._manner == "drip":
                    words, at_once, every_s = self._drips
                    client.sendall(words[:at_once])
                    for place in range(at_once, len(words)):
                        time.sleep(every_s)
                        client.sendall(words[place : place + 1])
                elif self._manner == "pass":
                    server = server or self._connected(client)
                    server.sendall(data)
        if self.close_s:
            time.sleep(self.close_s)
        self._end(client, server)

    def _connected(self, client: socket.socket) -> socket.socket:
        assert self.upstream is not None, "this wire leads nowhere"
        if isinstance(self.upstream, Path):
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(self.upstream))
        else:
            server = socket.create_connection(self.upstream)
        with self._lock:
            self._open.add(server)
        threading.Thread(target=self._bring_back, args=(server, client), daemon=True).start()
        return server

    def _bring_back(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(CHUNK_BYTES):
                if self.delay_s:
                    time.sleep(self.delay_s)
                if self._manner == "pass":
                    client.sendall(data)
        if self.close_s:
            time.sleep(self.close_s)
        self._end(client, server)

    def _end(self, *ends: socket.socket | None) -> None:
        for end in ends:
            with self._lock:
                is_ours = end in self._open
                self._open.discard(end)  # type: ignore[arg-type]
            if end is not None and is_ours:  # else somebody drops it just now, in their manner
                _close(end)

    def _drop(self, *, torn: bool = False) -> None:
        with self._lock:
            ends, self._open = list(self._open), set()
        for end in ends:
            _close(end, torn=torn)


def _close(end: socket.socket, *, torn: bool = False) -> None:
    with contextlib.suppress(OSError):
        if torn:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            end.shutdown(socket.SHUT_RD)  # says nothing to the other side; wakes the thread that reads here
        else:
            end.shutdown(socket.SHUT_RDWR)
    end.close()


def http(body: bytes, status: str = "200 OK", kind: str = "application/json", **headers: str) -> Saying:
    """An answer in HTTP to whatever was asked; the connection stays open."""
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return lambda asked: head.encode() + body
