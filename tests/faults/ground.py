"""Web, worker, beat and the Stripe stand-in as processes, on a PostgreSQL of their own that may crash; a test kills
them, empties their queue, fills their disk and sets their clock wrong.
"""

from __future__ import annotations

import contextlib
import os
import resource
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from scripts.processes import CannotStart, Child, Plan, Supervisor, free_port
from tests.support.environment import ROOT, isolated
from tests.support.postgres import Server, shared_server
from tests.support.templates import postgres_template

DATABASE = "kontor_faults"
DUE = """
    SELECT (SELECT COUNT(*) FROM kernel_delivery WHERE state = 'pending')
    + (SELECT COUNT(*) FROM kernel_inboxmessage WHERE state = 'pending')"""
OURS = ("web", "worker", "beat")
#: What is committed survives a crash of the server's processes; nothing waits for the disk all the same.
CRASHABLE = {"fsync": "off", "full_page_writes": "off"}


class Processes(Plan):
    """As `make run` starts them, with the settings of tests/faults."""

    def full_environment(self) -> dict[str, str]:
        """What the children get."""
        return super().full_environment() | {"DJANGO_SETTINGS_MODULE": "tests.faults.settings"}


class CrashingPostgres:
    """A server of its own, with a copy of the template database."""

    def __init__(self, folder: Path) -> None:
        self.server = Server(folder, CRASHABLE)

    def __enter__(self) -> CrashingPostgres:
        self.server.use()
        shared = shared_server()
        source, target = postgres_template(shared), self.server
        target.execute(f"CREATE DATABASE {DATABASE}")
        copy = (
            f"{shared.bin}/pg_dump --no-owner -h {shared.socket_folder} -U {shared.superuser} {source} | "
            f"{target.bin}/psql -q -v ON_ERROR_STOP=1 -h {target.socket_folder} -U {target.superuser} {DATABASE}"
        )
        subprocess.run(["bash", "-o", "pipefail", "-c", copy], check=True, stdout=subprocess.DEVNULL)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.leave()

    @property
    def url(self) -> str:
        """DATABASE_URL."""
        return self.server.url(DATABASE)

    def crash(self) -> None:
        """Every process of the server ends at once (`immediate`); it starts again and recovers."""
        self.server._run("pg_ctl", "stop", "-D", self.server.data, "-m", "immediate", "-s", check=False)
        self.server._start()

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Read the database. Raises psycopg.OperationalError while it is down."""
        import psycopg

        server = self.server
        with psycopg.connect(
            host=str(server.socket_folder), user=server.superuser, dbname=DATABASE, autocommit=True
        ) as connection:
            return connection.execute(sql.encode(), values).fetchall()

    def is_quiet_within(self, seconds: float) -> bool:
        """Whether nothing is due any more, at last after so long."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.rows(DUE) == [(0,)]:
                return True
            time.sleep(0.2)
        return False


class Ground:
    """The processes. What is killed is started again at once, as an init system would."""

    def __init__(self, folder: Path, postgres: CrashingPostgres) -> None:
        self.folder, self.postgres = folder, postgres
        self.lines: list[str] = []
        environment = isolated(folder, postgres.url) | {
            "SWEEP_EVERY_S": "1",
            "STANDIN_CONTROL_TOKEN": secrets.token_hex(16),
        }
        environment.pop("BROKER_URL", None)  # the embedded queue
        self.plan = Processes(free_port(), free_port(), folder, environment)
        self.supervisor = Supervisor(self.plan.children(), self.lines.append)
        self.goods: dict[int, str] = {}  #: product id -> address of its page
        self._ends = threading.Event()
        self._reviver = threading.Thread(target=self._revive, daemon=True)

    def __enter__(self) -> Ground:
        for line in self.run("-m", "tests.faults.stocked").splitlines():
            product, url = line.split()
            self.goods[int(product)] = url
        try:
            for child in self.supervisor.children:
                child.start(self.lines.append)
            self._wait_started()
        except CannotStart as error:
            self._kill_all()
            raise AssertionError(f"{error}:\n" + "\n".join(self.lines[-60:])) from error
        self._reviver.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.set()
        self._reviver.join()
        self._kill_all()

    def _wait_started(self) -> None:
        """A machine that runs tests on every core may need longer than the supervisor waits."""
        for _ in range(2):
            with contextlib.suppress(CannotStart):
                self.supervisor.wait_ready()
                return
        self.supervisor.wait_ready()

    def _kill_all(self) -> None:
        for child in self.supervisor.children:
            child.kill()

    def run(self, *arguments: str) -> str:
        """Python with the environment of the processes; what it says. Fails with it."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT, env=self.plan.full_environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{arguments}:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    def child(self, name: str) -> Child:
        """One of OURS, or ``stripe``."""
        return self.supervisor.child(name)

    def wait_ready(self) -> None:
        """Until every process is up again."""
        while not all(child.is_running and child.is_ready for child in self.supervisor.children):
            time.sleep(0.1)

    def kill(self, name: str) -> None:
        """SIGKILL to a process with all its workers."""
        self.child(name).kill()

    def kill_one_process(self, name: str, which: float) -> None:
        """SIGKILL to a single worker of it; ``which``: 0 to 1, from the first to the last."""
        pids = children_of(self.child(name))
        if pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pids[int(which * len(pids))], signal.SIGKILL)

    def empty_broker(self) -> int:
        """Every message that waits is lost. Returns how many were."""
        lost = 0
        for path in (self.folder / "queue" / "messages").glob("*"):
            with contextlib.suppress(OSError):
                path.unlink()
                lost += 1
        return lost

    def fill_disk(self, is_full: bool) -> None:
        """From now on no process of ours can make a file longer (EFBIG), or everything is as before.

        A disk cannot really be filled without a file system of one's own; for whoever writes it looks the same.
        """
        limit = 0 if is_full else resource.RLIM_INFINITY
        for name in OURS:
            process = self.child(name).process
            if process is None:
                continue
            for pid in (process.pid, *children_of(self.child(name))):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    def set_clock(self, seconds: float) -> None:
        """Every process of ours is wrong by so much."""
        unfinished = self.folder / "clock-shift.part"
        unfinished.write_text(str(seconds))
        unfinished.replace(self.folder / "clock-shift")

    def _revive(self) -> None:
        while not self._ends.wait(0.2):
            for child in self.supervisor.children:
                if not child.is_running and not self._ends.is_set():
                    child.signal_group(signal.SIGKILL)
                    child.start(self.lines.append)


def children_of(child: Child) -> list[int]:
    """Process ids of the workers of a process."""
    if child.process is None:
        return []
    try:
        text = Path(f"/proc/{child.process.pid}/task/{child.process.pid}/children").read_text()
    except OSError:
        return []
    return [int(pid) for pid in text.split()]


@contextlib.contextmanager
def laid() -> Iterator[Ground]:
    """Everything in a folder that goes away: a crashing PostgreSQL, goods, and the processes."""
    folder = Path(tempfile.mkdtemp(prefix="kontor-faults-"))
    folder.chmod(0o755)  # the server runs as somebody else
    try:
        with CrashingPostgres(folder / "database") as postgres:
            (folder / "data").mkdir()
            with Ground(folder / "data", postgres) as ground:
                yield ground
    finally:
        shutil.rmtree(folder, ignore_errors=True)
