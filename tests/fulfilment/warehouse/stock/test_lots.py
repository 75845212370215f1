"""Lots, serial numbers and best-before dates: every verb keeps them, and what is first to expire goes first."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from catalogue.partner.models import StockRecord
from fulfilment.warehouse.dispatch import actions as dispatch
from fulfilment.warehouse.dispatch.models import Parcel, ParcelLot
from fulfilment.warehouse.picking import actions as picking
from fulfilment.warehouse.picking.models import PickedLot, PickLine, PickList
from fulfilment.warehouse.picking.planning import Want, plan
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.actions import AlreadyBooked, NotEnoughInBin, StockError
from fulfilment.warehouse.stock.models import Lot, LotStock, Movement
from fulfilment.warehouse.stock.queries import on_hand_by_site, pickable_by_site, stock_differences
from shop.customers.models import User
from shop.kernel.clock import today
from tests.factories.orders import make_order
from tests.factories.stock import make_bin, make_site, make_stockrecord
from tests.support.helpers import Outbox

pytestmark = pytest.mark.django_db


def cream(**asked: Any) -> StockRecord:
    """An article with lots and best-before dates."""
    record = make_stockrecord("CREAM-1")
    asked = {"tracking": "lot", "has_best_before": True, "min_days_left": 30, **asked}
    stock.set_handling(stockrecord=record, **asked)
    return record


def watch() -> StockRecord:
    """An article with serial numbers."""
    record = make_stockrecord("WATCH-1")
    stock.set_handling(stockrecord=record, tracking="serial")
    return record


def came(record: StockRecord, lot: str, pieces: int = 1, days: int | None = 365, code: str = "A-01") -> Lot:
    ends = None if days is None else today() + dt.timedelta(days=days)
    stock.receive(stockrecord=record, bin=make_bin(code), quantity=pieces, lot=lot, best_before=ends)
    return Lot.objects.get(stockrecord=record, code=lot.strip().upper())


def lying() -> dict[tuple[str, str], int]:
    rows = LotStock.objects.filter(quantity__gt=0).values_list("lot__code", "bin__code", "quantity")
    return {(lot, place): pieces for lot, place, pieces in rows}


def test_every_verb_keeps_the_lot() -> None:
    record = cream()
    lot = came(record, " l-7 ", 10)
    assert (lot.code, lying()) == ("L-7", {("L-7", "A-01"): 10})
    here, there = make_bin("A-01"), make_bin("B-01", sequence=20)
    stock.transfer(stockrecord=record, source=here, target=there, quantity=4, lot=lot)
    assert lying() == {("L-7", "A-01"): 6, ("L-7", "B-01"): 4}
    assert stock.count(stockrecord=record, bin=there, counted=3, lot=lot) == -1
    stock.correct(stockrecord=record, bin=there, difference=2, cause="count:1", lot=lot)
    stock.discard(stockrecord=record, bin=there, quantity=1, cause="disposal:1", why="broken", lot=lot)
    stock.take_back(stockrecord=record, bin=there, quantity=1, cause="return:R1", lot=lot)
    assert lying() == {("L-7", "A-01"): 6, ("L-7", "B-01"): 5}
    assert set(Movement.objects.values_list("lot__code", flat=True)) == {"L-7"}
    assert stock_differences() == []


@pytest.mark.parametrize("verb", ["receive", "transfer", "count", "correct", "discard", "take_back"])
def test_no_verb_books_a_traced_article_without_its_lot(verb: str) -> None:
    record = cream()
    came(record, "L-7", 10)
    what: dict[str, Any] = {"stockrecord": record, "bin": make_bin("A-01")}
    more: dict[str, dict[str, Any]] = {
        "receive": {**what, "quantity": 1},
        "transfer": {
            "stockrecord": record, "source": make_bin("A-01"), "target": make_bin("B-01"), "quantity": 1
        },
        "count": {**what, "counted": 1},
        "correct": {**what, "difference": -1, "cause": "count:1"},
        "discard": {**what, "quantity": 1, "cause": "disposal:1", "why": ""},
        "take_back": {**what, "quantity": 1, "cause": "return:R1"},
    }  # fmt: skip
    with pytest.raises(StockError, match="scan the lot"):
        getattr(stock, verb)(**more[verb])
    assert Movement.objects.count() == 1
    assert stock_differences() == []


def test_a_lot_of_another_article_or_of_an_article_without_lots_is_refused() -> None:
    record, other = cream(), make_stockrecord("PLAIN", bins={"A-01": 5})
    lot = came(record, "L-7", 10)
    what: dict[str, Any] = {"source": make_bin("A-01"), "target": make_bin("B-01"), "quantity": 1}
    with pytest.raises(StockError, match="belongs to another article"):
        stock.transfer(stockrecord=other, lot=lot, **what)
    foreign = Lot.objects.create(stockrecord=other, code="X")
    with pytest.raises(StockError, match="belongs to another article"):
        stock.transfer(stockrecord=record, lot=foreign, **what)
    with pytest.raises(StockError, match="not kept by lots"):
        stock.receive(stockrecord=other, bin=make_bin("A-01"), quantity=1, lot="L-9")
    with pytest.raises(StockError, match="not known"):
        stock.find_lot(stockrecord_id=record.pk, code="L-8")
    assert stock_differences() == []


@pytest.mark.parametrize("code", ["   ", "x" * 61, "a\x00b"])
def test_a_code_that_cannot_be_one_is_refused(code: str) -> None:
    with pytest.raises(StockError, match="1 to 60"):
        came(cream(), code)


def test_best_before_is_asked_for_once_and_never_contradicted() -> None:
    record = cream()
    with pytest.raises(StockError, match="needs a best-before"):
        came(record, "L-7", days=None)
    came(record, "L-7", days=100)
    came(record, "L-7", days=None)
    with pytest.raises(StockError, match="another best-before"):
        came(record, "L-7", days=101)
    assert lying() == {("L-7", "A-01"): 2}


def test_a_bin_gives_no_more_of_a_lot_than_it_holds_of_it() -> None:
    record = cream()
    came(record, "L-7", 2)
    other = came(record, "L-8", 5)
    with pytest.raises(NotEnoughInBin, match="holds 5 of lot L-8, not 6"):
        stock.transfer(
            stockrecord=record, source=make_bin("A-01"), target=make_bin("B-01"), quantity=6, lot=other
        )
    assert stock_differences() == []


def test_a_serial_number_is_one_piece_in_one_place() -> None:
    record = watch()
    lot = came(record, "S-1", days=None)
    with pytest.raises(StockError, match="exactly one piece"):
        came(record, "S-2", 2, days=None)
    with pytest.raises(StockError, match="already lies in bin A-01"):
        came(record, "S-1", days=None, code="B-01")
    with pytest.raises(IntegrityError), transaction.atomic():
        LotStock.objects.create(lot=lot, bin=make_bin("B-01"), quantity=1, is_serial=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        LotStock.objects.filter(lot=lot).update(quantity=2)
    stock.transfer(stockrecord=record, source=make_bin("A-01"), target=make_bin("B-01"), quantity=1, lot=lot)
    assert lying() == {("S-1", "B-01"): 1}
    assert stock_differences() == []


def test_the_same_form_with_a_serial_number_is_booked_once() -> None:
    record, what = watch(), {"quantity": 1, "lot": "S-1", "key": "form-1"}
    stock.receive(stockrecord=record, bin=make_bin("A-01"), **what)
    with pytest.raises(AlreadyBooked):
        stock.receive(stockrecord=record, bin=make_bin("A-01"), **what)


def test_how_an_article_is_kept_changes_only_while_nothing_is_lost() -> None:
    record = make_stockrecord(bins={"A-01": 5, "B-01": 2})
    with pytest.raises(StockError, match="7 pieces lie in bins without a lot"):
        stock.set_handling(stockrecord=record, tracking="lot")
    with pytest.raises(StockError, match="count them out"):
        stock.set_handling(stockrecord=record, tracking="serial")
    stock.set_handling(stockrecord=record, tracking="lot", initial_lot="OLD")
    assert lying() == {("OLD", "A-01"): 5, ("OLD", "B-01"): 2}
    with pytest.raises(StockError, match="count them out"):
        stock.set_handling(stockrecord=record, tracking="none")
    stock.set_handling(stockrecord=record, min_days_left=3)
    assert stock_differences() == []


def stops(record: StockRecord, pieces: int) -> list[tuple[str | None, str, int]]:
    codes = dict(Lot.objects.values_list("pk", "code"))
    bins = {make_bin(code).pk: code for code in ("A-01", "B-01", "R-01")}
    found = plan([Want(1, record.pk, pieces)], site_id=stock.default_site().pk)
    return [(codes.get(s.lot_id or 0), bins.get(s.bin_id or 0, "-"), s.quantity) for s in found]


def test_what_expires_first_is_taken_first_wherever_it_lies_and_what_is_too_old_never() -> None:
    record = cream()
    make_bin("R-01", kind="reserve", sequence=90)
    came(record, "LATE", 5, days=300)
    came(record, "SOON", 2, days=60, code="R-01")
    came(record, "OLD", 9, days=29, code="B-01")
    assert stops(record, 4) == [("LATE", "A-01", 2), ("SOON", "R-01", 2)]
    assert stops(record, 8)[-1] == (None, "-", 1)


def test_the_last_day_that_still_counts_is_the_last_on_which_it_is_sent() -> None:
    record = cream(min_days_left=0)
    came(record, "TODAY", days=0)
    came(record, "GONE", days=-1)
    assert stops(record, 2) == [("TODAY", "A-01", 1), (None, "-", 1)]


def test_first_in_first_out_and_the_age_travels_with_the_pieces(clock: Any) -> None:
    record = make_stockrecord()
    make_bin("R-01", kind="reserve", sequence=90)
    stock.receive(stockrecord=record, bin=make_bin("R-01"), quantity=3)
    clock.advance(days=1)
    stock.receive(stockrecord=record, bin=make_bin("A-01"), quantity=9)
    clock.advance(days=1)
    stock.transfer(stockrecord=record, source=make_bin("R-01"), target=make_bin("B-01"), quantity=3)
    assert sorted(stops(record, 4), key=str) == [(None, "A-01", 1), (None, "B-01", 3)]


def test_lots_that_other_lines_will_take_are_not_planned_twice(outbox: Outbox) -> None:
    record = cream()
    came(record, "SOON", 2, days=60)
    came(record, "LATE", 5, days=300)
    record.refresh_from_db()
    make_order((record, 2))
    make_order((record, 1))
    outbox.drain()
    planned = PickLine.objects.order_by("pk").values_list("lot__code", "quantity")
    assert list(planned) == [("SOON", 2), ("LATE", 1)]


def started(record: StockRecord, pieces: int, by: User, outbox: Outbox) -> PickLine:
    record.refresh_from_db()
    order = make_order((record, pieces))
    outbox.drain()
    pick_list = PickList.objects.get(order=order)
    picking.start(pick_list=pick_list, by=by)
    rows = PickLine.objects.select_related("pick_list__order", "order_line", "bin", "lot")
    return rows.get(pick_list=pick_list)


def test_the_picker_must_scan_the_lot_that_was_planned(staff: User, outbox: Outbox) -> None:
    record = cream()
    came(record, "SOON", 3, days=60)
    came(record, "LATE", 3, days=300)
    line = started(record, 2, staff, outbox)
    for code, words in (("", "scan the lot"), ("LATE", "take lot SOON"), ("WHAT", "not known")):
        with pytest.raises(StockError, match=words):
            picking.scan(line=line, code="CREAM-1", quantity=1, by=staff, lot=code)
    assert not PickedLot.objects.exists()
    line.refresh_from_db()
    assert (line.state, line.quantity_picked) == ("open", 0)
    assert picking.scan(line=line, code="CREAM-1", quantity=1, by=staff, lot="soon") == 1
    line.refresh_from_db()
    assert picking.scan(line=line, code="CREAM-1", quantity=1, by=staff, lot="SOON") == 0
    assert list(PickedLot.objects.values_list("lot__code", "quantity")) == [("SOON", 2)]
    assert lying()["SOON", "PACK-01"] == 2
    assert stock_differences() == []


def test_a_lot_that_became_too_old_since_it_was_planned_is_refused(
    staff: User, outbox: Outbox, clock: Any
) -> None:
    record = cream()
    came(record, "SOON", 3, days=31)
    line = started(record, 2, staff, outbox)
    clock.advance(days=2)
    with pytest.raises(StockError, match="may no longer be sent"):
        picking.scan(line=line, code="CREAM-1", quantity=2, by=staff, lot="SOON")


def test_serial_numbers_are_scanned_piece_by_piece_and_travel_in_the_parcel(
    staff: User, outbox: Outbox
) -> None:
    record = watch()
    for code in ("S-1", "S-2", "S-3"):
        came(record, code, days=None)
    came(record, "S-4", days=None, code="B-01")
    line = started(record, 2, staff, outbox)
    assert (line.lot, line.quantity) == (None, 2)
    with pytest.raises(StockError, match="exactly one piece"):
        picking.scan(line=line, code="WATCH-1", quantity=2, by=staff, lot="S-1")
    with pytest.raises(StockError, match="S-4 does not lie in bin A-01"):
        picking.scan(line=line, code="WATCH-1", quantity=1, by=staff, lot="S-4")
    picking.scan(line=line, code="WATCH-1", quantity=1, by=staff, lot="S-3")
    line.refresh_from_db()
    with pytest.raises(StockError):
        picking.scan(line=line, code="WATCH-1", quantity=1, by=staff, lot="S-3")
    picking.scan(line=line, code="WATCH-1", quantity=1, by=staff, lot="S-1")
    picking.finish(pick_list=line.pick_list, by=staff)
    dispatch.pack(pick_list=line.pick_list, quantities={line.order_line_id: 2}, by=staff)
    outbox.drain()
    dispatch.dispatch(parcel=Parcel.objects.get(), by=staff)
    assert set(ParcelLot.objects.values_list("lot__code", flat=True)) == {"S-1", "S-3"}
    gone = Movement.objects.filter(kind="dispatch").values_list("lot__code", "quantity")
    assert set(gone) == {("S-1", -1), ("S-3", -1)}
    assert lying() == {("S-2", "A-01"): 1, ("S-4", "B-01"): 1}
    assert stock_differences() == []


def test_what_was_picked_of_a_cancelled_order_goes_back_with_its_lots(staff: User, outbox: Outbox) -> None:
    from checkout.order.actions import cancel

    record = cream()
    came(record, "SOON", 3, days=60)
    line = started(record, 2, staff, outbox)
    picking.scan(line=line, code="CREAM-1", quantity=2, by=staff, lot="SOON")
    cancel(order=line.pick_list.order, by=staff, why="test")
    outbox.drain()
    pick_list = PickList.objects.get()
    assert picking.put_back(pick_list=pick_list, by=staff) == 2
    assert lying() == {("SOON", "A-01"): 3}
    assert stock_differences() == []


def test_missing_pieces_of_lots_go_aside_lot_by_lot_and_come_back() -> None:
    record = cream()
    came(record, "SOON", 2, days=60)
    came(record, "LATE", 2, days=300)
    record.refresh_from_db()
    make_order((record, 1))
    place = make_bin("A-01")
    assert stock.set_aside_missing(stockrecord=record, bin=place, cause="missing:1") == 3
    assert lying() == {("SOON", "A-01"): 1, ("LATE", "MISSING-01"): 2, ("SOON", "MISSING-01"): 1}
    assert stock.return_set_aside(stockrecord=record, bin=place, cause="missing:1") == 3
    assert lying() == {("SOON", "A-01"): 2, ("LATE", "A-01"): 2}
    assert stock_differences() == []


def test_what_each_site_has_and_what_a_picker_may_be_sent_for(django_assert_num_queries: Any) -> None:
    main, store = stock.default_site(), make_site("store")
    record, plain = cream(), make_stockrecord("PLAIN")
    make_bin("S-01", site=store, zone="S")
    make_bin("Q-01", kind="quarantine", sequence=90)
    make_bin("T-01", kind="transit", sequence=90, site=store, zone="T")
    make_bin("P-01", kind="packing", sequence=90)
    came(record, "OK", 5, days=300)
    came(record, "OLD", 3, days=10)
    came(record, "OK", 2, days=300, code="S-01")
    for code, pieces in (("A-01", 4), ("S-01", 6), ("Q-01", 1), ("T-01", 2), ("P-01", 3), ("B-01", 7)):
        stock.receive(stockrecord=plain, bin=make_bin(code), quantity=pieces)
    stock.mark_doubtful(stockrecord_id=plain.pk, bin_id=make_bin("B-01").pk)
    ids = [record.pk, plain.pk]
    with django_assert_num_queries(1):
        assert on_hand_by_site(ids) == {
            record.pk: {main.pk: 8, store.pk: 2}, plain.pk: {main.pk: 15, store.pk: 8}
        }  # fmt: skip
    with django_assert_num_queries(1):
        assert pickable_by_site(ids) == {
            record.pk: {main.pk: 5, store.pk: 2}, plain.pk: {main.pk: 4, store.pk: 6}
        }  # fmt: skip
    type(store).objects.filter(pk=store.pk).update(is_active=False)
    assert pickable_by_site(ids) == {record.pk: {main.pk: 5}, plain.pk: {main.pk: 4}}
