"""A small receiver of Kontor's pushes, for tests and for trying: ``python -m tests.support.receiver SECRET [PORT]``.

It does what docs/connect.md asks of a receiver: check the signature on the raw body, take each delivery id once, answer
quickly. It can also behave badly: fail a number of times, be slow, lose its answer, redirect, talk too much.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from shop.connect.signing import HEADER, verify
from tests.support.listening import listening

LOOKS_EVERY_S = 0.02  #: whether it shall end; the default is half a second, at the end of each test


class Receiver:
    """What came in, and how to behave."""

    def __init__(self, secret: str = "", port: int = 0) -> None:
        self.secret = secret
        self.requests: list[
            dict[str, Any]
        ] = []  #: every request: headers, body, whether its signature is right
        self.taken: dict[str, dict[str, Any]] = {}  #: deliveries by id, each once
        self.fail_times = 0  #: answer 500 to that many requests
        self.lose_answers = 0  #: take the delivery, then hang up without an answer, that many times
        self.slow_s = 0.0
        self.status = 200
        self.headers: dict[str, str] = {}
        self.answer = b'{"ok":true}'
        self.drip_s = 0.0  #: seconds between two bytes of the answer
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server.server_address[1]}/kontor"

    @contextmanager
    def running(self) -> Iterator[Receiver]:
        """Listen in a thread."""
        with listening(self.server, LOOKS_EVERY_S):
            yield self

    def take(self, headers: dict[str, str], body: bytes) -> int | None:
        """Handle one request; returns the status to answer, None to hang up."""
        signed = verify(
            body, headers.get(HEADER.lower(), ""), self.secret, at=int(time.time()), tolerance_s=10**9
        )
        with self.lock:
            self.requests.append({"headers": headers, "body": body, "signed": signed})
            if not signed:
                return 401
            if self.fail_times:
                self.fail_times -= 1
                return 500
            self.taken.setdefault(headers["kontor-delivery"], json.loads(body))
            if self.lose_answers:
                self.lose_answers -= 1
                return None
            return self.status

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status = receiver.take({name.lower(): value for name, value in self.headers.items()}, body)
                time.sleep(receiver.slow_s)
                if status is None:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True
                    return
                self.send_response(status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(receiver.answer)))
                self.end_headers()
                self._write()

            def _write(self) -> None:
                try:
                    if not receiver.drip_s:
                        self.wfile.write(receiver.answer)
                        return
                    for byte in receiver.answer:
                        self.wfile.write(bytes([byte]))
                        self.wfile.flush()
                        time.sleep(receiver.drip_s)
                except OSError:
                    pass  # the other side has read enough

            def log_message(self, format: str, *args: object) -> None:
                return

        return Handler


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    mine = Receiver(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 9009)
    print(f"listening on {mine.url}")
    with mine.running():
        seen = 0
        while True:
            time.sleep(0.2)
            for request in mine.requests[seen:]:
                print("signature right" if request["signed"] else "SIGNATURE WRONG", request["body"].decode())
            seen = len(mine.requests)
