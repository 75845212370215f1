"""Two docks at the same return, or at two returns of one order, in the same moment: real threads, real commits."""

from __future__ import annotations

import threading

import pytest
from django.db import IntegrityError

from checkout.order.models import Line, Order
from fulfilment.warehouse.receiving import actions
from fulfilment.warehouse.receiving.actions.announce import _announceable
from fulfilment.warehouse.receiving.events import ReturnReceived
from fulfilment.warehouse.receiving.models import Return, ReturnItem
from fulfilment.warehouse.stock.actions import AlreadyBooked
from fulfilment.warehouse.stock.queries import stock_differences
from shop.kernel.models import Message
from tests.factories.people import make_staff
from tests.factories.returns import book, dock_bins, line_of, sent_order
from tests.factories.stock import make_stockrecord
from tests.races.crowd import all_at_once

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("fresh_database")]

DOCKS = 6


def a_sent_order(pieces: int) -> Order:
    dock_bins()
    return sent_order((make_stockrecord("SKU-1", bins={"A-01": 9}), pieces))


def a_return(pieces: int = 4) -> Return:
    found = actions.announce(order_id=a_sent_order(pieces).pk, cause="withdrawal:W1")
    assert found is not None
    return found


def test_reading_first_and_writing_then_takes_a_piece_back_twice() -> None:
    """The race exists: this is what the conditional update and the constraint are for."""
    line = line_of(a_return(1).order)
    everybody_has_read = threading.Barrier(2)

    def naive() -> int:
        seen = Line.objects.get(pk=line.pk)
        everybody_has_read.wait(60)
        if seen.quantity_returnable < 1:
            return 0
        Line.objects.filter(pk=line.pk).update(quantity_returned=seen.quantity_returned + 1)
        return 1

    assert sum(all_at_once([naive] * 2)) == 2, "both believe to hold the only piece"
    with pytest.raises(IntegrityError):
        Line.objects.filter(pk=line.pk).update(quantity_returned=2)


def test_of_many_docks_no_one_takes_back_what_was_not_sent() -> None:
    found, person = a_return(4), make_staff()
    answers = all_at_once(
        [lambda: book(Return.objects.get(pk=found.pk), "SKU-1", 1, "a", "shelf", "A-01", by=person)] * DOCKS
    )
    booked = [answer for answer in answers if isinstance(answer, ReturnItem)]
    refused = [answer for answer in answers if isinstance(answer, actions.NotOfThisOrder)]
    assert (len(booked), len(refused)) == (4, DOCKS - 4), answers
    assert line_of(found.order).quantity_returned == 4
    assert not found.items.filter(reception="awaiting").exists()
    assert stock_differences() == []


def test_one_form_sent_many_times_books_once() -> None:
    found, person = a_return(4), make_staff()
    answers = all_at_once(
        [lambda: book(found, "SKU-1", 1, "a", "shelf", "A-01", by=person, key="a" * 32)] * DOCKS
    )
    assert sum(isinstance(answer, ReturnItem) for answer in answers) == 1
    assert sum(isinstance(answer, AlreadyBooked) for answer in answers) == DOCKS - 1, answers
    assert line_of(found.order).quantity_returned == 1


def test_finished_once_and_told_once() -> None:
    found, person = a_return(2), make_staff()
    book(found, "SKU-1", 1, "a", "shelf", "A-01", by=person)
    answers = all_at_once(
        [lambda: actions.finish(returning=Return.objects.get(pk=found.pk), by=person)] * DOCKS
    )
    assert sum(isinstance(answer, Return) for answer in answers) == 1
    assert sum(isinstance(answer, actions.DockError) for answer in answers) == DOCKS - 1
    assert Message.objects.filter(name=ReturnReceived.__name__).count() == 1


def test_announced_once_per_cause() -> None:
    order = a_sent_order(2)
    answers = all_at_once([lambda: actions.announce(order_id=order.pk, cause="withdrawal:W1")] * DOCKS)
    assert Return.objects.count() == 1
    assert {getattr(answer, "pk", answer) for answer in answers} == {Return.objects.get().pk}


def test_looking_first_and_announcing_then_expects_pieces_twice() -> None:
    """The race exists: this is what the held order is for."""
    line = line_of(a_sent_order(2))
    everybody_has_looked = threading.Barrier(2)

    def naive(cause: str) -> int:
        wanted = _announceable(line.order_id, None)
        everybody_has_looked.wait(60)
        made = Return.objects.create(number=cause, order_id=line.order_id, cause=cause, state="authorised")
        ReturnItem.objects.create(returning=made, order_line=line, quantity=wanted[line.pk])
        return wanted[line.pk]

    assert sum(all_at_once([lambda: naive("one"), lambda: naive("two")])) == 4, "of two pieces"


def test_many_causes_in_one_moment_expect_each_piece_once() -> None:
    order = a_sent_order(2)
    answers = all_at_once(
        [lambda n=n: actions.announce(order_id=order.pk, cause=f"withdrawal:W{n}") for n in range(DOCKS)]
    )
    assert sum(isinstance(answer, Return) for answer in answers) == 1, answers
    assert sum(answer is None for answer in answers) == DOCKS - 1, answers
    assert ReturnItem.objects.get().quantity == 2


def test_what_was_given_up_is_opened_again_once() -> None:
    found = a_return(2)
    actions.expire(returning=found, by=None)
    all_at_once([lambda: actions.announce(order_id=found.order_id, cause="withdrawal:W1")] * DOCKS)
    assert Return.objects.get().state == "authorised"
    assert ReturnItem.objects.get().quantity == 2


def test_whoever_decides_the_last_items_in_one_moment_settles_the_return() -> None:
    """Without a lock each of them sees the other's item open, and nobody can ever settle it."""
    found, person = a_return(DOCKS), make_staff()
    for _piece in range(DOCKS):
        book(found, "SKU-1", 1, "defect", "quarantine", "QUAR-01", by=person)
    actions.finish(returning=found, by=person)
    items = list(found.items.all())
    answers = all_at_once(
        [lambda item=item: actions.decide(item=item, accept=True, by=person) for item in items]
    )
    assert sorted(answers) == [False] * (DOCKS - 1) + [True]
    assert Return.objects.get(pk=found.pk).state == "settled"
