"""Which lot went into which parcel: so that a recall finds it."""

from __future__ import annotations

import uuid

import pytest

from checkout.order.models import Line
from fulfilment.warehouse.dispatch import actions, lots, packing
from fulfilment.warehouse.dispatch.errors import DispatchError
from fulfilment.warehouse.dispatch.models import ParcelLot
from fulfilment.warehouse.picking.models import PickedLot, PickLine, PickList
from fulfilment.warehouse.stock.models import BY_SERIAL, Handling, Lot
from shop.customers.models import User
from tests.factories.orders import make_order
from tests.factories.stock import make_stockrecord
from tests.factories.warehouse import pick_everything
from tests.support.helpers import Outbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def table(outbox: Outbox, staff: User) -> PickList:
    """Three watches with serial numbers S-1 to S-3 lie at the packing place, written down as picked."""
    record = make_stockrecord("WATCH", bins={"A-01": 3})
    order = make_order((record, 3))
    outbox.drain()
    pick_list = pick_everything(PickList.objects.get(order=order), by=staff)
    Handling.objects.update_or_create(stockrecord=record, defaults={"tracking": BY_SERIAL})
    for n in (1, 2, 3):
        lot = Lot.objects.create(stockrecord=record, code=f"S-{n}", is_serial=True)
        PickedLot.objects.create(pick_line=PickLine.objects.get(), lot=lot, quantity=1)
    return pick_list


def scan(table: PickList, code: str, by: User) -> str:
    return packing.scan(pick_list=table, code=code, quantity=1, scan_id=uuid.uuid4(), by=by)


def test_the_serial_number_that_was_scanned_is_in_the_parcel(table: PickList, staff: User) -> None:
    with pytest.raises(DispatchError, match="scan the number on the piece"):
        scan(table, "WATCH", staff)
    assert "Right: 1 × WATCH" in scan(table, "s-2", staff)
    with pytest.raises(DispatchError, match="S-2 is in the carton already"):
        scan(table, "S-2", staff)
    first = packing.close(pick_list=table, by=staff)
    held = ParcelLot.objects.filter(parcel_line__parcel=first)
    assert [one.lot.code for one in held] == ["S-2"]
    with pytest.raises(DispatchError, match="was not picked"):
        scan(table, "S-2", staff)
    scan(table, "S-3", staff)
    packing.close(pick_list=table, by=staff)
    assert lots.at_hand(table) == {Line.objects.get().pk: {
        lot.pk: int(lot.code == "S-1") for lot in Lot.objects.all()
    }}  # fmt: skip


def test_a_serial_number_of_another_house_is_unknown(table: PickList, staff: User) -> None:
    Lot.objects.create(stockrecord=make_stockrecord("OTHER"), code="X-1", is_serial=True)
    with pytest.raises(DispatchError, match="Unknown code"):
        scan(table, "X-1", staff)


def test_unpacking_gives_the_lots_back(table: PickList, staff: User) -> None:
    scan(table, "S-1", staff)
    parcel = packing.close(pick_list=table, by=staff)
    actions.unpack(parcel=parcel, by=staff)
    assert sum(lots.at_hand(table)[Line.objects.get().pk].values()) == 3
    scan(table, "S-1", staff)


def test_packing_by_numbers_takes_the_first_to_expire(table: PickList, staff: User) -> None:
    table.refresh_from_db()
    actions.pack(pick_list=table, quantities={Line.objects.get().pk: 2}, by=staff)
    assert sorted(ParcelLot.objects.values_list("lot__code", flat=True)) == ["S-1", "S-2"]


def test_pieces_without_a_number_are_not_packed_silently(table: PickList, staff: User) -> None:
    PickedLot.objects.filter(lot__code="S-3").delete()
    table.refresh_from_db()
    with pytest.raises(DispatchError, match="lot or serial number"):
        actions.pack(pick_list=table, quantities={Line.objects.get().pk: 3}, by=staff)
