"""The web server's worker: slow clients stop nobody, too many are told to come back, and then it is as before."""

from __future__ import annotations

import http.client
import os
import socket
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from selectors import DefaultSelector
from threading import Event

import pytest
from gunicorn.config import Config

from shop.web import Worker

from .tiny import POST, THREADS, Served, all_of, serving

CROWD = 30  #: slow clients: many more than threads, and than may wait


@pytest.mark.parametrize(
    "words",
    [
        b"",
        b"G",
        b"GET /fast HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nten letters",
        b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0000000000001000\r\n\r\nten letters",
    ],
    ids=["nothing", "a letter", "half a head", "half a body", "a length with zeros"],
)
def test_who_sends_slowly_stops_nobody_and_is_given_up(words: bytes, web: Served) -> None:
    slow = [web.begin(words) for _ in range(CROWD)]
    web.answers_at_once()
    began = time.monotonic()
    assert [end.recv(10) for end in slow] == [b""] * CROWD, "each is ended without an answer"
    assert time.monotonic() - began < 10.0
    for end in slow:
        end.close()


def test_of_more_connections_than_may_arrive_the_oldest_goes(web: Served) -> None:
    many = [web.begin(b"G") for _ in range(70)]
    web.answers_at_once()
    many[0].settimeout(5)
    assert many[0].recv(10) == b""
    for end in many:
        end.close()


def test_more_than_can_be_served_are_told_at_once_to_come_back(web: Served) -> None:
    with ThreadPoolExecutor(60) as crowd:
        answers = list(crowd.map(lambda _: web.ask("/slow"), range(60)))
    found = Counter(status for status, _body, _headers in answers)
    assert set(found) == {200, 503}
    assert found[200] >= THREADS + 6, "those who wait are served"
    status, body, headers = next(answer for answer in answers if answer[0] == 503)
    assert headers["Retry-After"] and headers["Cache-Control"] == "no-store"
    assert "sehr viel los" in body.decode() and "very busy" in body.decode()
    web.answers_at_once()


def test_who_watches_over_it_is_answered_while_it_is_full(web: Served) -> None:
    with ThreadPoolExecutor(40) as crowd:
        busy = [crowd.submit(web.ask, "/slow") for _ in range(30)]
        watched = [crowd.submit(web.ask, "/healthz") for _ in range(5)]
        assert {one.result()[0] for one in watched} == {200}
        assert 503 in {one.result()[0] for one in busy}


def test_requests_of_every_shape_arrive_whole(web: Served) -> None:
    for size in (0, 1, 70_000, 3_000_000):
        assert web.ask("/echo", b"a" * size)[:2] == (200, b"a" * size)
    end = web.begin(b"\r\nPOST /echo HTTP/1.1\r\nHost: x\r\ncontent-length:\t0004 \r\n\r\nmo")
    end.sendall(b"in")
    assert all_of(end, b"moin").endswith(b"moin")
    end.close()
    end = web.begin(b"POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
    assert b"100 Continue" in end.recv(1000)
    end.sendall(b"moin")
    assert all_of(end, b"moin").endswith(b"moin")
    end.close()


def test_a_kept_connection_serves_one_request_after_the_other(web: Served) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=10)
    for number in range(4):
        body = b"%d" % number
        connection.request("POST", "/echo", body)
        assert connection.getresponse().read() == body
    connection.close()
    end = web.begin(b"GET /fast HTTP/1.1\r\nHost: x\r\n\r\n" * 3)  # all at once
    seen = b""
    while seen.count(b"fast") < 3:
        piece = end.recv(4000)
        assert piece, seen
        seen += piece
    end.close()


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (b"MOIN\r\n\r\n", 400),
        (b"GET /fast HTTP/1.1\r\nX: " + b"y" * 70_000, 431),
        (POST + b"Content-Length: 99000000\r\n\r\n", 413),
        (POST + b"Content-Length: 000000099999999999\r\n\r\n", 413),
        (POST + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n", 413),
        (POST + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nmoin", 400),
        (POST + b"Content-Length: 4, 4\r\n\r\nmoin", 400),
        (POST + b"Content-Length: -4\r\n\r\nmoin", 400),
        (POST + b"Content-Length: \xb2\r\n\r\nmoin", 400),
        (POST + b"Content-Length:\r\n\r\nmoin", 400),
        (POST + b"Content-Length : 4\r\n\r\nmoin", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nffff\r\n0\r\n\r\n", 411),
        (POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\nmoin", 411),
        (POST + b"transfer-encoding: identity\r\n\r\n", 411),
    ],
)
def test_what_is_no_request_is_refused(words: bytes, status: int, web: Served) -> None:
    end = web.begin(words)
    assert all_of(end, b"for ever").startswith(b"HTTP/1.1 %d " % status)
    end.close()


def test_a_refusal_is_heard_by_who_is_still_sending(web: Served) -> None:
    end = web.begin(POST + b"Content-Length: 99000000\r\n\r\n")
    for _ in range(80):
        end.sendall(b"a" * 65_536)
    seen = all_of(end, b"large.")
    assert seen.startswith(b"HTTP/1.1 413") and seen.endswith(b"large.")
    end.close()


def test_who_is_given_up_in_the_moment_it_sends_ends_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shop.web.ARRIVING_MAX", 1)
    worker = Worker(0, os.getpid(), [], None, 30, Config(), None)
    worker.poller = DefaultSelector()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        with socket.create_connection(address) as first:
            worker.accept(listener)
            first.sendall(b"G")
            came = [key for key, _ in worker.poller.select(5)]
            with socket.create_connection(address):
                worker.accept(listener)  # and the first is given up
                for key in came:
                    key.data(key.fileobj)
                assert worker.nr_conns == len(worker.arriving) == 1
        for conn in list(worker.arriving):
            conn.close()
    worker.poller.close()
    worker.tmp.close()


def test_a_crowd_that_trickles_while_others_come_ends_no_worker(web: Served) -> None:
    """What is given up in the same moment as it sends: the worker heard of the end of it by an error."""
    many: list[socket.socket] = []
    stop = Event()

    def trickle(part: int) -> None:
        while not stop.is_set():
            for end in many[part::4]:
                with suppress(OSError):
                    end.send(b"G")

    pid = web.ask("/pid")[1]
    with ThreadPoolExecutor(4) as crowd:
        for part in range(4):
            crowd.submit(trickle, part)
        try:
            for _ in range(600):
                many.append(web.begin(b"G"))
        finally:
            stop.set()
    assert web.ask("/pid")[1] == pid
    for end in many:
        end.close()


def test_what_comes_behind_a_request_waits_outside_of_the_threads(web: Served) -> None:
    slow = [web.begin(b"GET /fast HTTP/1.1\r\nHost: x\r\n\r\nG") for _ in range(6)]
    web.answers_at_once()
    for end in slow:
        end.close()
    end = web.begin(b"GET /fast HTTP/1.1\r\nHost: x\r\n\r\nG")
    end.sendall(b"ET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    seen = all_of(end, b"for ever")
    assert seen.count(b"fast") == 1 and seen.count(b"x") > 150_000
    end.close()


def test_a_slow_but_honest_sender_is_heard(web: Served) -> None:
    """In more time than is given at first (HEAD_S and BODY_S)."""
    end = web.begin(POST + b"Content-Length: 3000000\r\n\r\n")
    began = time.monotonic()
    for _ in range(30):
        end.sendall(b"a" * 100_000)
        time.sleep(0.09)
    assert time.monotonic() - began > 2.5
    assert all_of(end, b"a" * 4_000).startswith(b"HTTP/1.1 200")
    end.close()


def test_a_large_form_is_neither_copied_again_and_again_nor_kept_in_memory(web: Served) -> None:
    before = int(web.ask("/memory")[1])
    size, seconds, kept = web.ask("/pieces", b"a" * 40_000_000)[1].split()
    assert int(size) == 40_000_000
    assert float(seconds) < 1.0, "seconds of CPU, of everybody: the others wait meanwhile"
    assert int(kept) - before < 20_000_000


def test_what_is_not_exactly_a_health_address_has_no_door_of_its_own(web: Served) -> None:
    with ThreadPoolExecutor(70) as crowd:
        busy = [crowd.submit(web.ask, "/slow") for _ in range(30)]
        other = [crowd.submit(web.ask, "/healthzz") for _ in range(20)]
        other += [crowd.submit(web.ask, "/readyzanything") for _ in range(20)]
        assert 503 in {one.result()[0] for one in busy}
        assert 503 in {one.result()[0] for one in other}


def test_what_is_arriving_when_the_worker_ends_still_arrives(tmp_path: Path) -> None:
    words = POST + b"Content-Length: 4\r\n\r\nmo"
    with serving(tmp_path, "--graceful-timeout", "8", TINY_BODY_S="20", TINY_LINGER_S="0.3") as (
        served,
        process,
    ):
        some, other = served.begin(words), served.begin(words)
        served.ask()
        process.terminate()
        time.sleep(1.0)  # more than a kept connection is given then (TINY_LINGER_S)
        some.sendall(b"in")
        assert all_of(some, b"moin").endswith(b"moin")
        seen = all_of(other, b"</html>")
        assert seen.startswith(b"HTTP/1.1 503") and b"Retry-After" in seen, (
            "and the other hears that it did not"
        )
        some.close()
        other.close()
        assert process.wait(20) == 0
