"""The front door, in a real browser: it opens without complaint, fits a phone, and keeps nobody out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.axe import barriers
from tests.support.kontor import Kontor

if TYPE_CHECKING:
    from playwright.sync_api import Page

PAGES = ["/", "/en/", "/accounts/login/", "/basket/"]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_opens_and_keeps_nobody_out(live_kontor: Kontor, browser_page: Page, path: str) -> None:
    answer = browser_page.goto(live_kontor.url + path)
    assert answer is not None
    assert answer.status == 200
    assert browser_page.locator("h1").count() == 1
    assert barriers(browser_page) == []


@pytest.mark.window(width=360, height=740)
@pytest.mark.parametrize("path", PAGES)
def test_a_page_fits_a_phone(live_kontor: Kontor, browser_page: Page, path: str) -> None:
    browser_page.goto(live_kontor.url + path)
    overhang = browser_page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert overhang <= 0, f"the page is {overhang} px wider than the phone"


def test_styles_come_compressed_and_may_be_kept_for_ever(live_kontor: Kontor, browser_page: Page) -> None:
    answers = []
    browser_page.on("response", lambda response: answers.append(response))
    browser_page.goto(live_kontor.url + "/")
    styles = [answer for answer in answers if answer.url.endswith(".css")]
    assert styles
    for style in styles:
        assert style.headers["content-encoding"] in ("br", "gzip")
        assert "immutable" in style.headers["cache-control"]


def test_the_pages_language_is_said_and_kept(live_kontor: Kontor, browser_page: Page) -> None:
    for path, language in (("/", "de"), ("/en/", "en")):
        browser_page.goto(live_kontor.url + path)
        assert browser_page.locator("html").get_attribute("lang") == language
