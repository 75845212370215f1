"""Start the stand-in as a process of its own, for tests and tools."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PROJECT = Path(__file__).resolve().parents[4]
STOP_WAIT_S = 5


class StandInError(RuntimeError):
    """The stand-in did not start, or refused a control request; the text says why."""


class CarrierStandIn:
    """A running stand-in on a free port; ``control("event", shipment=..., what="delivered", push=1)`` and so on."""

    webhook_secret = "carrier-secret-for-tests"  # noqa: S105

    def __init__(self, *, webhook_url: str = "", port: int = 0) -> None:
        self.webhook_url = webhook_url
        self.control_token = secrets.token_hex(16)
        self.port = port
        self.url = ""
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        command = [
            sys.executable, "-m", "fulfilment.warehouse.dispatch.standin", "--port", str(self.port),
            "--until-stdin-closes", *(["--webhook-url", self.webhook_url] if self.webhook_url else []),
        ]  # fmt: skip
        own = {
            "CARRIER_STANDIN_CONTROL_TOKEN": self.control_token,
            "CARRIER_WEBHOOK_SECRET": self.webhook_secret,
        }
        self._process = subprocess.Popen(
            command, cwd=PROJECT, env={**os.environ, **own}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )  # fmt: skip
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if " on http" not in line:
            raise StandInError(f"the stand-in did not start: {line!r}")
        self.url = line.split(" on ")[1].split(" ")[0]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_WAIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()

    def control(self, name: str, **given: Any) -> Any:
        """A control request; StandInError with its words when it is refused."""
        request = urllib.request.Request(  # noqa: S310
            f"{self.url}/_control/{name}",
            data=json.dumps(given).encode(),
            headers={"X-Standin-Control": self.control_token, "Content-Type": "application/json"},
            method="POST",
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise StandInError(f"{name}: {error.read().decode()}") from None
