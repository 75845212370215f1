"""What the judge of pages calls a promise that is missed, and what it leaves out."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from scripts.judge import judges, main, walk

GOOD = dict.fromkeys(judges.CATEGORIES, 100)


def judged(**changes: Any) -> dict[str, Any]:
    found = {"is_for_search": True, "is_kept_from_search": False, "scores": GOOD, "weight": 50_000, "led": ""}
    return found | changes


def test_pages_kept_from_search_engines_are_judged_for_seo_like_all_others() -> None:
    kept = judged(is_for_search=False, is_kept_from_search=True, left_out=[judges.CRAWLABLE])
    assert main.problems_of(kept) == []
    low = kept | {"scores": GOOD | {"seo": 92}}
    assert main.problems_of(low) == ["seo: 92, promised are 95"]
    assert "seo 92*" in main.line_of("basket", low), "the table says where an audit was left out"


def test_a_page_asks_robots_to_leave_it_alone_only_where_that_is_the_purpose() -> None:
    assert main.problems_of(judged(is_kept_from_search=True)) == ["robots: kept out"]
    assert main.problems_of(judged(is_for_search=False)) == ["robots: not kept out"]
    assert not any(walk.Seen(name, "", "", "").is_for_search for name in ("basket", "member-account"))


def test_another_page_than_the_one_asked_for_is_no_judgement() -> None:
    (problem,) = main.problems_of(judged(led="http://127.0.0.1/basket/"))
    assert "another page" in problem


@pytest.mark.parametrize("name", ["home", "summary"])
def test_the_one_audit_is_left_out_of_pages_that_are_kept_from_search_and_of_no_other(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def run(command: list[str], **_how: Any) -> subprocess.CompletedProcess[str]:
        asked.extend(command)
        told = {
            "mainDocumentUrl": "http://127.0.0.1/x/",
            "audits": {"network-requests": {"details": {"items": []}}},
            "categories": {key: {"score": 1, "auditRefs": []} for key in judges.CATEGORIES},
        }
        (tmp_path / f"lighthouse-{name}.json").write_text(json.dumps(told))
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(judges, "REPORTS", tmp_path)
    monkeypatch.setattr(judges, "tools", lambda: tmp_path)
    monkeypatch.setattr(judges, "chromium", lambda: "chromium")
    monkeypatch.setattr(judges.subprocess, "run", run)
    found = judges.lighthouse(walk.Seen(name, "http://127.0.0.1/x/", "", ""))
    left_out = [word.partition("=")[2] for word in asked if word.startswith("--skip-audits")]
    assert left_out == found["left_out"] == (["is-crawlable"] if name == "summary" else [])
    assert found["led"] == ""
