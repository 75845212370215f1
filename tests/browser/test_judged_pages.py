"""Every page from home to the thanks, on a phone: what ``python -m scripts.judge`` promises, as far as it is cheap."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import html5lib
import pytest
from html5lib.constants import E as WORDS

from scripts.judge.main import problems_of
from scripts.judge.walk import PAGES, WEIGHT, Seen, visit
from tests.support.axe import SHOP_RULES, barriers
from tests.support.kontor import Kontor

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


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


@pytest.mark.browser
def test_best_practices_are_asked_of_shoppers_pages_and_not_of_others(browser_page: Page) -> None:
    browser_page.set_content(
        "<!doctype html><html lang=de><title>Kontor</title><main><h1>Schuhe</h1><h4>Stiefel</h4></main></html>"
    )
    assert barriers(browser_page) == []
    [found] = barriers(browser_page, SHOP_RULES)
    assert found.startswith("heading-order")


class Pictures(BaseHTTPRequestHandler):
    """A page with two pictures of 40,000 bytes each: of a product, and of something else."""

    def do_GET(self) -> None:
        """The page or a picture."""
        page = b"<!doctype html><img src=/media/images/products/a.svg><img src=/media/categories/b.svg>"
        drawn = b"<svg xmlns='http://www.w3.org/2000/svg'/>" + b" " * 40_000
        body = page if self.path == "/" else drawn if self.path.startswith("/media/") else b""
        self.send_response(200)
        self.send_header("Content-Type", "text/html" if self.path == "/" else "image/svg+xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Silence."""


@pytest.mark.browser
def test_all_pictures_are_weighed_but_those_of_products(browser_page: Page) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Pictures) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser_page.goto(f"http://127.0.0.1:{server.server_port}/", wait_until="networkidle")
        weight = browser_page.evaluate(WEIGHT)
        server.shutdown()
    assert 40_000 < weight < 80_000
