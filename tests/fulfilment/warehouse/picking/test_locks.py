"""Locks go order, batch, list: who begins to pick and who plans missing pieces at once never wait in a ring."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import OperationalError, connection

from catalogue.partner.models import StockRecord
from checkout.order.models import Order
from fulfilment.warehouse.picking import actions
from fulfilment.warehouse.picking.actions import Wave, batches, boxes, lists, sites
from fulfilment.warehouse.picking.models import Batch, PickList
from fulfilment.warehouse.stock import actions as stock
from shop.customers.models import User
from shop.kernel import outbox
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.stock import make_bin, make_stockrecord
from tests.races.crowd import all_at_once

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("fresh_database")]

DEADLOCK = "40P01"
MEET_S = (
    1.5  #: how long each waits for the other to hold its first lock; with one order of locks they never meet
)


class Deadlocks:
    """Hears of every deadlock that the database broke, also of those that are tried again and nobody sees."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        try:
            return execute(sql, params, many, context)
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) == DEADLOCK:
                self.heard.append(sql[:200])
            raise

    def listening(self, deed: Any) -> Any:
        """The deed, overheard."""

        def listened() -> Any:
            with connection.execute_wrapper(self):
                return deed()

        return listened


def meet(
    patch: pytest.MonkeyPatch, module: Any, name: str, mine: threading.Event, yours: threading.Event
) -> None:
    """Who has taken this lock for the first time says so, and waits a while for the other."""
    real = getattr(module, name)

    def held(*args: Any) -> Any:
        found = real(*args)
        if not mine.is_set():
            mine.set()
            yours.wait(MEET_S)
        return found

    patch.setattr(module, name, held)


def list_with_missing_pieces() -> PickList:
    """One piece can be picked, two are missing."""
    record = make_stockrecord(bins={"A-01": 1}, backorderable=True)
    order = make_order((record, 3))
    outbox.drain()
    return PickList.objects.get(order=order)


def planned(found: PickList) -> Batch:
    (batch,) = actions.plan_batches(wave=Wave(found.site, "batch"))
    return batch


def start_alone(found: PickList, one: User, other: User) -> Any:
    return lists, "held", lambda: actions.start(pick_list=PickList.objects.get(pk=found.pk), by=one)


def take_over_alone(found: PickList, one: User, other: User) -> Any:
    actions.start(pick_list=found, by=other)
    Order.objects.update(status="confirmed")
    return lists, "held", lambda: actions.take_over(pick_list=PickList.objects.get(pk=found.pk), by=one)


def start_the_batch(found: PickList, one: User, other: User) -> Any:
    batch = planned(found)
    return batches, "held_batch", lambda: actions.start_batch(batch=Batch.objects.get(pk=batch.pk), by=one)


def take_over_the_batch(found: PickList, one: User, other: User) -> Any:
    batch = planned(found)
    actions.start_batch(batch=batch, by=other)
    Order.objects.update(status="confirmed")
    return (
        batches,
        "held_batch",
        lambda: actions.take_over_batch(batch=Batch.objects.get(pk=batch.pk), by=one),
    )


def join_a_running_batch(found: PickList, one: User, other: User) -> Any:
    PickList.objects.filter(pk=found.pk).update(carrier="later")
    make_order((make_stockrecord("SKU-2", bins={"A-02": 1}), 1))
    outbox.drain()
    away = PickList.objects.exclude(pk=found.pk).get()
    PickList.objects.filter(pk=away.pk).update(carrier="now")
    (batch,) = actions.plan_batches(wave=Wave(away.site, "batch", carrier="now"))
    actions.start_batch(batch=batch, by=one)
    fresh = PickList.objects.get(pk=found.pk)
    return boxes, "held", lambda: actions.add_to_batch(batch=batch, pick_list=fresh, by=one)


@pytest.mark.parametrize(
    "prepared", [start_alone, take_over_alone, start_the_batch, take_over_the_batch, join_a_running_batch]
)
def test_who_begins_and_who_plans_missing_pieces_never_wait_in_a_ring(
    prepared: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = list_with_missing_pieces()
    one, other = (make_staff(f"{name}@example.org", first_name=name) for name in ("lena", "kai"))
    module, lock, deed = prepared(found, one, other)
    record = StockRecord.objects.get(partner_sku="SKU-1")
    stock.receive(stockrecord=record, bin=make_bin("A-01"), quantity=5)
    deadlocks, order_held, other_held = Deadlocks(), threading.Event(), threading.Event()
    meet(monkeypatch, sites, "hold_order", order_held, other_held)
    meet(monkeypatch, module, lock, other_held, order_held)
    plan = lambda: actions.plan_rest(pick_list=PickList.objects.get(pk=found.pk))  # noqa: E731
    answers = all_at_once([deadlocks.listening(deed), deadlocks.listening(plan)])
    assert [a for a in answers if isinstance(a, Exception)] == []
    assert answers[1] == 2
    assert Order.objects.get(pk=found.order_id).status == "in_fulfilment"
    assert order_held.is_set() and other_held.is_set()
    assert deadlocks.heard == []
