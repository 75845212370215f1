"""HTTP around the interface: threads, faults, limits."""

from __future__ import annotations

import json
import socket
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from . import api, control
from .world import World

BODY_MAX_BYTES = 1_000_000


class Server(ThreadingHTTPServer):
    """The stand-in on one port of the loopback."""

    daemon_threads = True
    quiet = True

    def __init__(self, port: int, world: World) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.world = world

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Server
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """One line per request, unless quiet."""
        if not self.server.quiet:
            sys.stderr.write(f"{format % args}\n")

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 <= length <= BODY_MAX_BYTES:
            self.close_connection = True
            return self._send(413, b"{}")
        body = self.rfile.read(length)
        parts = urlsplit(self.path)
        world, method = self.server.world, self.command
        if parts.path == "/":
            return self._send(200, b'{"standin": "carrier", "note": "no parcel moves"}')
        if parts.path.startswith("/_control/"):
            token = self.headers.get(control.HEADER, "")
            status, said = control.answer(world, method, parts.path, token, body)
            return self._send(status, json.dumps(said).encode())
        world.requests.append(f"{method} {parts.path}")
        if slow := world.fault("slow", method, parts.path):
            time.sleep(slow.ms / 1000)
        if fault := world.fault("status", method, parts.path):
            problem = {"status": fault.status, "title": "Fault", "detail": "A fault on order."}
            return self._send(fault.status, json.dumps(problem).encode())
        headers = {name.lower(): value for name, value in self.headers.items()}
        said_back = api.answer(world, method, parts.path, parts.query, body, headers)
        if world.fault("answer_lost", method, parts.path):
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return None
        return self._send(said_back.status, said_back.body, said_back.kind)

    do_GET = do_POST = do_DELETE = _answer

    def _send(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
