"""The HTTP layer: one thread per connection, loopback only."""

from __future__ import annotations

import http
import json
import mimetypes
import re
import socket
import sys
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from . import control, pages
from .api import Api, Request, may_browser_call
from .webhooks import Deliverer
from .world import World

STATIC = Path(__file__).parent / "static"
ASSETS = {
    "/v3/stripe.js": "stripe.js",
    "/v3": "stripe.js",
    "/v3/": "stripe.js",
    "/assets/elements.js": "elements.js",
    "/assets/pay.css": "pay.css",
}
MAX_BODY_BYTES = 1_000_000
LOOPBACK = re.compile(r"^(localhost|127\.0\.0\.1|\[::1\]|[a-z0-9-]+\.localhost)(:\d+)?$")
"""Hosts under which the stand-in answers, and whose pages may use it from a browser."""
CORS_HEADERS = "authorization, content-type, idempotency-key, stripe-version"


class Server(ThreadingHTTPServer):
    """The stand-in's server; binds to 127.0.0.1 only."""

    daemon_threads = True
    request_queue_size = 128
    quiet = False
    allow_reuse_address = True

    def __init__(self, port: int, world: World | None = None) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.world: World
        self.api: Api
        if world is not None:
            self.use(world)

    def use(self, world: World) -> None:
        """Serve this world and start delivering its webhooks."""
        self.world, self.api = world, Api(world)
        self.deliverer = Deliverer(world)
        self.deliverer.start()

    def server_bind(self) -> None:
        """Bind without asking the name service for our own name, which can take seconds."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that hangs up is nothing to report."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            traceback.print_exc()


class Handler(BaseHTTPRequestHandler):
    """Reads one request after the other from a connection and answers it."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "StripeStandIn"
    sys_version = ""
    wbufsize = -1
    disable_nagle_algorithm = True
    timeout = 120

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def do_DELETE(self) -> None:
        self._handle()

    do_PUT = do_PATCH = do_DELETE

    def do_OPTIONS(self) -> None:
        self._handle()

    def do_HEAD(self) -> None:
        self._handle()

    def log_message(self, format: str, *args: object) -> None:
        """Not used: `_send` writes a line without query and body, which may hold secrets or a card."""

    def _handle(self) -> None:
        try:
            parts = urlsplit(self.path)
            path, query = parts.path, parts.query
        except ValueError:
            return self._json(400, {"error": {"message": "The address could not be read."}})
        body = self._body()
        if body is None:
            return None
        if not LOOPBACK.match(self.headers.get("Host", "")):
            return self._json(
                421, {"error": {"message": "The stand-in answers only under a loopback address."}}
            )
        try:
            self._dispatch(path, query, body)
        except ConnectionError:
            raise
        except Exception:
            traceback.print_exc()
            self._json(
                500, {"error": {"message": "The stand-in itself failed; see its log.", "type": "api_error"}}
            )
        return None

    def _body(self) -> bytes | None:
        """The body, or None after a refusal has been sent."""
        length = self.headers.get("Content-Length", "0")
        if self.headers.get("Transfer-Encoding") or not re.fullmatch(r"\d{1,12}", length):
            self.close_connection = True
            self._json(411, {"error": {"message": "Content-Length is required."}})
            return None
        if int(length) > MAX_BODY_BYTES:
            self.close_connection = True
            self._json(413, {"error": {"message": "The request is too large."}})
            return None
        return self.rfile.read(int(length))

    def _dispatch(self, path: str, query: str, body: bytes) -> None:
        if path.startswith("/v1/") or path == "/v1":
            return self._api(path, query, body)
        if path.startswith("/_control/"):
            token = self.headers.get(control.HEADER, "")
            return self._json(*control.answer(self.server.world, self.command, path, token, body))
        if path in ASSETS and self.command in ("GET", "HEAD"):
            return self._asset(ASSETS[path])
        page = pages.answer(self.server.world, self.command, path, query, body, dict(self.headers.items()))
        return self._send(page.status, page.body.encode(), "text/html; charset=utf-8", page.headers)

    def _api(self, path: str, query: str, body: bytes) -> None:
        cors = self._cors(path)
        if self.command == "OPTIONS":
            return self._send(204 if cors else 403, b"", "text/plain", cors)
        try:
            text = body.decode() if self.command == "POST" else query
        except UnicodeDecodeError:
            return self._json(400, {"error": {"message": "Invalid UTF-8.", "type": "invalid_request_error"}})
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.api.answer(Request(self.command, path, text, headers))
        if self.server.world.faults.for_request("answer_lost_after_charge", self.command, path):
            return self._hang_up()
        return self._send(answer.status, answer.body, "application/json", answer.headers | cors)

    def _cors(self, path: str) -> dict[str, str]:
        """Headers that let a shop's page on the loopback call the few endpoints made for browsers."""
        origin = self.headers.get("Origin", "")
        host = origin.partition("://")[2]
        if (
            not origin.startswith(("http://", "https://"))
            or not LOOPBACK.match(host)
            or not may_browser_call(path)
        ):
            return {}
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Methods": "GET, POST",
            "Access-Control-Allow-Headers": CORS_HEADERS,
            "Access-Control-Expose-Headers": "Request-Id",
            "Access-Control-Max-Age": "300",
            "Vary": "Origin",
        }

    def _asset(self, name: str) -> None:
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        headers = {"Cache-Control": "no-cache", "Cross-Origin-Resource-Policy": "cross-origin"}
        self._send(200, (STATIC / name).read_bytes(), f"{kind}; charset=utf-8", headers)

    def _json(self, status: int, body: object) -> None:
        self._send(status, json.dumps(body).encode(), "application/json", {})

    def _send(self, status: int, body: bytes, kind: str, headers: dict[str, str]) -> None:
        self.send_response(http.HTTPStatus(status))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        if not self.server.quiet:
            sys.stderr.write(f"{self.command} {urlsplit(self.path).path[:120]!r} {status}\n")

    def _hang_up(self) -> None:
        """Close the connection without an answer, as a broken line would."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)
