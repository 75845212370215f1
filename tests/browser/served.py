"""Pages served out of the test's own process, beside a database the test fills: for stories that need no worker."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.wsgi import get_wsgi_application
from django.db import connection, connections
from django.test import Client

if TYPE_CHECKING:
    from playwright.sync_api import Page

PATIENCE_MS = 60_000
LOOKS_EVERY_S = 0.02  #: whether it shall end; the default is half a second, at the end of each test


class Server(ThreadingMixIn, WSGIServer):
    """One thread per request; none outlives the test."""

    daemon_threads = True
    block_on_close = False


class Quiet(WSGIRequestHandler):
    """Says nothing of each request."""

    def log_message(self, *words: object) -> None:
        """Nothing."""


def closing(application: Any) -> Any:
    """The application, letting go of the database after each answer: every thread has a connection of its own."""

    def answer(environ: dict[str, Any], start: Any) -> Any:
        parts = list(application(environ, start))
        connections.close_all()
        return parts

    return answer


@contextmanager
def served() -> Iterator[str]:
    """Where the pages are served from."""
    application = closing(StaticFilesHandler(get_wsgi_application()))
    server = make_server("127.0.0.1", 0, application, server_class=Server, handler_class=Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(LOOKS_EVERY_S,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def sit_down(page: Page, url: str, user: Any, path: str) -> None:
    """``user`` is signed in and opens ``path``."""
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(user)
    cookie = client.cookies["sessionid"]
    page.context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": url}])
    client.get(path)  # loads addresses and templates before somebody waits for them
    connection.close()
    page.context.set_default_timeout(PATIENCE_MS)
    page.goto(url + path)
