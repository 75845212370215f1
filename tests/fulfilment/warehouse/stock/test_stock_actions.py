"""Receive, transfer, count; movements are never changed; what is kept always agrees with them."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from catalogue.partner.models import StockRecord
from fulfilment.warehouse.stock import actions, triggers
from fulfilment.warehouse.stock.actions import NotEnoughInBin, Received, StockError, goods_in
from fulfilment.warehouse.stock.models import BinStock, Movement
from fulfilment.warehouse.stock.queries import find_stockrecord, history, stock_differences, where_is
from shop.kernel.models import AppendOnlyError
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.stock import make_bin, make_stockrecord

pytestmark = pytest.mark.django_db


def in_bin(record: StockRecord, code: str) -> int:
    return (
        BinStock.objects.filter(stockrecord=record, bin__code=code).values_list("quantity", flat=True).first()
        or 0
    )


def test_received_pieces_lie_in_the_bin_and_are_for_sale() -> None:
    record, person = make_stockrecord(), make_staff()
    movement = actions.receive(
        stockrecord=record, bin=make_bin("A-01"), quantity=7, by=person, why="first delivery"
    )
    record.refresh_from_db()
    assert (in_bin(record, "A-01"), record.num_in_stock, record.available) == (7, 7, 7)
    assert (movement.kind, movement.quantity, movement.by, movement.why) == (
        "receipt",
        7,
        person,
        "first delivery",
    )
    assert stock_differences() == []


@pytest.mark.parametrize("quantity", [0, -1, 10**9, True, 1.5])
def test_an_impossible_quantity_is_refused_in_words(quantity: int) -> None:
    record = make_stockrecord()
    with pytest.raises(StockError, match="100000"):
        actions.receive(stockrecord=record, bin=make_bin(), quantity=quantity)
    assert not Movement.objects.exists()


def test_a_transfer_changes_bins_but_not_what_is_for_sale() -> None:
    record = make_stockrecord(bins={"A-01": 5})
    actions.transfer(stockrecord=record, source=make_bin("A-01"), target=make_bin("B-01"), quantity=3)
    record.refresh_from_db()
    assert (in_bin(record, "A-01"), in_bin(record, "B-01"), record.num_in_stock) == (2, 3, 5)
    assert stock_differences() == []


def test_a_bin_never_gives_more_than_it_holds() -> None:
    record = make_stockrecord(bins={"A-01": 2})
    with pytest.raises(NotEnoughInBin, match="A-01 holds 2"):
        actions.transfer(stockrecord=record, source=make_bin("A-01"), target=make_bin("B-01"), quantity=3)
    assert in_bin(record, "A-01") == 2
    assert stock_differences() == []


def test_a_count_books_the_difference_and_says_it() -> None:
    record = make_stockrecord(bins={"A-01": 5})
    assert actions.count(stockrecord=record, bin=make_bin("A-01"), counted=3, why="two stolen") == -2
    assert actions.count(stockrecord=record, bin=make_bin("A-01"), counted=3) == 0
    assert actions.count(stockrecord=record, bin=make_bin("B-01"), counted=1) == 1
    record.refresh_from_db()
    assert record.num_in_stock == 4
    assert stock_differences() == []


def test_a_count_does_not_make_promised_pieces_vanish() -> None:
    record = make_stockrecord(bins={"A-01": 5})
    make_order((record, 4))
    with pytest.raises(StockError, match="only 1 are not promised"):
        actions.count(stockrecord=record, bin=make_bin("A-01"), counted=2)
    assert in_bin(record, "A-01") == 5
    assert stock_differences() == []


def test_a_movement_can_neither_be_changed_nor_deleted() -> None:
    make_stockrecord(bins={"A-01": 5})
    movement = Movement.objects.get()
    movement.quantity = 9
    with pytest.raises(AppendOnlyError):
        movement.save()
    with pytest.raises(AppendOnlyError):
        movement.delete()


def test_the_database_itself_refuses_to_change_or_delete_movements() -> None:
    make_stockrecord(bins={"A-01": 5})
    assert triggers.missing() == []
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        Movement.objects.update(quantity=9)
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        Movement.objects.all()._raw_delete(using="default")
    assert Movement.objects.get().quantity == 5


def test_a_lost_trigger_is_noticed_and_comes_back() -> None:
    table = Movement._meta.db_table
    drop = (
        f"DROP TRIGGER stock_movement_no_update{f' ON {table}' if connection.vendor == 'postgresql' else ''}"
    )
    with connection.cursor() as cursor:
        cursor.execute(drop)
    assert any("stock_movement_no_update" in line for line in stock_differences())
    triggers.install()
    assert stock_differences() == []


def test_many_are_received_in_few_statements(django_assert_max_num_queries) -> None:
    records = [make_stockrecord(f"BULK-{n:03}") for n in range(40)]
    place, other = make_bin("A-01"), make_bin("B-01", sequence=20)
    rows = [Received(r.pk, b.pk, 2) for r in records for b in (place, other)] + [
        Received(records[0].pk, place.pk, 1)
    ]
    with django_assert_max_num_queries(25):
        assert actions.receive_many(rows, why="opening stock") == 161
    assert stock_differences() == []
    records[0].refresh_from_db()
    assert (records[0].num_in_stock, in_bin(records[0], "A-01")) == (5, 3)
    actions.receive_many([Received(records[0].pk, place.pk, 4)])
    assert stock_differences() == []
    assert in_bin(records[0], "A-01") == 7


def test_a_chunk_border_never_cuts_a_sku_in_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(goods_in, "BULK", 3)
    records = [make_stockrecord(f"CUT-{n}") for n in range(4)]
    bins = [make_bin(f"C-{n}", sequence=n) for n in range(3)]
    actions.receive_many([Received(r.pk, b.pk, 1) for r in records for b in bins][1:])
    assert stock_differences() == []


def test_one_bad_row_books_nothing_of_a_large_delivery() -> None:
    record = make_stockrecord()
    with pytest.raises(StockError):
        actions.receive_many([Received(record.pk, make_bin().pk, 5), Received(record.pk, make_bin().pk, 0)])
    assert not Movement.objects.exists()


def test_history_answers_why_it_is_so_many(django_assert_num_queries) -> None:
    record = make_stockrecord(bins={"A-01": 5, "A-02": 10})
    actions.count(stockrecord=record, bin=make_bin("A-01"), counted=3)
    with django_assert_num_queries(1):
        rows = [(row.kind, row.quantity, row.balance, row.bin.code) for row in history(record.pk)[:10]]
    assert rows == [("count", -2, 13, "A-01"), ("receipt", 10, 15, "A-02"), ("receipt", 5, 5, "A-01")]
    assert [row.bin.code for row in where_is(record.pk)] == ["A-01", "A-02"]


def test_a_scan_finds_the_sku_by_its_number_and_by_its_gtin() -> None:
    record = make_stockrecord("ELBE-42", gtin="4006381333931")
    assert find_stockrecord(" elbe-42 ") == find_stockrecord("4006381333931") == record
    assert find_stockrecord("nothing") is None
    assert find_stockrecord("") is None


def test_verify_stock_fails_when_a_sum_was_changed_behind_its_back() -> None:
    record = make_stockrecord(bins={"A-01": 5})
    call_command("verify_stock", stdout=io.StringIO())
    StockRecord.objects.filter(pk=record.pk).update(num_in_stock=6)
    BinStock.objects.update(quantity=4)
    errors = io.StringIO()
    with pytest.raises(CommandError, match="2 differences"):
        call_command("verify_stock", stdout=io.StringIO(), stderr=errors)
    assert "6 in stock, movements add up to 5" in errors.getvalue()
    assert "4 kept, movements add up to 5" in errors.getvalue()


def test_verify_stock_notices_reservations_that_nobody_holds() -> None:
    record = make_stockrecord(bins={"A-01": 5})
    StockRecord.objects.filter(pk=record.pk).update(num_allocated=2)
    assert stock_differences() == ["SKU-1: 2 reserved, open reservations add up to 0"]
