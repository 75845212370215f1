"""Fingerprinted static files: a script names the fingerprinted script that it imports."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import override_settings

from shop.settings import STORAGES
from tests.support.environment import ROOT

FINGERPRINT = re.compile(r"\.[0-9a-f]{12}\.js$")
IMPORT = re.compile(r"""(?:from|import)\s*\(?\s*["'](\.[^"']+)["']""")


@pytest.fixture
def collected(tmp_path: Path) -> Path:
    """Our static files as they are served."""
    ours = {"STATICFILES_FINDERS": ["django.contrib.staticfiles.finders.FileSystemFinder"]}
    with override_settings(
        STATIC_ROOT=tmp_path, STORAGES=STORAGES, STATICFILES_DIRS=[ROOT / "static"], **ours
    ):
        call_command("collectstatic", "--noinput", "--verbosity=0", "--ignore=vendor")
    return tmp_path


def test_imports_name_fingerprinted_files_that_exist(collected: Path) -> None:
    scripts = [path for path in (collected / "js").rglob("*.js") if FINGERPRINT.search(path.name)]
    imports = [(path, name) for path in scripts for name in IMPORT.findall(path.read_text())]
    assert imports, "no script imports another one"
    for path, name in imports:
        assert FINGERPRINT.search(name), f"{path.name} imports {name} without a fingerprint"
        assert (path.parent / name).is_file(), f"{path.name} imports {name}, which is not there"
