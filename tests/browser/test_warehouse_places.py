"""Goods in and goods moved, in a real browser: a hand scanner is a keyboard, and nobody clicks. Every page is looked
at, on a phone and at a desk."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.people import look, sign_in
from tests.support.kontor import Kontor

if TYPE_CHECKING:
    from playwright.sync_api import Page

WAREHOUSE, MANAGER = "lager@kiekschuh.example", "leitung@kiekschuh.example"
ROOM = "/dashboard/warehouse"


def scan(page: Page, *codes: str) -> None:
    """Type as a hand scanner does: fast, wherever the focus is, with Enter at the end; the page answers."""
    for code in codes:
        with page.expect_navigation():
            page.keyboard.type(code)
            page.keyboard.press("Enter")


def in_bin(kontor: Kontor, sku: str, code: str) -> int:
    rows = kontor.rows(
        "SELECT held.quantity FROM stock_binstock AS held JOIN stock_bin AS bin ON bin.id = held.bin_id"
        " JOIN partner_stockrecord AS record ON record.id = held.stockrecord_id"
        " WHERE record.partner_sku = ? AND bin.code = ?",
        sku,
        code,
    )
    return int(rows[0][0]) if rows else 0


def id_of(kontor: Kontor, table: str, column: str, value: str) -> int:
    return int(kontor.rows(f"SELECT id FROM {table} WHERE {column} = ?", value)[0][0])


@pytest.mark.window(width=360, height=740)
def test_goods_are_received_and_moved_with_a_scanner_and_without_a_click(
    live_kontor: Kontor, browser_page: Page
) -> None:
    page = browser_page
    (sku,) = live_kontor.rows(
        "SELECT partner_sku FROM partner_stockrecord WHERE partner_sku LIKE 'K2001-%' LIMIT 1"
    )[0]
    before = in_bin(live_kontor, sku, "WE-01")
    sign_in(page, live_kontor.url, WAREHOUSE, f"{ROOM}/receive/")
    look(page, "receive-empty", axe=True)
    scan(page, "WE-01", sku)
    assert page.locator("[data-scan-result=good]").count() == 1
    scan(page, sku, sku)
    assert in_bin(live_kontor, sku, "WE-01") == before + 3
    look(page, "receive-booked", axe=True)
    scan(page, "NOBODY-KNOWS-THIS")
    assert page.locator("[data-scan-result=bad]").count() == 1
    look(page, "receive-unknown", axe=True)
    page.goto(f"{live_kontor.url}{ROOM}/receive/?bin=WE-01")
    scan(page, "K2005-FAR")
    look(page, "receive-lot", axe=True)
    scan(page, "L-NEU")
    look(page, "receive-date", axe=True)
    page.goto(f"{live_kontor.url}{ROOM}/move/")
    scan(page, "WE-01", sku, sku, "R-01")
    assert in_bin(live_kontor, sku, "R-01") >= 2
    look(page, "move-done", axe=True)
    scan(page, sku, "SPERR-01")
    look(page, "move-reason", axe=True)
    scan(page, "Naht offen")
    assert in_bin(live_kontor, sku, "SPERR-01") >= 1


@pytest.mark.parametrize("width", [360, 1280])
def test_the_pages_of_places_articles_and_labels_are_looked_at(
    live_kontor: Kontor, open_window: Callable[..., Page], width: int
) -> None:
    page = open_window(width=width)
    sign_in(page, live_kontor.url, MANAGER, f"{ROOM}/sites/")
    sku = id_of(live_kontor, "partner_stockrecord", "partner_sku", "K2001-FAR")
    balm = id_of(live_kontor, "partner_stockrecord", "partner_sku", "K2005-FAR")
    store = id_of(live_kontor, "stock_site", "code", "laden")
    shelf = id_of(live_kontor, "stock_bin", "code", "LADEN-01")
    pages = {
        "sites": "sites/", "site": f"sites/{store}/", "site-edit": f"sites/{store}/edit/", "zones": "zones/",
        "bins": "bins/", "bin": f"bins/{shelf}/", "bin-edit": f"bins/{shelf}/edit/",
        "bin-label": f"bins/{shelf}/label/",
        "bins-many": "bins/many/", "labels": "bins/labels/?preview=1", "stock": "stock/", "sku": f"stock/{sku}/",
        "sku-lots": f"stock/{balm}/", "codes": f"stock/{sku}/codes/", "article-labels": f"stock/{sku}/labels/",
    }  # fmt: skip
    for name, address in pages.items():
        answer = page.goto(f"{live_kontor.url}{ROOM}/{address}")
        assert answer is not None and answer.status == 200, name
        look(page, f"places-{name}", axe=True)
    page.goto(f"{live_kontor.url}{ROOM}/bins/many/")
    page.locator("input[name=first]").fill("M-01-1")
    page.locator("input[name=last]").fill("M-12-4")
    page.locator("button[name=preview]").click()
    page.locator("button[name=make]").wait_for()
    look(page, "places-bins-many-preview", axe=True)
