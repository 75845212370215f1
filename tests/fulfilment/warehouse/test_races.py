"""Several people at the same list, bin and parcel in the same moment: real threads, real commits."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection

from checkout.order.models import Line, Order
from fulfilment.warehouse.dispatch import actions as dispatch
from fulfilment.warehouse.dispatch.actions import DispatchError
from fulfilment.warehouse.dispatch.events import ParcelDispatched
from fulfilment.warehouse.dispatch.models import Parcel
from fulfilment.warehouse.picking import actions as picking
from fulfilment.warehouse.picking.actions import NotYourList, PickError, ending
from fulfilment.warehouse.picking.models import PickLine, PickList
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.models import BinStock, Movement
from fulfilment.warehouse.stock.queries import stock_differences
from shop.kernel import outbox
from shop.kernel.models import Message
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.stock import make_bin, make_stockrecord
from tests.factories.warehouse import pick_everything
from tests.races.crowd import all_at_once

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("fresh_database")]

PEOPLE = 6


def a_pick_list(pieces: int = 4) -> PickList:
    order = make_order((make_stockrecord(bins={"A-01": 20}), pieces))
    outbox.drain()
    return PickList.objects.get(order=order)


def line_as_seen() -> PickLine:
    return PickLine.objects.select_related("pick_list__order", "order_line", "bin").get()


def test_reading_first_and_writing_then_loses_pieces() -> None:
    """The race exists: this is what the conditional update is for."""
    record = make_stockrecord(bins={"A-01": 20})
    everybody_has_read = threading.Barrier(PEOPLE)

    def naive() -> None:
        row = BinStock.objects.get(stockrecord=record)
        everybody_has_read.wait(60)
        BinStock.objects.filter(pk=row.pk).update(quantity=row.quantity - 1)

    answers = all_at_once([naive] * PEOPLE)
    assert answers == [None] * PEOPLE
    assert BinStock.objects.get(stockrecord=record).quantity == 19


def test_of_many_who_take_from_one_bin_nobody_takes_what_is_not_there() -> None:
    record = make_stockrecord(bins={"A-01": 10})
    source, target = make_bin("A-01"), make_bin("B-01", sequence=50)
    answers = all_at_once(
        [lambda: stock.transfer(stockrecord=record, source=source, target=target, quantity=3)] * PEOPLE
    )
    assert answers.count(None) == 3
    assert all(isinstance(answer, stock.NotEnoughInBin) for answer in answers if answer is not None)
    assert stock_differences() == []


def test_many_who_count_the_same_bin_at_once_book_the_difference_once() -> None:
    record, place = make_stockrecord(bins={"A-01": 10}), make_bin("A-01")
    answers = all_at_once([lambda: stock.count(stockrecord=record, bin=place, counted=12)] * PEOPLE)
    assert sorted(answers) == [0] * (PEOPLE - 1) + [2]
    assert BinStock.objects.get(stockrecord=record).quantity == 12
    assert stock_differences() == []


def test_of_two_pickers_one_gets_the_list_and_the_other_hears_who() -> None:
    pick_list = a_pick_list()
    people = [make_staff(f"p{n}@example.org", first_name=f"P{n}") for n in range(PEOPLE)]
    seen = [PickList.objects.get(pk=pick_list.pk) for _ in people]
    answers = all_at_once(
        [
            lambda one=one, p=person: picking.start(pick_list=one, by=p)
            for one, person in zip(seen, people, strict=True)
        ]
    )
    assert answers.count(None) == 1
    winner = PickList.objects.get().picker
    refusals = [answer for answer in answers if answer is not None]
    assert all(isinstance(answer, NotYourList) and winner.name in str(answer) for answer in refusals)
    assert Order.objects.get().status == "in_fulfilment"


def test_one_line_scanned_on_many_devices_is_taken_once() -> None:
    pick_list = a_pick_list(pieces=4)
    person = make_staff()
    picking.start(pick_list=pick_list, by=person)
    lines = [line_as_seen() for _ in range(PEOPLE)]
    quantities = [4, 2, 4, 1, 3, 4]
    answers = all_at_once(
        [
            lambda line=line, n=n: picking.scan(line=line, code="SKU-1", quantity=n, by=person)
            for line, n in zip(lines, quantities, strict=True)
        ]
    )
    taken = sum(n for n, answer in zip(quantities, answers, strict=True) if not isinstance(answer, Exception))
    assert all(isinstance(answer, int | PickError) for answer in answers), answers
    line = PickLine.objects.get()
    assert taken == line.quantity_picked <= 4
    assert BinStock.objects.get(bin__kind="packing").quantity == taken
    assert (line.state == "picked") == (taken == 4)
    assert stock_differences() == []


def test_many_packers_with_the_same_page_make_one_parcel() -> None:
    person = make_staff()
    pick_list = pick_everything(a_pick_list(), by=person)
    inside = {Line.objects.get().pk: 1}
    answers = all_at_once(
        [lambda: dispatch.pack(pick_list=pick_list, quantities=inside, by=person, revision=0)] * PEOPLE
    )
    assert Parcel.objects.count() == 1
    assert sum(isinstance(answer, Parcel) for answer in answers) == 1
    assert sum(isinstance(answer, DispatchError) for answer in answers) == PEOPLE - 1


def test_many_clicks_dispatch_once() -> None:
    person = make_staff()
    pick_list = pick_everything(a_pick_list(), by=person)
    dispatch.pack(pick_list=pick_list, quantities={Line.objects.get().pk: 4}, by=person)
    seen: list[Any] = [Parcel.objects.select_related("order").get() for _ in range(PEOPLE)]
    answers = all_at_once([lambda p=parcel: dispatch.dispatch(parcel=p, by=person) for parcel in seen])
    assert sorted(answers, key=str) == [False] * (PEOPLE - 1) + [True]
    assert Message.objects.filter(name=ParcelDispatched.__name__).count() == 1
    assert Movement.objects.filter(kind="dispatch").count() == 1
    assert Line.objects.get().quantity_dispatched == 4
    assert stock_differences() == []


def test_an_order_revived_while_its_cancellation_is_heard_keeps_its_lists(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who confirms anew waits for who closes, and then opens the lists again; neither is lost to the other."""
    pick_list = a_pick_list()
    order = Order.objects.get(pk=pick_list.order_id)
    Order.objects.filter(pk=order.pk).update(status="cancelled")
    real, beside = ending.held, []

    def revive() -> None:
        Order.objects.filter(pk=order.pk).update(status="confirmed")
        picking.make_pick_list(order_id=order.pk)
        connection.close()

    def slow(found: PickList) -> PickList:
        seen = real(found)
        beside.append(threading.Thread(target=revive))
        beside[0].start()
        beside[0].join(2)
        return seen

    monkeypatch.setattr(ending, "held", slow)
    picking.cancel(order_id=order.pk, why="test")
    beside[0].join(30)
    assert PickList.objects.get(pk=pick_list.pk).state == "open"
