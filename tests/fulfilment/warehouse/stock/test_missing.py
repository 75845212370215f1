"""A bin that was found empty: nobody is sent there, and nobody can buy from it, until it is counted or filled."""

from __future__ import annotations

import pytest

from catalogue.partner.models import InsufficientStock, StockRecord
from fulfilment.warehouse.picking.planning import Want, plan
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.actions import StockError
from fulfilment.warehouse.stock.models import QUARANTINE, BinStock, Movement
from fulfilment.warehouse.stock.queries import set_aside, stock_differences
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.stock import make_bin, make_site, make_stockrecord

pytestmark = pytest.mark.django_db
CAUSE = "missing:C10001"


def pieces(record: StockRecord, code: str) -> int:
    rows = BinStock.objects.filter(stockrecord=record, bin__code=code).values_list("quantity", flat=True)
    return rows.first() or 0


def numbers(record: StockRecord) -> tuple[int, int, int, int]:
    record.refresh_from_db()
    return record.num_in_stock, record.num_quarantine, record.num_allocated, record.available


def doubtful(record: StockRecord) -> list[str]:
    return list(
        BinStock.objects.filter(stockrecord=record, is_doubtful=True).values_list("bin__code", flat=True)
    )


def test_a_doubtful_bin_is_left_out_of_the_walk_until_it_is_counted() -> None:
    record, place = make_stockrecord(bins={"A-01": 5}), make_bin("A-01")
    assert stock.mark_doubtful(stockrecord_id=record.pk, bin_id=place.pk)
    assert not stock.mark_doubtful(stockrecord_id=record.pk, bin_id=place.pk)
    [stop] = plan([Want(1, record.pk, 2)], site_id=place.site_id)
    assert stop.bin_id is None
    stock.count(stockrecord=record, bin=place, counted=5)
    assert doubtful(record) == []
    [stop] = plan([Want(1, record.pk, 2)], site_id=place.site_id)
    assert stop.bin_id == place.pk


def test_goods_that_come_into_a_doubtful_bin_clear_the_doubt() -> None:
    record = make_stockrecord(bins={"A-01": 5, "B-01": 5})
    for code in ("A-01", "B-01"):
        stock.mark_doubtful(stockrecord_id=record.pk, bin_id=make_bin(code).pk)
    stock.receive(stockrecord=record, bin=make_bin("A-01"), quantity=1)
    assert doubtful(record) == ["B-01"]
    stock.transfer(stockrecord=record, source=make_bin("A-01"), target=make_bin("B-01"), quantity=1)
    assert doubtful(record) == []


def test_a_bin_that_holds_nothing_by_the_books_needs_no_doubt() -> None:
    record = make_stockrecord()
    assert not stock.mark_doubtful(stockrecord_id=record.pk, bin_id=make_bin("A-01").pk)


def test_pieces_that_nobody_can_find_are_not_sold_while_promised_ones_stay() -> None:
    record, place = make_stockrecord(bins={"A-01": 5}), make_bin("A-01")
    make_order((record, 2))
    assert stock.set_aside_missing(stockrecord=record, bin=place, cause=CAUSE, by=make_staff()) == 3
    assert numbers(record) == (2, 3, 2, 0)
    assert (pieces(record, "A-01"), pieces(record, "MISSING-01")) == (2, 3)
    assert set_aside(stockrecord_id=record.pk, bin_id=place.pk) == 3
    with pytest.raises(InsufficientStock):
        record.reserve(1)
    assert stock_differences() == []


def test_pieces_elsewhere_cover_the_promises_so_the_whole_bin_goes_aside() -> None:
    record, place = make_stockrecord(bins={"A-01": 5, "B-01": 4}), make_bin("A-01")
    make_order((record, 4))
    assert stock.set_aside_missing(stockrecord=record, bin=place, cause=CAUSE) == 5
    assert numbers(record) == (4, 5, 4, 0)
    assert stock.set_aside_missing(stockrecord=record, bin=place, cause=CAUSE) == 0


def test_the_count_finds_the_bin_as_the_books_had_it_and_books_the_difference() -> None:
    record, place = make_stockrecord(bins={"A-01": 5}), make_bin("A-01")
    seen = Movement.objects.latest("pk").pk
    stock.set_aside_missing(stockrecord=record, bin=place, cause=CAUSE)
    assert stock.return_set_aside(stockrecord=record, bin=place, cause=CAUSE) == 5
    assert stock.return_set_aside(stockrecord=record, bin=place, cause=CAUSE) == 0
    assert stock.count(stockrecord=record, bin=place, counted=2, seen=seen, cause="count:C10001") == -3
    assert numbers(record) == (2, 0, 0, 2)
    assert Movement.objects.latest("pk").cause == "count:C10001"
    assert set_aside(stockrecord_id=record.pk, bin_id=place.pk) == 0
    assert stock_differences() == []


def test_what_was_found_and_carried_away_meanwhile_does_not_come_back_twice() -> None:
    record, place = make_stockrecord(bins={"A-01": 5}), make_bin("A-01")
    stock.set_aside_missing(stockrecord=record, bin=place, cause=CAUSE)
    lost = stock.missing_place(place.site)
    stock.transfer(stockrecord=record, source=lost, target=make_bin("B-01"), quantity=4)
    assert stock.return_set_aside(stockrecord=record, bin=place, cause=CAUSE) == 1
    assert stock_differences() == []


def test_each_site_has_its_own_place_for_what_is_missing() -> None:
    here, there = make_bin("A-01").site, make_site("store")
    one, two = stock.missing_place(here), stock.missing_place(there)
    assert (one.site, two.site, one.kind, two.kind) == (here, there, QUARANTINE, QUARANTINE)
    assert one.code == "MISSING-01" != two.code
    assert stock.missing_place(there) == two


def test_pieces_are_set_aside_for_a_reason_that_can_be_found_again() -> None:
    record = make_stockrecord(bins={"A-01": 5})
    with pytest.raises(ValueError, match="missing:"):
        stock.set_aside_missing(stockrecord=record, bin=make_bin("A-01"), cause="count:1")


def test_a_known_difference_is_booked_in_both_directions_and_clears_the_doubt() -> None:
    record, place = make_stockrecord(bins={"A-01": 5}), make_bin("A-01")
    stock.mark_doubtful(stockrecord_id=record.pk, bin_id=place.pk)
    gone = stock.correct(stockrecord=record, bin=place, difference=-2, cause="transfer:T1", why="broken")
    assert (gone.kind, gone.quantity, gone.cause, gone.why) == ("count", -2, "transfer:T1", "broken")
    stock.correct(stockrecord=record, bin=place, difference=4, cause="transfer:T1")
    assert numbers(record) == (7, 0, 0, 7)
    assert doubtful(record) == []
    assert stock_differences() == []


@pytest.mark.parametrize("difference", [0, True, 10**9, -(10**9), 1.5])
def test_an_impossible_difference_is_refused_in_words(difference: int) -> None:
    record = make_stockrecord(bins={"A-01": 5})
    with pytest.raises(StockError, match="whole number"):
        stock.correct(stockrecord=record, bin=make_bin("A-01"), difference=difference, cause="count:1")
    assert Movement.objects.count() == 1


def test_promised_pieces_do_not_vanish_by_a_difference_nor_into_the_bin_for_waste() -> None:
    record, place = make_stockrecord(bins={"A-01": 5}), make_bin("A-01")
    make_order((record, 4))
    with pytest.raises(StockError, match="only 1 are not promised"):
        stock.correct(stockrecord=record, bin=place, difference=-2, cause="count:1")
    with pytest.raises(StockError, match="only 1 are not promised"):
        stock.discard(stockrecord=record, bin=place, quantity=2, cause="disposal:1", why="broken")
    assert numbers(record) == (5, 0, 4, 1)
    assert stock_differences() == []


def test_what_comes_back_lies_where_it_was_put_and_what_is_thrown_away_leaves_the_house() -> None:
    record = make_stockrecord()
    dock = make_bin("RET-01", kind="returns", sequence=90)
    back = stock.take_back(stockrecord=record, bin=dock, quantity=3, cause="return:R1")
    assert (back.kind, back.cause, numbers(record)) == ("return", "return:R1", (0, 3, 0, 0))
    stock.transfer(stockrecord=record, source=dock, target=make_bin("A-01"), quantity=1)
    waste = stock.discard(stockrecord=record, bin=dock, quantity=2, cause="disposal:R1", why="worn out")
    assert (waste.kind, waste.quantity, numbers(record)) == ("scrap", -2, (1, 0, 0, 1))
    assert stock_differences() == []
