"""Start the stand-in as a process of its own, for tests and tools."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PROJECT = Path(__file__).resolve().parents[3]
STOP_WAIT_S = 5


class StandInError(RuntimeError):
    """The stand-in did not start, or refused a control request; the text says why."""


class StandIn:
    """A running stand-in on a free port with its own state file.

    ```python
    with StandIn(webhook_url="http://127.0.0.1:8000/payment/stripe/webhook") as stripe:
        client = StripeClient(stripe.secret_key, base_addresses={"api": stripe.url})
        stripe.control("faults", kind="status", status=500, path="/v1/refunds")
    ```

    `webhook_url` may be left out and set later with `control("webhooks/target", url=..., secret=...)`.
    `state` is the state file; without it a temporary one that is deleted at the end.
    """

    secret_key = "sk_test_standin_0123456789"  # noqa: S105
    publishable_key = "pk_test_standin_0123456789"

    def __init__(
        self,
        *,
        webhook_url: str = "",
        webhook_secret: str = "whsec_standin_for_tests",  # noqa: S107
        state: str | Path | None = None,
        port: int = 0,
    ) -> None:
        self.webhook_url = webhook_url
        self.webhook_secret = webhook_secret
        self.control_token = secrets.token_hex(16)
        self.port = port
        self._folder = tempfile.TemporaryDirectory(prefix="stripe-standin-")
        self.state = Path(state) if state else Path(self._folder.name) / "state.sqlite3"
        self.log_file = Path(self._folder.name) / "log.txt"
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """The address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process else None

    @property
    def running(self) -> bool:
        """Whether the process is there and has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> Self:
        """Start it and wait until it answers; StandInError with its log when it does not."""
        with self.log_file.open("a") as log:
            self._process = subprocess.Popen(
                self._command(),
                cwd=PROJECT,
                env=self._environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if "http://" not in line:
            self._process.wait(STOP_WAIT_S)
            raise StandInError(f"The Stripe stand-in did not start: {self.log()[-2000:]}")
        self.port = int(line.split("127.0.0.1:")[1].split()[0])
        self.control("health", method="GET")
        return self

    def stop(self) -> None:
        """End it in good order; what it knows stays in the state file."""
        self._end("terminate")

    def kill(self) -> None:
        """End it at once (SIGKILL), as a crash would."""
        self._end("kill")

    def restart(self) -> Self:
        """Stop it if it runs and start it again on the same port with the same state."""
        self.stop()
        return self.start()

    def control(self, verb: str, *, method: str = "POST", **body: Any) -> dict[str, Any]:
        """Call `/_control/<verb>`; StandInError when it refuses."""
        request = urllib.request.Request(  # noqa: S310
            f"{self.url}/_control/{verb}",
            data=None if method == "GET" else json.dumps(body).encode(),
            method=method,
            headers={"X-Standin-Control": self.control_token, "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise StandInError(f"{verb}: {error.code} {error.read().decode()[:500]}") from None

    def log(self) -> str:
        """What it wrote so far."""
        return self.log_file.read_text() if self.log_file.exists() else ""

    def _command(self) -> list[str]:
        command = [sys.executable, "-m", "checkout.payment.standin", "--port", str(self.port)]
        command += ["--state", str(self.state), "--until-stdin-closes"]
        return command + (["--webhook-url", self.webhook_url] if self.webhook_url else [])

    def _environment(self) -> dict[str, str]:
        ours = {"STANDIN_WEBHOOK_SECRET": self.webhook_secret, "STANDIN_CONTROL_TOKEN": self.control_token}
        return os.environ | ours

    def _end(self, how: str) -> None:
        if self._process is None:
            return
        getattr(self._process, how)()
        try:
            self._process.wait(STOP_WAIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()
        self._process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._folder.cleanup()
