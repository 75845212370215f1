"""The verbs of the returns dock: announced once, never more back than sent, each piece in its place or nowhere."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import ProtectedError

from catalogue.partner.models import StockRecord
from checkout.order.models import Order
from fulfilment.warehouse.receiving import actions
from fulfilment.warehouse.receiving.actions.announce import EXPECTED_DAYS, EXPIRES_DAYS
from fulfilment.warehouse.receiving.events import ReturnReceived, ReturnSettled
from fulfilment.warehouse.receiving.models import Return, ReturnItem
from fulfilment.warehouse.receiving.places import propose_bin
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.actions import AlreadyBooked, NotEnoughInBin, StockError
from fulfilment.warehouse.stock.models import Bin, BinStock, Movement
from fulfilment.warehouse.stock.queries import stock_differences
from shop.customers.models import User
from tests.factories.orders import make_order
from tests.factories.returns import book, dock_bins, line_of, sent_order
from tests.factories.stock import make_bin, make_stockrecord
from tests.support.helpers import Outbox

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def order(staff: User, outbox: Outbox) -> Order:
    """Three of one article and two of another, all of them with the customer."""
    dock_bins()
    shoe = make_stockrecord("SKU-1", bins={"A-01": 9}, price="30.00")
    boot = make_stockrecord("SKU-2", bins={"A-02": 9}, price="50.00")
    return sent_order((shoe, 3), (boot, 2), by=staff)


@pytest.fixture
def returning(order: Order) -> Return:
    """Two shoes and one boot are announced."""
    lines = {line_of(order).pk: 2, line_of(order, "SKU-2").pk: 1}
    found = actions.announce(order_id=order.pk, lines=lines, cause="withdrawal:W1")
    assert found is not None
    return found


def record(sku: str = "SKU-1") -> StockRecord:
    return StockRecord.objects.get(partner_sku=sku)


def fates(returning: Return) -> list[tuple[Any, ...]]:
    """(line, pieces, reception, grade, where) of every item."""
    rows = returning.items.select_related("order_line", "bin").order_by("pk")
    return [
        (
            row.order_line.partner_sku if row.order_line else row.code,
            row.quantity,
            row.reception,
            row.grade,
            row.bin.code if row.bin else row.disposition,
        )
        for row in rows
    ]


def test_a_return_is_announced_once_per_cause_and_authorised(order: Order) -> None:
    first = actions.announce(order_id=order.pk, cause="withdrawal:W1")
    again = actions.announce(order_id=order.pk, cause="withdrawal:W1")
    assert first is not None and first == again
    assert first.number.startswith("R1") and first.state == "authorised"
    assert fates(first) == [("SKU-1", 3, "awaiting", "", ""), ("SKU-2", 2, "awaiting", "", "")]
    assert first.expected_by is not None and (first.expected_by - first.announced_at.date()).days in (
        EXPECTED_DAYS,
        EXPECTED_DAYS + 1,
    )


def test_what_is_announced_twice_or_was_never_sent_is_left_out(order: Order, returning: Return) -> None:
    rest = actions.announce(order_id=order.pk, cause="withdrawal:W2")
    assert rest is not None
    assert fates(rest) == [("SKU-1", 1, "awaiting", "", ""), ("SKU-2", 1, "awaiting", "", "")]
    assert actions.announce(order_id=order.pk, cause="withdrawal:W3") is None
    waiting = make_order((record(), 1))
    assert actions.announce(order_id=waiting.pk, cause="withdrawal:W4") is None


def test_what_was_called_off_is_expected_again_when_its_cause_announces_it_once_more(
    order: Order, returning: Return
) -> None:
    assert actions.call_off(order_id=order.pk, cause="withdrawal:W1", why="another order")
    other = actions.announce(order_id=order.pk, lines={line_of(order).pk: 2}, cause="withdrawal:W2")
    lines = {line_of(order).pk: 3, line_of(order, "SKU-2").pk: 1}
    again = actions.announce(order_id=order.pk, lines=lines, cause="withdrawal:W1")
    assert again == returning and again is not None and other is not None
    again.refresh_from_db()
    assert again.state == "authorised" and again.expected_by is not None
    assert fates(again) == [("SKU-1", 1, "awaiting", "", ""), ("SKU-2", 1, "awaiting", "", "")]


def test_what_nobody_waits_for_any_more_stays_so_when_nothing_of_it_can_come(
    order: Order, returning: Return
) -> None:
    actions.call_off(order_id=order.pk, cause="withdrawal:W1", why="another order")
    assert actions.announce(order_id=order.pk, cause="withdrawal:W2") is not None
    assert actions.announce(order_id=order.pk, cause="withdrawal:W1") is None
    returning.refresh_from_db()
    assert returning.state == "expired"


def test_grade_a_on_the_shelf_is_for_sale_at_once(returning: Return) -> None:
    before = record().num_in_stock
    book(returning, "SKU-1", 1, "a", "shelf", "A-01")
    assert record().num_in_stock == before + 1
    moved = Movement.objects.filter(cause=f"return:{returning.number}").get()
    assert (moved.kind, moved.quantity, moved.bin.code) == ("return", 1, "A-01")
    assert line_of(returning.order).quantity_returned == 1
    assert stock_differences() == []


@pytest.mark.parametrize(
    ("grade", "to", "bin"), [("b", "b_stock", "B-STOCK-01"), ("defect", "quarantine", "QUAR-01")]
)
def test_other_grades_are_in_the_house_and_not_for_sale(
    returning: Return, grade: str, to: str, bin: str
) -> None:
    before = record().num_in_stock
    book(returning, "SKU-1", 2, grade, to, bin)
    assert (record().num_in_stock, record().num_quarantine) == (before, 2)
    assert BinStock.objects.get(bin__code=bin).quantity == 2
    assert stock_differences() == []


def test_disposal_is_in_and_out_again_with_a_movement_each(returning: Return) -> None:
    before = record().num_in_stock
    book(returning, "SKU-1", 1, "scrap", "disposal")
    moves = Movement.objects.filter(cause__endswith=returning.number).order_by("pk")
    assert [(m.cause.split(":")[0], m.quantity, m.bin.code) for m in moves] == [
        ("return", 1, "RET-01"),
        ("disposal", -1, "RET-01"),
    ]
    assert (record().num_in_stock, record().num_quarantine) == (before, 0)
    assert stock_differences() == []


@pytest.mark.parametrize(
    ("grade", "to", "bin", "words"),
    [
        ("b", "shelf", "A-01", "cannot go there"),
        ("scrap", "shelf", "A-01", "cannot go there"),
        ("a", "disposal", "", "cannot go there"),
        ("a", "shelf", "QUAR-01", "is a quarantine"),
        ("b", "b_stock", "A-01", "is a picking bin"),
        ("defect", "quarantine", "PACK-01", "is a packing place"),
        ("a", "shelf", "", "scan the bin"),
        ("scrap", "disposal", "A-01", "needs no bin"),
        ("x", "shelf", "A-01", "Please grade"),
        ("a", "moon", "A-01", "cannot go there"),
    ],
)
def test_a_place_that_does_not_fit_is_refused_in_words(
    returning: Return, grade: str, to: str, bin: str, words: str
) -> None:
    with pytest.raises(StockError, match=words):
        book(returning, "SKU-1", 1, grade, to, bin)
    assert not Movement.objects.filter(kind="return").exists()


def test_what_is_put_aside_is_never_sent_to_the_place_for_what_is_missing(returning: Return) -> None:
    """That place stands only in the books, and comes before QUAR-01 on the walk."""
    missing = stock.missing_place(make_bin("A-01").site)
    Bin.objects.filter(code="QUAR-01").update(sequence=missing.sequence)  # as made at its first use
    proposal = propose_bin("quarantine", record().pk)
    assert proposal is not None and proposal.code == "QUAR-01"
    with pytest.raises(StockError):
        book(returning, "SKU-1", 1, "b", "quarantine", missing.code)


def test_a_closed_bin_takes_nothing(returning: Return) -> None:
    Bin.objects.filter(code="A-01").update(is_active=False)
    with pytest.raises(StockError, match="closed"):
        book(returning, "SKU-1", 1, "a", "shelf", "A-01")


@pytest.mark.parametrize("quantity", [0, -1, 10**9, True])
def test_numbers_without_sense_are_refused(returning: Return, quantity: int) -> None:
    with pytest.raises(StockError, match="whole number"):
        book(returning, "SKU-1", quantity, "a", "shelf", "A-01")


def test_more_than_was_announced_may_come_and_no_piece_more_than_was_sent(returning: Return) -> None:
    item = book(returning, "SKU-1", 3, "a", "shelf", "A-01")
    assert (item.quantity, item.quantity_announced) == (3, 2)
    with pytest.raises(actions.NotOfThisOrder, match="only 0 of the pieces"):
        book(returning, "SKU-1", 1, "a", "shelf", "A-01")
    assert line_of(returning.order).quantity_returned == 3


def test_a_line_of_another_order_is_refused(returning: Return) -> None:
    other = sent_order((record(), 1))
    with pytest.raises(actions.NotOfThisOrder, match="not part of order"):
        actions.book(
            returning=returning,
            order_line=line_of(other),
            quantity=1,
            grade="a",
            disposition="shelf",
            bin=make_bin("A-01"),
            by=None,
        )


def test_an_article_that_is_no_longer_kept_is_said_and_put_aside(returning: Return) -> None:
    line = line_of(returning.order)
    type(line).objects.filter(pk=line.pk).update(stockrecord=None)
    with pytest.raises(StockError, match="no longer kept"):
        book(returning, "SKU-1", 1, "a", "shelf", "A-01")


def test_a_second_click_books_nothing(returning: Return) -> None:
    book(returning, "SKU-1", 1, "a", "shelf", "A-01", key="f" * 32)
    with pytest.raises(AlreadyBooked):
        book(returning, "SKU-1", 1, "a", "shelf", "A-01", key="f" * 32)
    actions.record_wrong(returning=returning, code="X", by=None, key="e" * 32)
    with pytest.raises(AlreadyBooked):
        actions.record_wrong(returning=returning, code="X", by=None, key="e" * 32)
    assert line_of(returning.order).quantity_returned == 1


def test_the_last_booking_is_undone_and_awaited_again(returning: Return) -> None:
    before = fates(returning)
    for grade, to, bin in (("a", "shelf", "A-01"), ("b", "b_stock", "B-STOCK-01"), ("scrap", "disposal", "")):
        stock_before = record().num_in_stock
        item = book(returning, "SKU-1", 1, grade, to, bin)
        actions.undo_last(returning=returning, item_id=item.pk, by=None)
        assert fates(returning) == before
        assert (record().num_in_stock, record().num_quarantine) == (stock_before, 0)
        assert line_of(returning.order).quantity_returned == 0
    assert stock_differences() == []


def test_all_announced_pieces_at_once_and_unannounced_ones_are_undone_too(returning: Return) -> None:
    before = fates(returning)
    item = book(returning, "SKU-1", 3, "a", "shelf", "A-01")
    actions.undo_last(returning=returning, item_id=item.pk, by=None)
    assert fates(returning) == before
    wrong = actions.record_wrong(returning=returning, code="Socken", by=None)
    actions.undo_last(returning=returning, item_id=wrong.pk, by=None)
    assert fates(returning) == before


def test_only_the_last_booking_is_undone_and_only_while_nothing_moved_on(returning: Return) -> None:
    first = book(returning, "SKU-1", 1, "a", "shelf", "A-01")
    last = book(returning, "SKU-1", 1, "a", "shelf", "A-01")
    with pytest.raises(actions.DockError, match="something else was booked"):
        actions.undo_last(returning=returning, item_id=first.pk, by=None)
    stock.transfer(stockrecord=record(), source=make_bin("A-01"), target=make_bin("A-02"), quantity=1)
    with pytest.raises(actions.DockError, match="moved on"):
        actions.undo_last(returning=returning, item_id=last.pk, by=None)


def test_pieces_that_are_promised_by_now_are_not_undone(returning: Return) -> None:
    item = book(returning, "SKU-1", 1, "a", "shelf", "A-01")
    make_order((record(), record().available))
    with pytest.raises(StockError, match="promised to customers"):
        actions.undo_last(returning=returning, item_id=item.pk, by=None)
    assert line_of(returning.order).quantity_returned == 1
    assert stock_differences() == []


def test_finishing_notes_what_is_missing_and_tells_service_and_finance(
    returning: Return, outbox: Outbox
) -> None:
    book(returning, "SKU-1", 1, "a", "shelf", "A-01")
    actions.finish(returning=returning, by=None)
    assert returning.state == "settled"
    assert sorted(fates(returning)) == [
        ("SKU-1", 1, "received", "a", "A-01"),
        ("SKU-1", 1, "short", "", ""),
        ("SKU-2", 1, "lost", "", ""),
    ]
    (received,) = outbox.events(ReturnReceived)
    assert sorted(line["reception"] for line in received.lines) == ["lost", "received", "short"]
    (settled,) = outbox.events(ReturnSettled)
    (line,) = settled.lines
    assert (line["quantity"], line["value_minor"], line["cost_minor"]) == (1, 3_000, 3_000)


def test_an_empty_return_that_nobody_announced_cannot_be_finished(order: Order) -> None:
    made = actions.open_at_dock(order=order, by=None)
    with pytest.raises(actions.DockError, match="Nothing was scanned"):
        actions.finish(returning=made, by=None)


def test_a_finished_return_takes_nothing_more(returning: Return) -> None:
    item = book(returning, "SKU-1", 1, "a", "shelf", "A-01")
    actions.finish(returning=returning, by=None)
    for deed in (
        lambda: book(returning, "SKU-1", 1, "a", "shelf", "A-01"),
        lambda: actions.undo_last(returning=returning, item_id=item.pk, by=None),
        lambda: actions.record_wrong(returning=returning, code="X", by=None),
        lambda: actions.finish(returning=returning, by=None),
    ):
        with pytest.raises(actions.DockError, match="settled already"):
            deed()
    with pytest.raises(ProtectedError):
        returning.delete()


def test_quarantine_waits_for_service_and_a_rejected_piece_goes_back_to_the_customer(
    returning: Return, staff: User, outbox: Outbox
) -> None:
    item = book(returning, "SKU-1", 1, "defect", "quarantine", "QUAR-01")
    with pytest.raises(StockError, match="finish unpacking"):
        actions.decide(item=item, accept=True, by=staff)
    actions.finish(returning=returning, by=None)
    assert returning.state == "received" and outbox.events(ReturnSettled) == []
    with pytest.raises(StockError, match="say why"):
        actions.decide(item=item, accept=False, by=staff, why="  ")
    assert actions.decide(item=item, accept=False, by=staff, why="worn for weeks")
    returning.refresh_from_db()
    assert returning.state == "settled"
    (told,) = outbox.events(ReturnSettled)
    assert told.lines == []
    assert record().num_quarantine == 0 and line_of(returning.order).quantity_returned == 0
    assert stock_differences() == []
    with pytest.raises(StockError):
        actions.decide(item=item, accept=True, by=staff)


def test_a_rejected_piece_that_lies_elsewhere_by_now_is_said(returning: Return, staff: User) -> None:
    item = book(returning, "SKU-1", 1, "defect", "quarantine", "QUAR-01")
    actions.finish(returning=returning, by=None)
    other = make_bin("QUAR-02", kind="quarantine")
    stock.transfer(stockrecord=record(), source=make_bin("QUAR-01"), target=other, quantity=1)
    with pytest.raises(NotEnoughInBin):
        actions.decide(item=item, accept=False, by=staff, why="worn")
    assert ReturnItem.objects.get(pk=item.pk).acceptance == "undecided"


def test_a_wrong_article_waits_for_service_and_never_becomes_stock(returning: Return, staff: User) -> None:
    moved = Movement.objects.count()
    wrong = actions.record_wrong(returning=returning, code="4000000000001", note="a sock", by=staff)
    book(returning, "SKU-1", 2, "a", "shelf", "A-01")
    book(returning, "SKU-2", 1, "a", "shelf", "A-02")
    actions.finish(returning=returning, by=staff)
    assert returning.state == "received"
    assert actions.decide(item=wrong, accept=False, by=staff, why="not ours")
    assert Movement.objects.count() == moved + 2


def test_three_partial_returns_of_a_line_add_up_to_the_cent(staff: User, outbox: Outbox) -> None:
    dock_bins()
    odd = make_stockrecord("SKU-9", bins={"A-01": 9}, price="33.33")
    order = sent_order((odd, 3), by=staff)
    line = line_of(order, "SKU-9")
    type(line).objects.filter(pk=line.pk).update(gross_minor=10_000)
    for _ in range(3):
        made = actions.open_at_dock(order=order, by=staff)
        book(made, "SKU-9", 1, "a", "shelf", "A-01")
        actions.finish(returning=made, by=staff)
    values = [told.lines[0]["value_minor"] for told in outbox.events(ReturnSettled)]
    assert sum(values) == 10_000 and max(values) - min(values) <= 1
    assert line_of(order, "SKU-9").quantity_returnable == 0
    with pytest.raises(StockError, match="Nothing of order"):
        actions.open_at_dock(order=order, by=staff)


def test_the_dock_opens_the_expected_return_and_makes_one_where_none_is(
    order: Order, returning: Return
) -> None:
    assert actions.open_at_dock(order=order, by=None) == returning
    actions.expire(returning=returning, by=None, why="test")
    assert actions.open_at_dock(order=order, by=None) != returning


def test_a_return_that_never_comes_expires_and_may_come_all_the_same(returning: Return, clock: Any) -> None:
    assert actions.expire_late() == 0 and not returning.is_late
    clock.advance(days=EXPECTED_DAYS + 2)
    assert returning.is_late and returning.days_late >= 1
    clock.advance(days=EXPIRES_DAYS + 1)
    assert actions.expire_late() == 1 and actions.expire_late() == 0
    returning.refresh_from_db()
    assert returning.state == "expired"
    book(returning, "SKU-1", 1, "a", "shelf", "A-01")
    actions.finish(returning=returning, by=None)
    assert returning.state == "settled"


def test_rejecting_needs_a_reason_and_stops_the_dock(returning: Return, staff: User) -> None:
    with pytest.raises(StockError, match="say why"):
        actions.reject(returning=returning, by=staff, why="")
    actions.reject(returning=returning, by=staff, why="after the term")
    with pytest.raises(actions.DockError, match="rejected already"):
        book(returning, "SKU-1", 1, "a", "shelf", "A-01")
    with pytest.raises(StockError, match="not possible any more"):
        actions.authorise(returning=returning, by=staff)


def test_what_announced_it_may_call_it_off_until_it_came(order: Order, returning: Return) -> None:
    assert actions.call_off(order_id=order.pk, cause="withdrawal:W1", why="another order")
    assert not actions.call_off(order_id=order.pk, cause="withdrawal:W1", why="another order")
    returning.refresh_from_db()
    assert returning.state == "expired"
