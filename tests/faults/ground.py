"""Web, worker, beat and the Stripe stand-in as processes, on a PostgreSQL of their own that may crash and a broker of
their own; a test kills them, empties and kills the broker, fills their disk or the database's, sets the clock wrong.
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
from tests.support.brokers import Broker, Files, ServerBroker, broker
from tests.support.environment import ROOT, isolated
from tests.support.postgres import NoPostgres, Server, shared_server
from tests.support.small_disk import SmallDisk, mounted
from tests.support.templates import postgres_template

DATABASE = "kontor_faults"
DUE = """
    SELECT (SELECT COUNT(*) FROM kernel_delivery WHERE state = 'pending')
    + (SELECT COUNT(*) FROM kernel_inboxmessage WHERE state = 'pending')"""
OURS = ("web", "worker", "beat")
#: What is committed survives a crash of the server's processes; nothing waits for the disk all the same.
CRASHABLE = {"fsync": "off", "full_page_writes": "off"}
#: On a small disk: its log of changes stays small and keeps no file in reserve, so a full disk stops that one too.
FRUGAL = {"max_wal_size": "64MB", "min_wal_size": "32MB", "wal_recycle": "off"}
DISK_MB = 600


class Processes(Plan):
    """As `make run` starts them, with the settings of tests/faults."""

    def full_environment(self) -> dict[str, str]:
        """What the children get."""
        return super().full_environment() | {"DJANGO_SETTINGS_MODULE": "tests.faults.settings"}


class CrashingPostgres:
    """A server of its own, with a copy of the template database; ``disk``: that its folder is on."""

    def __init__(self, folder: Path, disk: SmallDisk | None = None) -> None:
        self.server = Server(folder, CRASHABLE | (FRUGAL if disk else {}))
        self.disk = disk

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

    def fill_disk(self, for_s: float, *, new_log: bool) -> bool:
        """Its disk is full for so long. ``new_log``: also the log of changes needs a new file just then, without which
        PostgreSQL ends. Returns whether it ended and had to be started again.
        """
        assert self.disk is not None
        self.disk.fill()
        if new_log:
            with contextlib.suppress(Exception):  # it may end before it answers
                self.server.execute("SELECT pg_switch_wal()")
        time.sleep(for_s)
        self.disk.free()
        return self.revive()

    def revive(self) -> bool:
        """Start the server unless it runs, as an init system would. Returns whether that was needed."""
        with contextlib.suppress(Exception):
            self.server.execute("SELECT 1")
            return False
        for _ in range(3):  # one that ends by itself may still be at it
            self.server._run("pg_ctl", "stop", "-D", self.server.data, "-m", "immediate", "-s", check=False)
            with contextlib.suppress(NoPostgres):
                self.server._start()
                return True
        raise AssertionError((self.server.data / "log").read_text()[-3000:])

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

    def __init__(self, folder: Path, postgres: CrashingPostgres, broker: Broker) -> None:
        self.folder, self.postgres, self.broker = folder, postgres, broker
        self.lines: list[str] = []
        environment = isolated(folder, postgres.url) | {
            "SWEEP_EVERY_S": "1",
            "STANDIN_CONTROL_TOKEN": secrets.token_hex(16),
        }
        environment.pop("BROKER_URL", None)
        if broker.url:
            environment["BROKER_URL"] = broker.url
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

    def empty_broker(self, gather_s: float = 0.0) -> int:
        """Every message that waits is lost. ``gather_s``: nobody takes one for so long before, so that some wait.
        Returns how many were lost.
        """
        worker = self.child("worker")
        worker.signal_group(signal.SIGSTOP)
        try:
            time.sleep(gather_s)
            return self.broker.empty()
        finally:
            worker.signal_group(signal.SIGCONT)

    def crash_broker(self, *, disk_lost: bool) -> None:
        """It is killed and started again; what waited is lost, unless it kept it on a disk that is not."""
        assert isinstance(self.broker, ServerBroker)
        self.broker.crash(disk_lost=disk_lost)

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
def laid(broker_name: str = Files.name, *, small_disk: bool = False) -> Iterator[Ground]:
    """Everything in a folder that goes away: a broker, a crashing PostgreSQL, goods, and the processes.

    ``broker_name``: one of BROKERS; ``small_disk``: the database is on a disk that can be full. Raises CannotMount
    where there can be none.
    """
    folder = Path(tempfile.mkdtemp(prefix="kontor-faults-"))
    folder.chmod(0o755)  # the server runs as somebody else
    data, database = folder / "data", folder / "database"
    data.mkdir()
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        disk = stack.enter_context(mounted(database, DISK_MB)) if small_disk else None
        broker_ = stack.enter_context(broker(broker_name, folder / "broker", data))
        postgres = stack.enter_context(CrashingPostgres(database, disk))
        broker_.wait_answers()
        yield stack.enter_context(Ground(data, postgres, broker_))
