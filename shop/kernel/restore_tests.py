"""Whether a backup can be brought back: restored beside the shop, into a place of its own, and verified there.

Another process does it, with a data folder and a database that are thrown away afterwards; the shop itself is only told
how it went (operations page, /metrics).
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db import DatabaseError, connection

from .backups import PATIENCE_S, Refused, check, in_words, note_failure, workplace
from .clock import now
from .models import Upkeep

log = logging.getLogger(__name__)

#: Addresses that a restore beside the shop must not reach, also where a file says them (NAME_FILE).
UNSET = ("S3_BUCKET", "BROKER_URL", "CACHE_URL", "SEARCH_URL", "EMAIL_URL", "BANK_FOLDER", "DATABASE_URL")
PLACE = "kontor-restore-test-"  #: how its folder in the data folder begins
DATABASE = "kontor_restore_test_"  #: how its database begins; then when it was made (s since 1970) and by which process


def try_restore(folder: Path, *, unsealed: bool = False) -> Upkeep:
    """Restore ``folder`` beside the shop, run `manage.py verify` there, and note how it went. Raises Refused when it
    did not go well, whatever the reason. unsealed: see ``backups.restore``."""
    begun = now()
    manifest: dict[str, Any] = {"parts": []}
    try:
        manifest = check(folder)
        with (
            tempfile.TemporaryDirectory(prefix=PLACE, dir=workplace()) as place,
            _database(Path(place)) as address,
        ):
            for command in (["restore", str(folder), *(["--unsealed"] if unsealed else [])], ["verify"]):
                _manage(command, Path(place), address)
    except BaseException as error:
        note_failure(cause=in_words(error), **_said(folder, begun, manifest))
        if isinstance(error, Exception):
            raise Refused(in_words(error)) from error
        raise
    return Upkeep.objects.create(ended_at=now(), **_said(folder, begun, manifest))


def clear_databases(before: dt.datetime) -> None:
    """Remove databases of restore tests that were killed, made before that moment. Only those of our own role: another
    shop on the server may be at it. One that cannot be removed is said in the log and stops nothing."""
    if connection.vendor == "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT d.datname FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba "
            "WHERE r.rolname = current_user"
        )
        names = [name for (name,) in cursor.fetchall()]
        old = [name for name in names if (made := _made_at(name)) is not None and made < before]
        for name in old:
            try:
                cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
                log.warning("the database %s was left by a restore test that was killed; it is removed", name)
            except DatabaseError as error:
                log.warning("the database %s was left behind and cannot be removed: %s", name, error)


def _made_at(name: str) -> dt.datetime | None:
    found = re.fullmatch(DATABASE + r"(\d{1,11})_\d+", name)
    return dt.datetime.fromtimestamp(int(found[1]), dt.UTC) if found else None


def _said(folder: Path, begun: dt.datetime, manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": Upkeep.RESTORE_TEST,
        "begun_at": begun,
        "where": str(folder),
        "files": len(manifest["parts"]),
        "size_bytes": sum(part["size_bytes"] for part in manifest["parts"]),
    }


def _manage(command: list[str], place: Path, address: str) -> None:
    own = {"KONTOR_DATA_DIR": str(place), "DATABASE_URL": address, "KONTOR_ENV_FILE": os.devnull}
    left_out = {*UNSET, *(f"{name}_FILE" for name in UNSET)}
    environment = {name: value for name, value in os.environ.items() if name not in left_out} | own
    done = subprocess.run(
        [sys.executable, str(settings.BASE_DIR / "manage.py"), *command],
        cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE_S,
    )  # fmt: skip
    if done.returncode:
        said = [line for line in (done.stdout + done.stderr).splitlines() if not line.startswith("ok ")]
        raise Refused(f"{command[0]}: " + "\n".join(said)[-1500:])


@contextmanager
def _database(place: Path) -> Iterator[str]:
    """The address of an empty database that is gone afterwards; "" is SQLite in the place itself."""
    if connection.vendor == "sqlite":
        yield ""
        return
    said, name = connection.settings_dict, f"{DATABASE}{int(now().timestamp())}_{os.getpid()}"
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    try:
        yield address_of(said, name)
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def address_of(said: Mapping[str, Any], name: str) -> str:
    """DATABASE_URL of another database on the same server; a host in the options is a socket's folder."""
    login = quote(str(said.get("USER") or ""), safe="")
    if said.get("PASSWORD"):
        login += f":{quote(str(said['PASSWORD']), safe='')}"
    host, socket = str(said.get("HOST") or ""), str(said.get("OPTIONS", {}).get("host") or "")
    if host.startswith("/"):
        host, socket = "", host
    port = f":{said['PORT']}" if said.get("PORT") else ""
    return f"postgres://{login}@{host}{port}/{name}" + (f"?host={quote(socket, safe='/')}" if socket else "")
