"""Start Kontor and keep it running until Ctrl-C: `make run` (PORT=8001 for another port)."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import IO

from .fingerprints import ROOT
from .prepare import data_dir
from .processes import CannotStart, Plan, Supervisor, is_free

DISK_NEEDED_BYTES = 300_000_000
DEFAULT_PORT, DEFAULT_STANDIN_PORT = 8000, 12111
#: The worker's own bookkeeping, each few seconds; `make run VERBOSE=1` shows it.
NOISE = re.compile(r" INFO celery\.|WARNING kombu.connection No hostname was supplied|\|\s*$")
LOGINS = (
    "import json; from shop.demo.logins import demo_logins; "
    "print(json.dumps([[str(part) for part in login] for login in demo_logins()]))"
)


def number(name: str, default: int) -> int:
    """A port from the environment."""
    said = os.environ.get(name) or str(default)
    if not said.isdigit() or not 0 < int(said) < 65536:
        raise CannotStart(f"{name}={said} is no port; choose a number from 1024 to 65535")
    return int(said)


def make_plan() -> Plan:
    """Ports and folders as the environment says, checked. Raises CannotStart with the first thing that is wrong."""
    data = data_dir()
    port = number("PORT", DEFAULT_PORT)
    standin = None if os.environ.get("STRIPE_SECRET_KEY") else number("STANDIN_PORT", DEFAULT_STANDIN_PORT)
    carrier = number("CARRIER_STANDIN_PORT", 0) if os.environ.get("CARRIER_STANDIN_PORT") else None
    free = shutil.disk_usage(data).free
    if free < DISK_NEEDED_BYTES:
        raise CannotStart(
            f"the disk with {data} is full ({free // 10**6} MB left); make room and start again"
        )
    for name, used in (("PORT", port), ("STANDIN_PORT", standin), ("CARRIER_STANDIN_PORT", carrier)):
        if used is not None and not is_free(used):
            raise CannotStart(
                f"port {used} is in use by another program; stop it, or: make run {name}={used + 1}"
            )
    return Plan(port, standin, data, dict(os.environ), carrier_port=carrier)


def lock(data: Path) -> IO[str]:
    """One Kontor per data folder."""
    handle = (data / "run.lock").open("w")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise CannotStart(f"Kontor runs already on {data}; stop it first, or set KONTOR_DATA_DIR") from None
    return handle


def logins() -> list[list[str]]:
    """The demo shop's logins (who, e-mail address, password); empty for a shop without demo."""
    if not (ROOT / "shop" / "demo" / "logins.py").is_file():
        return []
    import json

    done = subprocess.run(
        [sys.executable, "-c", LOGINS], cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "shop.settings"},
    )  # fmt: skip
    return json.loads(done.stdout) if done.returncode == 0 else []


def welcome(plan: Plan, people: list[list[str]], seconds: float) -> str:
    """What one needs to begin."""
    lines = [
        "",
        f"Kontor is open (ready in {seconds:.1f} s).",
        f"  shop        {plan.url}/            English: {plan.url}/en/",
        f"  staff       {plan.url}/dashboard/",
        f"  pages       {plan.url}/cms/",
    ]
    if plan.standin_port is not None:
        lines.append(f"  payments    {plan.standin_url}/  (a stand-in for Stripe: no money moves)")
    if plan.carrier_port is not None:
        lines.append(
            f"  carrier     http://127.0.0.1:{plan.carrier_port}/  (a stand-in for DHL: no parcel moves)"
        )
    if people:
        lines += ["", "Log in as"]
        widths = [max(len(row[column]) for row in people) for column in range(min(map(len, people)))]
        lines += ["  " + "  ".join(part.ljust(width) for part, width in zip(row, widths)) for row in people]  # noqa: B905
    return "\n".join([*lines, "", "Ctrl-C stops everything.", ""])


def main() -> int:
    """Run until asked to stop; 0 after Ctrl-C, 1 when it cannot run."""
    began = time.monotonic()
    say_lock = threading.Lock()

    def say(line: str) -> None:
        if NOISE.search(line) and not os.environ.get("VERBOSE"):
            return
        with say_lock:
            print(line, flush=True)

    supervisor = None
    try:
        plan = make_plan()
        held = lock(plan.data_dir)
        supervisor = Supervisor(plan.children(), say)
        stopping = supervisor.stopping

        def stop(number: int, frame: FrameType | None) -> None:
            stopping.set()

        for wanted in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(wanted, stop)
        with ThreadPoolExecutor() as beside:
            people = beside.submit(logins)
            supervisor.start()
        if not stopping.is_set():
            say(welcome(plan, people.result(), time.monotonic() - began))
            supervisor.watch()
        say("kontor: closing")
        supervisor.stop()
        held.close()
    except CannotStart as error:
        if supervisor is not None:
            supervisor.stop()
        print(f"kontor: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
