"""A stand-in for the EU's register of VAT ids: it answers as the real one does, or badly."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.listening import listening

CONSULTATION = "WAPIAAAAYe0vT8Yq"
LOOKS_EVERY_S = 0.02  #: whether it shall end; the default is half a second, at the end of each test


class Register:
    """What it was asked, and how it behaves.

    ``mode``: answer (by ``valid``), away (a member state is away), broken (status 500), nonsense, huge, drip.
    """

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.valid: set[str] = set()
        self.mode = "answer"
        self.slow_s = 0.0
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True

    @property
    def url(self) -> str:
        """Its address, as VIES_URL wants it."""
        return f"http://127.0.0.1:{self.server.server_address[1]}/rest-api"

    @contextmanager
    def running(self) -> Iterator[Register]:
        """Listen in a thread."""
        with listening(self.server, LOOKS_EVERY_S):
            yield self

    def _answer(self, question: dict[str, Any]) -> tuple[int, bytes]:
        if self.mode == "away":
            return 200, b'{"actionSucceed":false,"errorWrappers":[{"error":"MS_UNAVAILABLE"}]}'
        if self.mode == "broken":
            return 500, b"oops"
        if self.mode == "nonsense":
            return 200, b"<html>maintenance</html>"
        if self.mode == "huge":
            return 200, b"[" + b"0," * 500_000 + b"0]"
        vat_id = str(question.get("countryCode", "")) + str(question.get("vatNumber", ""))
        said = {
            "countryCode": question.get("countryCode"),
            "vatNumber": question.get("vatNumber"),
            "requestDate": "2026-11-22T10:00:00.000Z",
            "valid": vat_id in self.valid,
            "requestIdentifier": CONSULTATION if question.get("requesterNumber") else "",
            "name": "LE CORDONNIER SARL" if vat_id in self.valid else "---",
            "address": "---",
        }
        return 200, json.dumps(said).encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        register = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                question = json.loads(body)
                register.asked.append({"path": self.path, **question})
                time.sleep(register.slow_s)
                status, answer = register._answer(question)
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    if register.mode == "drip":
                        for byte in answer:
                            self.wfile.write(bytes([byte]))
                            self.wfile.flush()
                            time.sleep(0.05)
                    else:
                        self.wfile.write(answer)
                except OSError:
                    return  # the asker gave up

            def log_message(self, format: str, *args: Any) -> None:
                """Silent."""

        return Handler
