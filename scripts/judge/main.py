"""Judge the pages shoppers see, at phone size, and print what is promised beside what is."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .judges import CRAWLABLE, html_faults, lighthouse
from .walk import PAGES, REPORTS, Seen, own_browser, visit

SCORE_MIN, WEIGHT_MAX = 95, 300_000
JUDGES = ("lighthouse", "axe", "html")
LEFT_OUT = f"* without {CRAWLABLE}: these pages ask search engines to leave them alone, on purpose"


def main() -> int:
    """Judge, print, write var/judge/report.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="", help="a shop that runs; default: one is started")
    parser.add_argument("--only", default=",".join(JUDGES), help=f"some of {', '.join(JUDGES)}")
    parser.add_argument(
        "--pages", default="", help=f"some of {', '.join(PAGES)}; default: those and the account's"
    )
    parser.add_argument("--strict", action="store_true", help="status 1 when a promise is missed")
    options = parser.parse_args()
    REPORTS.mkdir(parents=True, exist_ok=True)
    wanted, names = options.only.split(","), options.pages.split(",") if options.pages else []
    with _shop(options.url) as url:
        with own_browser() as browser:
            pages = visit(browser, url, axe="axe" in wanted, pictures=REPORTS)
        found = {page.name: _judged(page, wanted) for page in pages if not names or page.name in names}
    (REPORTS / "report.json").write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    missed = 0
    for name, judged in found.items():
        problems = problems_of(judged)
        missed += len(problems)
        print(line_of(name, judged) + ("" if problems else "  kept"))
        for problem in problems:
            print(f"    {problem}")
    if "lighthouse" in wanted:
        print(LEFT_OUT)
    return 1 if options.strict and missed else 0


def line_of(name: str, judged: dict[str, Any]) -> str:
    """What was found on one page; a star beside the figure of SEO where an audit was left out."""
    star = "*" if judged.get("left_out") else ""
    scores = " ".join(
        f"{key} {value:g}{star if key == 'seo' else ''}" for key, value in judged.get("scores", {}).items()
    )
    weight = f" {judged['weight'] / 1000:.0f} kB"
    return f"{name:<32} {scores}{weight}"


def problems_of(judged: dict[str, Any]) -> list[str]:
    """One sentence per promise that this page misses."""
    problems = [
        f"{key}: {value:g}, promised are {SCORE_MIN}"
        for key, value in judged.get("scores", {}).items()
        if value < SCORE_MIN
    ]
    if judged.get("led"):
        problems.append(f"lighthouse: it was another page that was judged, {judged['led']}")
    if judged["is_kept_from_search"] == judged["is_for_search"]:
        problems.append("robots: " + ("kept out" if judged["is_kept_from_search"] else "not kept out"))
    if judged.get("weight", 0) > WEIGHT_MAX:
        problems.append(f"weight: {judged['weight']} bytes, promised are {WEIGHT_MAX}")
    return problems + [f"axe: {one}" for one in judged.get("axe", [])] + judged.get("html", [])


def _judged(page: Seen, wanted: list[str]) -> dict[str, Any]:
    judged: dict[str, Any] = {
        "is_for_search": page.is_for_search,
        "is_kept_from_search": page.is_kept_from_search,
        "weight": page.weight,
    }
    if "lighthouse" in wanted and not page.is_of_member:
        judged |= lighthouse(page)
    if "axe" in wanted:
        judged["axe"] = page.axe
    if "html" in wanted:
        judged["html"] = html_faults(page)
    return judged


@contextmanager
def _shop(url: str) -> Iterator[str]:
    if url:
        yield url.rstrip("/")
        return
    from tests.support.kontor import Kontor

    with tempfile.TemporaryDirectory(prefix="kontor-judge-") as folder, Kontor(Path(folder)) as kontor:
        yield kontor.url
