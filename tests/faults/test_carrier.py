"""The carrier away, slow or mad: parcels are packed, labels wait with their reason, nothing is booked twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from catalogue.partner.models import StockRecord
from checkout.order.models import Line
from fulfilment.warehouse.dispatch import actions, labels
from fulfilment.warehouse.dispatch.models import Label, Parcel
from fulfilment.warehouse.dispatch.standin.process import CarrierStandIn
from fulfilment.warehouse.picking.models import PickList
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.stock import make_stockrecord
from tests.factories.warehouse import pick_everything
from tests.faults.conftest import within
from tests.faults.shopper import buy, read, visitor
from tests.faults.wire import Wire, http
from tests.support.helpers import Clock
from tests.support.standins import deliver_home_by_it, emptied

TIMEOUT_S = 0.3


@pytest.fixture
def carrier(wire: Wire, settings: Any, db: None) -> Wire:
    """Home deliveries are booked at the end of the wire."""
    settings.CARRIER_DHL_URL = f"http://127.0.0.1:{wire.port}/parcel/de"
    settings.CARRIER_TIMEOUT_S = TIMEOUT_S
    deliver_home_by_it()
    return wire


@pytest.fixture
def pack(outbox: Any) -> Callable[[], Parcel]:
    """An order, picked and packed."""

    def packed() -> Parcel:
        staff = make_staff("lager@example.org")
        order = make_order((make_stockrecord("SKU-1", bins={"A-01": 500}), 2))
        outbox.drain()
        pick_list = pick_everything(PickList.objects.get(order=order), by=staff)
        whole = {line.pk: line.quantity for line in Line.objects.filter(order=order)}
        return actions.pack(pick_list=pick_list, quantities=whole, by=staff)

    return packed


def label_waits(pack: Callable[[], Parcel], shoe: StockRecord) -> Label:
    client = visitor()
    read(client, shoe)
    buy(client, shoe)
    parcel = pack()
    assert parcel.state == "packed"
    with within(10 * TIMEOUT_S + 30, "a sweep over a bad carrier"):
        assert labels.work_due() == 0
    label = Label.objects.get(parcel=parcel)
    assert (label.stage, label.attempts, label.tracking_number) == ("wanted", 1, "")
    assert label.last_error
    assert not label.files.exists()
    return label


@pytest.fixture
def then_booked(carrier_process: CarrierStandIn, settings: Any, clock: Clock) -> Callable[[Label], None]:
    """The carrier is well again: the next sweep books what waits, once."""

    def book(label: Label) -> None:
        settings.CARRIER_DHL_URL, settings.CARRIER_TIMEOUT_S = emptied(carrier_process), 5
        clock.advance(minutes=5)
        assert (labels.work_due(), labels.work_due()) == (1, 0)
        label.refresh_from_db()
        (shipment,) = carrier_process.control("shipments")
        assert (label.stage, label.tracking_number) == ("booked", shipment["number"])

    return book


@pytest.mark.cell("carrier", "down")
@pytest.mark.parametrize("manner", ["refuse", "cut", "reset"])
def test_without_it_the_label_waits_and_is_booked_when_it_is_back(
    manner: str, carrier: Wire, pack: Any, shoe: StockRecord, then_booked: Any
) -> None:
    getattr(carrier, manner)()
    then_booked(label_waits(pack, shoe))


@pytest.mark.cell("carrier", "slow")
def test_a_silent_one_is_given_up_after_the_time_limit(carrier: Wire, pack: Any, shoe: StockRecord) -> None:
    carrier.silence()
    label_waits(pack, shoe)


@pytest.mark.cell("carrier", "errors")
def test_one_that_refuses_everything_is_tried_again(carrier: Wire, pack: Any, shoe: StockRecord) -> None:
    carrier.say(http(b'{"status": {"statusCode": 503}}', "503 Service Unavailable"))
    label_waits(pack, shoe)


@pytest.mark.cell("carrier", "wrong answer")
@pytest.mark.parametrize(
    "body",
    [
        b"<html>Welcome to nginx</html>",
        b"",
        b"[]",
        b"null",
        b"{}",
        b'{"access_token": "t", "items": [{}], "shipmentNo": 7}',
        b'{"access_token": "t", "items": "none"}',
    ],
)
def test_what_cannot_be_read_is_no_label_and_does_not_hinder_the_next_try(
    body: bytes, carrier: Wire, pack: Any, shoe: StockRecord, then_booked: Any
) -> None:
    carrier.say(http(body))
    then_booked(label_waits(pack, shoe))
