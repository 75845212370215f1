"""Counts while the warehouse goes on: goods move, pickers find too little, others count the same bin."""

from __future__ import annotations

import pytest

from catalogue.partner.models import StockRecord
from fulfilment.warehouse.counting import actions, approval
from fulfilment.warehouse.counting.errors import CountError, NotYourCount
from fulfilment.warehouse.counting.models import SHORT, CountTask
from fulfilment.warehouse.picking.events import PickedShort
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.actions import StockError
from fulfilment.warehouse.stock.models import Bin, BinStock
from shop.customers.models import User
from shop.kernel import outbox as letters
from tests.factories.orders import make_order
from tests.factories.stock import make_bin, make_stockrecord
from tests.fulfilment.warehouse.counting.counts import count, lying, problems, rules
from tests.support.helpers import Outbox

pytestmark = pytest.mark.django_db


def test_goods_moved_during_the_count_make_it_void_for_that_article_only(
    task: CountTask, shoe: StockRecord, staff: User, colleague: User
) -> None:
    other = make_stockrecord("SHOE-2", bins={"A-01": 5})
    actions.start(task=task, by=staff)
    actions.tally(task=task, stockrecord=shoe, quantity=10, by=staff)
    actions.tally(task=task, stockrecord=other, quantity=5, by=staff)
    stock.transfer(stockrecord=shoe, source=task.bin, target=make_bin("B-01"), quantity=2)
    assert actions.finish(task=task, by=staff) == "recount"
    void, sound = task.lines.order_by("stockrecord__partner_sku")
    assert (void.recount, void.first) == (True, None)
    assert "changed this bin" in void.void_why
    assert (sound.recount, sound.first) == (False, 5)
    assert count(task, colleague, {shoe: 8}) == "booked"
    assert lying(shoe) == 8
    assert problems() == []


def test_after_a_void_first_count_a_large_difference_is_still_counted_twice(
    task: CountTask, shoe: StockRecord, staff: User, colleague: User
) -> None:
    actions.start(task=task, by=staff)
    actions.tally(task=task, stockrecord=shoe, quantity=10, by=staff)
    stock.transfer(stockrecord=shoe, source=task.bin, target=make_bin("B-01"), quantity=2)
    assert actions.finish(task=task, by=staff) == "recount"
    assert count(task, colleague, {shoe: 3}) == "recount"
    actions.start(task=task, by=staff, alone=True)
    actions.tally(task=task, stockrecord=shoe, quantity=3, by=staff)
    assert actions.finish(task=task, by=staff) == "approval"


def test_while_it_waits_for_approval_the_bin_goes_on_living(
    task: CountTask, shoe: StockRecord, staff: User, colleague: User, boss: User
) -> None:
    """The difference is what is booked, not the number that once lay there."""
    count(task, staff, {shoe: 6})
    assert count(task, colleague, {shoe: 6}) == "approval"
    stock.receive(stockrecord=shoe, bin=task.bin, quantity=20)
    approval.approve(task=task, by=boss)
    assert lying(shoe) == 26
    assert problems() == []


def test_a_bin_counted_otherwise_in_between_is_counted_again_instead_of_booked_twice(
    task: CountTask, shoe: StockRecord, staff: User, colleague: User, boss: User
) -> None:
    count(task, staff, {shoe: 6})
    count(task, colleague, {shoe: 6})
    stock.count(stockrecord=shoe, bin=task.bin, counted=6)
    assert approval.approve(task=task, by=boss) == "recount"
    assert lying(shoe) == 6


def test_promised_pieces_never_vanish_the_count_waits_with_the_reason(
    task: CountTask, shoe: StockRecord, staff: User, boss: User
) -> None:
    make_order((shoe, 10))
    assert count(task, staff, {shoe: 9}) == "approval"
    assert "not promised to customers" in task.problem
    with pytest.raises(StockError, match="not promised to customers"):
        approval.approve(task=task, by=boss)
    task.refresh_from_db()
    assert (task.state, lying(shoe)) == ("approval", 10)
    assert problems() == []


def test_a_short_pick_makes_one_count_task_and_takes_the_missing_pieces_off_sale(
    shoe: StockRecord, place: Bin, staff: User, outbox: Outbox
) -> None:
    make_order((shoe, 4))
    for _picker in range(2):
        tell_short(shoe, place)
    outbox.drain()
    task = CountTask.objects.get()
    assert (task.cause, task.bin, task.state) == (SHORT, place, "open")
    assert BinStock.objects.get(stockrecord=shoe, bin=place).is_doubtful
    shoe.refresh_from_db()
    assert (shoe.num_in_stock, shoe.num_quarantine, shoe.available) == (4, 6, 0)
    rules(approval_value_minor=10**9)
    assert count(task, staff, {shoe: 5}) == "recount"
    actions.start(task=task, by=staff, alone=True)
    actions.tally(task=task, stockrecord=shoe, quantity=5, by=staff)
    assert actions.finish(task=task, by=staff) == "booked"
    assert task.lines.get().expected == 10
    shoe.refresh_from_db()
    assert (lying(shoe), shoe.num_in_stock, shoe.num_quarantine) == (5, 5, 0)
    assert not BinStock.objects.get(stockrecord=shoe, bin=place).is_doubtful
    assert problems() == []


def test_when_the_picker_was_wrong_the_pieces_are_for_sale_again(
    shoe: StockRecord, place: Bin, staff: User, outbox: Outbox
) -> None:
    tell_short(shoe, place)
    outbox.drain()
    shoe.refresh_from_db()
    assert shoe.available == 0
    assert count(CountTask.objects.get(), staff, {shoe: 10}) == "booked"
    shoe.refresh_from_db()
    assert (shoe.available, lying(shoe)) == (10, 10)
    assert problems() == []


def tell_short(record: StockRecord, bin: Bin) -> None:
    from django.db import transaction

    with transaction.atomic():
        letters.record(
            PickedShort(
                pick_list_id=1,
                pick_line_id=1,
                order_id=1,
                order_line_id=1,
                stockrecord_id=record.pk,
                bin_id=bin.pk,
                site_id=bin.site_id,
                quantity=2,
            )
        )


def test_a_bin_is_on_the_list_once(task: CountTask, place: Bin, shoe: StockRecord, staff: User) -> None:
    assert actions.ask(bin=place, by=staff) == (task, False)
    single, new = actions.ask(bin=place, stockrecord=shoe, by=staff)
    assert new
    assert actions.ask(bin=place, stockrecord=shoe, by=staff) == (single, False)
    actions.cancel(task=task, by=staff, why="twice")
    again, new = actions.ask(bin=place, by=staff)
    assert new and again != task


def test_two_people_at_one_task(task: CountTask, shoe: StockRecord, staff: User, colleague: User) -> None:
    actions.start(task=task, by=staff)
    actions.start(task=task, by=staff)
    with pytest.raises(NotYourCount, match="is counting this bin"):
        actions.start(task=task, by=colleague)
    with pytest.raises(NotYourCount):
        actions.tally(task=task, stockrecord=shoe, by=colleague)
    with pytest.raises(NotYourCount):
        actions.finish(task=task, by=colleague, empty=True)
    actions.tally(task=task, stockrecord=shoe, quantity=4, by=staff)
    actions.take_over(task=task, by=colleague)
    assert task.lines.get().first is None
    with pytest.raises(NotYourCount):
        actions.tally(task=task, stockrecord=shoe, by=staff)
    actions.let_go(task=task, by=colleague)
    assert task.state == "open"
    with pytest.raises(CountError, match="start this count first"):
        actions.tally(task=task, stockrecord=shoe, by=colleague)


def test_what_another_count_booked_between_two_rounds_is_not_booked_again(
    task: CountTask, shoe: StockRecord, place: Bin, staff: User, colleague: User
) -> None:
    """The shoe was believed in the first round; meanwhile the same missing piece is corrected on its page."""
    rules(approval_value_minor=10**9)
    sock = make_stockrecord("SOCK-1", bins={"A-01": 20})
    assert count(task, staff, {shoe: 9, sock: 10}) == "recount"
    approval.correct(stockrecord=shoe, bin=place, counted=9, by=colleague)
    assert count(task, colleague, {sock: 10}) == "recount", "the shoe is counted once more"
    assert count(task, colleague, {shoe: 9}) == "booked"
    assert (lying(shoe), lying(sock)) == (9, 10)
    assert problems() == []


def test_a_count_of_one_article_finds_that_a_lot_of_it_is_gone(place: Bin, staff: User) -> None:
    rules(tolerance_pieces=100, approval_value_minor=10**9)
    cream = make_stockrecord("CREAM")
    stock.set_handling(stockrecord=cream, by=staff, tracking="lot")
    for code in ("L-1", "L-2"):
        stock.receive(stockrecord=cream, bin=place, quantity=3, lot=code)
    about, _new = actions.ask(bin=place, stockrecord=cream, by=staff)
    actions.start(task=about, by=staff)
    one = stock.find_lot(stockrecord_id=cream.pk, code="L-1")
    actions.tally(task=about, stockrecord=cream, quantity=3, lot=one, by=staff)
    assert actions.finish(task=about, by=staff) == "booked"
    assert list(place.lot_contents.filter(quantity__gt=0).values_list("lot__code", "quantity")) == [
        ("L-1", 3)
    ]
    about, _new = actions.ask(bin=place, stockrecord=cream, by=staff)
    assert count(about, staff, {}, empty=True) == "booked"
    assert lying(cream) == 0
    assert problems() == []


def test_missing_pieces_that_were_found_and_carried_back_by_hand_are_not_lost_again(
    place: Bin, shoe: StockRecord, staff: User
) -> None:
    stock.set_aside_missing(stockrecord=shoe, bin=place, cause="missing:C1")
    lost = stock.missing_place(place.site)
    stock.transfer(stockrecord=shoe, source=lost, target=place, quantity=10, by=staff)
    about, _new = actions.ask(bin=place, by=staff)
    assert count(about, staff, {shoe: 10}) == "booked"
    assert lying(shoe) == 10
    assert problems() == []


def test_a_count_brings_back_only_the_missing_lots_of_its_own_bin(place: Bin, staff: User) -> None:
    rules(tolerance_pieces=100, approval_value_minor=10**9)
    cream = make_stockrecord("CREAM")
    stock.set_handling(stockrecord=cream, by=staff, tracking="lot")
    for code, lot in (("A-01", "L-1"), ("A-02", "L-2")):
        stock.receive(stockrecord=cream, bin=make_bin(code), quantity=3, lot=lot)
    for code in ("A-01", "A-02"):
        stock.set_aside_missing(stockrecord=cream, bin=make_bin(code), cause="missing:C1")
    about, _new = actions.ask(bin=place, stockrecord=cream, by=staff)
    actions.start(task=about, by=staff)
    one = stock.find_lot(stockrecord_id=cream.pk, code="L-1")
    actions.tally(task=about, stockrecord=cream, quantity=2, lot=one, by=staff)
    assert actions.finish(task=about, by=staff) == "booked"
    lots = place.lot_contents.filter(quantity__gt=0)
    assert list(lots.values_list("lot__code", "quantity")) == [("L-1", 2)]
    assert problems() == []
