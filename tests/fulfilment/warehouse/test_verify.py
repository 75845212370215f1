"""Each check of the warehouse is silent when all is well, and is shown to fail."""

from __future__ import annotations

import pytest

from catalogue.partner.models import StockRecord
from checkout.order.models import Line, Order
from fulfilment.warehouse.dispatch import manifests
from fulfilment.warehouse.dispatch import verify as dispatch
from fulfilment.warehouse.dispatch.models import Label, Manifest, Parcel
from fulfilment.warehouse.picking import actions
from fulfilment.warehouse.picking import verify as picking
from fulfilment.warehouse.picking.models import Batch, BatchBox, PickList
from fulfilment.warehouse.stock import verify as stock
from fulfilment.warehouse.stock.actions import default_site
from shop.customers.models import User
from tests.factories.orders import make_order
from tests.factories.stock import make_stockrecord
from tests.factories.warehouse import send_everything
from tests.support.helpers import Outbox

pytestmark = pytest.mark.django_db


def found() -> list[str]:
    checks = [*stock.CHECKS, *picking.CHECKS, *dispatch.CHECKS]
    return [sentence for _name, check in checks for sentence in check()]


@pytest.fixture
def sent(staff: User, outbox: Outbox) -> Order:
    order = make_order((make_stockrecord(bins={"A-01": 5}), 2))
    outbox.drain()
    send_everything(PickList.objects.get(order=order), by=staff)
    return order


def test_all_is_well_after_a_whole_walk(sent: Order) -> None:
    assert found() == []


def test_a_sum_changed_behind_the_movements_is_named(sent: Order) -> None:
    StockRecord.objects.update(num_in_stock=4)
    assert found() == ["SKU-1: 4 in stock, movements add up to 3"]


def test_a_confirmed_order_that_the_warehouse_never_heard_of_is_named(sent: Order) -> None:
    order = make_order((StockRecord.objects.get(), 1))
    assert found() == [f"order {order.number} is confirmed and has no pick list"]


def test_pieces_that_left_without_a_parcel_are_named(sent: Order) -> None:
    Line.objects.update(quantity_dispatched=1)
    assert found() == [f"order {sent.number}, SKU-1: 1 dispatched, parcels held 2"]


def test_a_confirmed_order_whose_list_was_cancelled_is_named(sent: Order, outbox: Outbox) -> None:
    order = make_order((StockRecord.objects.get(), 1))
    outbox.drain()
    PickList.objects.filter(order=order).update(state="cancelled")
    assert found() == [f"order {order.number} is confirmed and its pick list is cancelled"]


def test_a_parcel_that_left_without_a_label_is_named(sent: Order) -> None:
    Parcel.objects.update(tracking_number="")
    number = Parcel.objects.get().number
    assert found() == [f"parcel {number} is dispatched and has no label"]


def test_a_tracking_number_on_two_parcels_is_named(sent: Order, staff: User, outbox: Outbox) -> None:
    """The database holds it per carrier; the check sees it over all of them."""
    order = make_order((StockRecord.objects.get(), 1))
    outbox.drain()
    second = send_everything(PickList.objects.get(order=order), by=staff)
    number = Parcel.objects.exclude(pk=second.pk).get().tracking_number
    Parcel.objects.filter(pk=second.pk).update(carrier="other", tracking_number=number)
    Label.objects.update(tracking_number=number)
    assert found() == [
        f"tracking number {number} is on 2 parcels",
        f"tracking number {number} is on 2 labels of own",
    ]


def test_a_manifest_whose_parcels_were_changed_is_named(sent: Order, staff: User) -> None:
    made = manifests.close(carrier=Parcel.objects.get().carrier, by=staff)
    assert found() == []
    Parcel.objects.update(manifest=None)
    assert found() == [f"manifest {made.number} says 1 parcels and {made.weight_g} g, it holds 0 and 0 g"]


def test_a_parcel_on_a_foreign_manifest_is_named(sent: Order, staff: User) -> None:
    made = manifests.close(carrier=Parcel.objects.get().carrier, by=staff)
    Manifest.objects.filter(pk=made.pk).update(carrier="other")
    number = Parcel.objects.get().number
    assert found() == [f"parcel {number} (dispatched) does not belong on its manifest"]


@pytest.fixture
def batch(outbox: Outbox) -> Batch:
    order = make_order((make_stockrecord(bins={"A-01": 5}), 2))
    outbox.drain()
    (made,) = actions.plan_batches(wave=actions.Wave(default_site(), "batch"))
    assert found() == [] and PickList.objects.get().order == order
    return made


def test_an_open_line_in_a_cancelled_batch_is_named(batch: Batch) -> None:
    Batch.objects.update(state="cancelled")
    number = Order.objects.get().number
    assert found() == [f"batch {batch.number} is closed and holds an open line of order {number}"]


def test_a_line_without_its_box_is_named(batch: Batch) -> None:
    BatchBox.objects.all().delete()
    assert found() == [f"batch {batch.number} has no box for order {Order.objects.get().number}"]


def test_an_open_line_of_a_picked_list_is_named(batch: Batch) -> None:
    PickList.objects.update(state="picked")
    number = Order.objects.get().number
    assert found() == [f"the pick list of order {number} is closed and has open lines"]
