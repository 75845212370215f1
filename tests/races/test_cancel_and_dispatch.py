"""The office cancels an order while a parcel of it is leaving: the parcel wins, and nobody else's pieces are freed."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import transaction

from catalogue.partner.actions import ship
from catalogue.partner.models import Reservation, StockRecord
from checkout.order.actions import cancel, note_dispatch
from checkout.order.models import Order
from shop.kernel.states import MoveNotAllowed
from tests.factories.orders import make_order
from tests.factories.stock import make_stockrecord
from tests.races.crowd import all_at_once

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("fresh_database")]


def test_an_order_of_which_a_parcel_is_just_leaving_is_not_cancelled() -> None:
    record = make_stockrecord(bins={"A-01": 20})
    order, other = make_order((record, 2)), make_order((record, 5))
    Order.objects.filter(pk=order.pk).update(status="in_fulfilment")
    line = order.lines.get()
    is_leaving = threading.Event()

    def dispatch() -> None:
        with transaction.atomic():
            ship(order_line_id=line.pk, quantity=1, why="P-1")
            note_dispatch(order=Order.objects.get(pk=order.pk), lines={line.pk: 1})
            is_leaving.set()
            time.sleep(0.5)

    def office() -> None:
        is_leaving.wait(30)
        cancel(order=Order.objects.get(pk=order.pk), why="customer called")

    answers = all_at_once([dispatch, office])
    assert answers[0] is None
    assert isinstance(answers[1], MoveNotAllowed), answers
    order.refresh_from_db()
    assert order.status == "in_fulfilment"
    assert Reservation.objects.get(order_line_id=line.pk).quantity_left == 1
    assert StockRecord.objects.get(pk=record.pk).num_allocated == 1 + other.lines.get().quantity
