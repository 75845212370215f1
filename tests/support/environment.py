"""The environment the tests run in: a data folder of their own, no address of the outside world.

Must run before Django's settings are read, so ``tests/conftest.py`` calls it when it is imported.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: What survives a run and makes the next one fast: template databases, PostgreSQL's data folder.
KEPT = ROOT / "var" / "test-templates"
DATABASE_CHOICE = "KONTOR_TEST_DB"
#: Addresses a developer may have set for a shop of their own; no test may ever reach them.
ADDRESSES = (
    "BANK_FOLDER",
    "CACHE_URL",
    "CARRIER_DHL_URL",
    "CARRIER_WEBHOOK_SECRET",
    "EMAIL_URL",
    "S3_BUCKET",
    "SEARCH_URL",
    "SENTRY_DSN",
    "STRIPE_SECRET_KEY",
    "STRIPE_PUBLISHABLE_KEY",
    "STRIPE_WEBHOOK_SECRET",
    "SECRET_KEY",
    "SITE_URL",
    "ALLOWED_HOSTS",
    "DEBUG",
    "TIME_ZONE",
    "VIES_URL",
)


def chosen_database() -> str:
    """``sqlite`` or ``postgres``: the option --db, else KONTOR_TEST_DB (which xdist's workers inherit)."""
    for position, argument in enumerate(sys.argv):
        if argument.startswith("--db="):
            return argument.removeprefix("--db=")
        if argument == "--db" and position + 1 < len(sys.argv):
            return sys.argv[position + 1]
    return os.environ.get(DATABASE_CHOICE, "sqlite")


def isolated(data_dir: Path, database_url: str = "") -> dict[str, str]:
    """Environment variables of a Kontor that lives in ``data_dir`` alone; also for processes started by tests."""
    environment = {name: value for name, value in os.environ.items() if name not in ADDRESSES}
    return environment | {
        "KONTOR_DATA_DIR": str(data_dir),
        "KONTOR_ENV_FILE": os.devnull,
        "DATABASE_URL": database_url,
        "DJANGO_SETTINGS_MODULE": "shop.settings",
        "PYTHONPATH": str(ROOT),
    }


@cache
def prepare() -> Path:
    """Point this process at a data folder of its own, once; the folder goes when the process ends."""
    choice = chosen_database()
    if choice not in ("sqlite", "postgres"):
        sys.exit(f"--db={choice}: choose sqlite or postgres")
    os.environ[DATABASE_CHOICE] = choice
    data_dir = Path(tempfile.mkdtemp(prefix="kontor-test-"))
    atexit.register(shutil.rmtree, data_dir, ignore_errors=True)
    fresh = isolated(data_dir, _database_url(choice))
    for name in ADDRESSES:
        os.environ.pop(name, None)
    os.environ.update(fresh)
    os.environ["BROKER_URL"] = "memory://"
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.support.settings"
    return data_dir


def _database_url(choice: str) -> str:
    if choice == "sqlite":
        return ""
    from .postgres import shared_server

    return shared_server().url(f"kontor_test_{os.getpid()}")
