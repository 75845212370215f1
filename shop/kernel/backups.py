"""A backup is a folder: the database, media and documents, and a manifest with the checksum of each file.

First the database, then the files: what a row names was there when the row was read, and files are only added. A
backup that was interrupted is a folder that ends in ``.part`` and is none. A restore goes into an empty shop only, and
reads every checksum before it writes anything. With BACKUP_KEY each file is sealed (backup_keys.py). What is not in it:
settings (`.env`), and the queue and the search index, which the tables bring back by themselves.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from django.conf import settings
from django.core.files import File
from django.core.files.storage import Storage, storages
from django.db import Error, connection
from django.db.migrations.recorder import MigrationRecorder

from . import work
from .backup_keys import Seal, WrongKey, seal_of
from .clock import now
from .models import Upkeep

log = logging.getLogger(__name__)

FORMAT = 1
MANIFEST = "manifest.json"
SQLITE, POSTGRES = "database.sqlite3", "database.pgdump"
STORAGES = {"media": "default", "documents": "documents"}  #: folder of the backup -> storage
CHUNK = 1 << 20
PATIENCE_S = 6 * 3600
OPEN_FILE, OPEN_COPY = "kontor-restore-", "kontor-backup-"  #: of what lies open in the data folder meanwhile
PART = ".part"  #: how the folder of one that is being made ends
OF_ITSELF = re.compile(r"\d{4}-\d{2}-\d{2}T\d{6}")  #: the name of a backup that nobody named otherwise


class Refused(Exception):
    """Why a backup or restore was not begun or not finished, in words; what was there is as it was."""


@dataclass(frozen=True)
class Part:
    """One file of a backup: its path in the folder, size and SHA-256."""

    path: str
    size_bytes: int
    sha256: str


def folder_of_now() -> Path:
    """Where a backup goes that nobody named: BACKUP_DIR and the time."""
    return (Path(settings.BACKUP_DIR) / f"{now():%Y-%m-%dT%H%M%S}").absolute()


def backup(folder: Path) -> Upkeep:
    """Write a backup into ``folder``, which must not exist, and note it. Raises Refused; that is noted as well.

    Whatever else ends it (out of time, Ctrl-C) is noted too and raised as it is; nothing of it is left.
    """
    begun = now()
    unfinished = folder.with_name(folder.name + PART)
    if folder.exists() or unfinished.exists():
        raise Refused(f"{folder if folder.exists() else unfinished} is there already; choose another folder")
    try:
        unfinished.mkdir(parents=True, mode=0o700)
        seal = Seal(settings.BACKUP_KEY) if settings.BACKUP_KEY else None
        parts = [_dump(unfinished, seal), *_copy_files(unfinished, seal)]
        digest = _write_manifest(unfinished, parts, seal)
        unfinished.rename(folder)
    except BaseException as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        known = isinstance(error, OSError | sqlite3.Error | Refused | WrongKey)
        why = in_words(error)
        note_failure(kind=Upkeep.BACKUP, begun_at=begun, where=str(folder), cause=why)
        if known:
            raise Refused(why) from error
        raise
    return Upkeep.objects.create(
        kind=Upkeep.BACKUP,
        begun_at=begun,
        ended_at=now(),
        where=str(folder),
        size_bytes=sum(part.size_bytes for part in parts),
        files=len(parts),
        digest=digest,
    )


def in_words(error: BaseException) -> str:
    """What broke it off; with its kind, unless it was written for people."""
    plain = isinstance(error, OSError | Refused | WrongKey) and str(error)
    return str(error) if plain else f"{type(error).__name__}: {error}".removesuffix(": ")


def note_failure(*, cause: str, **said: Any) -> None:
    """Note what did not go well. Where that cannot be written down either, the log has it: what broke it off counts."""
    try:
        Upkeep.objects.create(ok=False, ended_at=now(), cause=cause[:2000], **said)
    except Error as error:
        log.error("%s (it cannot be noted: %s)", cause, error)


def check(folder: Path) -> dict[str, Any]:
    """Read every file of a backup and compare; returns the manifest. Raises Refused naming the first that is wrong."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        parts = [Part(**part) for part in manifest["parts"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(f"{folder} is no backup: {MANIFEST} cannot be read ({error})") from error
    if manifest.get("format") != FORMAT:
        raise Refused(f"{folder} is of format {manifest.get('format')}; this version reads {FORMAT}")
    for part in parts:
        path = folder / part.path
        if not path.resolve().is_relative_to(folder.resolve()):
            raise Refused(f"{part.path} lies outside of the backup")
        if not path.is_file():
            raise Refused(f"{part.path} is missing in the backup")
        if path.stat().st_size != part.size_bytes or _sha256(path) != part.sha256:
            raise Refused(f"{part.path} is not what it was when the backup was made")
    return manifest


def restore(folder: Path, *, unsealed: bool = False) -> int:
    """Bring a backup back into this shop, which must be empty. Returns how many files. Raises Refused.

    unsealed: also one without a seal where the shop has a key. Anybody who can write into the place of the backups
    could have put it there; the seal is what says that the shop made it.
    """
    manifest = check(folder)
    if settings.BACKUP_KEY and "salt" not in manifest and not unsealed:
        raise Refused("the backup is not sealed, and this shop has a BACKUP_KEY: anybody may have made it. "
                      "One from before there was a key comes back with --unsealed")  # fmt: skip
    try:
        seal = seal_of(manifest, settings.BACKUP_KEY)
    except WrongKey as error:
        raise Refused(str(error)) from error
    vendor = "sqlite" if manifest["database"] == SQLITE else "postgresql"
    if connection.vendor != vendor:
        raise Refused(f"the backup is of {vendor}, this shop stands on {connection.vendor}")
    if connection.introspection.table_names():
        raise Refused(
            "the database of this shop is not empty; restore into an empty one, then change the address"
        )
    for name, alias in STORAGES.items():
        if next(_names(storages[alias]), None) is not None:
            raise Refused(f"there are {name} already; restore into an empty place")
    try:
        return _bring_back(folder, manifest, seal)
    except WrongKey as error:
        raise Refused(str(error)) from error


def keep_newest(home: Path, many: int, made: Path) -> list[Path]:
    """Of the whole backups in ``home`` that bear a time as name, keep ``made`` and the newest, ``many`` in all; returns
    those removed. What somebody named stays: whoever made it by hand wants it."""
    others = sorted(
        one
        for one in (home.iterdir() if home.is_dir() else ())
        if OF_ITSELF.fullmatch(one.name) and (one / MANIFEST).is_file() and one.absolute() != made.absolute()
    )
    is_one = made.absolute().parent == home.absolute() and bool(OF_ITSELF.fullmatch(made.name))
    old = others[: max(0, len(others) - many + is_one)]
    for one in old:
        shutil.rmtree(one)
    return old


def _bring_back(folder: Path, manifest: dict[str, Any], seal: Seal | None) -> int:
    with _opened(folder, manifest["database"], seal) as dump:
        _load(dump)
    files = [part["path"] for part in manifest["parts"] if part["path"] != manifest["database"]]
    for path in files:
        place, _slash, name = path.partition("/")
        with _opened(folder, path, seal) as plain, plain.open("rb") as file:
            saved = storages[STORAGES[place]].save(name, File(file))
        if saved != name:
            raise Refused(f"{path} was kept under another name ({saved}); the place was not empty")
    work.after_a_restore()
    return len(files)


@contextmanager
def _opened(folder: Path, name: str, seal: Seal | None) -> Iterator[Path]:
    """A file of the backup as it was before it was sealed; the open copy is gone afterwards."""
    if seal is None:
        yield folder / name
        return
    with tempfile.NamedTemporaryFile(prefix=OPEN_FILE, dir=workplace()) as file:
        seal.open(folder / name, file, name)
        file.flush()
        yield Path(file.name)


def workplace() -> str:
    """Where an open copy may lie for a moment: beside the shop's own data, never beside the backups."""
    place = Path(settings.DATA_DIR)
    place.mkdir(parents=True, exist_ok=True)
    return str(place)


def _dump(folder: Path, seal: Seal | None) -> Part:
    if connection.vendor == "sqlite":
        path = folder / SQLITE
        if seal is None:
            _copy_sqlite(path)
            return _part(folder, path)
        with tempfile.TemporaryDirectory(prefix=OPEN_COPY, dir=workplace()) as place:
            _copy_sqlite(Path(place, SQLITE))
            with Path(place, SQLITE).open("rb") as source, path.open("wb") as target:
                seal.copy(source, target, SQLITE)
    else:
        _pg_dump_fits()
        path = folder / POSTGRES
        dump = ("pg_dump", "--format=custom", "--no-owner", "--no-privileges")
        if seal is None:
            _run(*dump, f"--file={path}")
        else:
            _run_sealed(*dump, path=path, seal=seal)
    return _part(folder, path)


def _copy_sqlite(path: Path) -> None:
    source = sqlite3.connect(f"file:{connection.settings_dict['NAME']}?mode=ro", uri=True, timeout=60)
    target = sqlite3.connect(path)
    try:
        source.backup(target)  # one step: a state between two commits
    finally:
        source.close()
        target.close()


def _load(dump: Path) -> None:
    if connection.vendor == "sqlite":
        connection.close()
        target = Path(connection.settings_dict["NAME"])
        fresh = target.with_name(target.name + ".restoring")
        shutil.copyfile(dump, fresh)
        for left in (f"{target}-wal", f"{target}-shm"):
            Path(left).unlink(missing_ok=True)
        fresh.replace(target)
    else:
        _run("pg_restore", "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error",
             f"--dbname={connection.settings_dict['NAME']}", str(dump))  # fmt: skip


def _run(program: str, *arguments: str) -> None:
    """One of PostgreSQL's programs, with our connection in its environment: no password on a command line."""
    done = subprocess.run(
        [program, *arguments],
        env=_environment(program),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    if done.returncode:
        raise Refused(f"{program}: {done.stderr.strip()[-1500:]}")


def _run_sealed(program: str, *arguments: str, path: Path, seal: Seal) -> None:
    """As ``_run``; what the program writes out is sealed into ``path`` on the way."""
    with tempfile.TemporaryFile() as said:
        with (
            subprocess.Popen(
                [program, *arguments], env=_environment(program), stdout=subprocess.PIPE, stderr=said
            ) as running,
            path.open("wb") as target,
        ):
            assert running.stdout is not None
            seal.copy(running.stdout, target, path.name)
        if running.returncode:
            said.seek(0)
            raise Refused(f"{program}: {said.read().decode(errors='replace').strip()[-1500:]}")


def _environment(program: str) -> dict[str, str]:
    """Our connection for one of PostgreSQL's programs. Raises Refused where it is not installed."""
    if shutil.which(program) is None:
        raise Refused(f"{program} is not installed here; on Debian: apt-get install postgresql-client")
    said = connection.settings_dict
    host = said.get("HOST") or said.get("OPTIONS", {}).get("host", "")
    given = {"PGHOST": host, "PGPORT": said.get("PORT"), "PGUSER": said.get("USER"),
             "PGPASSWORD": said.get("PASSWORD"), "PGDATABASE": said["NAME"]}  # fmt: skip
    return os.environ | {name: str(value) for name, value in given.items() if value}


def _pg_dump_fits() -> None:
    """Raises Refused where pg_dump is older than the server: it would not read it, and say so less plainly."""
    said = subprocess.run(
        ["pg_dump", "--version"], env=_environment("pg_dump"), capture_output=True, text=True, check=False
    ).stdout
    found = re.search(r"\b(\d+)\.\d", said)
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        server = int(cursor.fetchone()[0]) // 10_000
    here = found[1] if found else said.strip() or "unknown"
    if found is None or int(here) < server:
        raise Refused(
            f"pg_dump here is of version {here}, the server of {server}, which it cannot read; "
            f"on Debian: apt-get install postgresql-client-{server}"
        )


def _copy_files(folder: Path, seal: Seal | None) -> Iterator[Part]:
    for place, alias in STORAGES.items():
        for name in _names(storages[alias]):
            path = folder / place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with storages[alias].open(name) as source, path.open("wb") as target:
                    _copy(source, target, f"{place}/{name}", seal)
            except FileNotFoundError:
                continue  # taken away between listing and reading: a picture that was replaced
            yield _part(folder, path)


def _copy(source: IO[bytes], target: IO[bytes], name: str, seal: Seal | None) -> None:
    if seal is None:
        shutil.copyfileobj(source, target, CHUNK)
    else:
        seal.copy(source, target, name)


def _names(storage: Storage, under: str = "") -> Iterator[str]:
    """Every file of a storage, folder by folder."""
    try:
        folders, files = storage.listdir(under)
    except FileNotFoundError:
        return
    for name in sorted(files):
        yield str(PurePosixPath(under, name))
    for name in sorted(folders):
        yield from _names(storage, str(PurePosixPath(under, name)))


def _write_manifest(folder: Path, parts: list[Part], seal: Seal | None) -> str:
    applied = sorted(f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations())
    said: dict[str, Any] = {"format": FORMAT, "made_at": now().isoformat(),
            "database": parts[0].path, "site": settings.SITE_URL,
            "migrations": applied, "parts": [asdict(part) for part in parts]}  # fmt: skip
    if seal is not None:
        said["salt"] = seal.salt
        said["mac"] = seal.mac(said)
    text = json.dumps(said, indent=1)
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    return hashlib.sha256(text.encode()).hexdigest()


def _part(folder: Path, path: Path) -> Part:
    return Part(path.relative_to(folder).as_posix(), path.stat().st_size, _sha256(path))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
