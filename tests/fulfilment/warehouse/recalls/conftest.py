"""Who recalls, and what: two lots of shoe cream, of which the first went into three orders."""

from __future__ import annotations

import pytest
from django.test import Client

from catalogue.partner.models import StockRecord
from checkout.order.models import Order
from fulfilment.warehouse.dispatch import actions as dispatch
from fulfilment.warehouse.picking.models import PickedLot
from fulfilment.warehouse.stock import actions as stock
from shop.customers.models import User
from tests.factories.orders import make_country
from tests.factories.people import make_staff
from tests.factories.stock import make_bin, make_stockrecord
from tests.fulfilment.warehouse.recalls.tins import (
    LATER,
    SOON,
    lot,
    ordered,
    pack,
    pick,
)
from tests.support.helpers import Outbox


@pytest.fixture
def boss(db: None) -> User:
    return make_staff(
        "chef@example.org",
        "recalls.manage_recalls",
        "order.view_orders",
        "stock.view_stock",
        first_name="Berta",
    )


@pytest.fixture
def office(boss: User) -> Client:
    client = Client()
    client.force_login(boss)
    return client


@pytest.fixture
def cream() -> StockRecord:
    """Shoe cream by lots: the one that expires first, L-1, and L-2 in another bin."""
    make_country()
    record = make_stockrecord("CREAM", title="Schuhcreme")
    stock.set_handling(stockrecord=record, by=None, tracking="lot", has_best_before=True)
    stock.receive(stockrecord=record, bin=make_bin("A-01"), quantity=9, lot="L-1", best_before=SOON)
    stock.receive(stockrecord=record, bin=make_bin("A-02"), quantity=6, lot="L-2", best_before=LATER)
    record.refresh_from_db()
    return record


@pytest.fixture
def three(cream: StockRecord, staff: User, outbox: Outbox) -> list[Order]:
    """Two pieces of L-1 each: with the customer (German), at the packing place (English), planned only."""
    sent = ordered(cream, 2, outbox)
    pick(sent, staff)
    dispatch.dispatch(parcel=pack(sent, staff), by=staff)
    packed = ordered(cream, 2, outbox, language="en", email="john@example.org")
    pick(packed, staff)
    planned = ordered(cream, 2, outbox, email="karla@example.org")
    outbox.drain()
    assert {row.lot.code for row in PickedLot.objects.all()} == {"L-1"}
    assert planned.lines.get().lot == lot()
    return [sent.order, packed.order, planned.order]
