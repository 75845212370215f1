"""The processes that together are Kontor: what each is, starting them, watching them, stopping them.

Used by `make run` and by tests that need the real thing. Every child leads a process group of its own, so that
stopping one takes its workers along and Ctrl-C reaches only us.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

from .fingerprints import ROOT

HOST = "127.0.0.1"
STOP_PATIENCE_S = 20.0  #: then a child that still runs is killed
START_PATIENCE_S = 60.0
CRASHES_MAX = 5  #: within CRASHES_WITHIN_S; more, and we give up instead of spinning
CRASHES_WITHIN_S = 120.0
RESTART_PAUSE_S = 1.0
PR_SET_PDEATHSIG = 1  #: Linux, prctl(2)

Say = Callable[[str], None]


class CannotStart(RuntimeError):
    """One clear sentence why Kontor cannot run here."""


def is_free(port: int) -> bool:
    """Whether nothing listens on ``port``."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@dataclass
class Plan:
    """Where everything of one Kontor is."""

    port: int
    standin_port: int | None  #: None: payments go to Stripe itself
    data_dir: Path
    environment: dict[str, str]
    web_workers: int = 2
    web_threads: int = 4
    task_workers: int = 2
    carrier_port: int | None = (
        None  #: set: a stand-in for the carrier runs beside, and labels are booked there
    )

    @property
    def url(self) -> str:
        """The shop's address."""
        return f"http://{HOST}:{self.port}"

    @property
    def standin_url(self) -> str:
        """The Stripe stand-in's address."""
        return f"http://{HOST}:{self.standin_port}"

    def full_environment(self) -> dict[str, str]:
        """What the children get."""
        own = {
            "KONTOR_DATA_DIR": str(self.data_dir),
            "DJANGO_SETTINGS_MODULE": "shop.settings",
            "PYTHONUNBUFFERED": "1",
            "SITE_URL": self.environment.get("SITE_URL") or self.url,
        }
        if self.standin_port is not None:
            own["STRIPE_STANDIN_URL"] = self.standin_url
        if self.carrier_port is not None:
            own["CARRIER_DHL_URL"] = f"http://{HOST}:{self.carrier_port}/parcel/de"
            own["CARRIER_WEBHOOK_SECRET"] = (
                self.environment.get("CARRIER_WEBHOOK_SECRET") or "carrier-standin"
            )
        return self.environment | own

    def children(self) -> list[Child]:
        """Web server, worker, beat, and the stand-in unless there are Stripe keys."""
        python, environment = sys.executable, self.full_environment()
        children = [
            Child(
                "web",
                [
                    python, "-m", "gunicorn", "shop.wsgi", "--bind", f"{HOST}:{self.port}",
                    "--worker-class", "shop.web.Worker", "--workers", str(self.web_workers),
                    "--threads", str(self.web_threads), "--preload", "--timeout", "60", "--graceful-timeout", "10",
                    "--no-control-socket", "--log-level", "warning", "--worker-tmp-dir", str(self.data_dir),
                ],
                environment, answers=f"{self.url}/readyz",
            ),
            Child(
                "worker",
                [
                    python, "-m", "celery", "--quiet", "-A", "shop", "worker", "--loglevel", "INFO",
                    "--concurrency", str(self.task_workers), "--without-gossip", "--without-mingle",
                    "--without-heartbeat", "--hostname", f"worker-{self.port}@localhost",
                ],
                environment, says=re.compile(r"\bready\."),
            ),
            Child(
                "beat",
                [python, "-m", "celery", "--quiet", "-A", "shop", "beat", "--loglevel", "WARNING", "--pidfile", ""],
                environment,
            ),
        ]  # fmt: skip
        if self.standin_port is not None:
            children.insert(0, self._standin(python, environment))
        if self.carrier_port is not None:
            children.insert(0, self._carrier(python, environment))
        return children

    def _carrier(self, python: str, environment: dict[str, str]) -> Child:
        command = [
            python, "-m", "fulfilment.warehouse.dispatch.standin", "--port", str(self.carrier_port),
            "--webhook-url", f"{self.url}/carriers/dhl/webhook",
            "--state", str(self.data_dir / "carrier-standin.json"),
        ]  # fmt: skip
        return Child("carrier", command, environment, answers=f"http://{HOST}:{self.carrier_port}/")

    def _standin(self, python: str, environment: dict[str, str]) -> Child:
        secrets = {
            "STANDIN_WEBHOOK_SECRET": environment.get("STRIPE_WEBHOOK_SECRET") or "whsec_standin_kontor",
            "STANDIN_CONTROL_TOKEN": environment.get("STANDIN_CONTROL_TOKEN", ""),
        }
        command = [
            python, "-m", "checkout.payment.standin", "--port", str(self.standin_port), "--quiet",
            "--webhook-url", f"{self.url}/payments/stripe/webhook",
            "--state", str(self.data_dir / "stripe-standin.sqlite3"),
        ]  # fmt: skip
        return Child("stripe", command, environment | secrets, answers=f"{self.standin_url}/")


@dataclass
class Child:
    """One process: how it is started, and how one knows that it is ready (an address answers, or a line is said)."""

    name: str
    command: list[str]
    environment: dict[str, str]
    answers: str = ""
    says: re.Pattern[str] | None = None
    process: subprocess.Popen[str] | None = None
    crashes: list[float] = field(default_factory=list)
    last_lines: list[str] = field(default_factory=list)
    _said: threading.Event = field(default_factory=threading.Event)

    def start(self, say: Say) -> None:
        """Start it; what it prints goes to ``say`` with its name in front."""
        self._said.clear()
        self.process = subprocess.Popen(
            self.command,
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )
        threading.Thread(target=self._listen, args=(self.process, say), daemon=True).start()

    def _listen(self, process: subprocess.Popen[str], say: Say) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.last_lines = [*self.last_lines[-19:], line.rstrip()]
            if self.says and self.says.search(line):
                self._said.set()
            say(f"{self.name:<7}| {line.rstrip()}")

    @property
    def is_running(self) -> bool:
        """Whether the process lives."""
        return self.process is not None and self.process.poll() is None

    @property
    def is_ready(self) -> bool:
        """Whether it does its work already."""
        if self.answers:
            return _answers(self.answers)
        return self._said.is_set() if self.says else self.is_running

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal to the process and all it started."""
        if self.process is not None:
            # PermissionError: macOS says so for a group whose leader is a zombie.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)

    def stop(self, patience_s: float = STOP_PATIENCE_S) -> None:
        """Ask it to end, wait, and end it; none of its workers stays."""
        if self.process is None:
            return
        if self.is_running:
            self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(patience_s)
        self.kill()

    def kill(self) -> None:
        """End it and all it started at once, as a power cut would."""
        self.signal_group(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()


def _die_with_parent() -> None:
    """In the child on Linux: when the supervisor is killed outright, end as well."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except urllib.error.HTTPError as error:
        if error.code == HTTPStatus.INTERNAL_SERVER_ERROR:
            raise CannotStart(f"{url} answers with an error; its lines above say why") from error
        return False
    except (urllib.error.URLError, OSError):
        return False


class Supervisor:
    """Starts the children, restarts the ones that crash, and stops them all."""

    def __init__(self, children: list[Child], say: Say) -> None:
        self.children = children
        self.say = say
        self.stopping = threading.Event()

    def child(self, name: str) -> Child:
        """The child of that name."""
        return next(child for child in self.children if child.name == name)

    def start(self) -> None:
        """Start all and wait until all are ready. Raises CannotStart when one ends or takes too long."""
        for child in self.children:
            child.start(self.say)
        self.wait_ready()

    def wait_ready(self) -> None:
        """Wait for every child; CannotStart with the last words of the one that failed."""
        deadline = time.monotonic() + START_PATIENCE_S
        waiting = list(self.children)
        while waiting and not self.stopping.is_set():
            for child in list(waiting):
                if not child.is_running:
                    time.sleep(0.2)
                    raise CannotStart(
                        f"{child.name} ended while starting: {' / '.join(child.last_lines[-3:])}"
                    )
                if child.is_ready:
                    waiting.remove(child)
            if time.monotonic() > deadline:
                raise CannotStart(f"{waiting[0].name} is not ready after {START_PATIENCE_S:.0f} s")
            self.stopping.wait(0.05)

    def watch(self) -> None:
        """Until ``stopping``: start again what crashed. Raises CannotStart when one crashes over and over."""
        while not self.stopping.wait(0.5):
            for child in self.children:
                if not child.is_running and not self.stopping.is_set():
                    self._restart(child)

    def _restart(self, child: Child) -> None:
        now = time.monotonic()
        child.crashes = [moment for moment in child.crashes if now - moment < CRASHES_WITHIN_S] + [now]
        code = child.process.returncode if child.process else None
        if len(child.crashes) > CRASHES_MAX:
            raise CannotStart(
                f"{child.name} crashed {len(child.crashes)} times (status {code}); see its lines above"
            )
        self.say(f"{child.name:<7}| ended with status {code}, starting it again")
        child.signal_group(signal.SIGKILL)  # workers it may have left
        self.stopping.wait(RESTART_PAUSE_S)
        if not self.stopping.is_set():
            child.start(self.say)

    def stop(self) -> None:
        """Stop all at the same time, and leave none behind."""
        self.stopping.set()
        stoppers = [threading.Thread(target=child.stop) for child in self.children]
        for thread in stoppers:
            thread.start()
        for thread in stoppers:
            thread.join()
