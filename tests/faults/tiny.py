"""The tiny application in a process of gunicorn's, and how tests speak to it."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.processes import free_port
from tests.support.environment import ROOT

THREADS = 2


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


@contextmanager
def serving(
    place: Path, *options: str, port: int = 0, **environment: str
) -> Iterator[tuple[Served, subprocess.Popen[bytes]]]:
    """The tiny application in a process of gunicorn's, on ``port`` or on a free one."""
    port = port or free_port()
    said = place / "said.log"
    command = [
        sys.executable, "-m", "gunicorn", "tests.faults.tiny_app", "--bind", f"127.0.0.1:{port}",
        "--worker-class", "shop.web.Worker", "--threads", str(THREADS), "--no-control-socket",
        "--worker-tmp-dir", str(place), *options,
    ]  # fmt: skip
    with said.open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env=os.environ | environment)
        served = Served(port)
        try:
            _wait_for(served, process, said)
            yield served, process
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


POST = b"POST /echo HTTP/1.1\r\nHost: x\r\n"
