"""Counts: blind, twice where it matters, and another pair of eyes where it is dear."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import ProtectedError

from catalogue.partner.models import StockRecord
from fulfilment.finance.ledger.models import Entry
from fulfilment.warehouse.counting import actions, approval, queries, verify
from fulfilment.warehouse.counting.errors import CountError, NothingScanned, SamePerson
from fulfilment.warehouse.counting.events import StockDifference
from fulfilment.warehouse.counting.judging import believed
from fulfilment.warehouse.counting.models import CountScan, CountTask
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.actions import AlreadyBooked, StockError
from fulfilment.warehouse.stock.models import TRANSIT, Bin, Movement
from shop.customers.models import User
from tests.factories.people import make_staff
from tests.factories.stock import make_bin, make_stockrecord
from tests.fulfilment.warehouse.counting.counts import count, lying, problems, rules
from tests.support.helpers import Outbox

pytestmark = pytest.mark.django_db


def test_a_count_that_agrees_is_booked_without_a_movement(
    task: CountTask, shoe: StockRecord, staff: User, outbox: Outbox
) -> None:
    before = Movement.objects.count()
    assert count(task, staff, {shoe: 10}) == "booked"
    assert Movement.objects.count() == before
    assert outbox.events(StockDifference) == []
    assert problems() == []


def test_scanning_piece_by_piece_adds_up_and_a_small_difference_is_believed(
    task: CountTask, shoe: StockRecord, staff: User, outbox: Outbox
) -> None:
    actions.start(task=task, by=staff)
    totals = [actions.tally(task=task, stockrecord=shoe, by=staff) for _piece in range(9)]
    assert totals == list(range(1, 10))
    assert actions.finish(task=task, by=staff) == "booked"
    moved = Movement.objects.get(cause=f"count:{task.number}")
    assert (moved.kind, moved.quantity, moved.by) == ("count", -1, staff)
    shoe.refresh_from_db()
    assert (lying(shoe), shoe.num_in_stock) == (9, 9)
    outbox.drain()
    entry = Entry.objects.get(document=task.number)
    assert [(row.account.role, row.debit_minor, row.credit_minor) for row in entry.lines.order_by("pk")] == [
        ("stock_differences", 3_000, 0),
        ("stock", 0, 3_000),
    ]
    assert problems() == []


def test_beyond_the_tolerance_another_person_counts_again(
    task: CountTask, shoe: StockRecord, staff: User, colleague: User
) -> None:
    assert count(task, staff, {shoe: 7}) == "recount"
    assert lying(shoe) == 10
    with pytest.raises(SamePerson, match="colleague"):
        actions.start(task=task, by=staff)
    assert count(task, colleague, {shoe: 7}) == "booked"
    line = task.lines.get()
    assert (line.expected, line.first, line.second, line.difference) == (10, 7, 7, -3)
    assert lying(shoe) == 7
    assert problems() == []


def test_who_is_alone_counts_a_second_time_and_the_second_count_stands(
    task: CountTask, shoe: StockRecord, staff: User
) -> None:
    assert count(task, staff, {shoe: 7}) == "recount"
    actions.start(task=task, by=staff, alone=True)
    actions.tally(task=task, stockrecord=shoe, quantity=10, by=staff)
    assert actions.finish(task=task, by=staff) == "booked"
    assert lying(shoe) == 10


def test_above_the_value_another_person_approves_and_never_a_counter(
    task: CountTask, shoe: StockRecord, staff: User, colleague: User, boss: User, outbox: Outbox
) -> None:
    count(task, staff, {shoe: 5})
    assert count(task, colleague, {shoe: 5}) == "approval"
    assert (task.value_minor, lying(shoe)) == (-15_000, 10)
    for counter in (staff, colleague):
        with pytest.raises(SamePerson, match="counted this yourself"):
            approval.approve(task=task, by=counter)
        with pytest.raises(SamePerson):
            approval.refuse(task=task, by=counter, why="no")
    assert approval.approve(task=task, by=boss) == "booked"
    assert (task.approver, lying(shoe)) == (boss, 5)
    with pytest.raises(CountError, match="already closed"):
        approval.approve(task=task, by=boss)
    outbox.drain()
    assert Entry.objects.get(document=task.number).lines.count() == 2
    assert problems() == []


def test_found_and_missing_pieces_do_not_hide_each_other_from_the_value(
    task: CountTask, shoe: StockRecord, staff: User, colleague: User
) -> None:
    other = make_stockrecord("SHOE-2", bins={"A-01": 5}, unit_cost_minor=3_000)
    count(task, staff, {shoe: 7, other: 8})
    assert count(task, colleague, {shoe: 7, other: 8}) == "approval"
    assert task.value_minor == 0


def test_an_approver_who_does_not_believe_it_has_it_counted_again(
    task: CountTask, shoe: StockRecord, staff: User, colleague: User, boss: User
) -> None:
    count(task, staff, {shoe: 4})
    count(task, colleague, {shoe: 4})
    with pytest.raises(CountError, match="say why"):
        approval.refuse(task=task, by=boss, why=" ")
    approval.refuse(task=task, by=boss, why="look behind the ladder")
    assert (task.state, task.value_minor) == ("recount", 0)
    assert count(task, colleague, {shoe: 10}) == "booked"
    assert lying(shoe) == 10
    assert problems() == []


def test_who_counted_a_round_that_was_set_aside_approves_nothing_of_it(
    task: CountTask, shoe: StockRecord, staff: User, colleague: User, boss: User
) -> None:
    """Refused, the second round gets another counter, and the page forgot the one before."""
    count(task, staff, {shoe: 4})
    count(task, colleague, {shoe: 4})
    approval.refuse(task=task, by=boss, why="look behind the ladder")
    third = make_staff("dritte@example.org", "counting.count_bins", first_name="Dana")
    assert count(task, third, {shoe: 5}) == "recount", "the first number is void as well"
    fourth = make_staff("vierte@example.org", "counting.count_bins", first_name="Viola")
    assert count(task, fourth, {shoe: 5}) == "approval"
    for counter in (staff, colleague, third, fourth):
        with pytest.raises(SamePerson, match="counted this yourself"):
            approval.approve(task=task, by=counter)
    assert queries.people_who_counted(task) == {staff.pk, colleague.pk, third.pk, fourth.pk}
    CountTask.objects.filter(pk=task.pk).update(approver=colleague)
    assert verify.nobody_approved_what_they_counted() == [
        f"count {task.number} was approved by who counted it"
    ]
    assert approval.approve(task=task, by=boss) == "booked"
    assert problems() == []


def test_who_only_said_that_nothing_is_there_counted_as_well(
    task: CountTask, shoe: StockRecord, staff: User, colleague: User, boss: User
) -> None:
    count(task, staff, {shoe: 1})
    assert count(task, colleague, {}, empty=True) == "approval"
    CountTask.objects.filter(pk=task.pk).update(recounter=None)
    with pytest.raises(SamePerson):
        approval.approve(task=task, by=colleague)
    assert approval.approve(task=task, by=boss) == "booked"


def test_what_should_lie_there_and_was_not_scanned_counts_as_nothing(
    task: CountTask, shoe: StockRecord, staff: User, colleague: User
) -> None:
    other = make_stockrecord("SHOE-2", bins={"A-01": 1}, unit_cost_minor=100)
    assert count(task, staff, {shoe: 10}) == "booked"
    assert {line.stockrecord_id: line.difference for line in task.lines.all()} == {shoe.pk: 0, other.pk: -1}


def test_an_empty_shelf_is_said_and_not_assumed(
    task: CountTask, shoe: StockRecord, staff: User, colleague: User
) -> None:
    actions.start(task=task, by=staff)
    with pytest.raises(NothingScanned):
        actions.finish(task=task, by=staff)
    assert actions.finish(task=task, by=staff, empty=True) == "recount"
    actions.start(task=task, by=colleague)
    with pytest.raises(NothingScanned, match="SHOE-1"):
        actions.finish(task=task, by=colleague)
    assert actions.finish(task=task, by=colleague, empty=True) == "approval"


def test_an_article_that_nobody_expected_is_found(
    task: CountTask, shoe: StockRecord, staff: User, colleague: User
) -> None:
    stray = make_stockrecord("STRAY", bins={"B-01": 1}, unit_cost_minor=500)
    count(task, staff, {shoe: 10, stray: 1})
    assert task.state == "booked"
    assert lying(stray) == 1
    assert problems() == []


def test_a_form_sent_twice_counts_once(task: CountTask, shoe: StockRecord, staff: User) -> None:
    actions.start(task=task, by=staff)
    actions.tally(task=task, stockrecord=shoe, quantity=5, by=staff, key="k1")
    with pytest.raises(AlreadyBooked):
        actions.tally(task=task, stockrecord=shoe, quantity=5, by=staff, key="k1")
    line = task.lines.get()
    assert line.first == 5
    actions.set_total(task=task, line=line, counted=9, by=staff, key="k2")
    with pytest.raises(AlreadyBooked):
        actions.set_total(task=task, line=line, counted=9, by=staff, key="k2")
    assert list(CountScan.objects.values_list("quantity", "is_total")) == [(5, False), (9, True)]


@pytest.mark.parametrize("quantity", [0, -1, 10**9, True, "4"])
def test_a_number_that_is_no_count_is_refused_in_words(
    task: CountTask, shoe: StockRecord, staff: User, quantity: Any
) -> None:
    actions.start(task=task, by=staff)
    with pytest.raises(StockError, match="whole number from 1 to"):
        actions.tally(task=task, stockrecord=shoe, quantity=quantity, by=staff)
    actions.tally(task=task, stockrecord=shoe, by=staff)
    if quantity != 0:
        with pytest.raises(StockError, match="whole number from 0 to"):
            actions.set_total(task=task, line=task.lines.get(), counted=quantity, by=staff)
        with pytest.raises(StockError, match="whole number from 0 to"):
            approval.correct(stockrecord=shoe, bin=task.bin, counted=quantity, by=staff)


def test_many_scans_never_add_up_to_nonsense(task: CountTask, shoe: StockRecord, staff: User) -> None:
    actions.start(task=task, by=staff)
    actions.tally(task=task, stockrecord=shoe, quantity=100_000, by=staff)
    with pytest.raises(StockError, match="whole number"):
        actions.tally(task=task, stockrecord=shoe, quantity=1, by=staff)


def test_a_closed_count_takes_nothing_more(
    task: CountTask, shoe: StockRecord, staff: User, boss: User
) -> None:
    count(task, staff, {shoe: 10})
    for deed in (
        lambda: actions.start(task=task, by=staff),
        lambda: actions.tally(task=task, stockrecord=shoe, by=staff),
        lambda: actions.finish(task=task, by=staff),
        lambda: actions.let_go(task=task, by=staff),
        lambda: actions.take_over(task=task, by=staff),
        lambda: actions.cancel(task=task, by=staff, why="no"),
        lambda: approval.approve(task=task, by=boss),
        lambda: approval.refuse(task=task, by=boss, why="no"),
    ):
        with pytest.raises(CountError, match="already closed"):
            deed()
    with pytest.raises(ProtectedError):
        task.delete()


def test_a_count_of_one_article_takes_no_other(place: Bin, shoe: StockRecord, staff: User) -> None:
    other = make_stockrecord("SHOE-2", bins={"A-01": 5})
    task, _new = actions.ask(bin=place, stockrecord=shoe, by=staff)
    actions.start(task=task, by=staff)
    with pytest.raises(CountError, match="only about"):
        actions.tally(task=task, stockrecord=other, by=staff)
    actions.tally(task=task, stockrecord=shoe, quantity=10, by=staff)
    assert actions.finish(task=task, by=staff) == "booked"
    assert list(task.lines.values_list("stockrecord", flat=True)) == [shoe.pk]


def test_what_is_on_its_way_is_not_counted(place: Bin, staff: User) -> None:
    with pytest.raises(CountError, match="on its way"):
        actions.ask(bin=make_bin("TRANSIT-X", kind=TRANSIT), by=staff)


def test_lots_are_counted_lot_by_lot(place: Bin, shoe: StockRecord, staff: User) -> None:
    cream = make_stockrecord("CREAM", unit_cost_minor=200)
    stock.set_handling(stockrecord=cream, by=staff, tracking="lot")
    for code in ("L-1", "L-2"):
        stock.receive(stockrecord=cream, bin=place, quantity=3, lot=code)
    first, second = (stock.find_lot(stockrecord_id=cream.pk, code=code) for code in ("L-1", "L-2"))
    task, _new = actions.ask(bin=place, stockrecord=cream, by=staff)
    actions.start(task=task, by=staff)
    with pytest.raises(StockError, match="scan the lot"):
        actions.tally(task=task, stockrecord=cream, by=staff)
    actions.tally(task=task, stockrecord=cream, quantity=3, lot=first, by=staff)
    actions.tally(task=task, stockrecord=cream, quantity=2, lot=second, by=staff)
    assert actions.finish(task=task, by=staff) == "booked"
    assert sorted(place.lot_contents.values_list("lot__code", "quantity")) == [("L-1", 3), ("L-2", 2)]
    with pytest.raises(CountError, match="kept by lot"):
        approval.correct(stockrecord=cream, bin=place, counted=1, by=staff)
    assert problems() == []


def test_a_correction_on_the_articles_page_keeps_the_rules(
    place: Bin, shoe: StockRecord, staff: User, boss: User, outbox: Outbox
) -> None:
    assert approval.correct(stockrecord=shoe, bin=place, counted=10, by=staff) is None
    small = approval.correct(stockrecord=shoe, bin=place, counted=8, by=staff, why="two broken")
    assert small is not None and small.state == "booked"
    assert Movement.objects.get(cause=f"count:{small.number}").why == "two broken"
    dear = approval.correct(stockrecord=shoe, bin=place, counted=1, by=staff)
    assert dear is not None and dear.state == "approval"
    assert lying(shoe) == 8
    with pytest.raises(SamePerson):
        approval.approve(task=dear, by=staff)
    assert approval.approve(task=dear, by=boss) == "booked"
    assert lying(shoe) == 1
    with pytest.raises(CountError, match="changed this bin while you counted"):
        approval.correct(stockrecord=shoe, bin=place, counted=5, by=staff, seen=0)
    outbox.drain()
    assert Entry.objects.filter(kind="stock_difference").count() == 2
    assert problems() == []


@pytest.mark.parametrize(
    ("expected", "difference", "answer"),
    [
        (10, 1, True),
        (10, -1, True),
        (10, 2, False),
        (200, -4, True),
        (200, 5, False),
        (0, 1, True),
        (0, 2, False),
    ],
)
def test_tolerance_is_pieces_or_share(db: None, expected: int, difference: int, answer: bool) -> None:
    assert believed(rules(), expected=expected, difference=difference) is answer


def test_each_check_is_shown_to_fail(task: CountTask, shoe: StockRecord, staff: User) -> None:
    count(task, staff, {shoe: 9})
    task.lines.update(first=8)
    assert verify.booked_differences_are_movements() == [
        f"count {task.number}: differences add up to -2, movements to -1"
    ]
    CountTask.objects.filter(pk=task.pk).update(approver=staff)
    assert verify.nobody_approved_what_they_counted() == [
        f"count {task.number} was approved by who counted it"
    ]
