"""A label is given back while its parcel is scanned at the ramp: one of both happens, never both."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from checkout.order.models import Line
from fulfilment.warehouse.dispatch import actions, labels
from fulfilment.warehouse.dispatch.errors import DispatchError
from fulfilment.warehouse.dispatch.models import Label, Parcel
from fulfilment.warehouse.dispatch.verify import CHECKS
from fulfilment.warehouse.picking.models import PickList
from shop.customers.models import User
from shop.kernel.states import StateError
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.stock import make_stockrecord
from tests.factories.warehouse import pick_everything
from tests.support.helpers import Outbox


@pytest.fixture
def packer(fresh_database: None) -> User:
    return make_staff("lager@example.org")


@pytest.mark.parametrize("turn", range(4))
def test_a_parcel_never_leaves_with_a_label_that_was_given_back(
    fresh_database: None, outbox: Outbox, packer: User, turn: int
) -> None:
    order = make_order((make_stockrecord(bins={"A-01": 5}), 1))
    outbox.drain()
    table = pick_everything(PickList.objects.get(order=order), by=packer)
    whole = {line.pk: line.quantity for line in Line.objects.filter(order=order)}
    parcel = actions.pack(pick_list=table, quantities=whole, by=packer)
    start, done = threading.Barrier(2), []

    def work(name: str) -> None:
        start.wait()
        try:
            mine = Parcel.objects.select_related("order", "pick_list").get(pk=parcel.pk)
            if name == "leave":
                actions.dispatch(parcel=mine, by=packer)
            else:
                labels.cancel(parcel=mine, by=packer)
            done.append(name)
        except (DispatchError, StateError):
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(name,)) for name in ("leave", "give back")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    parcel.refresh_from_db()
    label = Label.objects.get()
    assert len(done) == 1, done
    if done == ["leave"]:
        assert (parcel.state, label.stage) == ("dispatched", "booked") and parcel.tracking_number
    else:
        assert (parcel.state, label.stage, parcel.tracking_number) == ("packed", "cancelled", "")
    assert [sentence for _name, check in CHECKS for sentence in check()] == []


def test_the_race_is_real_without_taking_the_row_first(
    fresh_database: None, outbox: Outbox, packer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = make_order((make_stockrecord(bins={"A-01": 5}), 1))
    outbox.drain()
    table = pick_everything(PickList.objects.get(order=order), by=packer)
    parcel = actions.pack(pick_list=table, quantities={order.lines.get().pk: 1}, by=packer)
    labels.cancel(parcel=parcel, by=packer)
    monkeypatch.setattr(actions, "_hold_labelled", lambda parcel: None)
    actions.dispatch(parcel=parcel, by=packer)
    assert [sentence for _name, check in CHECKS for sentence in check()] == [
        f"parcel {parcel.number} is dispatched and has no label"
    ]
