"""The whole promise of an order line: pieces, reservation and history together, in few statements or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from catalogue.partner.actions import Wish, release, reserve
from catalogue.partner.models import InsufficientStock, Reservation, StockRecord
from shop.kernel import clock
from shop.kernel.models import StateChange
from tests.factories.people import make_staff
from tests.factories.stock import make_stockrecord

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
ORDER, LINE = 70_000_001, 80_000_001


def record_with(pieces: int, sku: str = "SKU-1", **fields: Any) -> StockRecord:
    record = make_stockrecord(sku, bins={f"{sku}-A": pieces})
    StockRecord.objects.filter(pk=record.pk).update(**fields) if fields else None
    return record


def promised(record: StockRecord) -> int:
    return StockRecord.objects.get(pk=record.pk).num_allocated


def test_a_promise_takes_the_pieces_and_writes_who_has_them() -> None:
    record, moment = record_with(5), clock.now()
    reserve([Wish(record.pk, LINE, ORDER, 2)], expires_at=moment)
    row = Reservation.objects.get(order_line_id=LINE)
    assert (row.stockrecord_id, row.order_id, row.quantity, row.quantity_left) == (record.pk, ORDER, 2, 2)
    assert (row.state, row.expires_at) == ("open", moment)
    assert row.created_at >= moment
    assert promised(record) == 2


@pytest.mark.parametrize("wanted", [6, 10**6])
def test_a_promise_that_cannot_be_kept_leaves_nothing(wanted: int) -> None:
    record = record_with(5)
    with pytest.raises(InsufficientStock, match=f"SKU-1: {wanted} wanted, 5 left"):
        reserve([Wish(record.pk, LINE, ORDER, wanted)], expires_at=None)
    assert not Reservation.objects.exists() and promised(record) == 0


@pytest.mark.parametrize("wanted", [0, -1])
def test_no_piece_or_fewer_is_no_wish(wanted: int) -> None:
    record = record_with(5)
    with pytest.raises(ValueError, match="at least one piece"):
        reserve([Wish(record.pk, LINE, ORDER, wanted)], expires_at=None)
    assert not Reservation.objects.exists() and promised(record) == 0


def test_what_may_be_ordered_without_stock_is_promised() -> None:
    record = record_with(1, backorderable=True)
    reserve([Wish(record.pk, LINE, ORDER, 3)], expires_at=None)
    assert promised(record) == 3


def test_a_line_is_promised_once_and_the_second_time_takes_no_piece() -> None:
    record = record_with(5)
    reserve([Wish(record.pk, LINE, ORDER, 2)], expires_at=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        reserve([Wish(record.pk, LINE, ORDER, 2)], expires_at=None)
    assert promised(record) == 2


def test_giving_back_frees_every_line_and_writes_who_and_why() -> None:
    one, two = record_with(5), record_with(5, "SKU-2")
    wishes = [
        Wish(one.pk, LINE, ORDER, 2),
        Wish(two.pk, LINE + 1, ORDER, 3),
        Wish(one.pk, LINE + 2, ORDER, 1),
    ]
    reserve(wishes, expires_at=None)
    reserve([Wish(one.pk, LINE + 3, ORDER + 1, 1)], expires_at=None)
    person = make_staff("buero@example.org")
    assert release(order_id=ORDER, by=person, why="x" * 600) == 6
    rows = Reservation.objects.filter(order_id=ORDER)
    assert {(row.state, row.quantity_left) for row in rows} == {("released", 0)}
    assert (promised(one), promised(two)) == (1, 0)
    told = StateChange.objects.filter(machine="reservation")
    assert {change.thing_id for change in told} == {row.pk for row in rows} and len(told) == 3
    assert {(c.old, c.new, c.by, c.why) for c in told} == {("open", "released", person, "x" * 500)}
    assert all(abs((clock.now() - change.at).total_seconds()) < 60 for change in told)


def test_giving_back_again_frees_nothing_and_writes_nothing() -> None:
    record = record_with(5)
    reserve([Wish(record.pk, LINE, ORDER, 2)], expires_at=None)
    assert [release(order_id=ORDER, why="over", expired=True) for _ in range(2)] == [2, 0]
    assert Reservation.objects.get().state == "expired" and promised(record) == 0
    assert StateChange.objects.filter(machine="reservation").count() == 1


def test_books_that_do_not_agree_are_refused_in_words_and_left_alone() -> None:
    record = record_with(5)
    reserve([Wish(record.pk, LINE, ORDER, 2)], expires_at=None)
    StockRecord.objects.update(num_allocated=1)
    with pytest.raises(ValueError, match="fewer pieces are promised"), transaction.atomic():
        release(order_id=ORDER, why="over")
    assert Reservation.objects.get().state == "open" and promised(record) == 1
    assert not StateChange.objects.filter(machine="reservation").exists()


def test_the_hot_verbs_take_one_query_on_postgresql_and_few_on_sqlite(
    django_assert_num_queries: Any,
) -> None:
    record = record_with(5)
    at_once = connection.vendor == "postgresql"
    with django_assert_num_queries(1 if at_once else 2):
        reserve([Wish(record.pk, LINE, ORDER, 2)], expires_at=None)
    with django_assert_num_queries(1 if at_once else 4):
        release(order_id=ORDER, why="over")
    with django_assert_num_queries(1):
        release(order_id=ORDER, why="over")
