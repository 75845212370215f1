"""The web server's worker: slow clients stop nobody, too many are told to come back, and then it is as before."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from scripts.processes import free_port
from tests.support.environment import ROOT

THREADS = 2
CROWD = 30  #: slow clients: many more than threads, and than may wait


class Served:
    """The tiny application on a port."""

    def __init__(self, port: int) -> None:
        self.port = port

    def ask(
        self, path: str = "/fast", body: bytes | None = None, **headers: str
    ) -> tuple[int, bytes, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("POST" if body is not None else "GET", path, body, headers)
        answer = connection.getresponse()
        found = answer.status, answer.read(), dict(answer.headers)
        connection.close()
        return found

    def begin(self, words: bytes) -> socket.socket:
        """A connection that says only this."""
        end = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        end.sendall(words)
        return end

    def answers_at_once(self) -> None:
        """Others are served in time."""
        for _ in range(3):
            began = time.monotonic()
            assert self.ask()[:2] == (200, b"fast")
            assert time.monotonic() - began < 3.0


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    port = free_port()
    said = tmp_path_factory.mktemp("web") / "said.log"
    command = [
        sys.executable, "-m", "gunicorn", "tests.faults.tiny_app", "--bind", f"127.0.0.1:{port}",
        "--worker-class", "shop.web.Worker", "--threads", str(THREADS), "--no-control-socket",
        "--worker-tmp-dir", str(said.parent),
    ]  # fmt: skip
    with said.open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        served = Served(port)
        try:
            _wait_for(served, process, said)
            yield served
        finally:
            process.terminate()
            process.wait(20)
    assert "Traceback" not in said.read_text(), said.read_text()[-3000:]


def all_of(end: socket.socket, last: bytes) -> bytes:
    """Read until ``last`` or the end."""
    seen = b""
    while not seen.endswith(last) and (piece := end.recv(4000)):
        seen += piece
    return seen


def _wait_for(served: Served, process: subprocess.Popen[bytes], said: Path) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until and process.poll() is None:
        try:
            served.ask()
            return
        except OSError:
            time.sleep(0.05)
    pytest.fail(f"the tiny application did not start:\n{said.read_text()}")


@pytest.mark.parametrize(
    "words",
    [
        b"",
        b"G",
        b"GET /fast HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nten letters",
        b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nmoin\r\n",
    ],
    ids=["nothing", "a letter", "half a head", "half a body", "a chunk"],
)
def test_who_sends_slowly_stops_nobody_and_is_given_up(words: bytes, web: Served) -> None:
    slow = [web.begin(words) for _ in range(CROWD)]
    web.answers_at_once()
    began = time.monotonic()
    assert [end.recv(10) for end in slow] == [b""] * CROWD, "each is ended without an answer"
    assert time.monotonic() - began < 10.0
    for end in slow:
        end.close()


def test_who_reads_slowly_stops_nobody(web: Served) -> None:
    slow = []
    for _ in range(8):
        slow.append(web.begin(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n"))
        time.sleep(0.02)
    web.answers_at_once()
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
    end = web.begin(b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nmoin\r\n")
    end.sendall(b"0\r\n\r\n")
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


def test_what_is_no_request_is_refused(web: Served) -> None:
    end = web.begin(b"MOIN\r\n\r\n")
    assert end.recv(1000).startswith(b"HTTP/1.1 400")
    end.close()
    end = web.begin(b"GET /fast HTTP/1.1\r\nX: " + b"y" * 70_000)
    assert end.recv(1000).startswith(b"HTTP/1.1 431")
    end.close()
    end = web.begin(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99000000\r\n\r\n")
    assert end.recv(1000).startswith(b"HTTP/1.1 413")
    end.close()
