"""A server of a test's own, listening in a thread while the block runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import HTTPServer


@contextmanager
def listening(server: HTTPServer, looks_every_s: float) -> Iterator[None]:
    """Answer until the block is left. ``looks_every_s``: seconds between two looks whether that is so."""
    thread = threading.Thread(target=server.serve_forever, args=(looks_every_s,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
