"""docs/security.md names tests that are there, and no requirement of level 1 or 2 lacks its row."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
import yaml

from shop.settings.env import SECRETS
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


def test_each_requirement_of_levels_one_and_two_has_a_row_and_none_is_made_up() -> None:
    path = needs.SHARED_DATA / "asvs_5.0.0_requirements.csv"
    if not path.is_file():
        pytest.skip("the list of requirements is not on this machine")
    with path.open(encoding="utf-8") as file:
        levels = {row["id"]: row["level"] for row in csv.DictReader(file)}
    named = {one for ids, *_rest in rows() for one in ids}
    assert not {one for one, level in levels.items() if level in ("1", "2")} - named
    assert not named - levels.keys()


def test_what_is_met_names_a_test_and_not_a_whole_file() -> None:
    loose = [
        f"{ids}: {named}"
        for ids, state, _words, tests in rows()
        if state == "met"
        for named in tests
        if "::" not in named
    ]
    assert not loose, "\n".join(loose)


def test_the_sections_that_rows_point_to_are_there() -> None:
    paper = PAPER.read_text(encoding="utf-8")
    pointed = set(re.findall(r"section ([A-Z][a-z]+(?: [a-z]+)?)\b", paper.partition("## Requirements")[2]))
    assert len(pointed) >= 6
    sections = dict(re.findall(r"^## (.+)\n((?:(?!## ).*\n)+)", paper, re.MULTILINE))
    assert not [one for one in pointed if len(sections.get(one, "")) < 300]
    for part in re.findall(r'section Rules, "([^"]+)"', paper):
        assert f"- **{part[0].upper()}{part[1:]}**" in sections["Rules"], part


def test_every_secret_of_the_shop_stands_among_the_keys() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    keys = PAPER.read_text(encoding="utf-8").partition("## Keys")[2].partition("\n## ")[0]
    assert len(compose["secrets"]) > 10
    assert not [name for name in compose["secrets"] if f"`{name}`" not in keys]
    # Those of the settings stand under the file's name where the compose file has one for them, else under their own.
    files = {"S3_SECRET_KEY": "minio_password"}
    named = {name: {name, files.get(name, name.lower())} for name in SECRETS}
    assert not [name for name, words in named.items() if not any(f"`{word}`" in keys for word in words)]
