"""Every page from home to the thanks, on a phone: what ``python -m scripts.judge`` promises, as far as it is cheap."""

from __future__ import annotations

from typing import TYPE_CHECKING

import html5lib
import pytest
from html5lib.constants import E as WORDS

from scripts.judge.main import problems_of
from scripts.judge.walk import PAGES, Seen, visit
from tests.support.kontor import Kontor

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def faults(page: Seen) -> list[str]:
    """Where the HTML of a page cannot be read as it was meant."""
    parser = html5lib.HTMLParser()
    parser.parse(page.html)
    return [f"html: line {line}: {WORDS[code] % names}" for (line, _at), code, names in parser.errors]


@pytest.mark.browser
@pytest.mark.live
def test_every_page_of_an_order_is_light_and_valid_and_keeps_nobody_out(
    live_kontor: Kontor, browser: Browser
) -> None:
    seen = visit(browser, live_kontor.url, axe=True)
    assert tuple(page.name for page in seen if not page.is_of_member) == PAGES
    assert sum(page.is_of_member for page in seen) > 12
    assert {"member-order", "member-order-again", "member-address"} <= {page.name for page in seen}
    found = []
    for page in seen:
        assert page.weight > 10_000, "scripts and styles are weighed as well"
        judged = {
            "is_for_search": page.is_for_search,
            "is_kept_from_search": page.is_kept_from_search,
            "weight": page.weight,
            "axe": page.axe,
            "html": faults(page),
        }
        found += [f"{page.name}: {problem}" for problem in problems_of(judged)]
    assert not found, "\n".join(found)


def test_html_that_is_not_valid_is_seen() -> None:
    page = Seen("home", "", "", "<!doctype html><title>x</title><p><div></p></div>")
    assert faults(page)
