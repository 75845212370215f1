"""Measure: `make bench`. Each ``*_bench.py`` runs in a process and a data folder of its own."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.environment import ROOT, isolated

from .figures import Figure
from .machine import facts

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
#: Measured on this database whatever the others are: the figure compares with it.
ALWAYS_ON = {"search_bench": "postgres"}


def names() -> list[str]:
    """The measurements there are."""
    return sorted(path.stem for path in HERE.glob("*_bench.py"))


def child(name: str) -> None:
    """Inside the process of one measurement: print its figures as the last line."""
    import django

    django.setup()
    from django.test import Client

    from tests.support.second_factor import shown_at_force_login

    Client.force_login = shown_at_force_login  # type: ignore[method-assign,assignment]  # staff have shown their second factor
    measured: dict[str, Figure] = importlib.import_module(f"bench.{name}").measure()
    print(json.dumps({key: figure.as_dict() for key, figure in measured.items()}))


def measure(name: str, database: str) -> dict[str, Figure]:
    """Run one measurement on a fresh copy of the schema."""
    with tempfile.TemporaryDirectory(prefix="kontor-bench-") as folder:
        environment = isolated(Path(folder), _database(database, Path(folder)))
        done = subprocess.run(
            [sys.executable, "-m", "bench.run", "--child", name],
            cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    if done.returncode:
        sys.exit(f"{name} did not end well (see above)")
    figures = json.loads(done.stdout.strip().splitlines()[-1])
    return {key: Figure(**values) for key, values in figures.items()}


def _database(choice: str, folder: Path) -> str:
    """The DATABASE_URL of a fresh copy; ``durable`` is a PostgreSQL that waits for the disk at each commit."""
    from tests.support import databases, postgres

    if choice == "sqlite":
        databases.copy_sqlite(folder / "kontor.sqlite3")
        return ""
    if choice == "durable":
        return databases.clone_postgres("kontor_bench", postgres.durable_server())
    return databases.clone_postgres("kontor_bench")


def main() -> int:
    """Measure all, write results.json, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="one measurement, without _bench")
    parser.add_argument("--db", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--strict", action="store_true", help="status 1 when a budget is missed")
    parser.add_argument("--full", action="store_true", help="seed 100,000 products, not a part of them")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child)
        return 0
    if options.full:
        os.environ["BENCH_FULL"] = "1"  # read by the processes of the measurements
    machine = facts(options.db)
    figures: dict[str, Figure] = {}
    for name in names():
        if options.only in (None, name.removesuffix("_bench")):
            print(f"measuring {name.removesuffix('_bench')}", flush=True)
            figures |= measure(name, ALWAYS_ON.get(name, options.db))
    for key, figure in sorted(figures.items()):
        print(f"  {key:<44} {figure}")
    written = {
        "machine": machine,
        "figures": {key: figure.as_dict() for key, figure in sorted(figures.items())},
    }
    if options.only is None:  # a part must not stand where people look for the whole
        RESULTS.write_text(json.dumps(written, indent=2) + "\n")
    missed = [key for key, figure in figures.items() if not figure.is_kept]
    return 1 if options.strict and missed else 0


if __name__ == "__main__":
    sys.exit(main())
