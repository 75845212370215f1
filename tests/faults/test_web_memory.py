"""A web worker that has grown too large ends, another begins, and whoever asks meanwhile is answered."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shop import web_memory

from .tiny import Served, serving

pytestmark = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc: nothing to go by")
WITHIN_S = 20.0


def pid_of(web: Served) -> bytes:
    return web.ask("/pid")[1]


def until_another(web: Served, pid: bytes) -> bool:
    until = time.monotonic() + WITHIN_S
    while time.monotonic() < until:
        if pid_of(web) != pid:
            return True
        time.sleep(0.1)
    return False


def test_a_worker_that_grew_too_large_ends_and_every_request_is_answered(tmp_path: Path) -> None:
    with serving(tmp_path, TINY_MEMORY_MB="60") as (web, _process), ThreadPoolExecutor(3) as crowd:
        pid = pid_of(web)
        assert web.ask("/grow")[1] == b"grown"
        asked = [crowd.submit(web.ask, "/slow") for _ in range(9)]
        assert until_another(web, pid)
        assert {one.result()[0] for one in asked} <= {200}
        again = pid_of(web)
        time.sleep(2 * 0.5)
        assert pid_of(web) == again, "the new one begins small, and stays"


def test_a_worker_that_begins_above_the_limit_stays(tmp_path: Path) -> None:
    with serving(tmp_path, TINY_MEMORY_MB="1") as (web, _process):
        pid = pid_of(web)
        time.sleep(2.0)
        assert pid_of(web) == pid


def test_where_the_system_does_not_say_nothing_ends(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(web_memory, "_STATUS", tmp_path / "nothing")
    growth = web_memory.Growth()
    assert not growth.is_too_much() and web_memory.held_mb() == 0
