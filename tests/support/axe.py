"""What keeps people out of a page, found by axe-core (WCAG 2.2 A and AA)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import needs
from .environment import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def barriers(page: Page) -> list[str]:
    """One sentence per barrier on the page as it is shown now; skips when axe-core is not installed."""
    if not AXE.is_file():
        needs.missing("axe-core is not installed; `make test` does it by npm")
    # evaluate() is not bound by the page's content policy, a script element would be.
    page.evaluate(AXE.read_text())
    found = page.evaluate("rules => axe.run({runOnly: {type: 'tag', values: rules}})", RULES)
    return [f"{one['id']}: {one['help']} at {_places(one['nodes'])}" for one in found["violations"]]


def _places(nodes: list[dict[str, Any]]) -> str:
    return ", ".join(str(node["target"][0]) for node in nodes[:4])
