"""The returns dock on a phone with a hand scanner: no click, no touch, from the parcel to the last word."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from fulfilment.warehouse.receiving.models import Return
from fulfilment.warehouse.stock.queries import stock_differences
from tests.browser.people import enter, look, tab_to
from tests.factories.people import make_staff
from tests.factories.returns import dock_bins, sent_order
from tests.factories.stock import make_stockrecord

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("fresh_database")]

OpenWindow = Callable[..., "Page"]
PERMISSIONS = ("receiving.view_returns", "receiving.receive_returns", "receiving.settle_returns")


def signed_in(page: Page, url: str, person: Any) -> None:
    """The person's session, as after the sign-in page."""
    client = Client()
    client.force_login(person)
    page.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": url}])


def scan(page: Page, code: str) -> str:
    """A hand scanner: types within milliseconds, ends with Enter; gives the screen's answer (good, bad, or none)."""
    with page.expect_navigation():
        page.keyboard.type(code)
        page.keyboard.press("Enter")
    answer = page.locator("[data-scan-result]")
    return str(answer.first.get_attribute("data-scan-result")) if answer.count() else ""


def one_key(page: Page, key: str) -> None:
    """A person's key: it stands alone, and is sent without Enter."""
    with page.expect_navigation():
        page.keyboard.press(key)


def test_a_return_is_unpacked_by_scanner_and_keys_alone(live_server: Any, open_window: OpenWindow) -> None:
    dock_bins()
    shoe = make_stockrecord("S-100", bins={"A-01": 9}, title="Elbschuh, dunkelbraun, Größe 42")
    boot = make_stockrecord("B-200", bins={"A-02": 9}, title="Hafenstiefel")
    make_stockrecord("X-300", bins={"A-03": 9}, title="Schuhcreme")
    person = make_staff("rampe@example.org", *PERMISSIONS, first_name="Rita")
    order = sent_order((shoe, 3), (boot, 1), by=person)
    page = open_window(width=360, height=740)
    signed_in(page, live_server.url, person)
    page.goto(f"{live_server.url}/dashboard/warehouse/returns/dock/")
    look(page, "returns-dock", axe=True)
    assert scan(page, "K-UNKNOWN") == "bad"
    scan(page, order.number)
    look(page, "returns-open", axe=True)
    enter(page)
    look(page, "returns-article", axe=True)

    scan(page, "S-100")
    look(page, "returns-grade", axe=True)
    assert scan(page, "S-100") == "bad", "an article scanned where a grade is asked is never taken for scrap"
    scan(page, "S-100") if page.locator("#code").count() else None
    one_key(page, "a")
    look(page, "returns-place", axe=True)
    assert scan(page, "QUAR-01") == "bad"
    assert scan(page, "A-01") == "good"

    scan(page, "S-100")
    one_key(page, "b")
    assert scan(page, "B-STOCK-01") == "good"
    scan(page, "S-100")
    one_key(page, "s")
    look(page, "returns-disposal", axe=True)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.locator("[data-scan-result=good]").count()

    assert scan(page, "X-300") == "bad"
    look(page, "returns-wrong", axe=True)
    tab_to(page, "form[action$='/wrong/'] button")
    enter(page)
    look(page, "returns-finish", axe=True)
    tab_to(page, "form[action$='/finish/'] button")
    enter(page)
    found = Return.objects.get()
    assert found.state == "received"
    assert {item.disposition or item.reception for item in found.items.all()} == {
        "shelf",
        "b_stock",
        "disposal",
        "wrong_item",
    }
    assert stock_differences() == []
    for width, height in ((360, 740), (1280, 900)):
        page.set_viewport_size({"width": width, "height": height})
        for name, address in (
            ("returns-list", ""),
            ("returns-page", f"{found.pk}/"),
            ("returns-dock", "dock/"),
        ):
            page.goto(f"{live_server.url}/dashboard/warehouse/returns/{address}")
            look(page, name, axe=True)
