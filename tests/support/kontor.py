"""A whole Kontor as processes on free ports, with the demo shop, in a data folder of its own.

The demo shop and the compressed static files are made once per content of their sources and copied.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import psycopg
from psycopg.types.json import set_json_loads

from scripts.fingerprints import digest, schema
from scripts.prepare import SEED_COMMAND, static_sources
from scripts.processes import Child, Plan, Supervisor, free_port

from .databases import copy_sqlite
from .environment import KEPT, ROOT, isolated
from .locks import exclusive

PATIENCE_S = 60.0
KEPT_SHOPS_MAX = 2
MAIL_END = "-" * 79 + "\n"  #: what Django's file backend writes after each mail


class NotInTime(AssertionError):
    """What a test waited for did not happen; the message holds the last lines of every process."""


class Kontor:
    """Started by ``with``; see the fixtures ``live_kontor`` and ``start_kontor``."""

    def __init__(self, data_dir: Path, environment: dict[str, str] | None = None) -> None:
        """``environment``: addresses of the scaled profile (DATABASE_URL, BROKER_URL, EMAIL_URL ...), for example those
        of a proxy that a test can cut; nothing: the embedded profile."""
        self.data_dir = data_dir
        self.control_token = secrets.token_hex(16)
        own = isolated(data_dir) | {"STANDIN_CONTROL_TOKEN": self.control_token, "SWEEP_EVERY_S": "1"}
        own.pop("BROKER_URL", None)  # the embedded queue, as for everybody
        environment = own | (environment or {})
        self.plan = Plan(free_port(), free_port(), data_dir, environment)
        self.lines: list[str] = []
        self.supervisor = Supervisor(self.plan.children(), self.lines.append)

    @property
    def url(self) -> str:
        """The shop's address, without a slash at the end."""
        return self.plan.url

    @property
    def standin_url(self) -> str:
        """The Stripe stand-in's address."""
        return self.plan.standin_url

    def __enter__(self) -> Kontor:
        shop = demo_shop()
        shutil.copytree(shop, self.data_dir, dirs_exist_ok=True, symlinks=True)
        try:
            self.supervisor.start()
        except BaseException:
            self.supervisor.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.supervisor.stop()

    def child(self, name: str) -> Child:
        """One of ``web``, ``worker``, ``beat``, ``stripe``."""
        return self.supervisor.child(name)

    def kill(self, name: str) -> None:
        """SIGKILL to a process and all its workers, as a power cut would."""
        self.child(name).kill()

    def start(self, name: str) -> None:
        """Start it again and wait until all are ready."""
        self.child(name).start(self.lines.append)
        self.supervisor.wait_ready()

    def manage(self, *arguments: str) -> str:
        """Run a management command on its data; returns what it says, fails with it."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT, env=self.plan.full_environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"manage.py {' '.join(arguments)}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Read its database; ``?`` stands for a value."""
        with self._beside("?mode=ro") as connection:
            return list(connection.execute(_for(connection, sql), values).fetchall())

    def change(self, *statements: tuple[str, tuple[Any, ...]]) -> float:
        """Change rows in one transaction, from this process; returns when it was committed (time.monotonic)."""
        with self._beside() as connection:
            for sql, values in statements:
                connection.execute(_for(connection, sql), values)
            connection.commit()
            return time.monotonic()

    @contextmanager
    def _beside(self, mode: str = "") -> Iterator[Any]:
        """A connection to its database, of whatever kind; JSON is text as in SQLite."""
        connection: Any
        if url := self.plan.environment.get("DATABASE_URL"):
            connection = psycopg.connect(url.replace("postgres://", "postgresql://", 1))
            set_json_loads(_as_text, connection)
        else:
            address = f"file:{self.data_dir / 'kontor.sqlite3'}{mode}"
            connection = sqlite3.connect(address, uri=True, timeout=20)
        try:
            yield connection
        finally:
            connection.close()

    def wait_until(self, what: Callable[[], Any], why: str, patience_s: float = PATIENCE_S) -> Any:
        """Ask ``what()`` until it says something true; returns that. Raises NotInTime with ``why``."""
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            found = what()
            if found:
                return found
            time.sleep(0.1)
        raise NotInTime(f"{why} did not happen within {patience_s:.0f} s:\n" + "\n".join(self.lines[-60:]))

    def wait_quiet(self) -> None:
        """Wait until no delivery and no message is due."""
        self.wait_until(
            lambda: self.rows(
                "SELECT (SELECT COUNT(*) FROM kernel_delivery WHERE state='pending')"
                " + (SELECT COUNT(*) FROM kernel_inboxmessage WHERE state='pending') = 0"
            )[0][0],
            "a quiet outbox",
        )

    def mails(self) -> list[str]:
        """The mails it sent, as raw text, oldest first. One connection writes all its mails into one file."""
        files = sorted((self.data_dir / "mails").glob("*"), key=lambda path: path.stat().st_mtime)
        texts = [text for path in files for text in path.read_text(errors="replace").split(MAIL_END)]
        return [text for text in texts if text.strip()]


def _as_text(said: bytes | str) -> str:
    return said if isinstance(said, str) else bytes(said).decode()


def _for(connection: Any, sql: str) -> str:
    """A statement in the words of the database."""
    return sql if isinstance(connection, sqlite3.Connection) else sql.replace("?", "%s")


def demo_shop() -> Path:
    """A data folder with schema, demo goods and static files; made once per content of what it is made of."""
    sources = [path for path in sorted((ROOT / "shop" / "demo").rglob("*")) if _is_source(path)]
    name = digest([*sources, *static_sources()], schema())
    folder = KEPT / "shops" / name
    with exclusive(KEPT / "shops.lock"):
        if not folder.is_dir():
            _make_demo_shop(folder)
        os.utime(folder)
        for old in sorted(folder.parent.iterdir(), key=lambda path: path.stat().st_mtime)[:-KEPT_SHOPS_MAX]:
            shutil.rmtree(old)
    return folder


def _is_source(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts


def _make_demo_shop(folder: Path) -> None:
    print("making the demo shop for the tests (once per content)", file=sys.stderr)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="kontor-shop-", dir=folder.parent.parent) as work:
        shop = Path(work) / "shop"
        shop.mkdir()
        copy_sqlite(shop / "kontor.sqlite3")
        environment = isolated(shop) | {"BROKER_URL": "memory://"}
        _manage(environment, "collectstatic", "--noinput", "--verbosity=0", "--ignore=oscar")
        if SEED_COMMAND.is_file():
            _manage(environment, "seed", "--demo")
        shop.rename(folder)


def _manage(environment: dict[str, str], *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, (
        f"manage.py {' '.join(arguments)}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    )
