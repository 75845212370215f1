"""Two parcels for one order, from the packing table to the customer's door: with a hand scanner and no click."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings as django_settings
from django.test import Client

from checkout.order.models import ShippingAddress
from fulfilment.warehouse.dispatch import labels
from fulfilment.warehouse.dispatch.models import Carton, Manifest, Parcel
from fulfilment.warehouse.dispatch.standin.process import CarrierStandIn
from fulfilment.warehouse.picking.models import PickList
from shop.customers.models import User
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.stock import make_stockrecord
from tests.factories.warehouse import pick_everything
from tests.support.axe import barriers
from tests.support.helpers import Outbox
from tests.support.standins import deliver_home_by_it

if TYPE_CHECKING:
    from playwright.sync_api import Page

OpenWindow = Callable[..., "Page"]
ROOM = "/en/dashboard/warehouse"


@pytest.fixture
def carrier(fresh_database: None, settings: Any, live_server: Any) -> Iterator[CarrierStandIn]:
    """The carrier's stand-in, which pushes to the shop of this test."""
    with CarrierStandIn(webhook_url=f"{live_server.url}/carriers/dhl/webhook") as running:
        settings.CARRIER_DHL_URL = f"{running.url}/parcel/de"
        settings.CARRIER_WEBHOOK_SECRET = running.webhook_secret
        deliver_home_by_it()
        Carton.objects.create(
            code="K-M", length_mm=350, width_mm=250, height_mm=140, weight_g=250, max_weight_g=8000
        )
        yield running


@pytest.fixture
def packer(fresh_database: None) -> User:
    permissions = ("dispatch.dispatch_parcels", "order.correct_addresses", "picking.pick_orders")
    return make_staff("lager@example.org", *permissions, first_name="Lena", last_name="Lager")


def picked(outbox: Outbox, packer: User, **address: str) -> PickList:
    """One pair of shoes and two tins of wax lie at the packing place."""
    shoe = make_stockrecord("SHOE", bins={"A-01": 5}, weight_g=900)
    wax = make_stockrecord("WAX", bins={"A-02": 5}, weight_g=100)
    order = make_order((shoe, 1), (wax, 2))
    ShippingAddress.objects.filter(order=order).update(**address)
    outbox.drain()
    return pick_everything(PickList.objects.get(order=order), by=packer)


def sign_in(page: Page, url: str, person: User) -> None:
    client = Client()
    client.force_login(person)
    name = django_settings.SESSION_COOKIE_NAME
    page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": url}])


def scan(page: Page, code: str) -> None:
    """A hand scanner: keys, Enter, and the page that answers."""
    with page.expect_navigation():
        page.keyboard.type(f"{code}\n")


def answer(page: Page) -> str:
    return str(page.locator("[data-scan-result]").get_attribute("data-scan-result"))


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


@pytest.mark.parametrize("width", [360, 1280])
def test_two_parcels_by_scanner_alone_reach_their_customer(
    carrier: CarrierStandIn,
    packer: User,
    outbox: Outbox,
    live_server: Any,
    open_window: OpenWindow,
    width: int,
) -> None:
    table = picked(outbox, packer)
    number = table.order.number
    page = open_window(width=width, height=800)
    sign_in(page, live_server.url, packer)
    page.goto(f"{live_server.url}{ROOM}/packing/scan/")
    scan(page, "nonsense")
    assert answer(page) == "bad"
    scan(page, number)
    scan(page, "SHOE")
    assert answer(page) == "good"
    scan(page, "SHOE")
    assert answer(page) == "bad" and "Too many" in page.locator("[data-scan-result]").inner_text()
    assert fits(page) and barriers(page) == []
    scan(page, "K-M")
    scan(page, number)
    first = Parcel.objects.get()
    assert page.url.endswith(f"/parcels/{first.pk}/") and first.carton is not None
    part = page.locator("#label-part")
    assert "being asked" in part.inner_text()
    assert labels.work_due() == 1
    first.refresh_from_db()
    part.get_by_text(first.tracking_number).wait_for()  # the page looks again by itself
    assert fits(page) and barriers(page) == []

    page.goto(f"{live_server.url}{ROOM}/packing/scan/")
    for code in (number, "WAX", "WAX", number):
        scan(page, code)
    assert labels.work_due() == 1
    page.goto(f"{live_server.url}{ROOM}/leaving/")
    for parcel in Parcel.objects.order_by("pk"):
        scan(page, parcel.tracking_number)
        assert answer(page) == "good"
    scan(page, first.tracking_number)
    assert answer(page) == "bad" and barriers(page) == []

    page.goto(f"{live_server.url}{ROOM}/manifests/")
    page.keyboard.press("Tab")
    button = page.get_by_role("button", name="Close the manifest")
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/manifests/*/")
    assert Manifest.objects.get().parcel_count == 2
    assert fits(page) and barriers(page) == []

    for parcel in Parcel.objects.all():
        said = carrier.control("event", shipment=parcel.tracking_number, what="delivered", push=2)
        assert said["statuses"] == [200, 200]
    outbox.drain()
    page.goto(f"{live_server.url}{ROOM}/parcels/{first.pk}/")
    assert "Delivered" in page.locator("h1").inner_text() or "delivered" in page.locator("h1").inner_text()


def test_a_refused_address_is_corrected_and_its_label_comes_by_itself(
    carrier: CarrierStandIn, packer: User, outbox: Outbox, live_server: Any, open_window: OpenWindow
) -> None:
    table = picked(outbox, packer, postcode="00123")
    page = open_window(width=360, height=740)
    sign_in(page, live_server.url, packer)
    page.goto(f"{live_server.url}{ROOM}/packing/{table.pk}/scan/")
    assert "no postcode of Germany" in page.locator("main").inner_text()
    for code in ("SHOE", "WAX", "WAX", table.order.number):
        scan(page, code)
    assert "no postcode of Germany" in page.locator("#label-part").inner_text()
    page.locator("#label-part").get_by_role("link", name="Correct the address").click()
    page.get_by_label("Postcode").fill("20457")
    page.get_by_label("Why").fill("typing error")
    assert fits(page) and barriers(page) == []
    page.keyboard.press("Enter")
    page.get_by_text("The address is corrected").wait_for()
    outbox.drain()
    assert labels.work_due() == 1
    parcel = Parcel.objects.get()
    page.goto(f"{live_server.url}{ROOM}/parcels/{parcel.pk}/")
    assert parcel.tracking_number in page.locator("#label-part").inner_text()
    page.get_by_role("button", name="Cancel the label").click()
    page.get_by_text("is given back").wait_for()
    assert labels.work_due() == 1
    page.get_by_role("button", name="Get a label").wait_for()
    parcel.refresh_from_db()
    assert parcel.tracking_number == ""
    assert [one["cancelled"] for one in carrier.control("shipments")] == [True]


def test_packing_by_typing_works_without_javascript(
    carrier: CarrierStandIn, packer: User, outbox: Outbox, live_server: Any, open_window: OpenWindow
) -> None:
    table = picked(outbox, packer)
    page = open_window(width=360, height=740, java_script_enabled=False)
    sign_in(page, live_server.url, packer)
    page.goto(f"{live_server.url}{ROOM}/packing/scan/")
    page.locator("#code").fill(table.order.number)
    page.locator("#code").press("Enter")
    page.locator("#code").fill("WAX")
    page.locator("#quantity").fill("2")
    page.get_by_role("button", name="Confirm").click()
    assert "Right: 2 × WAX" in page.locator("main").inner_text()
    page.get_by_role("button", name="Close: 2 pieces").click()
    assert Parcel.objects.get().lines.get().quantity == 2
    assert "being asked" in page.locator("#label-part").inner_text()
