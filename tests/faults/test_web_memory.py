"""A web worker that has grown too large ends, another begins, and whoever asks meanwhile is answered."""

from __future__ import annotations

import os
import socket
import threading
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


def until_ending(place: Path) -> None:
    """Until a worker has taken its turn to end."""
    tick = threading.Event()
    turns = (place.glob("kontor-web-*.turn") for _ in range(int(WITHIN_S / 0.1)))
    assert any(any(turn) or tick.wait(0.1) for turn in turns), "it does not end"


def whole(end: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    with end.makefile("rb") as answer:
        return answer.read()


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


def test_whoever_reads_slowly_is_not_cut_off_for_it(tmp_path: Path) -> None:
    with serving(tmp_path, TINY_MEMORY_MB="60") as (web, _process):
        pid = pid_of(web)
        reader = web.begin(b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n")
        reader.recv(1_000)
        assert web.ask("/grow")[1] == b"grown"
        time.sleep(2.5)
        assert pid_of(web) == pid, "somebody still takes an answer"
        reader.close()
        assert until_another(web, pid)


def test_it_waits_for_readers_only_so_long_and_then_as_long_as_a_shop_that_is_stopped(tmp_path: Path) -> None:
    patient = {"TINY_PAUSE_S": "300", "TINY_READERS_WAIT_S": "1"}
    with serving(tmp_path, "--graceful-timeout", "4", TINY_MEMORY_MB="60", **patient) as (web, _process):
        pid = pid_of(web)
        slow, quicker = (
            web.begin(b"GET /long HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") for _ in range(2)
        )
        slow.recv(1_000)
        assert web.ask("/grow")[1] == b"grown"
        until_ending(tmp_path)
        assert len(whole(quicker)) > 6_000_000, "who takes it before the end has all of it"
        assert until_another(web, pid), "somebody who takes nothing keeps it alive for ever"


def test_one_ends_at_a_time_and_the_next_only_when_the_new_one_has_begun(tmp_path: Path) -> None:
    first, second = (web_memory.Growth(1, str(tmp_path)) for _ in range(2))
    stranger = web_memory.Growth(2, str(tmp_path))
    assert first.takes_its_turn() and not second.takes_its_turn()
    assert stranger.takes_its_turn(), "a server of its own"
    first.forget()
    assert not second.takes_its_turn(), "just now"
    before = time.time() - web_memory.APART_S - 1
    os.utime(tmp_path / "kontor-web-1.turn", (before, before))
    assert second.takes_its_turn()
    assert not web_memory.Growth(1, str(tmp_path / "nowhere")).takes_its_turn(), "no place to agree at"


def test_large_for_a_moment_and_young_is_no_growth(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    now, held = [1_000.0], [100.0]
    monkeypatch.setattr(web_memory.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(web_memory, "held_mb", lambda: held[0])
    growth = web_memory.Growth(1, str(tmp_path))
    found = []
    assert growth.waits_for_readers()
    for seconds, mb in ((0, 100), (1, 260), (29, 260), (5, 150), (600, 260), (29, 260), (2, 260), (1, 150)):
        now[0], held[0] = now[0] + seconds, mb
        found.append(growth.is_too_much())
    assert found == [False, False, False, False, False, False, True, False]
    for seconds, mb, waits in (
        (0, 260, True),
        (30, 260, True),
        (299, 260, True),
        (2, 260, False),
        (0, 150, True),
    ):
        now[0], held[0] = now[0] + seconds, mb
        growth.is_too_much()
        assert growth.waits_for_readers() == waits


def test_where_the_system_does_not_say_nothing_ends(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(web_memory, "_STATUS", tmp_path / "nothing")
    growth = web_memory.Growth(1, str(tmp_path))
    assert not growth.is_too_much() and web_memory.held_mb() == 0
