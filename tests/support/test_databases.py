"""The database of a test process is copied anew only when nobody reads the old one any more."""

from __future__ import annotations

import http.client
import time
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from tests.support import databases

LATE_S = 0.3  #: as on a machine that has other things to do


@pytest.mark.usefixtures("fresh_database")
def test_threads_that_served_pages_leave_the_database_before_it_is_replaced(
    live_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They close it after the window has closed its connection; SQLite then removes ``-wal`` and ``-shm`` by name."""
    happened: list[str] = []
    copy = databases.copy_sqlite

    def leave() -> None:
        time.sleep(LATE_S)
        connections.close_all()
        happened.append("left")

    def replace(database: Path) -> None:
        happened.append("replaced")
        copy(database)

    monkeypatch.setattr(live_server.thread.httpd, "_close_connections", leave)
    monkeypatch.setattr(databases, "copy_sqlite", replace)
    window = http.client.HTTPConnection("127.0.0.1", live_server.thread.port, timeout=10)
    window.request("GET", "/healthz")
    assert window.getresponse().read()
    window.close()
    databases.restore()
    assert happened == ["left", "replaced"]
