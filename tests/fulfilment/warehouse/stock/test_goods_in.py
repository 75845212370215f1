"""What goods cost, what finance hears of them, and what no bin and no verb takes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.partner.models import StockRecord
from fulfilment.finance.ledger.models import Entry
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.actions import Received, StockError, average_cost
from fulfilment.warehouse.stock.events import GoodsReceived
from fulfilment.warehouse.stock.models import Bin, BinStock, Movement
from fulfilment.warehouse.stock.queries import stock_differences
from tests.factories.stock import make_bin, make_stockrecord
from tests.support.helpers import Outbox

pytestmark = pytest.mark.django_db


def receive(record: StockRecord, quantity: int, cost: int | None = None, **more: Any) -> Movement:
    return stock.receive(
        stockrecord=record, bin=make_bin("A-01"), quantity=quantity, unit_cost_minor=cost, **more
    )


def booked(entry: Entry) -> list[tuple[str, int, int]]:
    lines = entry.lines.order_by("-debit_minor").values_list("account__role", "debit_minor", "credit_minor")
    return list(lines)


def test_the_cost_is_the_moving_average_of_what_lies_in_the_house() -> None:
    record = make_stockrecord(unit_cost_minor=0)
    for quantity, cost, average in ((10, 1000, 1000), (5, 1300, 1100), (3, None, 1100), (2, 999, 1090)):
        receive(record, quantity, cost)
        record.refresh_from_db()
        assert record.unit_cost_minor == average


def test_pieces_in_quarantine_count_as_well_and_sold_ones_no_more() -> None:
    record = make_stockrecord(bins={"A-01": 4}, unit_cost_minor=1000)
    quarantine = make_bin("Q-01", kind="quarantine", sequence=90)
    stock.transfer(stockrecord=record, source=make_bin("A-01"), target=quarantine, quantity=4)
    receive(record, 4, 2000)
    record.refresh_from_db()
    assert record.unit_cost_minor == 1500


@given(
    pieces=st.integers(0, 10**6), cost=st.integers(0, 10**8), quantity=st.integers(1, 10**5),
    unit=st.integers(0, 10**8),
)  # fmt: skip
def test_an_average_lies_between_what_it_is_made_of(pieces: int, cost: int, quantity: int, unit: int) -> None:
    average = average_cost(pieces=pieces, cost_minor=cost, quantity=quantity, unit_cost_minor=unit)
    if pieces:
        assert min(cost, unit) <= average <= max(cost, unit)
        exact = (pieces * cost + quantity * unit) * 2
        assert abs(average * 2 * (pieces + quantity) - exact) <= pieces + quantity  # half a cent at most
    else:
        assert average == unit


@pytest.mark.parametrize("cost", [-1, True, 1.5, 10**9])
def test_an_impossible_cost_is_refused_in_words(cost: int) -> None:
    record = make_stockrecord()
    with pytest.raises(StockError, match="cost per piece"):
        receive(record, 1, cost)
    assert not Movement.objects.exists()


def test_finance_hears_what_came_and_what_it_is_worth(outbox: Outbox) -> None:
    record = make_stockrecord("SHOE-1")
    row = receive(record, 3, 2500, key="form-1")
    [told] = outbox.events(GoodsReceived)
    assert told == GoodsReceived(
        row.pk, record.pk, "SHOE-1", 3, 2500, 7500, "EUR", "receipt:key-form-1", "receipt"
    )
    outbox.drain()
    entry = Entry.objects.get(kind="goods_received")
    assert booked(entry) == [("stock", 7500, 0), ("received_not_invoiced", 0, 7500)]
    assert outbox.failures() == []


@pytest.mark.parametrize("key", ["2072620488318631", "7", "T5", "4fa09c"])
def test_the_key_of_a_form_is_never_read_as_a_number(key: str) -> None:
    """A random key is now and then digits alone: people would look for a receipt of that number."""
    record, target = make_stockrecord(), make_bin("B-01")
    row = receive(record, 3, key=key)
    stock.transfer(stockrecord=record, source=row.bin, target=target, quantity=2, key=key)
    assert {row.cause_text for row in Movement.objects.all()} == {"Receipt", ""}
    numbered = Movement(cause=f"receipt:{key}")
    assert numbered.cause_text == (f"Receipt {key}" if key.isdigit() else "Receipt")


def test_pieces_whose_cost_nobody_named_are_worth_what_the_others_cost(outbox: Outbox) -> None:
    receive(make_stockrecord(unit_cost_minor=700), 2)
    [told] = outbox.events(GoodsReceived)
    assert (told.unit_cost_minor, told.total_cost_minor) == (700, 1400)


def test_a_delivery_of_many_is_told_once_and_opening_stock_is_no_purchase(outbox: Outbox) -> None:
    one, two = make_stockrecord("ONE", unit_cost_minor=100), make_stockrecord("TWO", unit_cost_minor=250)
    place = make_bin("A-01").pk
    stock.receive_many([Received(one.pk, place, 10), Received(two.pk, place, 4)], kind=stock.OPENING)
    [told] = outbox.events(GoodsReceived)
    assert (told.stockrecord_id, told.quantity, told.total_cost_minor, told.kind) == (0, 14, 2000, "opening")
    assert Movement.objects.filter(cause=told.cause).count() == 2
    outbox.drain()
    assert booked(Entry.objects.get(kind="stock_opened")) == [
        ("stock", 2000, 0),
        ("opening_balance", 0, 2000),
    ]


def test_nothing_is_put_into_a_closed_bin_but_it_can_be_emptied() -> None:
    record, place, other = make_stockrecord(bins={"A-01": 5}), make_bin("A-01"), make_bin("B-01", sequence=20)
    Bin.objects.filter(pk=place.pk).update(is_active=False)
    refusals: list[Any] = [
        lambda: receive(record, 1),
        lambda: stock.receive_many([Received(record.pk, place.pk, 1)]),
        lambda: stock.count(stockrecord=record, bin=place, counted=6),
        lambda: stock.take_back(stockrecord=record, bin=place, quantity=1, cause="return:1"),
    ]
    for verb in refusals:
        with pytest.raises(StockError, match="A-01 is closed"):
            verb()
    stock.transfer(stockrecord=record, source=place, target=other, quantity=5)
    with pytest.raises(StockError, match="A-01 is closed"):
        stock.transfer(stockrecord=record, source=other, target=place, quantity=1)
    assert BinStock.objects.get(bin=other).quantity == 5
    assert stock_differences() == []


def test_a_bin_that_holds_goods_neither_closes_nor_leaves_the_sale() -> None:
    record, place = make_stockrecord(bins={"A-01": 5}), make_bin("A-01")
    for change in ({"is_active": False}, {"kind": "quarantine"}):
        with pytest.raises(StockError, match="still holds 5 pieces"):
            stock.change_bin(bin=place, **change)  # type: ignore[arg-type]
    stock.change_bin(bin=place, kind="reserve")
    stock.count(stockrecord=record, bin=place, counted=0)
    stock.change_bin(bin=place, kind="quarantine", is_active=False)
    place.refresh_from_db()
    assert (place.kind, place.is_active) == ("quarantine", False)


def test_an_article_that_was_deleted_meanwhile_is_refused_in_words() -> None:
    record, place = make_stockrecord(), make_bin("A-01")
    StockRecord.objects.filter(pk=record.pk).delete()
    with pytest.raises(StockError, match="deleted in the meantime"):
        stock.receive(stockrecord=record, bin=place, quantity=1)
    with pytest.raises(StockError, match="deleted in the meantime"):
        stock.take_back(stockrecord=record, bin=place, quantity=1, cause="return:1")
    assert not BinStock.objects.exists()


def test_an_article_with_a_history_cannot_be_deleted() -> None:
    from django.db.models import ProtectedError

    record = make_stockrecord(bins={"A-01": 5})
    stock.count(stockrecord=record, bin=make_bin("A-01"), counted=0)
    with pytest.raises(ProtectedError):
        record.delete()
    with pytest.raises(ProtectedError):
        record.product.delete()
    assert stock_differences() == []


QUANTITIES = [0, -1, 10**9, True, 1.5]


@pytest.mark.parametrize("quantity", QUANTITIES)
@pytest.mark.parametrize("verb", ["transfer", "take_back", "discard"])
def test_no_verb_takes_an_impossible_quantity(verb: str, quantity: int) -> None:
    record, place = make_stockrecord(bins={"A-01": 5}), make_bin("A-01")
    more: dict[str, dict[str, Any]] = {
        "transfer": {"source": place, "target": make_bin("B-01")},
        "take_back": {"bin": place, "cause": "return:1"},
        "discard": {"bin": place, "cause": "disposal:1", "why": ""},
    }
    with pytest.raises(StockError, match="whole number"):
        getattr(stock, verb)(stockrecord=record, quantity=quantity, **more[verb])
    assert Movement.objects.count() == 1


def test_quarantine_takes_pieces_off_sale_at_once_and_back_on_sale() -> None:
    record = make_stockrecord(bins={"A-01": 5})
    for kind in ("quarantine", "returns", "b_stock"):
        apart = make_bin(f"X-{kind}", kind=kind, sequence=90)
        record.reserve(3)
        with pytest.raises(StockError, match="Only 2 pieces of SKU-1 are not promised"):
            stock.transfer(stockrecord=record, source=make_bin("A-01"), target=apart, quantity=3)
        record.release(3)
        stock.transfer(stockrecord=record, source=make_bin("A-01"), target=apart, quantity=3)
        record.refresh_from_db()
        assert (record.on_hand, record.num_quarantine, record.available) == (5, 3, 2)
        stock.transfer(stockrecord=record, source=apart, target=make_bin("A-01"), quantity=3)
        record.refresh_from_db()
        assert (record.num_quarantine, record.available) == (0, 5)
    assert stock_differences() == []
