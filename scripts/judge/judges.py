"""The judges: Lighthouse and html-validate, as pinned here, each asked about one page."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from .walk import CHROME, REPORTS, ROOT, Seen, chromium

HERE = Path(__file__).parent
TOOLS = ROOT / "var" / "judge-tools"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
#: A page that asks robots to leave it alone fails this audit. It alone is left out, where that is the purpose.
CRAWLABLE = "is-crawlable"
TRACES_MAX = 3  #: now and then the browser loses the trace of a page; then the page is judged once more


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
    """Scores from 0 to 100 by category, and the bytes that came over the wire without product pictures. ``led``: where
    the browser ended up instead of the page, if it did."""
    report = REPORTS / f"lighthouse-{page.name}.json"
    command = [
        str(tools() / "lighthouse"), page.url, "--quiet", "--output=json", f"--output-path={report}",
        f"--only-categories={','.join(CATEGORIES)}", f"--chrome-path={chromium()}",
        f"--chrome-flags={' '.join(CHROME)}", "--no-enable-error-reporting",
    ]  # fmt: skip
    if not page.is_for_search:
        command.append(f"--skip-audits={CRAWLABLE}")
    if page.cookie:
        command.append(f"--extra-headers={json.dumps({'Cookie': page.cookie})}")
    for _try in range(TRACES_MAX):
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=_environment())
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
        "led": "" if told["mainDocumentUrl"] == page.url else told["mainDocumentUrl"],
        "left_out": [] if page.is_for_search else [CRAWLABLE],
    }


def _environment() -> dict[str, str]:
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
