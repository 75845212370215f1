"""Walks for several orders: planning, boxes, what happens on the way, and that lists follow their batches."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from checkout.order import actions as orders
from checkout.order.models import Order
from fulfilment.warehouse.picking import actions, queries
from fulfilment.warehouse.picking.actions import NotYourList, PickError, Wave
from fulfilment.warehouse.picking.models import Batch, PickLine, PickList
from fulfilment.warehouse.stock.actions import default_site
from fulfilment.warehouse.stock.models import Zone
from fulfilment.warehouse.stock.queries import stock_differences
from shop.customers.models import User
from shop.kernel.clock import now
from tests.factories.stock import make_bin, make_stockrecord
from tests.fulfilment.warehouse.picking.batches import ordered, orders_of, planned, state, take
from tests.support.helpers import Outbox

pytestmark = pytest.mark.django_db


def test_open_orders_become_carts_with_a_box_each(outbox: Outbox) -> None:
    record = make_stockrecord(bins={"A-01": 50})
    lists = [ordered(outbox, (record, n + 1)) for n in range(5)]
    wave = Wave(default_site(), "batch", boxes=2)
    foreseen = [(walk.orders, walk.lines, walk.pieces) for walk in actions.preview(wave)]
    assert foreseen == [(2, 2, 3), (2, 2, 7), (1, 1, 5)]
    batches = actions.plan_batches(wave=wave)
    assert [orders_of(batch) for batch in batches] == [
        [lists[0].pk, lists[1].pk], [lists[2].pk, lists[3].pk], [lists[4].pk],
    ]  # fmt: skip
    assert list(batches[0].boxes.values_list("box", flat=True)) == [1, 2]
    assert not PickLine.objects.filter(batch=None).exists()
    assert planned() == []


def test_urgent_orders_come_first_then_the_earliest_cut_off(outbox: Outbox) -> None:
    record = make_stockrecord(bins={"A-01": 50})
    late, soon, urgent = (ordered(outbox, (record, 1)) for _ in range(3))
    PickList.objects.filter(pk=late.pk).update(due_at=now() + dt.timedelta(days=2))
    PickList.objects.filter(pk=soon.pk).update(due_at=now() + dt.timedelta(hours=1))
    actions.reschedule(pick_list=urgent, urgent=True, why="she leaves tomorrow", by=None)
    assert [orders_of(batch) for batch in planned(boxes=1)] == [[urgent.pk], [soon.pk], [late.pk]]


def test_a_wave_takes_only_what_was_asked_for(outbox: Outbox) -> None:
    record = make_stockrecord(bins={"A-01": 50})
    plain, other, soon, held = (ordered(outbox, (record, 1)) for _ in range(4))
    PickList.objects.filter(pk=other.pk).update(carrier="fast")
    PickList.objects.filter(pk=soon.pk).update(due_at=now())
    orders.hold(order=held.order, by=None, why="address")
    assert [walk.lists for walk in actions.preview(Wave(default_site(), "batch", carrier="fast"))] == [
        [other.pk]
    ]
    assert [walk.lists for walk in actions.preview(Wave(default_site(), "batch", until=now()))] == [[soon.pk]]
    assert actions.preview(Wave(default_site(), "batch", urgent_only=True)) == []
    assert [orders_of(batch) for batch in planned()] == [[soon.pk, plain.pk, other.pk]]


@pytest.mark.parametrize("fields", [{"boxes": 0}, {"boxes": -1}, {"boxes": 10**9}, {"most_lines": 0}])
def test_a_cart_that_nobody_has_is_refused(db: None, fields: dict[str, int]) -> None:
    with pytest.raises(PickError):
        planned(**fields)
    with pytest.raises(PickError):
        planned("cartwheel")


def test_the_walk_goes_by_zone_then_by_bin(outbox: Outbox) -> None:
    near = make_stockrecord("NEAR")
    places = [("B-01", 1, "B"), ("A-09", 90, "A"), ("A-01", 10, "A")]
    records = {}
    for code, sequence, zone in places:
        place = make_bin(code, sequence=sequence, zone=zone)
        records[code] = make_stockrecord(code)
        from fulfilment.warehouse.stock import actions as stock

        stock.receive(stockrecord=records[code], bin=place, quantity=5)
    Zone.objects.filter(code="A").update(sequence=1)
    Zone.objects.filter(code="B").update(sequence=2)
    ordered(outbox, *[(record, 1) for record in records.values()])
    (batch,) = planned("single")
    assert [line.bin.code for line in queries.lines_of_batch(batch.pk)] == ["A-01", "A-09", "B-01"]
    assert near.pk


def test_a_started_batch_starts_its_lists_and_they_are_picked_when_it_is_finished(
    outbox: Outbox, lena: User, kai: User
) -> None:
    record = make_stockrecord(bins={"A-01": 50})
    one, two = ordered(outbox, (record, 1)), ordered(outbox, (record, 2))
    (batch,) = planned()
    actions.start_batch(batch=batch, by=lena)
    actions.start_batch(batch=batch, by=lena)
    assert (state(one), state(two)) == ("picking", "picking")
    assert set(Order.objects.values_list("status", flat=True)) == {"in_fulfilment"}
    with pytest.raises(NotYourList, match="Lena Lager is picking batch"):
        actions.start_batch(batch=Batch.objects.get(), by=kai)
    with pytest.raises(PickError, match="2 lines are still open"):
        actions.finish_batch(batch=batch, by=lena)
    take(batch, lena)
    assert (state(one), state(two)) == ("picking", "picking")
    assert actions.finish_batch(batch=batch, by=lena) == [one, two]
    assert (state(one), state(two), batch.state) == ("picked", "picked", "picked")
    with pytest.raises(PickError, match="already finished"):
        actions.finish_batch(batch=batch, by=lena)
    assert stock_differences() == []


def test_a_list_in_a_batch_is_not_picked_by_itself(outbox: Outbox, lena: User, kai: User) -> None:
    pick_list = ordered(outbox, (make_stockrecord(bins={"A-01": 5}), 1))
    (batch,) = planned()
    with pytest.raises(PickError, match=f"is picked in batch {batch.number}"):
        actions.start(pick_list=pick_list, by=kai)
    with pytest.raises(PickError, match="Please start this batch first"):
        take(batch, kai)
    actions.start_batch(batch=batch, by=lena)
    pick_list.refresh_from_db()
    for verb in (actions.finish, actions.let_go, actions.take_over):
        with pytest.raises(PickError):
            verb(pick_list=PickList.objects.get(), by=kai)
    for verb in (actions.finish, actions.let_go):
        with pytest.raises(PickError, match="is picked in batch"):
            verb(pick_list=PickList.objects.select_related("order").get(), by=lena)
    with pytest.raises(NotYourList, match="Lena Lager is picking batch"):
        take(batch, kai)


def test_a_batch_is_taken_over_and_let_go_with_its_lists(outbox: Outbox, lena: User, kai: User) -> None:
    pick_list = ordered(outbox, (make_stockrecord(bins={"A-01": 5}), 2))
    (batch,) = planned()
    actions.start_batch(batch=batch, by=lena)
    actions.take_over_batch(batch=batch, by=kai)
    pick_list.refresh_from_db()
    assert (batch.picker, pick_list.picker, pick_list.state) == (kai, kai, "picking")
    with pytest.raises(NotYourList, match="Kai Kollege"):
        actions.let_go_batch(batch=batch, by=lena)
    actions.let_go_batch(batch=batch, by=kai)
    assert (batch.state, state(pick_list)) == ("open", "open")
    with pytest.raises(PickError, match="start this batch first"):
        actions.take_over_batch(batch=Batch.objects.get(), by=lena) or take(batch, lena)
    actions.start_batch(batch=batch, by=lena)
    take(batch, lena)
    actions.finish_batch(batch=batch, by=lena)
    assert state(pick_list) == "picked"


def test_a_cancelled_batch_gives_its_open_lines_back(outbox: Outbox, lena: User) -> None:
    record = make_stockrecord(bins={"A-01": 50})
    one, two = ordered(outbox, (record, 1)), ordered(outbox, (record, 2))
    (batch,) = planned()
    actions.start_batch(batch=batch, by=lena)
    line = next(line for line in queries.lines_of_batch(batch.pk) if line.pick_list_id == one.pk)
    actions.scan(line=line, code="SKU-1", quantity=1, by=lena)
    with pytest.raises(PickError, match="say why"):
        actions.cancel_batch(batch=batch, by=lena, why=" ")
    assert actions.cancel_batch(batch=batch, by=lena, why="cart broke") == 1
    assert (state(one), state(two)) == ("picked", "open")
    with pytest.raises(PickError, match="was cancelled"):
        actions.cancel_batch(batch=batch, by=lena, why="again")
    (again,) = planned()
    assert orders_of(again) == [two.pk]


def test_planning_takes_few_queries_however_many_orders(
    outbox: Outbox, django_assert_max_num_queries: Any
) -> None:
    record = make_stockrecord(bins={"A-01": 90})
    for _ in range(12):
        ordered(outbox, (record, 1))
    with django_assert_max_num_queries(15):
        assert len(planned(boxes=3)) == 4


def test_who_made_an_order_urgent_and_why_is_kept(outbox: Outbox, lena: User) -> None:
    from shop.kernel.models import StateChange

    pick_list = ordered(outbox, (make_stockrecord(bins={"A-01": 5}), 1))
    with pytest.raises(PickError, match="say why"):
        actions.reschedule(pick_list=pick_list, urgent=True, by=lena, why="")
    actions.reschedule(pick_list=pick_list, urgent=True, by=lena, why="birthday on Friday")
    assert pick_list.is_urgent
    kept = StateChange.objects.get(machine="pick_list_plan")
    assert (kept.by, kept.why, kept.new[:6]) == (lena, "birthday on Friday", "urgent")
