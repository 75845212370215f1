"""An order that a voucher makes free, in a real browser; and finance's pages that say before and after what happens."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.storage import storages
from django.test import Client
from django.urls import reverse

from checkout.order.models import Order
from fulfilment.finance.exports import actions as exports
from fulfilment.finance.exports.models import Export
from fulfilment.finance.ledger.actions import post
from fulfilment.finance.ledger.postings import Posting
from shop.kernel.clock import today
from tests.browser.people import go_on, order_number, pick_option, say_who
from tests.browser.served import sit_down
from tests.browser.test_money_pages import press, seen, somebody
from tests.checkout.test_steps import put_in_basket
from tests.factories.offers import make_voucher
from tests.factories.shopping import make_variant
from tests.fulfilment.finance.books import problems

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser]
OpenWindow = Callable[..., "Page"]
NUMBERS = {"consultant": 1001, "client": 1, "year_month": 1, "is_final": False}


def test_a_guest_orders_what_a_voucher_pays_whole(
    desk_url: str, open_window: OpenWindow, outbox: Any
) -> None:
    make_voucher("ALLES", percent=100)
    client = Client(headers={"host": "127.0.0.1"})
    put_in_basket(client, make_variant(price_minor=8_990))
    client.post(reverse("basket:voucher_add"), {"code": "ALLES"})
    page = open_window()
    page.context.add_cookies(
        [{"name": name, "value": cookie.value, "url": desk_url} for name, cookie in client.cookies.items()]
    )
    page.goto(desk_url + reverse("checkout:contact"))
    say_who(page)
    pick_option(page, "delivery", "pickup")
    page.get_by_role("heading", name="Nichts zu bezahlen").wait_for()
    assert page.locator("input[name=payment]").count() == 0
    seen(page, "free-payment")
    go_on(page)
    button = page.locator("button.button--order")
    button.wait_for()
    assert button.inner_text().strip() == "Kostenlos bestellen"
    seen(page, "free-summary")
    button.click()
    page.wait_for_url("**/orders/**")
    page.wait_for_load_state()
    order = Order.objects.get(number=order_number(page))
    assert (order.status, order.payment_method, order.total_minor) == ("confirmed", "nothing", 0)
    assert "Nichts zu bezahlen" in page.locator("main").inner_text()
    seen(page, "free-thanks")
    outbox.drain()
    assert outbox.failures() == [] and problems() == []


def test_finance_takes_back_a_batch_and_a_large_entry(desk_url: str, open_window: OpenWindow) -> None:
    lines = [Posting("cash", debit_minor=500_000), Posting("equity", credit_minor=500_000)]
    entry = post(source="fact:large", kind="manual", lines=lines, booked_on=today(), text="Einlage")
    first = today() - dt.timedelta(days=1)
    asked = exports.ask_for_datev(first_day=first, last_day=today(), **NUMBERS, by=None)
    export = exports.make(asked.pk)
    desk = open_window()
    ada = somebody("ada@example.org", "finance", "Ada Zahl")
    sit_down(desk, desk_url, ada, f"/dashboard/finance/exports/{export.pk}/")
    desk.locator("details > summary", has_text="Diesen Stapel zurückziehen").click()
    seen(desk, "batch-made")
    desk.locator("[name=reason]").fill("Falsche Mandantennummer")
    press(desk, "Diesen Stapel zurückziehen")
    desk.get_by_text("Dieser Stapel wurde zurückgezogen").wait_for()
    assert Export.objects.get().state == "withdrawn"
    seen(desk, "batch-withdrawn")
    stored = Path(storages["documents"].path(export.key))
    stored.write_bytes(stored.read_bytes() + b"x")
    desk.goto(f"{desk_url}/dashboard/finance/exports/{export.pk}/download/")
    desk.get_by_text("Diese Datei ist nicht, was archiviert wurde").wait_for()
    seen(desk, "file-damaged")
    desk.goto(f"{desk_url}/dashboard/finance/journal/{entry.pk}/reverse/")
    assert "Eine zweite Person muss" in desk.locator("main").inner_text()
    seen(desk, "reversal-asks")
    desk.locator("[name=reason]").fill("Doppelt gebucht")
    press(desk, "Stornieren")
    desk.get_by_text("wartet auf eine zweite Person").first.wait_for()
    desk.goto(f"{desk_url}/dashboard/finance/journal/{entry.pk}/reverse/")
    seen(desk, "reversal-waits")
    desk.goto(f"{desk_url}/dashboard/finance/bank/accounts/add/")
    desk.locator("[name=new_number]").wait_for()
    seen(desk, "bank-account-new")
