"""From the packing table to the customer's door, with a carrier: labels, a refused address, manifest, tracking."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from checkout.order import actions as orders
from checkout.order.models import BillingAddress, Order, ShippingAddress
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.warehouse.dispatch import labels, leaving, manifests, packing, tracking
from fulfilment.warehouse.dispatch.models import Label, Manifest, Parcel
from fulfilment.warehouse.dispatch.queries import refused_labels
from fulfilment.warehouse.dispatch.standin.process import CarrierStandIn
from fulfilment.warehouse.picking.models import PickList
from shop.customers.models import User
from shop.kernel.invariants import verify
from shop.notifications.models import OutgoingMail
from shop.pages.timeline import order_page
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.stock import make_stockrecord
from tests.factories.warehouse import pick_everything
from tests.support.helpers import Outbox

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with override("en"):
        yield


@pytest.fixture
def packer(db: None) -> User:
    return make_staff(
        "lager@example.org", "dispatch.dispatch_parcels", "order.view_orders", "dashboard.enter"
    )


def at_the_table(outbox: Outbox, packer: User, **address: str) -> PickList:
    shoe, wax = make_stockrecord("SHOE", bins={"A-01": 5}), make_stockrecord("WAX", bins={"A-02": 5})
    order = make_order((shoe, 1), (wax, 2), payment_method="invoice")
    ShippingAddress.objects.filter(order=order).update(**address)
    outbox.drain()
    return pick_everything(PickList.objects.get(order=order), by=packer)


def pack(table: PickList, by: User, *codes: str) -> Parcel:
    for code in codes:
        packing.scan(pick_list=table, code=code, quantity=1, scan_id=uuid.uuid4(), by=by)
    return packing.close(pick_list=table, by=by)


def breaches() -> list[str]:
    return [f"{f.room}: {f.name}: {b}" for f in verify() for b in f.breaches]


def test_an_order_in_two_parcels_reaches_its_customer(
    carrier: CarrierStandIn, outbox: Outbox, packer: User
) -> None:
    table = at_the_table(outbox, packer)
    pack(table, packer, "SHOE")
    pack(table, packer, "WAX", "WAX")
    assert labels.work_due() == 2
    numbers = list(Parcel.objects.order_by("pk").values_list("tracking_number", flat=True))
    assert len(set(numbers)) == 2 and all(numbers)
    for number in numbers:
        leaving.scan(code=number, by=packer)
    outbox.drain()
    assert Order.objects.get().status == "completed" and Invoice.objects.count() == 2
    made = manifests.close(carrier="DHL", by=packer, seen=2)
    assert (made.parcel_count, Manifest.objects.count()) == (2, 1)
    for hours, (number, what) in enumerate(zip(numbers, ("delivered", "returned"), strict=True)):
        carrier.control("event", shipment=number, what="out", at=time.time() - 7200)
        carrier.control("event", shipment=number, what=what, at=time.time() - 3600 * (1 - hours) - 60)
    assert tracking.ask_carriers() == 2
    outbox.drain()
    assert outbox.failures() == []
    assert list(Parcel.objects.order_by("pk").values_list("state", flat=True)) == ["delivered", "returned"]
    kinds = sorted(OutgoingMail.objects.values_list("kind", flat=True))
    assert kinds.count("parcel_dispatched") == 2 and {"parcel_delivered", "parcel_returned"} <= set(kinds)
    titles = [str(one["title"]) for one in order_page(Order.objects.get())["timeline"]]
    assert "Parcel delivered" in titles and "Parcel comes back to us" in titles
    assert breaches() == []


def test_a_refused_address_waits_visibly_until_it_is_corrected(
    carrier: CarrierStandIn, outbox: Outbox, packer: User
) -> None:
    table = at_the_table(outbox, packer, postcode="00123")
    parcel = pack(table, packer, "SHOE", "WAX", "WAX")
    order = parcel.order
    desk = Client()
    desk.force_login(packer)
    page = desk.get(reverse("dashboard:order", args=[order.number])).content.decode()
    assert "the order waits" in page and "00123 is no postcode of Germany" in page
    assert order.number in desk.get(reverse("warehouse:packing")).content.decode()
    assert refused_labels().count() == 1
    orders.correct_address(order=order, by=packer, why="customer called", postcode="20457")
    outbox.drain()
    assert labels.work_due() == 1
    assert refused_labels().count() == 0
    page = desk.get(reverse("dashboard:order", args=[order.number])).content.decode()
    assert "the order waits" not in page and "00123 → 20457" in page
    parcel.refresh_from_db()
    leaving.scan(code=parcel.tracking_number, by=packer)
    outbox.drain()
    assert outbox.failures() == []
    assert BillingAddress.objects.get(order=order).postcode == "20457"
    assert Label.objects.get().recipient["postcode"] == "20457"
    assert breaches() == []
