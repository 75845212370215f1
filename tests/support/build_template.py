"""Steps of making a template database, each run as ``python -m tests.support.build_template <step>``.

base-key  print the name of the lower layer: library versions, and our migrations that libraries' ones stand on
base      apply every library's migrations (and what they need of ours)
full      apply the rest, with permissions and roles, and leave the database in one file
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

import django
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from scripts.fingerprints import ROOT, digest, versions

Step = tuple[str, str]


def _source(loader: MigrationLoader, step: Step) -> Path:
    return Path(inspect.getfile(type(loader.graph.nodes[step])))


def _is_ours(path: Path) -> bool:
    return path.is_relative_to(ROOT) and "site-packages" not in path.parts


def library_leaves(loader: MigrationLoader) -> list[Step]:
    """The last migration of every library."""
    return [step for step in loader.graph.leaf_nodes() if not _is_ours(_source(loader, step))]


def base_key() -> str:
    """Name of the lower layer."""
    loader = MigrationLoader(None)
    steps = {step for leaf in library_leaves(loader) for step in loader.graph.forwards_plan(leaf)}
    ours = sorted(path for path in (_source(loader, step) for step in steps) if _is_ours(path))
    return digest(ours, versions(), *sorted(map(str, steps)))


def make_base() -> None:
    """Apply the libraries' migrations."""
    executor = MigrationExecutor(connection)
    executor.migrate(library_leaves(executor.loader))
    _settle()


def make_full() -> None:
    """Apply everything else; afterwards permissions, content types and roles exist."""
    call_command("migrate", verbosity=0, interactive=False)
    _settle()


def _settle() -> None:
    """SQLite: write the log back, so that the one file is the whole database."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


if __name__ == "__main__":
    django.setup()
    match sys.argv[1:]:
        case ["base-key"]:
            print(base_key())
        case ["base"]:
            make_base()
        case ["full"]:
            make_full()
        case _:
            sys.exit(__doc__)
