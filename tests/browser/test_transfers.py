"""Goods for the store, put together, sent and received on a phone by a hand scanner's keys alone; one is missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import Group

from fulfilment.finance.ledger.models import Entry
from fulfilment.warehouse.stock.models import SHOP_FLOOR, BinStock
from fulfilment.warehouse.stock.queries import stock_differences
from fulfilment.warehouse.transfers.models import Transfer
from shop.customers.models import User
from shop.dashboard.roles import MANAGER, WAREHOUSE, sync_roles
from tests.browser import phone
from tests.browser.people import enter, look, pdf, scan, tab_to
from tests.factories.people import make_staff
from tests.factories.stock import make_bin, make_site, make_stockrecord
from tests.support.helpers import Outbox

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("fresh_database")]

OpenWindow = Callable[..., "Page"]
ROOM = "/en/dashboard/warehouse/transfers/"


def person(role: str, email: str) -> User:
    sync_roles()
    found = make_staff(email, first_name=email.split("@")[0].title())
    found.groups.add(Group.objects.get(name=role))
    return found


def choose(page: Page, field: str, words: str) -> None:
    """Reach a field of choices by Tab and type the beginning of what is wanted."""
    tab_to(page, f"select[name={field}]")
    page.keyboard.type(words)


def deed(page: Page, selector: str) -> None:
    """Reach a button or link by Tab and press it."""
    tab_to(page, selector)
    enter(page)


def lies(sku: str, bin: str) -> int:
    found = BinStock.objects.filter(stockrecord__partner_sku=sku, bin__code=bin).first()
    return found.quantity if found else 0


def put_together(page: Page) -> Transfer:
    """From the list of transfers to the goods on the list; wrong scans are answered and change nothing."""
    look(page, "transfers-none", axe=True)
    deed(page, "a[href$='/transfers/new/']")
    choose(page, "source", "Hauptlager")
    choose(page, "target", "Laden")
    look(page, "transfer-new", axe=True)
    deed(page, "main form button[type=submit]")
    look(page, "transfer-collect", axe=True)
    assert scan(page, "SHOE-1")["kind"] == "bad", "an article without its bin"
    assert scan(page, "LADEN-1")["kind"] == "bad", "a bin of the other site"
    assert scan(page, "A-01")["kind"] == "good"
    assert scan(page, "NEVER-SEEN")["kind"] == "bad"
    for _ in range(3):
        assert scan(page, "4006381333931")["kind"] == "good"
    assert scan(page, "A-02")["kind"] == "good"
    assert scan(page, "WAX-1")["kind"] == "good"
    look(page, "transfer-collected", axe=True)
    return Transfer.objects.get()


def send_off(page: Page, sent: Transfer) -> None:
    deed(page, f"main a[href$='/transfers/{sent.pk}/']")
    look(page, "transfer-draft", axe=True)
    deed(page, "form[action$='/dispatch/'] button")
    look(page, "transfer-sent", axe=True)
    sent.refresh_from_db()
    assert sent.state == "dispatched" and lies("SHOE-1", "A-01") == 7
    assert pdf(page, f"{ROOM}{sent.pk}/list.pdf").startswith(b"%PDF")


def receive(page: Page, sent: Transfer) -> None:
    """Two of three shoes and the wax come out of the carton."""
    deed(page, "a[href$='/receive/']")
    look(page, "transfer-receive", axe=True)
    assert scan(page, "A-01")["kind"] == "bad", "a bin of the sender"
    assert scan(page, "LADEN-1")["kind"] == "good"
    for code in ("SHOE-1", "WAX-1", "4006381333931"):
        assert scan(page, code)["kind"] == "good"
    assert scan(page, "WAX-1")["kind"] == "bad", "more than was sent, and no word why"
    look(page, "transfer-received", axe=True)


def close(page: Page, sent: Transfer) -> None:
    """What is missing needs its reason."""
    deed(page, "main a[href$='/close/']")
    look(page, "transfer-close", axe=True)
    deed(page, "main form button[type=submit]")
    assert Transfer.objects.get().state == "dispatched", "not without a reason"
    look(page, "transfer-close-why", axe=True)
    tab_to(page, "input[name^=why_]")
    page.keyboard.type("box was open")
    enter(page)
    look(page, "transfer-closed", axe=True)
    assert "box was open" in page.locator("main").inner_text()
    sent.refresh_from_db()
    assert sent.state == "received"


def test_goods_go_to_the_store_by_scanner_keys_and_one_is_missing(
    live_server: Any, open_window: OpenWindow, outbox: Outbox
) -> None:
    shoe = make_stockrecord("SHOE-1", bins={"A-01": 10}, gtin="4006381333931", unit_cost_minor=3_000)
    make_stockrecord("WAX-1", bins={"A-02": 5})
    make_bin("LADEN-1", site=make_site("store", name="Laden"), kind=SHOP_FLOOR)
    page = open_window(width=360, height=740, locale="en-GB")
    phone.sign_in(page.context, live_server.url, person(WAREHOUSE, "lena@example.org"))
    page.goto(live_server.url + ROOM)
    sent = put_together(page)
    send_off(page, sent)
    receive(page, sent)
    close(page, sent)
    outbox.drain()
    shoe.refresh_from_db()
    assert (shoe.num_in_stock, lies("SHOE-1", "LADEN-1"), lies("WAX-1", "LADEN-1")) == (9, 2, 1)
    assert Entry.objects.filter(document=sent.number, kind="transfer_difference").count() == 1
    assert outbox.failures() == [] and stock_differences() == []
    office = open_window(locale="en-GB")
    phone.sign_in(office.context, live_server.url, person(MANAGER, "boss@example.org"))
    for address in (ROOM, f"{ROOM}{sent.pk}/"):
        office.goto(live_server.url + address)
        look(office, "transfer-office", axe=True)
