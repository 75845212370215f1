"""The shops that are compared: their environments and data, made once and kept under var/, and their servers."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.processes import free_port
from tests.support import databases, postgres
from tests.support.environment import ROOT, isolated
from tests.support.templates import postgres_template

from .load import get

HOME = ROOT / "var" / "stock-oscar"
STOCK = ROOT / "bench" / "peer" / "stock"
INDEXES = ROOT / "var" / "peer-indexes"  #: search indexes of Kontor's shops, named as their databases
WORKERS = 2
PATIENCE_S = 60


@dataclass(frozen=True)
class Served:
    """A running shop: its port and the process above its workers."""

    port: int
    pid: int


def postmaster() -> int:
    """The process above all of PostgreSQL's."""
    return int((postgres.shared_server().data / "postmaster.pid").read_text().split()[0])


def _run(command: list[object], environment: dict[str, str]) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{command[1:4]} did not work:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")


def _digest(*paths: Path) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:10]


def _exists(database: str) -> bool:
    return bool(postgres.shared_server().execute(f"SELECT 1 FROM pg_database WHERE datname = '{database}'"))


def stock_environment(products: int) -> dict[str, str]:
    """The stock shop with its own libraries, its database and its index; made where they are not there yet."""
    python, wanted = HOME / ".venv" / "bin" / "python", STOCK / "requirements.txt"
    stamp = HOME / "libraries"
    if not stamp.is_file() or stamp.read_text() != _digest(wanted):
        print("  installing stock django-oscar", file=sys.stderr)
        _run([sys.executable, "-m", "venv", "--clear", HOME / ".venv"], dict(os.environ))
        _run(
            [python, "-m", "pip", "install", "-q", "--require-hashes", "--no-deps", "-r", wanted],
            dict(os.environ),
        )
        stamp.write_text(_digest(wanted))
    server = postgres.shared_server()
    database = f"stock_oscar_{products}_{_digest(STOCK / 'fill.py', STOCK / 'settings.py', wanted)}"
    folder = HOME / database
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO_")} | {
        "DJANGO_SETTINGS_MODULE": "bench.peer.stock.settings",
        "PYTHONPATH": str(ROOT),
        "STOCK_HOME": str(folder),
        "STOCK_DATABASE": database,
        "STOCK_DATABASE_USER": server.superuser,
        "STOCK_DATABASE_HOST": str(server.socket_folder),
    }
    if not (folder / "filled").is_file() or not _exists(database):
        print(f"  filling the stock shop with {products} products", file=sys.stderr)
        (folder / "static").mkdir(parents=True, exist_ok=True)
        server.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)", f"CREATE DATABASE {database}")
        _run([python, "-m", "bench.peer.stock.fill", products], environment)
        (folder / "filled").touch()
    return environment


def kontor_environment(products: int, folder: Path, **more: str) -> dict[str, str]:
    """Kontor with so many products on PostgreSQL and its search index; made where they are not there yet.

    Each shop has a data folder below ``folder`` with an index of its own, as built from its own database.
    """
    server = postgres.shared_server()
    source = _digest(
        *sorted((ROOT / "catalogue" / "search").glob("*.py")), ROOT / "bench" / "peer" / "kontor.py"
    )
    database = f"kontor_peer_{products}_{postgres_template(server)[-12:]}_{source}".lower()
    index = INDEXES / database
    if not index.is_dir() or not _exists(database):
        print(f"  filling Kontor with {products} products", file=sys.stderr)
        unfinished = f"{database}_new"
        _tidy(server, index)
        filling = isolated(folder / unfinished, databases.clone_postgres(unfinished))
        _run([sys.executable, "-m", "bench.peer.kontor", products], filling)
        server.execute("VACUUM ANALYZE", database=unfinished)
        server.execute(f"ALTER DATABASE {unfinished} RENAME TO {database}")
        shutil.move(folder / unfinished / "search", index)
    data = folder / f"kontor-{len(list(folder.iterdir()))}"
    data.mkdir()
    (data / "search").symlink_to(index)
    (data / "static").symlink_to(_static(folder))
    return isolated(data, server.url(database)) | {"LOG_LEVEL": "ERROR", "BROKER_URL": "memory://"} | more


def _tidy(server: postgres.Server, index: Path) -> None:
    """Away with what an earlier state of the code left of a range of this size: 100,000 products fill a gigabyte."""
    INDEXES.mkdir(parents=True, exist_ok=True)
    kept = "_".join(index.name.split("_")[:3]) + "_"
    for (database,) in server.execute(
        f"SELECT datname FROM pg_database WHERE starts_with(datname, '{kept}')"
    ):
        server.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
    for old in INDEXES.glob(f"{kept}*"):
        shutil.rmtree(old)


def _static(folder: Path) -> Path:
    """Styles and scripts with their fingerprints, collected once a run."""
    home = folder / "collected"
    if not home.is_dir():
        _run([sys.executable, "manage.py", "collectstatic", "--noinput", "-v", "0"], isolated(home))
    return home / "static"


@contextmanager
def served(name: str, environment: dict[str, str], folder: Path) -> Iterator[Served]:
    """Run a shop under gunicorn, with the same workers for every shop. ``name``: "stock" or "kontor"."""
    python = HOME / ".venv" / "bin" / "python" if name == "stock" else Path(sys.executable)
    application = "bench.peer.stock.wsgi" if name == "stock" else "shop.wsgi"
    port = free_port()
    log = folder / f"{name}-{port}.log"
    command = [
        str(python), "-m", "gunicorn", application, "--bind", f"127.0.0.1:{port}", "--workers", str(WORKERS),
        "--worker-class", "sync", "--log-level", "error", "--error-logfile", str(log), "--worker-tmp-dir", str(folder),
    ]  # fmt: skip
    with log.open("w") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out)
    try:
        _wait(port, process, log)
        yield Served(port, process.pid)
    finally:
        process.terminate()
        process.wait(20)


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and process.poll() is None:
        try:
            get(port, "/catalogue/")
            return
        except (OSError, RuntimeError):
            time.sleep(0.3)
    sys.exit(f"a shop does not answer:\n{log.read_text()[-3000:]}")
