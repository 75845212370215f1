"""A walk for several orders on the phone: boxes by number, colour and shape; packs, lots; every state looked at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse
from django.utils.translation import override

from fulfilment.warehouse.picking import actions
from fulfilment.warehouse.picking.actions import Wave
from fulfilment.warehouse.picking.models import Batch, PickLine
from fulfilment.warehouse.stock.actions import default_site
from fulfilment.warehouse.stock.models import Barcode
from shop.customers.models import User
from tests.browser import phone
from tests.browser.people import look
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
WIDTHS = [(360, "light"), (360, "dark"), (1280, "light")]


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with override("en"):
        yield


@pytest.fixture
def lena(fresh_database: None) -> User:
    return make_staff("lena@example.org", "picking.pick_orders", first_name="Lena", last_name="Lager")


@pytest.fixture
def cable(live_server: object, fresh_database: None) -> Iterator[Cable]:
    with Cable(live_server.thread.port) as cable:  # type: ignore[attr-defined]
        yield cable


@pytest.fixture
def batch(lena: User, outbox: Outbox) -> Batch:
    """Five orders over three bins on one cart; cartons of six of SKU-2 have a code of their own."""
    records = [make_stockrecord(f"SKU-{n}", bins={f"A-0{n}": 40}) for n in (1, 2, 3)]
    Barcode.objects.create(stockrecord=records[1], code="4006381333931", pieces=6, name="Karton")
    for wanted in ([(0, 1)], [(0, 2), (1, 7)], [(1, 1)], [(2, 1)], [(2, 2)]):
        make_order(*[(records[n], pieces) for n, pieces in wanted])
    outbox.drain()
    [batch] = actions.plan_batches(wave=Wave(default_site(), "batch"))
    actions.start_batch(batch=batch, by=lena)
    return batch


def opened(
    open_window: OpenWindow, cable: Cable, batch: Batch, lena: User, width: int = 360, **options: object
) -> Page:
    """The app on the batch."""
    page = open_window(width=width, height=740, locale="en-GB", **options)
    url = f"http://localhost:{cable.port}"
    phone.sign_in(page.context, url, lena)
    phone.open_app(page, url + reverse("warehouse:pick-batch", args=[batch.pk]))
    return page


def box(page: Page) -> str:
    """The large box of the next stop, as it is read."""
    return page.locator("[data-part=box] strong").inner_text()


def test_five_orders_go_into_their_boxes_on_one_walk_also_without_network(
    open_window: OpenWindow, cable: Cable, batch: Batch, lena: User
) -> None:
    page = opened(open_window, cable, batch, lena)
    orders = dict(batch.boxes.values_list("box", "pick_list__order__number"))
    assert box(page) == f"Box 1 · {orders[1]}"
    assert scan(page, "A-01", "SKU-1") == f"Right: 1 × SKU-1. Box 1 · {orders[1]}"
    assert box(page) == f"Box 2 · {orders[2]}"
    cable.cut()
    scan(page, "SKU-1", "2")  # the same bin: it need not be scanned again
    assert scan(page, "A-02", "4006381333931").startswith("6 of 7.")
    assert scan(page, "4006381333931") == "Too many: only 7 pieces are wanted here, not 12."
    assert scan(page, "SKU-2") == f"Right: 7 × SKU-2. Box 2 · {orders[2]}"
    assert scan(page, "4006381333931") == "This pack holds 6 pieces, only 1 are wanted here."
    scan(page, "SKU-2", "A-03", "SKU-3")
    page.get_by_role("button", name="Too few").click()
    page.get_by_role("button", name="One more").click()
    page.get_by_role("button", name="Report missing").click()
    page.locator("[data-part=end]").wait_for()
    cable.mend()
    phone.send_now(page)
    phone.all_sent(page)
    lines = PickLine.objects.filter(batch=batch).order_by("pk")
    assert sum(line.quantity_picked for line in lines) == 13
    assert [line.quantity for line in lines if line.state == "short"] == [2]
    scan(page, page.locator("[data-part=end] .task__bin").inner_text())
    page.wait_for_url("**/batches/")
    batch.refresh_from_db()
    assert batch.state == "picked"


def test_the_done_list_says_who_and_when(
    open_window: OpenWindow, cable: Cable, batch: Batch, lena: User
) -> None:
    page = opened(open_window, cable, batch, lena)
    scan(page, "A-01", "SKU-1")
    phone.all_sent(page)
    page.locator("[data-part=done] summary").click()
    page.locator("[data-part=done_list]").get_by_text("Lena Lager, ").wait_for()
    cable.cut()
    scan(page, "SKU-1", "2")
    page.locator("[data-part=done_list]").get_by_text("you; waits to be sent").wait_for()


@pytest.mark.parametrize(("width", "scheme"), WIDTHS)
def test_every_state_of_the_screen_fits_and_keeps_nobody_out(
    open_window: OpenWindow, cable: Cable, batch: Batch, lena: User, width: int, scheme: str
) -> None:
    page = opened(open_window, cable, batch, lena, width, color_scheme=scheme)

    def see(name: str) -> None:
        look(page, f"pick-{scheme}-{name}", axe=True)

    see("01-bin")
    scan(page, "A-01")
    see("02-product")
    scan(page, "WRONG-1")
    see("03-wrong")
    scan(page, "SKU-1", "SKU-1")
    see("04-quantity")
    page.get_by_role("button", name="Too few").click()
    see("05-short")
    page.get_by_role("button", name="Cancel").click()
    cable.cut()
    scan(page, "2", "A-02", "SKU-2", "3")
    see("06-waiting")
    Batch.objects.filter(pk=batch.pk).update(picker=make_staff("kai@example.org", "picking.pick_orders"))
    cable.mend()
    phone.send_now(page)
    phone.all_sent(page)
    see("07-taken-over")
    page.goto(f"http://localhost:{cable.port}" + reverse("warehouse:phone"))
    see("08-start")


@pytest.mark.parametrize(("width", "scheme"), WIDTHS)
def test_the_end_of_the_walk_fits_and_keeps_nobody_out(
    open_window: OpenWindow, cable: Cable, batch: Batch, lena: User, width: int, scheme: str
) -> None:
    page = opened(open_window, cable, batch, lena, width, color_scheme=scheme)
    scan(
        page, "A-01", "SKU-1", "SKU-1", "2", "A-02", "SKU-2", "7", "SKU-2", "A-03", "SKU-3", "SKU-3", "SKU-3"
    )
    page.locator("[data-part=done] summary").click()
    look(page, f"pick-{scheme}-09-end", axe=True)
    cable.cut()
    page.clock.install()
    page.reload()
    page.clock.fast_forward(dt.timedelta(minutes=31).seconds * 1000)
    page.locator("[data-part=notes]").get_by_text("30 minutes").wait_for()
    look(page, f"pick-{scheme}-10-late", axe=True)
