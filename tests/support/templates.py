"""Template databases: the schema is made once per content of the migrations, every test process copies it.

Making it costs about half a minute (Django renders the state of every migration of Wagtail's history). Two layers:
what the libraries' migrations need (keyed by the libraries' versions and the few migrations of ours they stand on),
and on top of it the rest of ours (keyed by the content of all of them). Changing one of ours redoes the top only; a new
one is added to a kept template of the migrations before it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from scripts.fingerprints import ROOMS, schema, versions

from .environment import KEPT, ROOT, isolated
from .locks import exclusive
from .postgres import NoPostgres, Server, shared_server

KEPT_MAX = 4  #: templates of each kind that stay; older ones go
EDITS_MAX = 5  #: how often making is begun anew because files changed under it
ERROR_CHARS = 1500


class TemplateError(RuntimeError):
    """The template could not be made; the message ends with Django's own words."""


@lru_cache(maxsize=1)
def sqlite_template() -> Path:
    """The template file for SQLite; made when it is not there."""

    def path(name: str) -> Path:
        return KEPT / f"{name}.sqlite3"

    with exclusive(KEPT / "sqlite.lock"):
        name = _made(
            "SQLite",
            exists=lambda name: path(name).exists(),
            make=lambda name: _make_sqlite(path(name)),
            drop=lambda name: path(name).unlink(missing_ok=True),
        )
        os.utime(path(name))
        _prune(sorted(KEPT.glob("*.sqlite3"), key=lambda file: file.stat().st_mtime))
    return path(name)


@lru_cache(maxsize=2)
def postgres_template(server: Server) -> str:
    """The template database on a PostgreSQL of ours; made when it is not there."""
    with exclusive(server.home / "templates.lock"):
        name = _made(
            "PostgreSQL",
            exists=lambda name: _exists(server, f"kontor_full_{name}"),
            make=lambda name: _make_postgres(server, f"kontor_full_{name}"),
            drop=lambda name: server.execute(f"DROP DATABASE IF EXISTS kontor_full_{name} WITH (FORCE)"),
        )
    return f"kontor_full_{name}"


def _made(
    database: str,
    *,
    exists: Callable[[str], bool],
    make: Callable[[str], None],
    drop: Callable[[str], object],
) -> str:
    """The name of a template that fits the files; begun anew when somebody edits migrations meanwhile."""
    for _ in range(EDITS_MAX):
        name = schema()
        if exists(name):
            return name
        _say(database)
        try:
            make(name)
        except TemplateError:
            if schema() == name:
                raise
            continue
        if schema() == name:
            return name
        drop(name)
    raise TemplateError("the migrations change faster than a template can be made; try again when they rest")


def _say(database: str) -> None:
    print(
        f"making the template database for {database} (once per content of the migrations)", file=sys.stderr
    )


def _make_sqlite(target: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="kontor-template-") as folder:
        work = Path(folder) / "kontor.sqlite3"
        environment = isolated(Path(folder))
        kept = [name for path in KEPT.glob("*.sqlite3") if not (name := path.stem).startswith("base-")]
        base = KEPT / f"base-{_build(environment, 'base-key')}.sqlite3"
        if earlier := _earlier(kept):
            shutil.copyfile(KEPT / f"{earlier}.sqlite3", work)
        elif base.exists():
            shutil.copyfile(base, work)
        else:
            _build(environment, "base")
            shutil.copyfile(work, base)
        _build(environment, "full")
        _write_contents(target.stem)
        # A name of its own first: a run that is interrupted leaves no half template.
        unfinished = target.with_suffix(f".{os.getpid()}")
        shutil.copyfile(work, unfinished)
        unfinished.rename(target)


def _contents() -> dict[str, str]:
    """What a template is made of: each migration of ours, and the libraries' versions."""
    paths = [path for room in ROOMS for path in (ROOT / room).rglob("migrations/*.py")]
    paths += (ROOT / "shop" / "schema").rglob("*.py")
    found = {str(path.relative_to(ROOT)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    return found | {"versions": versions()}


def _write_contents(name: str) -> None:
    (KEPT / f"{name}.json").write_text(json.dumps(_contents()))


def _earlier(kept: list[str]) -> str | None:
    """The kept template that lacks the fewest migrations and has none that is not there any more. None when there is
    none, and for CI, which makes everything anew."""
    if os.environ.get("CI"):
        return None
    now, sizes = _contents().items(), {}
    for name in kept:
        note = KEPT / f"{name}.json"
        had = json.loads(note.read_text()).items() if note.exists() else None
        if had and had <= now:
            sizes[name] = len(had)
    return max(sizes, key=lambda name: sizes[name], default=None)


def _make_postgres(server: Server, name: str) -> None:
    with tempfile.TemporaryDirectory(prefix="kontor-template-") as folder:
        base = f"kontor_base_{_build(isolated(Path(folder)), 'base-key')}"
        work = "kontor_template_work"
        environment = isolated(Path(folder), server.url(work))
        server.execute(f"DROP DATABASE IF EXISTS {work} WITH (FORCE)")
        kept = [
            row[0]
            for row in server.execute("SELECT datname FROM pg_database WHERE datname LIKE 'kontor_full_%'")
        ]
        if earlier := _earlier([full.removeprefix("kontor_full_") for full in kept]):
            base = f"kontor_full_{earlier}"
        elif not _exists(server, base):
            server.execute(f"CREATE DATABASE {work}")
            _build(environment, "base")
            server.execute(f"ALTER DATABASE {work} RENAME TO {base}")
        server.execute(f"CREATE DATABASE {work} TEMPLATE {base}")
        _build(environment, "full")
        _write_contents(name.removeprefix("kontor_full_"))
        server.execute(f"ALTER DATABASE {work} RENAME TO {name}")
    for kind in ("base", "full"):
        kept = [row[0] for row in server.execute(
            f"SELECT datname FROM pg_database WHERE datname LIKE 'kontor_{kind}_%' ORDER BY oid"
        )]  # fmt: skip
        server.execute(*[f"DROP DATABASE {old} WITH (FORCE)" for old in kept[:-KEPT_MAX]])


def _exists(server: Server, name: str) -> bool:
    return bool(server.execute(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"))


def _prune(oldest_first: list[Path]) -> None:
    for kind in (True, False):
        same = [path for path in oldest_first if path.name.startswith("base-") is kind]
        for path in same[:-KEPT_MAX]:
            path.unlink(missing_ok=True)
            path.with_suffix(".json").unlink(missing_ok=True)


def _build(environment: dict[str, str], what: str) -> str:
    """Run one step of the making in a process of its own; returns what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.build_template", what],
        env=environment, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise TemplateError(
            f"the template database could not be made ({what}); `manage.py migrate` on an empty database shows the "
            f"same:\n{done.stderr[-ERROR_CHARS:]}"
        )
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""


if __name__ == "__main__":
    # `python -m tests.support.templates sqlite|postgres`: make it before the tests need it.
    try:
        if sys.argv[1] == "sqlite":
            sqlite_template()
        else:
            postgres_template(shared_server())
    except NoPostgres as error:
        print(f"{error}; the tests on PostgreSQL will say so")
