"""The database of one test process: copied from the template, and copied anew after a test that really commits.

Django would flush instead; our ledger's triggers refuse every DELETE, and a flush loses what migrations put in.
"""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from django.db import connection, connections

from .templates import postgres_template, sqlite_template

if TYPE_CHECKING:
    from .postgres import Server

LEAVING_S = 15.0  #: so long the threads of a server have to let go of the database


def restore() -> None:
    """Put this process's database into the state of the template, when nobody of this process reads it any more."""
    wait_for_servers()
    connections.close_all()
    if connection.vendor == "sqlite":
        copy_sqlite(Path(connection.settings_dict["NAME"]))
    else:
        clone_postgres(str(connection.settings_dict["NAME"]))


def wait_for_servers() -> None:
    """Wait until the threads that served pages have ended. A window closes its connections, and only then the threads
    close theirs to the database, of which the last takes ``-wal`` and ``-shm`` away *by name*: late, those are the next
    test's, whose first page is then told of a disk that cannot be read (503)."""
    deadline = time.monotonic() + LEAVING_S
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:
            thread.join(max(0.0, deadline - time.monotonic()))


def remove() -> None:
    """Leave no database of this process behind."""
    connections.close_all()
    if connection.vendor == "postgresql":
        from .postgres import shared_server

        shared_server().execute(f"DROP DATABASE IF EXISTS {connection.settings_dict['NAME']} WITH (FORCE)")


def copy_sqlite(database: Path) -> None:
    """A fresh copy of the template at ``database``, in place of what was there."""
    template = sqlite_template()
    for ending in ("", "-wal", "-shm"):
        Path(f"{database}{ending}").unlink(missing_ok=True)
    shutil.copyfile(template, database)


def clone_postgres(database: str, server: Server | None = None) -> str:
    """A fresh clone of the template named ``database``, in place of what was there; returns its DATABASE_URL.

    ``server``: where (default: the tests' server)."""
    from .postgres import shared_server

    server = server or shared_server()
    template = postgres_template(server)
    server.execute(
        f"DROP DATABASE IF EXISTS {database} WITH (FORCE)",
        f"CREATE DATABASE {database} TEMPLATE {template}",
    )
    return server.url(database)
