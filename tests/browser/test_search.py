"""Found in a keystroke: suggestions by keyboard, filters without a reload, and all of it without script as well.

``KONTOR_PICTURES=/folder`` keeps a picture of each page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from catalogue.search import finding
from catalogue.search.actions import rebuild
from shop.pages.actions import write_home, write_page
from tests.browser.judge import Judge
from tests.factories.range import make_category, make_product

if TYPE_CHECKING:
    from playwright.sync_api import Page

OpenWindow = Callable[..., "Page"]


@pytest.fixture
def shop(desk_url: str, settings: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Boots on a shelf, written pages, an index of them, and the address."""
    settings.SEARCH_DIR = tmp_path_factory.mktemp("search")
    write_home(texts={"de": {"title": "Start", "headline": "Moin"}})
    write_page(
        texts={"de": {"slug": "versand", "title": "Versand und Zahlung", "body": "<p>Mit der Post</p>"}}
    )
    shelf = make_category("Stiefel")
    make_product("Regenstiefel Priel", category=shelf, sizes=("41",), colours=("navy",))
    make_product("Regenstiefel Deich", category=shelf, sizes=("41", "42"), colours=("moss",))
    make_product("Stiefel Nord", category=shelf, sizes=("42",), colours=("navy",))
    make_product("Versandtasche", price_minor=1_900)
    finding.forget()
    rebuild()
    connection.close()
    yield desk_url
    finding.forget()


def names(page: Page) -> set[str]:
    return set(page.locator("#results .products h3").all_inner_texts())


def wait_for(page: Page, *titles: str) -> None:
    """Until the list shows exactly these products."""
    page.wait_for_function(
        "(wanted) => JSON.stringify([...document.querySelectorAll('#results .products h3')]"
        ".map((one) => one.innerText.trim()).sort()) === JSON.stringify(wanted)",
        arg=sorted(titles),
    )


def test_a_shopper_finds_by_keyboard_on_a_phone(shop: str, open_window: OpenWindow) -> None:
    page = open_window(width=360, height=740)
    judge = Judge(page, "de")
    page.goto(f"{shop}/catalogue/")
    field = page.locator("#site-q")
    options = page.locator("#site-suggestions [role=option]")

    # a category, products and a written page, under their titles
    field.focus()
    page.keyboard.type("vers", delay=20)
    options.filter(has_text="Versand und Zahlung").wait_for()
    assert options.filter(has_text="Versandtasche").count() == 1
    field.fill("stief")
    options.filter(has_text=re.compile("^ *Stiefel *$")).wait_for()
    assert options.count() == 4
    assert page.locator("#site-suggestions .suggest__title").all_inner_texts() == ["Kategorien", "Artikel"]
    assert field.get_attribute("aria-expanded") == "true"
    judge.see("suggestions")

    # down to the first, up over the beginning to the last, away with it by Escape; what was typed stays
    field.focus()
    page.keyboard.press("ArrowDown")
    assert options.nth(0).get_attribute("aria-selected") == "true"
    assert field.get_attribute("aria-activedescendant") == options.nth(0).get_attribute("id")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert options.nth(3).get_attribute("aria-selected") == "true"
    page.keyboard.press("Escape")
    assert (field.get_attribute("aria-expanded"), field.input_value()) == ("false", "stief")
    page.keyboard.press("ArrowDown")  # opens again
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/category/stiefel_"))

    # Enter without a choice looks for the words; what is not found leads on
    page.locator("#site-q").fill("hausboot")
    page.locator("#site-q").press("Enter")
    page.wait_for_url(re.compile(r"/search/\?q=hausboot"))
    assert page.locator(".leads .products li").count() >= 1
    assert page.locator(".leads .chip", has_text="Stiefel").count() == 1
    judge.see("nothing-found")
    assert judge.found == []


def test_filters_change_the_list_without_a_reload_and_the_back_button_takes_them_off(
    shop: str, open_window: OpenWindow
) -> None:
    page = open_window()
    judge = Judge(page, "de")
    page.goto(f"{shop}/catalogue/search/?q=stiefel")
    wait_for(page, "Regenstiefel Priel", "Regenstiefel Deich", "Stiefel Nord")
    page.evaluate("window.stayed = true")
    page.locator("input[name=size][value='41']").check(force=True)
    wait_for(page, "Regenstiefel Priel", "Regenstiefel Deich")
    page.locator("input[name=size][value='42']").check(force=True)
    wait_for(page, "Regenstiefel Priel", "Regenstiefel Deich", "Stiefel Nord")
    page.locator("input[name=colour][value='navy']").check()
    wait_for(page, "Regenstiefel Priel", "Stiefel Nord")
    assert page.evaluate("window.stayed"), "the page was loaded anew"
    asked = page.url.partition("?")[2].split("&")
    assert {"q=stiefel", "size=41", "size=42", "colour=navy"} <= set(asked)
    judge.see("filtered")
    assert judge.found == []
    page.set_viewport_size({"width": 1280, "height": 900})
    page.go_back()
    wait_for(page, "Regenstiefel Priel", "Regenstiefel Deich", "Stiefel Nord")
    page.go_back()
    wait_for(page, "Regenstiefel Priel", "Regenstiefel Deich")
    assert "size=41" in page.url and "size=42" not in page.url
    assert page.locator("input[name=size][value='41']").is_checked()
    assert not page.locator("input[name=size][value='42']").is_checked()

    # the same by hand, without script: a form, a button, an address
    plain = open_window(java_script_enabled=False)
    plain.goto(f"{shop}/catalogue/")
    plain.locator("#site-q").fill("stifel")
    plain.locator("#site-q").press("Enter")
    assert "„stiefel“" in plain.locator("[role=status]").first.inner_text()
    plain.goto(f"{shop}/catalogue/search/?q=stiefel")
    plain.locator("input[name=size][value='41']").check(force=True)
    plain.locator("input[name=colour][value='moss']").check()
    plain.get_by_role("button", name="Filter anwenden").click()
    assert names(plain) == {"Regenstiefel Deich"}
    assert "size=41" in plain.url and "colour=moss" in plain.url


def test_a_filter_says_that_others_are_missing_while_the_search_rests_and_the_next_that_they_are_back(
    shop: str, open_window: OpenWindow, settings: Any
) -> None:
    page = open_window()
    judge = Judge(page, "de")
    page.goto(f"{shop}/catalogue/")
    page.evaluate("window.stayed = true")
    notice = page.locator("#results .notice[role=status]")
    assert notice.count() == 0
    there = settings.SEARCH_DIR
    settings.SEARCH_DIR = there / "none"
    page.locator("input[name=size][value='41']").check(force=True)
    wait_for(page, "Regenstiefel Priel", "Regenstiefel Deich", "Versandtasche")
    assert notice.inner_text().strip() == (
        "Unsere Suche macht gerade Pause. Im Moment lässt sich die Liste nicht weiter eingrenzen nach: Kategorie."
    )
    assert page.locator("#facets input[name=category]").count() == 0
    judge.see("the-search-rests")
    page.set_viewport_size({"width": 1280, "height": 900})
    settings.SEARCH_DIR = there
    page.locator("input[name=colour][value='moss']").check()
    wait_for(page, "Regenstiefel Deich")
    assert notice.count() == 0 and page.locator("#facets input[name=category]").count() == 1
    assert page.evaluate("window.stayed"), "the page was loaded anew"
    assert judge.found == []
