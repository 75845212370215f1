"""What a machine may lack. On a laptop the test skips with a reason; in CI (CI=true) it fails."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from .environment import ROOT

#: Real data of the law and of banks that some tests compare with; never copied into the project.
SHARED_DATA = Path(os.environ.get("KONTOR_SHARED_DATA", "") or ROOT.parent / "shared" / "data")
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
CHROMIUM_PATHS = ("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",)


def in_ci() -> bool:
    """Whether this run must not skip anything."""
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")


def missing(reason: str) -> NoReturn:
    """Skip with ``reason``; in CI fail with it."""
    if in_ci():
        pytest.fail(f"{reason} (in CI nothing may be skipped for this)", pytrace=False)
    pytest.skip(reason)


def chromium() -> Path:
    """The browser's executable, or a skip."""
    for name in (os.environ.get("KONTOR_CHROMIUM", ""), *CHROMIUM_NAMES, *CHROMIUM_PATHS):
        found = shutil.which(name) if name else None
        if found:
            return Path(found)
    missing("no Chromium on this machine; on Debian: apt-get install chromium")


def program(name: str, package: str) -> Path:
    """The path of a system program, or a skip that names the Debian package."""
    found = shutil.which(name)
    if found is None:
        missing(f"{name} is not installed; on Debian: apt-get install {package}")
    return Path(found)


def shared_data(relative: str) -> Path:
    """A file or folder of the real data, or a skip. Never fails in CI: the data is not part of the project."""
    path = SHARED_DATA / relative
    if not path.exists():
        pytest.skip(f"real data {relative} is not on this machine (KONTOR_SHARED_DATA)")
    return path


def of_the_tests(name: str, library: str) -> Path:
    """A program that a library of requirements/test.txt brings, or a skip. One on PATH comes first."""
    found = shutil.which(name) or shutil.which(name, path=Path(sys.executable).parent)
    if found is None:
        missing(
            f"{name} is not installed; it comes with {library} of requirements/test.txt (make test-setup)"
        )
    return Path(found)
