"""What browsers get of the npm packages: every file named is brought by a package of the lock file, and copied once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts import vendor
from tests.support.environment import ROOT


def test_every_file_belongs_to_a_pinned_package() -> None:
    wanted = json.loads((ROOT / "package.json").read_text())["dependencies"]
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    for source in vendor.FILES.values():
        package = source.split("/")[0]
        assert wanted[package] == locked[f"node_modules/{package}"]["version"]


def test_the_reader_and_its_program_are_of_one_release() -> None:
    """The script refuses a program of another release, and two copies would be installed."""
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    needed = locked["node_modules/barcode-detector"]["dependencies"]["zxing-wasm"]
    assert locked["node_modules/zxing-wasm"]["version"] == needed


def test_the_lock_file_names_no_host() -> None:
    assert "resolved" not in (ROOT / "package-lock.json").read_text()


def test_files_are_copied_and_missing_ones_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vendor, "PACKAGES", tmp_path / "node_modules")
    monkeypatch.setattr(vendor, "VENDOR", tmp_path / "vendor")
    there = tmp_path / "node_modules" / "barcode-detector" / "dist" / "iife" / "ponyfill.js"
    there.parent.mkdir(parents=True)
    there.write_text("reader")
    assert "zxing-wasm/dist/reader/zxing_reader.wasm" in vendor.copy()
    copied = tmp_path / "vendor" / "barcode-detector" / "ponyfill.js"
    assert copied.read_text() == "reader"
    copied.write_text("old")
    vendor.copy()
    assert copied.read_text() == "reader"
