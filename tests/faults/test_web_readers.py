"""The web server's worker and who reads slowly: no thread waits for them, and the honest get all."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Event

import pytest

from shop import web_sending
from shop.web_sending import Patient

from .tiny import THREADS, Served, all_of, serving


def test_who_reads_slowly_stops_nobody(web: Served) -> None:
    slow = []
    for _ in range(8):
        slow.append(web.begin(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n"))
        time.sleep(0.02)
    web.answers_at_once()
    for end in slow:
        end.close()


def test_who_does_not_close_behind_the_last_answer_stops_nobody(web: Served) -> None:
    slow = [web.begin(b"GET /fast HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") for _ in range(4)]
    web.answers_at_once()
    for end in slow:
        assert all_of(end, b"for ever").endswith(b"fast")
        end.close()


@pytest.mark.parametrize("path", ["/long", "/file"])
def test_a_slow_but_honest_reader_gets_all(path: str, web: Served) -> None:
    """In more time than one piece may take (PAUSE_S)."""
    end = web.begin(b"GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % path.encode())
    began, size = time.monotonic(), 0
    while piece := end.recv(65_536):
        size += len(piece)
        time.sleep(len(piece) / 2_400_000)
    assert size > 6_000_000 and time.monotonic() - began > 2.2
    end.close()


def reader_of(path: str, served: Served) -> socket.socket:
    """Who asked for it and has taken nothing yet; the system keeps little for them."""
    end = socket.socket()
    end.settimeout(10)
    end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
    end.connect(("127.0.0.1", served.port))
    end.sendall(b"GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % path.encode())
    return end


def take(end: socket.socket, seconds: float, rate: int) -> int:
    """Take so many bytes a second for so long, and then the rest as fast as it comes. Returns how many there were."""
    began, size = time.monotonic(), 0
    while piece := end.recv(32_768):
        size += len(piece)
        if time.monotonic() - began < seconds:
            time.sleep(len(piece) / rate)
    return size


@pytest.mark.parametrize("path", ["/long", "/file"])
def test_readers_as_slow_as_they_may_be_keep_no_thread_and_get_all(path: str, web: Served) -> None:
    """Four times as many as there are threads."""
    slow = [reader_of(path, web) for _ in range(4 * THREADS)]
    with ThreadPoolExecutor(len(slow)) as crowd:
        taken = [crowd.submit(take, end, 3.0, 800_000) for end in slow]
        time.sleep(0.5)
        for _ in range(5):
            began = time.monotonic()
            assert web.ask()[:2] == (200, b"fast")
            assert time.monotonic() - began < 1.5, "a thread waits for a reader"
            assert not any(one.done() for one in taken), "they were served one after the other"
        assert all(one.result() > 6_000_000 for one in taken)
    for end in slow:
        end.close()


@pytest.mark.parametrize("path", ["/long", "/file"])
def test_who_takes_a_letter_now_and_then_is_ended(path: str, web: Served) -> None:
    slow = reader_of(path, web)
    began, size = time.monotonic(), 0
    while time.monotonic() - began < 6.0:
        size += len(slow.recv(3_000))
        time.sleep(0.2)
    slow.settimeout(2.0)  # what is not with the system by now never comes
    with suppress(ConnectionResetError):
        while piece := slow.recv(65_536):
            size += len(piece)
    assert size < 6_000_000, "they were waited for still"
    slow.close()


def test_for_the_reader_of_an_answer_too_large_to_be_kept_a_thread_waits_a_while_only(web: Served) -> None:
    slow = [reader_of("/endless", web) for _ in range(THREADS)]
    with ThreadPoolExecutor(len(slow)) as crowd:
        taken = [crowd.submit(take, end, 60.0, 800_000) for end in slow]
        time.sleep(0.5)
        began = time.monotonic()
        assert web.ask()[:2] == (200, b"fast")
        assert time.monotonic() - began < 9.0, "HELD_S and a little"
        assert all(one.result() < 60_000_000 for one in taken), (
            "it was the end for them, not the end of the answer"
        )
    for end in slow:
        end.close()


def test_of_more_readers_than_may_be_waited_for_the_slowest_goes(tmp_path: Path) -> None:
    with serving(tmp_path, TINY_READERS="3") as (served, _process), ThreadPoolExecutor(3) as crowd:
        idle = reader_of("/file", served)
        time.sleep(0.3)
        others = [reader_of("/file", served) for _ in range(3)]
        taken = [crowd.submit(take, end, 0.8, 800_000) for end in others]
        assert all(one.result() > 6_000_000 for one in taken)
        with suppress(ConnectionResetError):
            assert take(idle, 0.0, 1) < 6_000_000
        for end in (idle, *others):
            end.close()


def test_a_thread_waits_for_the_reader_of_one_answer_so_long_however_many_pieces_it_comes_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The reader is quick enough for each piece, and the answer has no end."""
    monkeypatch.setattr(web_sending, "HELD_S", 0.6)
    monkeypatch.setattr(web_sending, "KEPT_BYTES", 100_000)
    ours, theirs = socket.socketpair()
    patient = Patient.of(ours)
    patient.settimeout(1.0)
    stop = Event()

    def read_on() -> None:
        while not stop.is_set() and theirs.recv(30_000):
            stop.wait(0.05)

    def send_without_end() -> float:
        began = time.monotonic()
        with pytest.raises(BrokenPipeError):
            while time.monotonic() - began < 8.0:
                patient.sendall(b"a" * 65_536)
        return time.monotonic() - began

    with ThreadPoolExecutor(1) as reader:
        reader.submit(read_on)
        try:
            assert 0.5 < send_without_end() < 4.0
            patient.begin()
            assert patient.held == 0.0, "the next answer has its own time"
        finally:
            stop.set()
            patient.close()
    theirs.close()


def test_what_is_kept_for_readers_is_counted_and_forgotten_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_sending, "PAUSE_S", 0.3)
    before = Patient.kept_of_all
    ours, theirs = socket.socketpair()
    patient = Patient.of(ours)
    patient.settimeout(1.0)
    patient.sendall(b"a" * 5_000_000)
    assert 4_000_000 < patient.kept == Patient.kept_of_all - before < 5_000_000
    theirs.recv(65_536)
    patient.flush()
    assert 4_000_000 < patient.kept < 5_000_000 - 65_536
    with pytest.raises(BrokenPipeError):
        patient.sendall(
            bytes(4_000_000)
        )  # more than is kept of one answer: the thread waits, and they take nothing
    assert (patient.kept, Patient.kept_of_all) == (0, before)
    patient.sendall(b"a" * 5_000_000)
    patient.close()
    assert Patient.kept_of_all == before
    theirs.close()
