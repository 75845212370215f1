"""Counting with a phone in one hand and a scanner in the other: no click, no figure of the books."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.people import look, press, scan, sign_in
from tests.support.kontor import Kontor

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.live]

OpenWindow = Callable[..., "Page"]
PICKER, MANAGER = "lager@kiekschuh.example", "leitung@kiekschuh.example"
ROOM = "/dashboard/warehouse"


def a_bin_of_one_article(kontor: Kontor, least: int) -> tuple[str, str, int]:
    """Bin, SKU and pieces where few pieces of one article lie alone and nobody wants them."""
    [row] = kontor.rows(
        "SELECT bin.code, record.partner_sku, content.quantity FROM stock_binstock AS content"
        " JOIN stock_bin AS bin ON bin.id = content.bin_id"
        " JOIN partner_stockrecord AS record ON record.id = content.stockrecord_id"
        " WHERE content.quantity >= ? AND bin.kind = 'pick' AND record.num_allocated = 0"
        " AND NOT EXISTS (SELECT 1 FROM counting_counttask AS task WHERE task.bin_id = bin.id)"
        " AND (SELECT COUNT(*) FROM stock_binstock AS other WHERE other.bin_id = bin.id AND other.quantity > 0) = 1"
        " ORDER BY content.quantity, bin.code LIMIT 1",
        least,
    )
    return row  # type: ignore[return-value]


def ask(page: Page, kontor: Kontor, code: str) -> str:
    """Ask for a count as a person at the keyboard; gives the address of the count."""
    page.goto(f"{kontor.url}{ROOM}/counts/new/")
    page.keyboard.type(code)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    return page.url


def test_a_shelf_is_counted_with_the_scanner_alone(live_kontor: Kontor, open_window: OpenWindow) -> None:
    code, sku, pieces = a_bin_of_one_article(live_kontor, 2)
    page = open_window(width=360, height=740)
    sign_in(page, live_kontor.url, PICKER, f"{ROOM}/counts/")
    look(page, "60-counts", axe=True)
    address = ask(page, live_kontor, code)
    look(page, "61-count", axe=True)
    page.goto(address + "count/")
    look(page, "62-count-begin", axe=True)
    assert scan(page, "FALSCH-1")["kind"] == "bad"
    assert scan(page, code)["kind"] == "good"
    assert scan(page, "KENN-ICH-NICHT")["kind"] == "bad"
    look(page, "63-count-wrong", axe=True)
    for n in range(1, pieces + 1):
        answer = scan(page, sku)
        assert (answer["kind"], f"{n} Stück" in answer["text"]) == ("good", True), answer
    look(page, "64-count-scanned", axe=True)
    scan(page, code)
    assert page.url.endswith(f"{ROOM}/counts/")
    assert "fertig und gebucht" in page.locator("body").inner_text()


def test_a_dear_difference_waits_for_the_manager(live_kontor: Kontor, open_window: OpenWindow) -> None:
    code, sku, pieces = a_bin_of_one_article(live_kontor, 6)
    page = open_window(width=360, height=740)
    sign_in(page, live_kontor.url, PICKER, f"{ROOM}/counts/")
    address = ask(page, live_kontor, code)
    for alone in (False, True):
        page.goto(address + "count/")
        if alone:
            look(page, "65-count-again", axe=True)
            press(page, "Niemand sonst ist da")
        else:
            scan(page, code)
        assert str(pieces) not in page.locator("main").inner_text()
        scan(page, sku)
        scan(page, code)
    page.goto(address)
    look(page, "66-count-waits", axe=True)
    for width in (360, 1280):
        office = open_window(width=width)
        sign_in(office, live_kontor.url, MANAGER, f"{ROOM}/counts/")
        look(office, "67-counts-manager", axe=True)
        office.goto(f"{live_kontor.url}{ROOM}/counts/rules/")
        look(office, "68-count-rules", axe=True)
        office.goto(address)
        look(office, "69-count-approve", axe=True)
    press(office, "Freigeben und buchen")
    look(office, "70-count-booked", axe=True)
    [(left,)] = live_kontor.rows(
        "SELECT content.quantity FROM stock_binstock AS content JOIN stock_bin AS bin ON bin.id = content.bin_id"
        " WHERE bin.code = ? AND content.quantity > 0",
        code,
    )
    assert left == 1
