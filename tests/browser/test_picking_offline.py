"""The picker's app in dead spots and behind lost answers: nothing is lost, nothing happens twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse
from django.utils.translation import override

from fulfilment.warehouse.picking import actions
from fulfilment.warehouse.picking.models import ScanRecord
from tests.browser import phone
from tests.browser.phone import House, scan

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser]


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with override("en"):
        yield


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
