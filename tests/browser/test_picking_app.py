"""The picker's app on the real server: hand scanner only, in dead spots, with lost answers, among colleagues."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils.translation import override

from fulfilment.warehouse.picking import actions
from fulfilment.warehouse.picking.models import PickedLot, PickList, ScanRecord
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.models import PICKED, Movement
from shop.customers.models import User
from shop.kernel.clock import now
from tests.browser import phone
from tests.browser.phone import scan
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.stock import make_stockrecord
from tests.support.cable import Cable
from tests.support.helpers import Outbox

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser]

OpenWindow = Callable[..., "Page"]


@dataclass
class House:
    """A list to pick, who picks it, and the way to the server."""

    url: str
    cable: Cable
    lena: User
    pick_list: PickList

    @property
    def address(self) -> str:
        """Of the scan screen."""
        return self.url + reverse("warehouse:pick", args=[self.pick_list.pk])

    @property
    def place(self) -> str:
        """The packing place's code."""
        return self.pick_list.packing_place.code

    def picked(self) -> dict[str, int]:
        """Pieces by SKU, as the database has them."""
        lines = self.pick_list.lines.select_related("order_line")
        return {line.order_line.partner_sku: line.quantity_picked for line in lines}

    def moved(self) -> int:
        """Pieces that left their bins."""
        moves = Movement.objects.filter(kind=PICKED, quantity__gt=0)
        return sum(moves.values_list("quantity", flat=True))


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with override("en"):
        yield


@pytest.fixture
def house(fresh_database: None, live_server: object, outbox: Outbox) -> Iterator[House]:
    """Three articles in three bins, ordered and started by Lena."""
    lena = make_staff("lena@example.org", "picking.pick_orders", first_name="Lena", last_name="Lager")
    records = [make_stockrecord(f"SKU-{n}", bins={f"A-0{n}": 9}) for n in (1, 2, 3)]
    order = make_order((records[0], 1), (records[1], 2), (records[2], 3))
    outbox.drain()
    pick_list = PickList.objects.get(order=order)
    actions.start(pick_list=pick_list, by=lena)
    with Cable(live_server.thread.port) as cable:  # type: ignore[attr-defined]
        yield House(f"http://localhost:{cable.port}", cable, lena, pick_list)
    # The browser's connections are closed now; their threads must leave the database before it is copied anew.
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:
            thread.join(timeout=phone.PATIENCE_S)


@pytest.fixture
def lenas_phone(house: House, open_window: OpenWindow) -> Page:
    """The app, opened on the list, ready for dead spots."""
    page = open_window(width=360, height=740, locale="en-GB")
    phone.sign_in(page.context, house.url, house.lena)
    phone.open_app(page, house.address)
    return page


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


def test_without_network_nothing_is_lost_and_nothing_happens_twice(house: House, lenas_phone: Page) -> None:
    """Three lines picked in a dead spot, the page reloaded in between; back in the network each is there once."""
    page = lenas_phone
    house.cable.cut()
    scan(page, "A-01", "SKU-1", "A-02", "SKU-2")
    page.reload()
    page.locator("html[data-app=ready]").wait_for(state="attached")
    assert phone.waiting(page) == 1
    assert "1 scan waits since" in phone.text(page, "sync")
    assert "last contact" in phone.text(page, "sync")
    scan(page, "SKU-2", "A-03", "SKU-3", "3")
    assert phone.waiting(page) == 3
    assert house.moved() == 0
    house.cable.mend()
    phone.send_now(page)
    phone.all_sent(page)
    assert house.picked() == {"SKU-1": 1, "SKU-2": 2, "SKU-3": 3}
    assert (house.moved(), ScanRecord.objects.filter(accepted=True).count()) == (6, 3)


def test_without_network_every_other_page_leads_to_what_is_on_the_phone(
    house: House, lenas_phone: Page
) -> None:
    page = lenas_phone
    scan(page, "A-01", "SKU-1")
    phone.all_sent(page)
    house.cable.cut()
    page.goto(house.url + reverse("warehouse:pick-lists"))
    page.wait_for_url("**" + reverse("warehouse:phone"))
    kept = page.locator("[data-part=kept]")
    kept.get_by_role("link", name=house.pick_list.order.number).click()
    page.locator("html[data-app=ready]").wait_for(state="attached")
    assert scan(page, "A-02") == "Right bin. Now scan the product."


def test_an_answer_that_is_lost_is_asked_for_again_and_nothing_is_booked_twice(
    house: House, lenas_phone: Page
) -> None:
    page = lenas_phone
    house.cable.lose_answer_to(f"POST {reverse('warehouse:scans')}")
    scan(page, "A-01", "SKU-1")
    phone.eventually(page, lambda: house.cable.lost_answers == 1, "the answer lost on the way")
    assert house.moved() == 1
    phone.all_sent(page)
    assert (house.moved(), ScanRecord.objects.count()) == (1, 1)


def test_a_picked_stop_stays_picked_when_the_network_goes_before_the_walk_is_read_anew(
    house: House, lenas_phone: Page
) -> None:
    """The answer to a pick comes without the walk; what it says of the stop is kept with it."""
    page = lenas_phone
    page.context.route("**/walk.json", lambda route: route.abort())
    scan(page, "A-01", "SKU-1", "A-02", "SKU-2")
    assert scan(page, "1") == "Right: 1 × SKU-2. Still wanted here: 1."
    phone.all_sent(page)
    assert house.picked() == {"SKU-1": 1, "SKU-2": 1, "SKU-3": 0}
    page.reload()
    page.locator("html[data-app=ready]").wait_for(state="attached")
    assert scan(page, "A-02") == "Right bin. Now scan the product."
    assert scan(page, "SKU-2") == "Right: 1 × SKU-2."
    scan(page, "A-03")
    assert phone.answer(page)[0] == "good"
    phone.all_sent(page)
    assert house.picked() == {"SKU-1": 1, "SKU-2": 2, "SKU-3": 0}


def test_a_line_that_a_colleague_closed_meanwhile_is_told_in_words_and_settled(
    house: House, lenas_phone: Page
) -> None:
    page = lenas_phone
    house.cable.cut()
    scan(page, "A-01", "SKU-1", "A-02", "SKU-2", "SKU-2")
    line = house.pick_list.lines.select_related("pick_list__order", "bin", "order_line").get(
        order_line__partner_sku="SKU-1"
    )
    actions.scan(line=line, code="SKU-1", quantity=1, by=house.lena)
    house.cable.mend()
    phone.send_now(page)
    phone.all_sent(page)
    assert "Not booked: 1 × SKU-1 from A-01" in phone.text(page, "problems")
    assert "already closed" in phone.text(page, "problems")
    assert house.picked() == {"SKU-1": 1, "SKU-2": 2, "SKU-3": 0}
    page.reload()
    page.locator("[data-part=problems]").get_by_text("Not booked: 1 × SKU-1").wait_for()
    page.get_by_role("button", name="Settled").click()
    page.locator("[data-part=problems]").wait_for(state="hidden")


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


def test_two_tabs_share_one_queue_and_send_once(house: House, lenas_phone: Page) -> None:
    page, other = lenas_phone, lenas_phone.context.new_page()
    phone.open_app(other, house.address)
    house.cable.cut()
    scan(page, "A-01", "SKU-1")
    phone.eventually(other, lambda: phone.waiting(other) == 1, "the other tab knows it")
    scan(other, "A-02", "SKU-2", "2")
    house.cable.mend()
    for tab in (page, other):
        phone.send_now(tab)
    for tab in (page, other):
        phone.all_sent(tab)
    assert (house.moved(), ScanRecord.objects.count()) == (3, 2)
    assert house.picked() == {"SKU-1": 1, "SKU-2": 2, "SKU-3": 0}


def test_after_half_an_hour_without_network_the_picker_is_told(house: House, lenas_phone: Page) -> None:
    page = lenas_phone
    page.clock.install()
    page.reload()
    page.locator("html[data-app=ready]").wait_for(state="attached")
    house.cable.cut()
    scan(page, "A-01", "SKU-1")
    page.clock.fast_forward("29:00")
    assert "30 minutes" not in phone.text(page, "notes")
    page.clock.fast_forward("02:00")
    page.locator("[data-part=notes]").get_by_text(
        "For more than 30 minutes nothing could be sent."
    ).wait_for()
    page.get_by_role("button", name="Send now").wait_for()
    house.cable.mend()
    phone.send_now(page)
    phone.all_sent(page)
    assert house.moved() == 1


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


def test_a_list_finished_without_network_is_finished_when_it_is_back(house: House, lenas_phone: Page) -> None:
    page = lenas_phone
    scan(page, "A-01", "SKU-1", "A-02", "SKU-2", "2")
    phone.all_sent(page)
    house.cable.cut()
    scan(page, "A-03", "SKU-3", "3")
    assert scan(page, house.place) == "Finishing as soon as it is sent: 1 scan waits."
    page.reload()
    page.locator("[data-part=end]").get_by_text("Finishing as soon as it is sent").wait_for()
    house.cable.mend()
    phone.send_now(page)
    page.wait_for_url("**/pick-lists/")
    house.pick_list.refresh_from_db()
    assert house.pick_list.state == "picked"


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
