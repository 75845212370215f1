"""Many pickers and planners in the same moment: real threads, real commits, on both databases."""

from __future__ import annotations

import threading
import uuid
from typing import Any

import pytest

from fulfilment.warehouse.picking import actions, queries
from fulfilment.warehouse.picking.actions import NotYourList, PickError, Scan, Wave
from fulfilment.warehouse.picking.models import Batch, BatchBox, PickLine, PickList, ScanRecord
from fulfilment.warehouse.stock.actions import default_site
from fulfilment.warehouse.stock.models import BinStock, Movement
from fulfilment.warehouse.stock.queries import stock_differences
from shop.customers.models import User
from shop.kernel import outbox
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.stock import make_stockrecord
from tests.races.crowd import all_at_once

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("fresh_database")]

PICKERS = 16
PEOPLE = 6


def people(count: int) -> list[User]:
    return [make_staff(f"p{n}@example.org", first_name=f"P{n}") for n in range(count)]


def open_orders(count: int, pieces: int = 1) -> list[PickList]:
    record = make_stockrecord(bins={"A-01": count * pieces})
    for _ in range(count):
        make_order((record, pieces))
    outbox.drain()
    return list(PickList.objects.order_by("pk"))


def wave(kind: str = "batch", boxes: int = 2) -> Wave:
    return Wave(default_site(), kind, boxes=boxes)


def scan_of(line: PickLine) -> Scan:
    return Scan(uuid.uuid4(), "pick", line.pk, "SKU-1", 1, bin="A-01")


def test_sixteen_pickers_at_one_bin_lose_no_piece_and_take_none_twice() -> None:
    open_orders(PICKERS * 2)
    batches = actions.plan_batches(wave=wave())
    staff = people(PICKERS)
    for batch, person in zip(batches, staff, strict=True):
        actions.start_batch(batch=batch, by=person)

    def walk(batch: Batch, person: User) -> int:
        for line in queries.lines_of_batch(batch.pk):
            one = scan_of(line)
            for _sent_again in range(2):
                (answer,) = actions.take_scans(walk=batch, scans=[one], by=person)
                assert answer.accepted, answer.text
        return len(actions.finish_batch(batch=batch, by=person))

    answers = all_at_once([lambda b=b, p=p: walk(b, p) for b, p in zip(batches, staff, strict=True)])
    assert answers == [2] * PICKERS
    assert BinStock.objects.get(bin__code="A-01").quantity == 0
    assert BinStock.objects.get(bin__kind="packing").quantity == PICKERS * 2
    assert Movement.objects.filter(kind="pick").count() == PICKERS * 4
    assert ScanRecord.objects.count() == PICKERS * 2
    assert set(PickList.objects.values_list("state", flat=True)) == {"picked"}
    assert stock_differences() == []


def test_looking_first_and_writing_then_takes_a_scan_twice() -> None:
    """The race exists: this is what the unique id in the same transaction is for."""
    open_orders(1, pieces=PEOPLE)
    line, one = PickLine.objects.get(), scan_of(PickLine.objects.get())
    everybody_has_looked = threading.Barrier(PEOPLE)

    def naive() -> bool:
        known = ScanRecord.objects.filter(scan_id=one.id).exists()
        everybody_has_looked.wait(60)
        return not known

    assert all_at_once([naive] * PEOPLE) == [True] * PEOPLE  # each would have taken a piece
    assert line.quantity == PEOPLE


def test_one_scan_sent_by_many_at_once_happens_once_and_all_hear_the_same() -> None:
    (found,) = open_orders(1, pieces=PEOPLE)
    (person,) = people(1)
    actions.start(pick_list=found, by=person)
    one = scan_of(PickLine.objects.get())
    answers = all_at_once([lambda: actions.take_scans(walk=found, scans=[one], by=person)] * PEOPLE)
    assert all(isinstance(answer, list) for answer in answers), answers
    assert len({answer[0].text for answer in answers}) == 1 and all(a[0].accepted for a in answers)
    assert sorted(answer[0].repeated for answer in answers) == [False] + [True] * (PEOPLE - 1)
    assert PickLine.objects.get().quantity_picked == 1
    assert Movement.objects.filter(kind="pick").count() == 2
    assert stock_differences() == []


def test_different_scans_of_one_line_at_once_never_take_more_than_wanted() -> None:
    (found,) = open_orders(1, pieces=4)
    (person,) = people(1)
    actions.start(pick_list=found, by=person)
    line = PickLine.objects.get()
    answers = all_at_once(
        [
            lambda one=scan_of(line): actions.take_scans(walk=found, scans=[one], by=person)
            for _ in range(PEOPLE)
        ]
    )
    assert sum(answer[0].accepted for answer in answers) == 4
    assert PickLine.objects.get().quantity_picked == 4
    assert ScanRecord.objects.filter(accepted=False).count() == PEOPLE - 4
    assert stock_differences() == []


def test_many_who_plan_at_once_put_each_order_into_one_batch() -> None:
    lists = open_orders(8)
    answers = all_at_once([lambda: actions.plan_batches(wave=wave(boxes=3))] * PEOPLE)
    assert all(isinstance(answer, list) for answer in answers), answers
    assert BatchBox.objects.count() == len(lists)
    assert BatchBox.objects.values("pick_list").distinct().count() == len(lists)
    assert not PickLine.objects.filter(batch=None).exists()
    boxes = set(BatchBox.objects.values_list("batch", "pick_list"))
    assert set(PickLine.objects.values_list("batch", "pick_list")) == boxes


def test_of_many_who_start_a_batch_one_gets_it() -> None:
    open_orders(2)
    (batch,) = actions.plan_batches(wave=wave())
    staff = people(PEOPLE)
    answers = all_at_once([lambda p=p: actions.start_batch(batch=Batch.objects.get(), by=p) for p in staff])
    assert answers.count([]) == 1
    assert sum(isinstance(answer, NotYourList) for answer in answers) == PEOPLE - 1
    assert Batch.objects.get().picker == PickList.objects.order_by("pk")[0].picker


def test_planning_and_starting_a_list_by_hand_at_once_leave_it_in_one_place() -> None:
    lists = open_orders(4)
    staff = people(4)
    deeds: list[Any] = [
        lambda one=one, p=p: actions.start(pick_list=PickList.objects.get(pk=one.pk), by=p)
        for one, p in zip(lists, staff, strict=True)
    ]
    answers = all_at_once([*deeds, lambda: actions.plan_batches(wave=wave(boxes=4))])
    assert all(answer is None or isinstance(answer, PickError | list) for answer in answers), answers
    for found in PickList.objects.all():
        in_batch = found.boxes.exists()
        assert in_batch == (found.state == "open"), found
        assert found.lines.filter(batch__isnull=not in_batch).count() == 1
