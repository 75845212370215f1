"""`make chaos`: its parts are there, take their figures, and the report says what held."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from scripts import chaos
from tests.support.environment import ROOT

FAULTS = ROOT / "tests" / "faults"


@pytest.mark.parametrize("part", chaos.PARTS, ids=lambda part: part.name)
def test_every_part_names_tests_that_exist_and_figures_that_they_read(part: chaos.Part) -> None:
    path = FAULTS / part.tests
    assert path.exists()
    if part.figures:
        assert set(part.figures) <= set(re.findall(r'"(CHAOS_\w+)"', path.read_text()))


def test_every_live_test_of_faults_has_its_part() -> None:
    live = {path.name for path in FAULTS.glob("test_*.py") if "pytest.mark.live" in path.read_text()}
    named = {part.tests for part in chaos.PARTS}
    assert live - named <= {"test_stopping.py"}, "a graceful stop is no chaos"


def test_the_report_says_what_held_and_ends_badly_when_something_did_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = [replace(part) for part in chaos.PARTS[:2]]

    def run(part: chaos.Part, seed: str, short: bool, words: list[str]) -> None:
        part.held, part.said = part is parts[0], "17 orders\nFAILED tests/faults/test_x.py\n" + "." * 30
        assert (seed, short) == ("17", True)

    monkeypatch.setattr(chaos, "PARTS", parts)
    monkeypatch.setattr(chaos, "REPORT", ROOT / "var" / "chaos-test" / "report.md")
    monkeypatch.setattr(chaos.Part, "run", run)
    monkeypatch.setenv("CHAOS_SEED", "17")
    monkeypatch.setattr("sys.argv", ["chaos", "--short"])
    assert chaos.main() == 1
    text = chaos.REPORT.read_text()
    assert "Seed 17, short" in text
    assert f"| {parts[0].name} |" in text and "| yes |" in text and "| **no** |" in text
    assert "17 orders" in text
    assert "CHAOS_SEED=17" in capsys.readouterr().out
    chaos.REPORT.unlink()
    chaos.REPORT.parent.rmdir()


def test_what_this_machine_lacks_was_not_tried() -> None:
    skipped = (
        "s\nSKIPPED [1] tests/faults/test_kills.py:60: mounting a small disk takes root\n1 skipped in 2.0s"
    )
    part = replace(chaos.PARTS[0], held=True, said=skipped)
    assert part.verdict == "not tried" and "mounting" in "\n".join(part.lines)
    assert replace(part, said="3 passed, 1 skipped in 2.0s").verdict == "yes"
    assert replace(part, held=False).verdict == "**no**"
