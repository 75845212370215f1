"""Make the shop ready to open: translations, static files, database, demo goods. Called by `make setup`.

Each step is skipped when its sources are those of the last time; a second call takes a moment.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import messages
from .fingerprints import ROOMS, ROOT, digest, schema
from .setup import is_done, note, refuse, say

SEED_COMMAND = ROOT / "shop" / "demo" / "management" / "commands" / "seed.py"


def data_dir() -> Path:
    """Where the shop keeps everything (as shop/settings/env.py reads it)."""
    import environ

    env_file = Path(os.environ.get("KONTOR_ENV_FILE") or ROOT / ".env")
    if env_file.is_file():
        environ.Env.read_env(env_file)
    return Path(os.environ.get("KONTOR_DATA_DIR") or ROOT / "var")


def manage(*arguments: str, shown: bool = False) -> None:
    """Run a management command; its output is shown only when it fails (or when asked for)."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        stdout=None if shown else subprocess.PIPE,
        stderr=None if shown else subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        print(done.stdout or "", file=sys.stderr)
        refuse(f"manage.py {' '.join(arguments)} did not work (see above)")


def static_sources() -> Iterable[Path]:
    """Our static files; those of libraries change with requirements/base.txt."""
    yield ROOT / "requirements" / "base.txt"
    yield Path(__file__)
    for folder in [
        ROOT / "static",
        *(found for room in ROOMS for found in sorted((ROOT / room).rglob("static"))),
    ]:
        yield from sorted(path for path in folder.rglob("*") if path.is_file())


def static_files(data: Path) -> None:
    """Collect, fingerprint and compress what browsers fetch."""
    state = digest(static_sources(), str(data))
    if is_done("static", state) and (data / "static" / "staticfiles.json").is_file():
        return
    say("collecting and compressing static files")
    # Oscar's own scripts and styles (jQuery, TinyMCE: 26 MB) belong to pages of it that we replaced.
    manage("collectstatic", "--noinput", "--verbosity=0", "--ignore=oscar")
    note("static", state)


def database(data: Path) -> None:
    """The newest schema."""
    state = f"{schema()} {data} {os.environ.get('DATABASE_URL', '')}"
    is_sqlite = not os.environ.get("DATABASE_URL")
    if is_done("schema", state) and (not is_sqlite or (data / "kontor.sqlite3").is_file()):
        return
    say("bringing the database up to date (the first time takes half a minute)")
    manage("migrate", "--noinput", "--skip-checks", "--verbosity=0")
    note("schema", state)


def demo_shop(data: Path) -> None:
    """The demo shop, once; delete the data folder to begin anew."""
    done = data / "demo-shop-made"
    if done.exists() or not SEED_COMMAND.is_file() or os.environ.get("KONTOR_DEMO", "1") == "0":
        return
    say("making the demo shop")
    manage("seed", "--demo", shown=True)
    done.write_text("The demo shop was made. `make clean-data` begins anew.\n")


def main() -> None:
    """All steps."""
    data = data_dir()
    try:
        data.mkdir(parents=True, exist_ok=True)
        messages.compile_stale()
        with ThreadPoolExecutor() as side_by_side:
            steps = [side_by_side.submit(step, data) for step in (static_files, database)]
        for step in steps:
            step.result()
        demo_shop(data)
    except OSError as error:
        refuse(f"{error.strerror or error}: {error.filename or data}")


if __name__ == "__main__":
    main()
