"""docs/security.md names tests that are there, and no requirement of level 1 lacks its row."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from tests.support import needs

ROOT = Path(__file__).resolve().parents[2]
PAPER = ROOT / "docs" / "security.md"
STATES = {"met", "partly", "not met", "operator", "none"}
ROW = re.compile(r"^\| ([\d., ]+) \| ([^|]+) \| ([^|]+) \| ([^|]*) ?\|$", re.MULTILINE)


def rows() -> list[tuple[list[str], str, str, list[str]]]:
    """(ids, state, words, tests) of each row."""
    found = ROW.findall(PAPER.read_text(encoding="utf-8"))
    return [
        (ids.split(", "), state.strip(), words.strip(), [one for one in tests.strip().split(", ") if one])
        for ids, state, words, tests in found
    ]


def test_every_row_has_a_state_words_and_what_shows_it() -> None:
    assert len(rows()) > 80
    for ids, state, words, tests in rows():
        assert state in STATES and words, ids
        assert bool(tests) or state in ("not met", "operator", "none"), f"{ids}: {state} by which test?"


def test_every_named_test_is_there() -> None:
    missing = []
    for ids, _state, _words, tests in rows():
        for named in tests:
            path, _colons, test = named.partition("::")
            file = ROOT / "tests" / path
            if not file.is_file() or f"def {test}" not in file.read_text(encoding="utf-8"):
                missing.append(f"{ids}: {named}")
    assert not missing, "\n".join(missing)


def test_no_requirement_has_two_rows() -> None:
    named = [one for ids, *_rest in rows() for one in ids]
    assert len(named) == len(set(named)), sorted(one for one in named if named.count(one) > 1)


def test_each_requirement_of_level_one_has_a_row_and_none_is_made_up() -> None:
    path = needs.SHARED_DATA / "asvs_5.0.0_requirements.csv"
    if not path.is_file():
        pytest.skip("the list of requirements is not on this machine")
    with path.open(encoding="utf-8") as file:
        levels = {row["id"]: row["level"] for row in csv.DictReader(file)}
    named = {one for ids, *_rest in rows() for one in ids}
    assert not {one for one, level in levels.items() if level == "1"} - named
    assert not named - levels.keys()
