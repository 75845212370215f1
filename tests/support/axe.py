"""What keeps people out of a page, found by axe-core (WCAG 2.2 A and AA; of the storefront also its best practices)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from . import needs
from .environment import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SHOP_RULES = [*RULES, "best-practice"]  #: the pages of shoppers
PLACES_MAX = 4  #: of one barrier that are named
#: Only what is wrong comes back: all that was found right, with its markup, is megabytes for a long page.
RUN = """async ([rules, most]) => {
    const found = await axe.run({runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']});
    return found.violations.map(one =>
        `${one.id}: ${one.help} at ${one.nodes.slice(0, most).map(node => node.target[0]).join(', ')}`);
}"""


def barriers(page: Page, rules: Sequence[str] = RULES) -> list[str]:
    """One sentence per barrier on the page as it is shown now; ``rules``: axe's tags. Skips when axe-core is not
    installed."""
    if not AXE.is_file():
        needs.missing("axe-core is not installed; `make test` does it by npm")
    # evaluate() is not bound by the page's content policy, a script element would be. Half a megabyte: once a document.
    if not page.evaluate("() => Boolean(window.axe && axe.run)"):
        page.evaluate(_program())
    found: list[str] = page.evaluate(RUN, [list(rules), PLACES_MAX])
    return found


@cache
def _program() -> str:
    return AXE.read_text()
