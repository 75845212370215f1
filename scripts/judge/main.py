"""Judge the pages shoppers see, at phone size, and print what is promised beside what is."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
REPORTS = ROOT / "var" / "judge"
TOOLS = ROOT / "var" / "judge-tools"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
SCORE_MIN, WEIGHT_MAX = 95, 300_000
PHONE = {"width": 360, "height": 740}
CHROME = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
NOT_FOR_SEARCH = ("basket", "checkout")  #: pages that robots are asked to leave alone
TRACES_MAX = 3  #: now and then the browser loses the trace of a page; then the page is judged once more
JUDGES = ("lighthouse", "axe", "html")


@dataclass
class Seen:
    """One page: where it is, what the browser must bring to see it, and its HTML."""

    name: str
    url: str
    cookie: str
    html: str
    axe: list[str] = field(default_factory=list)


def main() -> int:
    """Judge, print, write var/judge/report.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="", help="a shop that runs; default: one is started")
    parser.add_argument("--only", default=",".join(JUDGES), help=f"some of {', '.join(JUDGES)}")
    parser.add_argument("--strict", action="store_true", help="status 1 when a promise is missed")
    options = parser.parse_args()
    REPORTS.mkdir(parents=True, exist_ok=True)
    wanted = options.only.split(",")
    with _shop(options.url) as url:
        pages = visit(url, axe="axe" in wanted)
        found = {page.name: _judged(page, wanted) for page in pages}
    (REPORTS / "report.json").write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    missed = 0
    for name, judged in found.items():
        problems = problems_of(name, judged)
        missed += len(problems)
        scores = " ".join(f"{key} {value:g}" for key, value in judged.get("scores", {}).items())
        weight = f" {judged['weight'] / 1000:.0f} kB" if "weight" in judged else ""
        print(f"{name:<9} {scores}{weight}{'' if problems else '  kept'}")
        for problem in problems:
            print(f"    {problem}")
    return 1 if options.strict and missed else 0


def problems_of(name: str, judged: dict[str, Any]) -> list[str]:
    """One sentence per promise that this page misses."""
    problems = [
        f"{key}: {value:g}, promised are {SCORE_MIN}"
        for key, value in judged.get("scores", {}).items()
        if value < SCORE_MIN and not (key == "seo" and name in NOT_FOR_SEARCH)
    ]
    if judged.get("weight", 0) > WEIGHT_MAX:
        problems.append(f"weight: {judged['weight']} bytes, promised are {WEIGHT_MAX}")
    return problems + [f"axe: {one}" for one in judged.get("axe", [])] + judged.get("html", [])


def _judged(page: Seen, wanted: list[str]) -> dict[str, Any]:
    judged: dict[str, Any] = {}
    if "lighthouse" in wanted:
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


def chromium() -> str:
    """The browser's program; ends with a sentence where there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome"):
        if found := shutil.which(name):
            return found
    sys.exit("kontor: no Chromium on this machine; on Debian: apt-get install chromium")


def visit(url: str, *, axe: bool) -> list[Seen]:
    """Walk to each page as a shopper on a phone does, and keep what it takes to come back."""
    from playwright.sync_api import sync_playwright

    from tests.support.axe import barriers

    pages: list[Seen] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROME[1:])
        context = browser.new_context(viewport=PHONE, locale="de-DE", reduced_motion="reduce")  # type: ignore[arg-type]
        page = context.new_page()

        def keep(name: str) -> None:
            cookies = "; ".join(f"{one['name']}={one['value']}" for one in context.cookies())  # type: ignore[typeddict-item]
            answer = context.request.get(page.url)
            seen = Seen(name, page.url, cookies, answer.text())
            seen.axe = barriers(page) if axe else []
            page.screenshot(path=REPORTS / f"{name}.png", full_page=True)
            pages.append(seen)

        for name, go in _walk(page, url).items():
            go()
            keep(name)
        browser.close()
    return pages


def _walk(page: Any, url: str) -> dict[str, Callable[[], Any]]:
    def first(selector: str) -> Callable[[], Any]:
        return lambda: page.goto(
            urllib.parse.urljoin(url, page.locator(selector).first.get_attribute("href"))
        )

    def basket() -> None:
        size = page.locator(".product__form input[name=product_id]:not([disabled])").first
        if size.get_attribute("type") == "radio":
            size.check(force=True)
            page.wait_for_load_state("networkidle")
        page.locator(".product__form button[type=submit]").first.click()
        page.wait_for_load_state("networkidle")
        page.goto(f"{url}/basket/")

    return {
        "home": lambda: page.goto(f"{url}/"),
        "list": first(".site-footer nav a[href*='/catalogue/category/']"),
        "product": first("main .products a[href*='/catalogue/']"),
        "basket": basket,
        "checkout": lambda: page.goto(f"{url}/checkout/"),
    }


def tools() -> Path:
    """Where Lighthouse and html-validate are installed, as pinned; they are fetched when the pins have changed."""
    lock = (HERE / "package-lock.json").read_bytes()
    stamp = TOOLS / "installed"
    if not stamp.is_file() or stamp.read_bytes() != lock:
        from scripts.setup import npm

        TOOLS.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(HERE / name, TOOLS / name)
        command = [*npm(), "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        done = subprocess.run(command, cwd=TOOLS, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"kontor: the judges could not be installed: {done.stderr[-500:]}")
        stamp.write_bytes(lock)
    return TOOLS / "node_modules" / ".bin"


def lighthouse(page: Seen) -> dict[str, Any]:
    """Scores from 0 to 100 by category, and the bytes that came over the wire without product pictures."""
    report = REPORTS / f"lighthouse-{page.name}.json"
    command = [
        str(tools() / "lighthouse"), page.url, "--quiet", "--output=json", f"--output-path={report}",
        f"--only-categories={','.join(CATEGORIES)}", f"--chrome-path={chromium()}",
        f"--chrome-flags={' '.join(CHROME)}", "--no-enable-error-reporting",
    ]  # fmt: skip
    if page.cookie:
        command.append(f"--extra-headers={json.dumps({'Cookie': page.cookie})}")
    for _try in range(TRACES_MAX):
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=_quiet_environment())
        if not done.returncode:
            break
    else:
        sys.exit(f"kontor: Lighthouse did not end well: {done.stderr[-800:]}")
    told = json.loads(report.read_text())
    requests = told["audits"]["network-requests"]["details"]["items"]
    return {
        "scores": {key: round(100 * (told["categories"][key]["score"] or 0)) for key in CATEGORIES},
        "weight": sum(one.get("transferSize", 0) for one in requests if "/media/" not in one["url"]),
        "lost": _lost(told),
    }


def _quiet_environment() -> dict[str, str]:
    import os

    return {**os.environ, "CHROME_PATH": chromium()}


def _lost(told: dict[str, Any]) -> list[str]:
    """Audits that cost points, with what Lighthouse says of them."""
    lost = []
    for key in CATEGORIES:
        for part in told["categories"][key]["auditRefs"]:
            audit = told["audits"][part["id"]]
            if part["weight"] and audit["score"] is not None and audit["score"] < 0.9:
                lost.append(f"{key}: {audit['title']} {audit.get('displayValue', '')}".strip())
    return lost


def html_faults(page: Seen) -> list[str]:
    """One sentence per error that html-validate finds in the HTML as it was sent."""
    file = REPORTS / f"{page.name}.html"
    file.write_text(page.html, encoding="utf-8")
    command = [
        str(tools() / "html-validate"),
        "--config",
        str(HERE / "html-validate.json"),
        "--formatter=json",
        str(file),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPORTS)
    try:
        found = json.loads(done.stdout)
    except ValueError:
        sys.exit(f"kontor: html-validate did not end well: {done.stderr[-800:]}")
    return [
        f"html: line {one['line']}: {one['message']} ({one['ruleId']})"
        for result in found
        for one in result["messages"]
        if one["severity"] == 2
    ]
