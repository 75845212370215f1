"""A small application behind shop.web.Worker, for tests of the worker alone: see ANSWERS for its addresses."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from gunicorn.workers import gthread

from shop import web, web_memory, web_sending

web.HEAD_S, web.WAITING_MAX, web.ARRIVING_MAX = 1.0, 6, 60
web.BODY_S = float(os.environ.get("TINY_BODY_S", "1"))
web.PAUSE_S = web_sending.PAUSE_S = float(os.environ.get("TINY_PAUSE_S", "2"))
web.RATE = web_sending.RATE = 500_000
web_sending.HELD_S = 4.0
web_memory.MEMORY_MB = float(os.environ.get("TINY_MEMORY_MB", "1000"))
web_memory.OVER_FOR_S = web_memory.LIVES_S = 1.0
web_memory.WAITS_FOR_READERS_S = float(os.environ.get("TINY_READERS_WAIT_S", "60"))
web.READERS_MAX = int(os.environ.get("TINY_READERS", "40"))
gthread.STOP_KEEPALIVE_LINGER = float(os.environ.get("TINY_LINGER_S", "2"))
SLOW_S = 0.2
BIG, LONG, PIECE = b"x" * 150_000, b"x" * 6_000_000, b"x" * 65_536


def _slow(environ: dict[str, Any]) -> bytes:
    if "TINY_LOG" in os.environ:  # who asked: a line in one piece, from several processes
        with Path(os.environ["TINY_LOG"]).open("a") as log:
            log.write(f"{environ['QUERY_STRING']}\n")
    time.sleep(SLOW_S)
    return b"slow"


def _echo(environ: dict[str, Any]) -> bytes:
    body: bytes = environ["wsgi.input"].read()
    return body


def _pieces(environ: dict[str, Any]) -> bytes:
    """Read as Django reads a form. Returns: bytes, seconds of CPU they cost, and what the process keeps (bytes)."""
    began, size = time.thread_time(), 0
    kept = 0
    while piece := environ["wsgi.input"].read(65_536):
        kept = kept or _memory()
        size += len(piece)
    return f"{size} {time.thread_time() - began} {kept}".encode()


def _told(environ: dict[str, Any]) -> bytes:
    """What the server in front says of the reader and of the request."""
    told = {name: value for name, value in environ.items() if name.startswith(("HTTP_", "CONTENT_"))}
    return json.dumps(told).encode()


def _memory() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _grow(environ: dict[str, Any]) -> bytes:
    """Keep 40 MB for ever."""
    _kept.append(b"x" * 40_000_000)
    return b"grown"


_kept: list[bytes] = []
ANSWERS: dict[str, Callable[[dict[str, Any]], bytes]] = {
    "/slow": _slow,
    "/echo": _echo,
    "/pieces": _pieces,
    "/grow": _grow,
    "/told": _told,
    "/memory": lambda environ: str(_memory()).encode(),
    "/pid": lambda environ: str(os.getpid()).encode(),
    "/big": lambda environ: BIG,
    "/long": lambda environ: LONG,
}


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """WSGI. ``/file`` is what ``/long`` is, from a file, ``/endless`` more than is kept for a reader, in pieces; what
    stands not in ANSWERS says "fast"."""
    path = environ["PATH_INFO"]
    if path == "/endless":
        start("200 OK", [("Content-Type", "text/plain")])
        return (PIECE for _ in range(300_000_000 // len(PIECE)))
    body = ANSWERS.get(path, lambda _: b"fast")(environ) if path != "/file" else LONG
    start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    if path != "/file":
        return [body]
    file = tempfile.TemporaryFile()  # noqa: SIM115 - gunicorn closes it
    file.write(body)
    file.seek(0)
    wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](file)
    return wrapped
