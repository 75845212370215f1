"""Two people at one count or one transfer in the same moment: real threads, real commits."""

from __future__ import annotations

from typing import Any

import pytest

from fulfilment.warehouse.counting import actions, approval
from fulfilment.warehouse.counting.errors import CountError
from fulfilment.warehouse.counting.events import StockDifference
from fulfilment.warehouse.counting.models import CountTask
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.actions import AlreadyBooked, StockError
from fulfilment.warehouse.stock.models import BinStock, Movement
from fulfilment.warehouse.stock.queries import stock_differences
from fulfilment.warehouse.transfers import actions as transfers
from fulfilment.warehouse.transfers import arrivals, verify
from fulfilment.warehouse.transfers.models import Transfer
from shop.kernel.models import Message
from tests.factories.people import make_staff
from tests.factories.stock import make_bin, make_site, make_stockrecord
from tests.races.crowd import all_at_once

pytestmark = pytest.mark.usefixtures("fresh_database")

PEOPLE = 4


def waiting_for_approval() -> CountTask:
    shoe = make_stockrecord("SHOE-1", bins={"A-01": 10}, unit_cost_minor=5_000)
    counter = make_staff("lena@example.org")
    task, _new = actions.ask(bin=make_bin("A-01"), by=counter)
    for by in (counter, make_staff("zoe@example.org")):
        actions.start(task=task, by=by)
        actions.tally(task=task, stockrecord=shoe, quantity=4, by=by)
        actions.finish(task=task, by=by)
    assert task.state == "approval"
    return task


def test_of_two_approvers_one_books_and_the_other_is_told() -> None:
    task = waiting_for_approval()
    bosses = [make_staff(f"boss{n}@example.org") for n in range(PEOPLE)]
    answers = all_at_once([lambda by=by: approval.approve(task=task, by=by) for by in bosses])
    assert sorted(str(answer) for answer in answers if answer == "booked") == ["booked"]
    assert sum(isinstance(answer, CountError) for answer in answers) == PEOPLE - 1
    assert Movement.objects.filter(kind="count").count() == 1
    assert Message.objects.filter(name=StockDifference.__name__).count() == 1
    assert BinStock.objects.get(bin__code="A-01").quantity == 4
    assert stock_differences() == []


def test_approving_and_refusing_at_once_does_one_of_both() -> None:
    task = waiting_for_approval()
    one, other = (make_staff(f"boss{n}@example.org") for n in range(2))
    answers = all_at_once(
        [
            lambda: approval.approve(task=task, by=one),
            lambda: approval.refuse(task=task, by=other, why="no"),
        ]
    )
    assert sum(isinstance(answer, CountError) for answer in answers) == 1
    task.refresh_from_db()
    booked = Movement.objects.filter(kind="count").exists()
    assert (task.state, booked) in (("booked", True), ("recount", False))
    assert stock_differences() == []


def test_a_bin_that_many_find_empty_is_on_the_list_once() -> None:
    place = make_bin("A-01")
    answers = all_at_once([lambda: actions.ask(bin=place, cause="short")[1]] * PEOPLE)
    assert sorted(answers) == [False] * (PEOPLE - 1) + [True]
    assert CountTask.objects.count() == 1


def test_of_many_who_start_one_count_one_has_it() -> None:
    task, _new = actions.ask(bin=make_bin("A-01"))
    people = [make_staff(f"p{n}@example.org") for n in range(PEOPLE)]
    answers = all_at_once([lambda by=by: actions.start(task=task, by=by) for by in people])
    assert answers.count(None) == 1
    assert sum(isinstance(answer, CountError) for answer in answers) == PEOPLE - 1


def test_a_scan_sent_many_times_at_once_counts_once_and_others_add_up() -> None:
    shoe, person = make_stockrecord("SHOE-1", bins={"A-01": 10}), make_staff("lena@example.org")
    task, _new = actions.ask(bin=make_bin("A-01"))
    actions.start(task=task, by=person)
    same = [lambda: actions.tally(task=task, stockrecord=shoe, by=person, key="one")] * PEOPLE
    answers = all_at_once(same)
    assert sum(isinstance(answer, AlreadyBooked) for answer in answers) == PEOPLE - 1
    all_at_once([lambda: actions.tally(task=task, stockrecord=shoe, by=person)] * PEOPLE)
    assert task.lines.get().first == 1 + PEOPLE


def on_its_way() -> Transfer:
    shoe, person = make_stockrecord("SHOE-1", bins={"A-01": 10}), make_staff("lena@example.org")
    store = make_site("store")
    make_bin("S-01", site=store)
    sent = transfers.begin(source=stock.default_site(), target=store, by=person)
    transfers.add(transfer=sent, bin=make_bin("A-01"), stockrecord=shoe, quantity=3, by=person)
    return sent


def test_a_transfer_dispatched_by_many_leaves_once() -> None:
    sent, person = on_its_way(), make_staff("lena@example.org")
    answers = all_at_once([lambda: transfers.dispatch(transfer=sent, by=person)] * PEOPLE)
    assert answers.count(3) == 1
    assert sum(isinstance(answer, StockError) for answer in answers) == PEOPLE - 1
    assert BinStock.objects.get(bin__code="A-01").quantity == 7
    assert verify.what_is_on_its_way_lies_in_transit() == []


def test_of_many_who_receive_the_same_pieces_nobody_receives_what_did_not_come() -> None:
    sent, person = on_its_way(), make_staff("lena@example.org")
    transfers.dispatch(transfer=sent, by=person)
    shoe, shelf = sent.lines.get().stockrecord, make_bin("S-01")

    def receive() -> Any:
        return arrivals.receive(transfer=sent, stockrecord=shoe, bin=shelf, quantity=1, by=person)

    answers = all_at_once([receive] * 6)
    assert sorted(answer for answer in answers if isinstance(answer, int)) == [0, 1, 2]
    assert sum(isinstance(answer, StockError) for answer in answers) == 3
    assert BinStock.objects.get(bin=shelf).quantity == 3
    assert stock_differences() + verify.lines_are_the_sum_of_their_steps() == []


def test_closing_and_receiving_the_last_piece_at_once_loses_nothing() -> None:
    sent, person = on_its_way(), make_staff("lena@example.org")
    transfers.dispatch(transfer=sent, by=person)
    line, shelf = sent.lines.get(), make_bin("S-01")
    all_at_once(
        [
            lambda: arrivals.receive(
                transfer=sent, stockrecord=line.stockrecord, bin=shelf, quantity=3, by=person
            ),
            lambda: arrivals.close(transfer=sent, reasons={line.pk: "lost"}, by=person),
        ]
    )
    line.refresh_from_db()
    assert (line.quantity_received, line.quantity_missing) in ((3, 0), (0, 3))
    assert stock_differences() + verify.what_is_on_its_way_lies_in_transit() == []
