"""The picker's app on the real server: hand scanner only, among colleagues, with odd phones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils.translation import override

from fulfilment.warehouse.picking import actions
from fulfilment.warehouse.picking.models import PickedLot, PickList, ScanRecord
from fulfilment.warehouse.stock import actions as stock
from shop.kernel.clock import now
from tests.browser import phone
from tests.browser.phone import House, scan
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.stock import make_stockrecord
from tests.support.helpers import Outbox

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser]

OpenWindow = Callable[..., "Page"]


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with override("en"):
        yield


def test_a_hand_scanner_alone_picks_a_list(house: House, lenas_phone: Page, outbox: Outbox) -> None:
    """Bin, product, quantity, packing place: every key from the scanner, no click, wrong scans answered in words."""
    page = lenas_phone
    assert scan(page, "SKU-1") == "Please scan the bin first: A-01."
    assert phone.answer(page)[0] == "bad"
    assert scan(page, "A-03").startswith("A-03 comes later.")
    assert scan(page, "B-99") == "Wrong: you scanned B-99. Please go to A-01."
    assert scan(page, "a-01") == "Right bin. Now scan the product."
    assert phone.answer(page)[0] == "good"
    assert scan(page, "SKU-2") == "Wrong product: you scanned SKU-2, wanted is SKU-1 (Schuh SKU-1)."
    assert scan(page, "SKU-1") == "Right: 1 × SKU-1."
    assert scan(page, "A-02", "SKU-2").startswith("1 of 2.")
    assert scan(page, "SKU-2") == "Right: 2 × SKU-2."
    scan(page, "A-03", "SKU-3")
    assert scan(page, "4") == "Too many: only 3 pieces are wanted here, not 4."
    assert scan(page, "3") == "Right: 3 × SKU-3."
    phone.all_sent(page)
    assert house.picked() == {"SKU-1": 1, "SKU-2": 2, "SKU-3": 3}
    assert scan(page, "A-01") == f"This is not the packing place. Please go to {house.place}."
    page.keyboard.type(f"{house.place}\n")
    page.wait_for_url("**/pick-lists/")
    house.pick_list.refresh_from_db()
    assert house.pick_list.state == "picked"


def test_who_was_logged_out_meanwhile_loses_no_scan(house: House, lenas_phone: Page) -> None:
    page = lenas_phone
    phone.sign_in(page.context, house.url, None)
    scan(page, "A-01", "SKU-1")
    notes = page.locator("[data-part=notes]")
    notes.get_by_text("Please log in again; 1 scan is kept and sent afterwards.").wait_for()
    assert "/accounts/login/" in (notes.get_by_role("link", name="Log in").get_attribute("href") or "")
    assert house.moved() == 0
    phone.sign_in(page.context, house.url, house.lena)
    page.reload()
    phone.all_sent(page)
    assert (house.moved(), house.picked()["SKU-1"]) == (1, 1)


def test_scans_are_never_sent_as_somebody_else(house: House, lenas_phone: Page) -> None:
    """Kai signs in on Lena's phone while her page is open: her scan waits for her, on his pages too."""
    page = lenas_phone
    kai = make_staff("kai@example.org", "picking.pick_orders", first_name="Kai", last_name="Kollege")
    phone.sign_in(page.context, house.url, kai)
    scan(page, "A-01", "SKU-1")
    page.locator("[data-part=notes]").get_by_text("somebody else").wait_for()
    assert ScanRecord.objects.count() == 0
    page.goto(house.url + reverse("warehouse:phone"))
    page.get_by_text("1 scan of Lena Lager waits on this phone until Lena Lager logs in here.").wait_for()
    assert ScanRecord.objects.count() == 0
    phone.sign_in(page.context, house.url, house.lena)
    page.goto(house.url + reverse("warehouse:phone"))
    phone.all_sent(page)
    assert ScanRecord.objects.get().by == house.lena


def test_a_wrong_clock_of_the_phone_is_told_and_times_are_put_right(house: House, lenas_phone: Page) -> None:
    page = lenas_phone
    page.clock.install(time=now() + dt.timedelta(hours=3))
    page.reload()
    page.locator("[data-part=notes]").get_by_text("off by 180 minutes").wait_for()
    scan(page, "A-01", "SKU-1")
    phone.all_sent(page)
    told = ScanRecord.objects.get().at_client
    assert told is not None
    assert abs(told - now()) < dt.timedelta(minutes=1)


NOTHING_IS_KEPT = "indexedDB.open = () => { throw new DOMException('no', 'SecurityError'); };"
SPOIL_THE_FIRST = """
() => new Promise((done) => {
  const opening = indexedDB.open("kontor-pick");
  opening.onsuccess = () => {
    const writing = opening.result.transaction("scans", "readwrite"), shelf = writing.objectStore("scans");
    shelf.openCursor().onsuccess = ({ target: { result } }) => result.update({ ...result.value, id: "spoilt" });
    writing.oncomplete = () => { opening.result.close(); done(); };
  };
})
"""
DISK_IS_FULL = """
const put = IDBObjectStore.prototype.put;
IDBObjectStore.prototype.put = function (row) {
  if (this.name === "scans") throw new DOMException("full", "QuotaExceededError");
  return put.call(this, row);
};
"""


@pytest.mark.parametrize("trouble", [NOTHING_IS_KEPT, DISK_IS_FULL], ids=["private window", "disk full"])
def test_where_nothing_can_be_kept_it_works_with_network_only_and_says_so(
    house: House, open_window: OpenWindow, trouble: str
) -> None:
    page = open_window(width=360, height=740, locale="en-GB")
    page.add_init_script(trouble)
    phone.sign_in(page.context, house.url, house.lena)
    phone.open_app(page, house.address)
    assert scan(page, "A-01", "SKU-1") == "Right: 1 × SKU-1."
    phone.all_sent(page)
    assert house.moved() == 1
    house.cable.cut()
    page.evaluate("dispatchEvent(new Event('offline'))")
    assert scan(page, "A-02", "SKU-2", "2").startswith("Not taken: there is no network")
    assert "This browser keeps nothing" in phone.text(page, "notes")
    assert phone.waiting(page) == 0
    house.cable.mend()
    page.evaluate("dispatchEvent(new Event('online'))")
    phone.eventually(page, lambda: "last contact" in phone.text(page, "sync"), "network again")


def test_scans_in_one_breath_are_all_taken(house: House, lenas_phone: Page) -> None:
    """A whole line typed without a pause between keys and scans, while nothing of it is answered yet."""
    page = lenas_phone
    house.cable.cut()
    scan(page, "A-01", "SKU-1", "A-02", "SKU-2", "SKU-2", "A-03", "SKU-3", "SKU-3", "SKU-3")
    house.cable.mend()
    phone.send_now(page)
    phone.all_sent(page)
    assert house.picked() == {"SKU-1": 1, "SKU-2": 2, "SKU-3": 3}


def test_too_few_in_the_bin_asks_how_many_are_there(house: House, lenas_phone: Page) -> None:
    page = lenas_phone
    scan(page, "A-01", "SKU-1", "A-02", "SKU-2", "2", "A-03")
    page.get_by_role("button", name="Too few").click()
    dialog = page.get_by_role("dialog")
    assert dialog.count() == 1
    assert "Then 3 × SKU-3 will be looked for elsewhere." in dialog.inner_text()
    dialog.get_by_role("button", name="One more").click()
    assert "Then 2 × SKU-3 will be looked for elsewhere." in dialog.inner_text()
    dialog.get_by_role("button", name="Report missing").click()
    page.locator("[data-part=end]").wait_for()
    phone.all_sent(page)
    line = house.pick_list.lines.get(order_line__partner_sku="SKU-3")
    assert (line.state, line.quantity_picked) == ("short", 1)
    assert "2 pieces were not found." in phone.text(page, "end")


def test_a_token_that_expired_is_renewed_and_the_scan_sent(house: House, lenas_phone: Page) -> None:
    page = lenas_phone
    page.context.clear_cookies(name=settings.CSRF_COOKIE_NAME)
    scan(page, "A-01", "SKU-1")
    phone.all_sent(page)
    assert house.moved() == 1


def test_a_scan_that_nobody_can_read_does_not_hold_up_the_others(house: House, lenas_phone: Page) -> None:
    """Written by an older app, say: the server refuses the whole message; the phone finds out which one it was."""
    page = lenas_phone
    house.cable.cut()
    scan(page, "A-01", "SKU-1", "A-02", "SKU-2", "2")
    page.evaluate(SPOIL_THE_FIRST)
    house.cable.mend()
    phone.send_now(page)
    phone.all_sent(page)
    assert house.picked() == {"SKU-1": 0, "SKU-2": 2, "SKU-3": 0}
    assert "Not booked: 1 × SKU-1 from A-01" in phone.text(page, "problems")
    assert "UUID" in phone.text(page, "problems")


def test_lots_are_asked_for_and_reach_the_books_also_from_a_dead_spot(
    house: House, lenas_phone: Page, outbox: Outbox
) -> None:
    record = make_stockrecord("SKU-4", bins={"B-01": 9})
    stock.set_handling(stockrecord=record, tracking="lot", initial_lot="L-7")
    order = make_order((record, 2))
    outbox.drain()
    pick_list = PickList.objects.get(order=order)
    actions.start(pick_list=pick_list, by=house.lena)
    page = lenas_phone
    phone.open_app(page, house.url + reverse("warehouse:pick", args=[pick_list.pk]))
    house.cable.cut()
    assert scan(page, "B-01", "SKU-4") == "Right product. Now scan the lot L-7."
    assert scan(page, "L-8") == "Wrong lot: you scanned L-8, wanted is L-7."
    scan(page, "L-7")
    assert scan(page, "2") == "Right: 2 × SKU-4."
    house.cable.mend()
    phone.send_now(page)
    phone.all_sent(page)
    [(code, pieces)] = PickedLot.objects.values_list("lot__code", "quantity")
    assert (code, pieces) == ("L-7", 2)


def test_without_script_the_forms_do_the_work(house: House, open_window: OpenWindow) -> None:
    page = open_window(width=360, height=740, locale="en-GB", java_script_enabled=False)
    phone.sign_in(page.context, house.url, house.lena)
    page.goto(house.address)
    for code in ("A-01", "SKU-1"):
        page.locator("#code").fill(code)
        page.locator("#code").press("Enter")
    page.get_by_text("Right: 1 × SKU-1.").wait_for()
    assert house.moved() == 1
