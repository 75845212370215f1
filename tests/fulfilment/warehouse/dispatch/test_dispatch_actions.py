"""From the packing table to the door."""

from __future__ import annotations

import pytest

from catalogue.partner.models import Reservation, StockRecord
from checkout.order import actions as orders
from checkout.order.models import Line, Order
from checkout.shipping.models import DeliveryMethod
from fulfilment.warehouse.dispatch import actions, carriers, labels, packing_pages, papers
from fulfilment.warehouse.dispatch.actions import DispatchError
from fulfilment.warehouse.dispatch.carriers import CarrierRefused, tracking_number
from fulfilment.warehouse.dispatch.events import ParcelDispatched
from fulfilment.warehouse.dispatch.models import Label, Parcel
from fulfilment.warehouse.picking import actions as picking
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.stock.actions import StockError
from fulfilment.warehouse.stock.models import BinStock, Movement
from fulfilment.warehouse.stock.queries import stock_differences
from shop.customers.models import User
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.stock import make_stockrecord
from tests.factories.warehouse import pick_everything
from tests.support.helpers import Outbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def packer() -> User:
    return make_staff("lager@example.org")


def picked(outbox: Outbox, by: User, *wanted: tuple[StockRecord, int], **fields) -> PickList:
    order = make_order(*wanted, **fields)
    outbox.drain()
    return pick_everything(PickList.objects.get(order=order), by=by)


def whole(pick_list: PickList) -> dict[int, int]:
    return {line.pk: line.quantity for line in Line.objects.filter(order_id=pick_list.order_id)}


def test_a_parcel_leaves_with_stock_reservation_order_and_telling(outbox: Outbox, packer: User) -> None:
    record = make_stockrecord(bins={"A-01": 5})
    pick_list = picked(outbox, packer, (record, 2))
    parcel = actions.pack(pick_list=pick_list, quantities=whole(pick_list), by=packer)
    pick_list.refresh_from_db()
    assert (pick_list.state, parcel.state, parcel.weight_g) == ("packed", "packed", 1850)
    assert parcel.number == f"{parcel.order.number}-1"
    assert actions.dispatch(parcel=parcel, by=packer) is True
    record.refresh_from_db()
    assert (parcel.state, parcel.dispatched_by) == ("dispatched", packer)
    assert (record.num_in_stock, record.num_allocated) == (3, 0)
    assert Reservation.objects.get().state == "consumed"
    assert Order.objects.get().status == "completed"
    assert Line.objects.get().quantity_dispatched == 2
    assert not BinStock.objects.filter(bin__kind="packing", quantity__gt=0).exists()
    assert Movement.objects.get(kind="dispatch").cause == f"parcel:{parcel.number}"
    (told,) = outbox.events(ParcelDispatched)
    assert (told.parcel_id, told.tracking_number, told.carrier) == (
        parcel.pk,
        parcel.tracking_number,
        parcel.carrier,
    )
    assert told.lines == [{"order_line_id": Line.objects.get().pk, "quantity": 2}]
    assert stock_differences() == []


def test_a_second_click_does_not_dispatch_twice(outbox: Outbox, packer: User) -> None:
    pick_list = picked(outbox, packer, (make_stockrecord(bins={"A-01": 5}), 2))
    parcel = actions.pack(pick_list=pick_list, quantities=whole(pick_list), by=packer)
    stale = Parcel.objects.get()
    assert actions.dispatch(parcel=parcel, by=packer) is True
    assert actions.dispatch(parcel=stale, by=packer) is False
    assert actions.dispatch(parcel=parcel, by=packer) is False
    assert len(outbox.events(ParcelDispatched)) == 1
    assert Movement.objects.filter(kind="dispatch").count() == 1


def test_an_order_travels_in_two_parcels(outbox: Outbox, packer: User) -> None:
    shoes, care = make_stockrecord("SHOE", bins={"A-01": 5}), make_stockrecord("CARE", bins={"A-02": 5})
    pick_list = picked(outbox, packer, (shoes, 2), (care, 3))
    first_line, second_line = Line.objects.order_by("pk")
    first = actions.pack(pick_list=pick_list, quantities={first_line.pk: 1, second_line.pk: 3}, by=packer)
    pick_list.refresh_from_db()
    assert pick_list.state == "picked"
    actions.dispatch(parcel=first, by=packer)
    assert Order.objects.get().status == "in_fulfilment"
    second = actions.pack(pick_list=pick_list, quantities={first_line.pk: 1, second_line.pk: 0}, by=packer)
    assert second.number.endswith("-2")
    actions.dispatch(parcel=second, by=packer)
    assert Order.objects.get().status == "completed"
    assert stock_differences() == []


def test_the_same_packing_sent_twice_makes_one_parcel(outbox: Outbox, packer: User) -> None:
    pick_list = picked(outbox, packer, (make_stockrecord(bins={"A-01": 5}), 2))
    seen = pick_list.revision
    one = {Line.objects.get().pk: 1}
    actions.pack(pick_list=pick_list, quantities=one, by=packer, revision=seen)
    with pytest.raises(DispatchError, match="in the meantime"):
        actions.pack(pick_list=pick_list, quantities=one, by=packer, revision=seen)
    assert Parcel.objects.count() == 1


@pytest.mark.parametrize("quantity", [3, -1, 10**9])
def test_nobody_packs_more_than_was_picked(outbox: Outbox, packer: User, quantity: int) -> None:
    pick_list = picked(outbox, packer, (make_stockrecord(bins={"A-01": 5}), 2))
    with pytest.raises(StockError):
        actions.pack(pick_list=pick_list, quantities={Line.objects.get().pk: quantity}, by=packer)
    assert not Parcel.objects.exists()


def test_an_empty_parcel_a_foreign_line_and_an_odd_weight_are_refused(outbox: Outbox, packer: User) -> None:
    pick_list = picked(outbox, packer, (make_stockrecord(bins={"A-01": 5}), 2))
    foreign = make_order((make_stockrecord("OTHER", bins={"A-02": 1}), 1)).lines.get()
    for quantities, weight, words in (
        ({}, 0, "at least one piece"),
        ({foreign.pk: 1}, 0, "another order"),
        ({10**30: 1}, 0, "another order"),
        (whole(pick_list), 10**9, "weight"),
    ):
        with pytest.raises(DispatchError, match=words):
            actions.pack(pick_list=pick_list, quantities=quantities, weight_g=weight, by=packer)


def test_an_unpacked_parcel_is_packed_again_and_can_no_longer_leave(outbox: Outbox, packer: User) -> None:
    pick_list = picked(outbox, packer, (make_stockrecord(bins={"A-01": 5}), 2))
    parcel = actions.pack(pick_list=pick_list, quantities=whole(pick_list), by=packer)
    actions.unpack(parcel=parcel, by=packer, why="wrong carton")
    with pytest.raises(DispatchError, match="unpacked again"):
        actions.dispatch(parcel=parcel, by=packer)
    again = actions.pack(pick_list=PickList.objects.get(), quantities=whole(pick_list), by=packer)
    assert again.number.endswith("-2")
    actions.dispatch(parcel=again, by=packer)
    with pytest.raises(DispatchError, match="already left"):
        actions.unpack(parcel=again, by=packer)


def test_nothing_leaves_while_an_order_is_on_hold(outbox: Outbox, packer: User) -> None:
    pick_list = picked(outbox, packer, (make_stockrecord(bins={"A-01": 5}), 2))
    parcel = actions.pack(pick_list=pick_list, quantities=whole(pick_list), by=packer)
    orders.hold(order=Order.objects.get(), by=packer, why="fraud check")
    with pytest.raises(DispatchError, match="fraud check"):
        actions.dispatch(parcel=parcel, by=packer)
    assert Parcel.objects.get().state == "packed"


def test_cancelling_the_order_unpacks_what_has_not_left(outbox: Outbox, packer: User) -> None:
    record = make_stockrecord(bins={"A-01": 5})
    pick_list = picked(outbox, packer, (record, 2))
    parcel = actions.pack(pick_list=pick_list, quantities=whole(pick_list), by=packer)
    orders.cancel(order=Order.objects.get(), why="changed her mind")
    with pytest.raises(DispatchError, match="nothing may leave"):
        actions.dispatch(parcel=parcel, by=packer)
    outbox.drain()
    assert outbox.failures() == []
    assert Parcel.objects.get().state == "unpacked"
    assert picking.put_back(pick_list=PickList.objects.get(), by=packer) == 2
    assert stock_differences() == []


def test_an_order_fetched_in_the_store_is_handed_over_without_a_label(outbox: Outbox, packer: User) -> None:
    DeliveryMethod.objects.update_or_create(code="store", defaults={"kind": "pickup", "name": "Abholung"})
    pick_list = picked(outbox, packer, (make_stockrecord(bins={"A-01": 5}), 2), shipping_code="store")
    parcel = actions.pack(pick_list=pick_list, quantities=whole(pick_list), by=packer)
    assert (parcel.is_handover, parcel.tracking_number) == (True, "")
    with pytest.raises(ValueError, match="no label"):
        papers.label(parcel)
    actions.dispatch(parcel=parcel, by=packer)
    assert parcel.state == "delivered"
    assert outbox.events(ParcelDispatched)[0].carrier == "pickup"


def test_a_carrier_that_refuses_says_why_and_the_parcel_waits(
    outbox: Outbox, packer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Picky(carriers.OwnLabel):
        code = "picky"

        def book(self, shipment: carriers.Shipment) -> carriers.Booked:
            raise CarrierRefused(f"postcode {shipment.recipient.postcode} is unknown", "address")

    monkeypatch.setitem(carriers.CARRIERS, "picky", Picky())
    DeliveryMethod.objects.update_or_create(
        code="home", defaults={"kind": "home", "carrier": "picky", "name": "x"}
    )
    pick_list = picked(outbox, packer, (make_stockrecord(bins={"A-01": 5}), 2))
    parcel = actions.pack(pick_list=pick_list, quantities=whole(pick_list), by=packer)
    label = Label.objects.get()
    assert (label.stage, label.about, parcel.tracking_number) == ("refused", "address", "")
    with pytest.raises(DispatchError, match="postcode 20457 is unknown"):
        actions.dispatch(parcel=parcel, by=packer)
    assert Parcel.objects.get().state == "packed"
    monkeypatch.undo()
    labels.retry(label=label, by=packer)
    parcel.refresh_from_db()
    assert actions.dispatch(parcel=parcel, by=packer) is True
    assert parcel.tracking_number and label.stage == "booked"


def test_outcomes_follow_the_table(outbox: Outbox, packer: User) -> None:
    pick_list = picked(outbox, packer, (make_stockrecord(bins={"A-01": 5}), 2))
    parcel = actions.pack(pick_list=pick_list, quantities=whole(pick_list), by=packer)
    for outcome in ("delivered", "exploded"):
        with pytest.raises(DispatchError):
            actions.note_outcome(parcel=parcel, outcome=outcome, by=packer)
    actions.dispatch(parcel=parcel, by=packer)
    actions.note_outcome(parcel=parcel, outcome="lost", by=packer, why="carrier says so")
    assert parcel.state == "lost"


def test_slip_and_label_are_pdf_in_the_orders_language(outbox: Outbox, packer: User) -> None:
    pick_list = picked(outbox, packer, (make_stockrecord(bins={"A-01": 5}), 2), language="en")
    parcel = actions.pack(pick_list=pick_list, quantities={Line.objects.get().pk: 1}, by=packer)
    assert papers.packing_slip(parcel).startswith(b"%PDF")
    assert papers.label(parcel).startswith(b"%PDF")


def test_tracking_numbers_carry_a_check_digit() -> None:
    assert tracking_number(1) == "KT0000000017"
    assert len({tracking_number(n)[-1] for n in range(10)}) == 10


def test_the_carrier_that_the_list_was_planned_for_takes_the_parcel(outbox: Outbox, packer: User) -> None:
    order = make_order((make_stockrecord(bins={"A-01": 5}), 1))
    outbox.drain()
    pick_list = PickList.objects.get(order=order)
    picking.reschedule(pick_list=pick_list, by=packer, why="DHL is on strike", carrier="GLS")
    pick_everything(pick_list, by=packer)
    parcel = actions.pack(pick_list=pick_list, quantities={order.lines.get().pk: 1}, by=packer)
    assert parcel.carrier == "GLS"


def test_a_list_of_which_nothing_was_found_does_not_wait_at_the_packing_table(
    outbox: Outbox, packer: User
) -> None:
    pick_list = picked(outbox, packer, (make_stockrecord(bins={"A-01": 5}), 2))
    assert packing_pages.to_pack() == packing_pages.waiting_lists().count() == 1
    pick_list.lines.update(state="short", quantity_picked=0)
    assert packing_pages.to_pack() == packing_pages.waiting_lists().count() == 0
