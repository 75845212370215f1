"""What happens to a walk while somebody is on it: orders come, go and are held, pieces are missing."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from checkout.order import actions as orders
from checkout.order.models import Line, Order
from fulfilment.warehouse.picking import actions, queries
from fulfilment.warehouse.picking.actions import NotYourList, PickError
from fulfilment.warehouse.picking.models import Batch, BatchBox, PickLine, PickList
from fulfilment.warehouse.stock.queries import stock_differences
from shop.customers.models import User
from tests.factories.stock import make_bin, make_stockrecord
from tests.fulfilment.warehouse.picking.batches import ordered, orders_of, planned, state, take
from tests.support.helpers import Outbox

pytestmark = pytest.mark.django_db


def test_an_urgent_order_enters_a_running_batch_at_the_right_bin(outbox: Outbox, lena: User) -> None:
    records = {code: make_stockrecord(code, bins={}) for code in ("A-10", "A-20", "A-30", "A-40")}
    from fulfilment.warehouse.stock import actions as stock

    for code, record in records.items():
        stock.receive(stockrecord=record, bin=make_bin(code, sequence=int(code[2:])), quantity=5)
    ordered(outbox, (records["A-20"], 1), (records["A-40"], 1))
    (batch,) = planned()
    actions.start_batch(batch=batch, by=lena)
    actions.scan(line=queries.lines_of_batch(batch.pk)[0], code="A-20", quantity=1, by=lena)
    urgent = ordered(outbox, (records["A-10"], 1), (records["A-30"], 1))
    box = actions.add_to_batch(batch=batch, pick_list=urgent, by=lena)
    assert box.box == 2 and state(urgent) == "picking"
    open_stops = [line.bin.code for line in queries.lines_of_batch(batch.pk) if line.state == "open"]
    assert open_stops == ["A-10", "A-30", "A-40"]  # passed already: next; ahead: where the picker gets to
    with pytest.raises(PickError, match=f"is picked in batch {batch.number}"):
        actions.add_to_batch(batch=batch, pick_list=urgent, by=lena)
    take(batch, lena)
    assert len(actions.finish_batch(batch=batch, by=lena)) == 2
    late = ordered(outbox, (records["A-10"], 1))
    with pytest.raises(PickError, match="already finished"):
        actions.add_to_batch(batch=batch, pick_list=late, by=lena)


def test_what_may_not_come_into_a_batch_is_refused_in_words(outbox: Outbox, lena: User, kai: User) -> None:
    record = make_stockrecord(bins={"A-01": 50})
    ordered(outbox, (record, 1))
    (single,) = planned("single")
    ordered(outbox, (record, 1))
    (batch,) = planned()
    held, started, gone = (ordered(outbox, (record, 1)) for _ in range(3))
    orders.hold(order=held.order, by=None, why="address is checked")
    actions.start(pick_list=started, by=kai)
    orders.cancel(order=gone.order, why="changed her mind")
    for target, pick_list, words in (
        (single, held, "on hold"),
        (batch, held, "address is checked"),
        (batch, started, "Kai Kollege is picking this order"),
        (batch, gone, "was cancelled"),
    ):
        with pytest.raises(PickError, match=words if target is batch else "walk of one order"):
            actions.add_to_batch(batch=target, pick_list=PickList.objects.get(pk=pick_list.pk), by=lena)
    assert BatchBox.objects.filter(batch=batch).count() == 1


def test_an_order_is_taken_out_of_a_running_batch_and_planned_anew(outbox: Outbox, lena: User) -> None:
    record = make_stockrecord(bins={"A-01": 50})
    one, two = ordered(outbox, (record, 2)), ordered(outbox, (record, 2))
    (batch,) = planned()
    actions.start_batch(batch=batch, by=lena)
    line = next(line for line in queries.lines_of_batch(batch.pk) if line.pick_list_id == one.pk)
    actions.scan(line=line, code="SKU-1", quantity=1, by=lena)
    actions.remove_from_batch(batch=batch, pick_list=one, by=lena, why="too heavy")
    assert (state(one), state(two)) == ("open", "picking")
    with pytest.raises(PickError, match="no box"):
        actions.remove_from_batch(batch=batch, pick_list=one, by=lena, why="again")
    with pytest.raises(PickError, match="last order"):
        actions.remove_from_batch(batch=batch, pick_list=two, by=lena, why="too")
    actions.start(pick_list=PickList.objects.get(pk=one.pk), by=lena)
    assert sum(line.quantity_open for line in one.lines.all()) == 1


def test_orders_on_hold_or_cancelled_stay_behind_when_a_batch_starts(outbox: Outbox, lena: User) -> None:
    record = make_stockrecord(bins={"A-01": 50})
    fine, held, gone = (ordered(outbox, (record, 1)) for _ in range(3))
    (batch,) = planned()
    orders.hold(order=held.order, by=None, why="address")
    orders.cancel(order=gone.order, why="changed her mind")
    outbox.drain()
    left_behind = actions.start_batch(batch=batch, by=lena)
    assert left_behind == [held.order.number, gone.order.number]
    assert orders_of(batch) == [fine.pk]
    assert (state(held), state(gone)) == ("open", "cancelled")


def test_a_batch_of_which_nothing_is_wanted_cannot_be_started(outbox: Outbox, lena: User) -> None:
    pick_list = ordered(outbox, (make_stockrecord(bins={"A-01": 5}), 1))
    (batch,) = planned()
    orders.hold(order=pick_list.order, by=None, why="address")
    with pytest.raises(PickError, match="on hold or cancelled"):
        actions.start_batch(batch=batch, by=lena)
    assert Batch.objects.get().state == "open"


def test_an_order_cancelled_on_the_way_leaves_the_walk_and_its_box_says_put_back(
    outbox: Outbox, lena: User
) -> None:
    from fulfilment.warehouse.picking.walks import walk_of

    record = make_stockrecord(bins={"A-01": 50})
    stays, gone = ordered(outbox, (record, 1)), ordered(outbox, (record, 3))
    (batch,) = planned()
    actions.start_batch(batch=batch, by=lena)
    line = next(line for line in queries.lines_of_batch(batch.pk) if line.pick_list_id == gone.pk)
    actions.scan(line=line, code="SKU-1", quantity=1, by=lena)
    orders.cancel(order=Order.objects.get(pk=gone.order_id), why="changed her mind")
    outbox.drain()
    walk = walk_of(Batch.objects.get(), lena)
    assert [stop["order"] for stop in walk["stops"]] == [stays.order.number]
    assert [box["put_back"] for box in walk["boxes"]] == [False, True]
    take(batch, lena)
    assert actions.finish_batch(batch=batch, by=lena) == [stays]
    assert actions.put_back(pick_list=PickList.objects.get(pk=gone.pk), by=lena) == 1
    assert stock_differences() == []


def test_an_order_held_on_the_way_is_named_when_the_batch_is_finished(outbox: Outbox, lena: User) -> None:
    record = make_stockrecord(bins={"A-01": 50})
    one, held = ordered(outbox, (record, 1)), ordered(outbox, (record, 1))
    (batch,) = planned()
    actions.start_batch(batch=batch, by=lena)
    orders.hold(order=held.order, by=None, why="address")
    with pytest.raises(PickError, match="on hold"):
        take(batch, lena)
    with pytest.raises(PickError, match=f"Order {held.order.number} is on hold and not picked"):
        actions.finish_batch(batch=batch, by=lena)
    actions.remove_from_batch(batch=batch, pick_list=held, by=lena, why="on hold")
    assert actions.finish_batch(batch=batch, by=lena) == [one]
    assert state(held) == "open"


def two_zones(outbox: Outbox) -> tuple[PickList, list[Batch]]:
    from fulfilment.warehouse.stock import actions as stock

    first, second = make_stockrecord("IN-A"), make_stockrecord("IN-B")
    stock.receive(stockrecord=first, bin=make_bin("A-01", zone="A", sequence=10), quantity=9)
    stock.receive(stockrecord=second, bin=make_bin("B-01", zone="B", sequence=20), quantity=9)
    pick_list = ordered(outbox, (first, 2), (second, 1))
    return pick_list, planned("zone")


def test_two_people_pick_one_order_in_two_zones_at_the_same_time(
    outbox: Outbox, lena: User, kai: User
) -> None:
    pick_list, (in_a, in_b) = two_zones(outbox)
    assert (in_a.zone.code, in_b.zone.code) == ("A", "B")
    actions.start_batch(batch=in_a, by=lena)
    actions.start_batch(batch=in_b, by=kai)
    take(in_a, lena)
    with pytest.raises(NotYourList, match="Kai Kollege"):
        take(in_b, lena)
    assert actions.finish_batch(batch=in_a, by=lena) == []
    assert state(pick_list) == "picking"  # the other cart is still out
    take(in_b, kai)
    assert actions.finish_batch(batch=in_b, by=kai) == [pick_list]


def test_a_zone_that_is_not_walked_leaves_the_order_open(outbox: Outbox, lena: User) -> None:
    pick_list, (in_a, in_b) = two_zones(outbox)
    actions.start_batch(batch=in_a, by=lena)
    take(in_a, lena)
    actions.finish_batch(batch=in_a, by=lena)
    assert state(pick_list) == "open"  # zone B waits for somebody
    actions.cancel_batch(batch=in_b, by=lena, why="nobody there")
    assert state(pick_list) == "open"
    (rest,) = planned()
    actions.start_batch(batch=rest, by=lena)
    take(rest, lena)
    assert actions.finish_batch(batch=rest, by=lena) == [pick_list]


def test_missing_pieces_found_elsewhere_join_the_same_walk(outbox: Outbox, lena: User) -> None:
    record = make_stockrecord(bins={"A-01": 3, "A-02": 2})
    ordered(outbox, (record, 3))
    (batch,) = planned()
    actions.start_batch(batch=batch, by=lena)
    line = queries.lines_of_batch(batch.pk)[0]
    assert actions.report_short(line=line, by=lena) == 2
    assert [(s.bin.code, s.state) for s in queries.lines_of_batch(batch.pk)] == [
        ("A-01", "short"), ("A-02", "open"),
    ]  # fmt: skip
    take(batch, lena)
    assert len(actions.finish_batch(batch=batch, by=lena)) == 1


def test_a_batch_counts_as_missing_what_its_lists_count_as_missing(
    outbox: Outbox, lena: User, desk: Client
) -> None:
    """What was found in another bin, or is not wanted any more, is not missing."""
    record = make_stockrecord(bins={"A-01": 5, "A-02": 2})
    (one, two) = (ordered(outbox, (record, 3)), ordered(outbox, (record, 2)))
    (batch,) = planned()
    actions.start_batch(batch=batch, by=lena)
    for line in queries.lines_of_batch(batch.pk):
        actions.report_short(line=line, by=lena)

    def missing() -> tuple[int, list[int], list[int]]:
        lists = queries.pick_lists().filter(pk__in=[one.pk, two.pk]).order_by("pk")
        boxes = [box.missing for box in queries.boxes_of(batch.pk)]
        return queries.batches().get().missing, boxes, [row.missing for row in lists]

    assert missing() == (3, [1, 2], [1, 2]), "two pieces were found in the other bin"
    Line.objects.filter(order=two.order_id).update(quantity_cancelled=1)
    assert missing() == (2, [1, 1], [1, 1])
    orders.cancel(order=Order.objects.get(pk=two.order_id), why="changed her mind")
    assert missing() == (1, [1, 0], [1, 0])
    html = desk.get(reverse("warehouse:batch", args=[batch.pk])).content.decode()
    assert "1 piece was not found" in html
    assert "1,0" not in html
    csv = desk.get(reverse("warehouse:batches") + "?format=csv&sort=-missing").content.decode()
    assert batch.number in csv


def test_goods_that_come_while_the_batch_runs_join_its_walk(outbox: Outbox, lena: User) -> None:
    from fulfilment.warehouse.stock import actions as stock

    record = make_stockrecord(bins={"A-01": 1}, backorderable=True)
    pick_list = ordered(outbox, (record, 3))
    (batch,) = planned()
    actions.start_batch(batch=batch, by=lena)
    stock.receive(stockrecord=record, bin=make_bin("A-02", sequence=20), quantity=5)
    assert actions.plan_rest(pick_list=pick_list, by=lena) == 2
    assert PickLine.objects.filter(batch=batch, state="open").count() == 2
    take(batch, lena)
    assert actions.finish_batch(batch=batch, by=lena) == [pick_list]
