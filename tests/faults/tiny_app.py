"""A small application behind shop.web.Worker, for tests of the worker alone: ``/healthz /fast /slow /big /echo``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from shop import web

web.HEAD_S, web.BODY_S, web.WAITING_MAX, web.ARRIVING_MAX = 1.0, 1.0, 6, 60
SLOW_S = 0.2
BIG = b"x" * 150_000


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """WSGI."""
    path = environ["PATH_INFO"]
    body = b"fast"
    if path == "/slow":
        time.sleep(SLOW_S)
    elif path == "/big":
        body = BIG
    elif path == "/echo":
        body = environ["wsgi.input"].read()
    start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
