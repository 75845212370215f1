"""What lies in the repository: files alone, none that a machine makes for itself."""

from __future__ import annotations

import subprocess

import pytest

from tests.support.environment import ROOT

LINK = "120000"  #: git's mode of a symbolic link
MADE = (".venv", "node_modules", "var", "staticfiles")  #: at the top; `make` makes them


def test_no_link_and_nothing_that_make_makes_is_kept_in_the_repository() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("these files are no checkout of git")
    asked = subprocess.run(
        ["git", "ls-files", "--stage"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if asked.returncode:
        pytest.skip(f"git does not answer here: {asked.stderr.strip()}")
    rows = [line.split("\t", 1) for line in asked.stdout.splitlines()]
    assert rows
    found = [name for about, name in rows if about.startswith(LINK) or name.split("/")[0] in MADE]
    assert not found, (
        f"{found}\nRemedy: git rm --cached, and name it in .gitignore without a slash at its end"
    )
