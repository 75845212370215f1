"""Whether a backup can be brought back: restored beside the shop, into a place of its own, and verified there.

Another process does it, with a data folder and a database that are thrown away afterwards; the shop itself is only told
how it went (operations page, /metrics).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db import connection

from .backups import PATIENCE_S, Refused, check
from .clock import now
from .models import Upkeep

#: Addresses that a restore beside the shop must not reach.
UNSET = ("S3_BUCKET", "BROKER_URL", "CACHE_URL", "SEARCH_URL", "EMAIL_URL", "BANK_FOLDER")


def try_restore(folder: Path) -> Upkeep:
    """Restore ``folder`` beside the shop, run `manage.py verify` there, and note how it went. Raises Refused when it
    did not go well."""
    begun, cause = now(), ""
    manifest: dict[str, Any] = {"parts": []}
    try:
        manifest = check(folder)
        with (
            tempfile.TemporaryDirectory(prefix="kontor-restore-test-") as place,
            _database(Path(place)) as address,
        ):
            for command in (["restore", str(folder)], ["verify"]):
                _manage(command, Path(place), address)
    except Refused as error:
        cause = str(error)
    row = Upkeep.objects.create(
        kind=Upkeep.RESTORE_TEST,
        begun_at=begun,
        ended_at=now(),
        ok=not cause,
        where=str(folder),
        files=len(manifest["parts"]),
        size_bytes=sum(part["size_bytes"] for part in manifest["parts"]),
        cause=cause[:2000],
    )
    if cause:
        raise Refused(cause)
    return row


def _manage(command: list[str], place: Path, address: str) -> None:
    own = {"KONTOR_DATA_DIR": str(place), "DATABASE_URL": address, "KONTOR_ENV_FILE": os.devnull}
    environment = {name: value for name, value in os.environ.items() if name not in UNSET} | own
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
    said, name = connection.settings_dict, f"kontor_restore_test_{os.getpid()}"
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    try:
        yield address_of(said, name)
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')


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
