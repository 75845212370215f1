"""Goods from one site to another: nothing is lost on the way, and what is lost is said."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import ProtectedError

from catalogue.partner.models import StockRecord
from fulfilment.finance.ledger.models import Entry
from fulfilment.warehouse.counting import approval
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.actions import AlreadyBooked, StockError
from fulfilment.warehouse.stock.models import QUARANTINE, Bin, BinStock, Movement, Site
from fulfilment.warehouse.stock.queries import stock_differences
from fulfilment.warehouse.transfers import actions, arrivals, verify
from fulfilment.warehouse.transfers.actions import TransferError
from fulfilment.warehouse.transfers.arrivals import MoreThanSent
from fulfilment.warehouse.transfers.models import Transfer, TransferStep
from shop.customers.models import User
from tests.factories.orders import make_order
from tests.factories.stock import make_bin, make_site, make_stockrecord
from tests.support.helpers import Outbox

pytestmark = pytest.mark.django_db


def problems() -> list[str]:
    return stock_differences() + [text for _name, check in verify.CHECKS for text in check()]


def lying(record: StockRecord) -> dict[str, int]:
    rows = BinStock.objects.filter(stockrecord=record, quantity__gt=0)
    return dict(rows.order_by("bin__code").values_list("bin__code", "quantity"))


@pytest.fixture
def shoe() -> StockRecord:
    return make_stockrecord("SHOE-1", bins={"A-01": 10}, unit_cost_minor=3_000)


@pytest.fixture
def store() -> Site:
    return make_site("store", name="Laden")


@pytest.fixture
def shelf(store: Site) -> Bin:
    return make_bin("S-01", site=store)


@pytest.fixture
def draft(shoe: StockRecord, store: Site, staff: User) -> Transfer:
    return actions.begin(source=stock.default_site(), target=store, note="for Saturday", by=staff)


def put_on(transfer: Transfer, record: StockRecord, quantity: int, by: User, **more: Any) -> Any:
    return actions.add(
        transfer=transfer, bin=make_bin("A-01"), stockrecord=record, quantity=quantity, by=by, **more
    )


@pytest.fixture
def sent(draft: Transfer, shoe: StockRecord, shelf: Bin, staff: User) -> Transfer:
    put_on(draft, shoe, 4, staff)
    actions.dispatch(transfer=draft, by=staff)
    return draft


def test_dispatched_goods_lie_in_transit_of_the_target_and_stay_for_sale(
    sent: Transfer, shoe: StockRecord
) -> None:
    assert sent.state == "dispatched"
    assert lying(shoe) == {"A-01": 6, "TRANSIT-STORE": 4}
    shoe.refresh_from_db()
    assert (shoe.num_in_stock, shoe.num_quarantine) == (10, 0)
    assert set(Movement.objects.filter(cause=sent.cause).values_list("quantity", flat=True)) == {4, -4}
    assert problems() == []


def test_goods_arrive_partly_and_as_often_as_it_takes(
    sent: Transfer, shoe: StockRecord, shelf: Bin, staff: User
) -> None:
    assert arrivals.receive(transfer=sent, stockrecord=shoe, bin=shelf, quantity=1, by=staff) == 3
    assert arrivals.receive(transfer=sent, stockrecord=shoe, bin=shelf, quantity=3, by=staff) == 0
    assert arrivals.close(transfer=sent, reasons={}, by=staff) == 0
    assert sent.state == "received"
    assert lying(shoe) == {"A-01": 6, "S-01": 4}
    assert problems() == []


def test_what_is_missing_needs_a_reason_becomes_a_movement_and_is_told_to_finance(
    sent: Transfer, shoe: StockRecord, shelf: Bin, staff: User, outbox: Outbox
) -> None:
    arrivals.receive(transfer=sent, stockrecord=shoe, bin=shelf, quantity=3, by=staff)
    line = sent.lines.get()
    for reasons in ({}, {line.pk: "   "}):
        with pytest.raises(TransferError, match="say why 1 are missing"):
            arrivals.close(transfer=sent, reasons=reasons, by=staff)
    assert arrivals.close(transfer=sent, reasons={line.pk: "box was open"}, by=staff) == 1
    gone = Movement.objects.get(cause=sent.cause, kind="count")
    assert (gone.quantity, gone.bin.code, gone.why, gone.by) == (-1, "TRANSIT-STORE", "box was open", staff)
    shoe.refresh_from_db()
    assert shoe.num_in_stock == 9
    outbox.drain()
    entry = Entry.objects.get(document=sent.number)
    assert entry.kind == "transfer_difference"
    assert [(row.account.role, row.debit_minor, row.credit_minor) for row in entry.lines.order_by("pk")] == [
        ("stock_differences", 3_000, 0),
        ("stock", 0, 3_000),
    ]
    assert problems() == []


def test_more_than_was_sent_is_asked_about_then_booked_and_told(
    sent: Transfer, shoe: StockRecord, shelf: Bin, staff: User, outbox: Outbox
) -> None:
    with pytest.raises(MoreThanSent, match=r"Only 4 more pieces of SHOE-1 were sent, not 5"):
        arrivals.receive(transfer=sent, stockrecord=shoe, bin=shelf, quantity=5, by=staff)
    assert lying(shoe) == {"A-01": 6, "TRANSIT-STORE": 4}
    arrivals.receive(
        transfer=sent, stockrecord=shoe, bin=shelf, quantity=5, surplus_why="one more in the box", by=staff
    )
    with pytest.raises(MoreThanSent, match="have arrived already"):
        arrivals.receive(transfer=sent, stockrecord=shoe, bin=shelf, quantity=1, by=staff)
    arrivals.close(transfer=sent, reasons={}, by=staff)
    assert lying(shoe) == {"A-01": 6, "S-01": 5}
    shoe.refresh_from_db()
    assert shoe.num_in_stock == 11
    outbox.drain()
    entry = Entry.objects.get(document=sent.number)
    assert {row.account.role: row.amount_minor for row in entry.lines.all()} == {
        "stock": 3_000,
        "stock_differences": -3_000,
    }
    assert sent.lines.get().difference == 1
    assert problems() == []


def test_promised_pieces_never_vanish_on_the_way(
    sent: Transfer, shoe: StockRecord, shelf: Bin, staff: User
) -> None:
    make_order((shoe, 9))
    arrivals.receive(transfer=sent, stockrecord=shoe, bin=shelf, quantity=2, by=staff)
    with pytest.raises(StockError, match="not promised to customers"):
        arrivals.close(transfer=sent, reasons={sent.lines.get().pk: "stolen"}, by=staff)
    sent.refresh_from_db()
    assert sent.state == "dispatched"
    assert sent.lines.get().quantity_missing == 0
    assert problems() == []


def test_before_it_left_a_transfer_is_cancelled_and_nothing_has_moved(
    draft: Transfer, shoe: StockRecord, staff: User
) -> None:
    put_on(draft, shoe, 4, staff)
    actions.cancel(transfer=draft, by=staff, why="not needed")
    assert draft.state == "cancelled"
    assert lying(shoe) == {"A-01": 10}
    with pytest.raises(TransferError, match="already cancelled"):
        actions.dispatch(transfer=draft, by=staff)
    assert problems() == []


def test_what_has_not_arrived_goes_back_to_its_bins(
    sent: Transfer, shoe: StockRecord, shelf: Bin, staff: User
) -> None:
    with pytest.raises(TransferError, match="say why"):
        arrivals.send_back(transfer=sent, by=staff, why=" ")
    assert arrivals.send_back(transfer=sent, by=staff, why="wrong van") == 4
    assert sent.state == "cancelled"
    assert lying(shoe) == {"A-01": 10}
    assert problems() == []


def test_a_doubted_bin_is_filled_by_what_arrives_but_not_by_what_goes_back(
    sent: Transfer, shoe: StockRecord, shelf: Bin, staff: User
) -> None:
    arrivals.receive(transfer=sent, stockrecord=shoe, bin=shelf, quantity=1, by=staff)
    for place in (shelf, make_bin("A-01")):
        assert stock.mark_doubtful(stockrecord_id=shoe.pk, bin_id=place.pk)
    arrivals.receive(transfer=sent, stockrecord=shoe, bin=shelf, quantity=1, by=staff)
    arrivals.send_back(transfer=sent, by=staff, why="wrong shop")
    doubted = BinStock.objects.filter(stockrecord=shoe, is_doubtful=True)
    assert list(doubted.values_list("bin__code", "quantity")) == [("A-01", 8)]


def test_after_a_part_arrived_sending_the_rest_back_closes_it(
    sent: Transfer, shoe: StockRecord, shelf: Bin, staff: User
) -> None:
    arrivals.receive(transfer=sent, stockrecord=shoe, bin=shelf, quantity=1, by=staff)
    assert arrivals.send_back(transfer=sent, by=staff, why="no room") == 3
    assert sent.state == "received"
    assert lying(shoe) == {"A-01": 9, "S-01": 1}
    with pytest.raises(TransferError, match="is closed"):
        arrivals.receive(transfer=sent, stockrecord=shoe, bin=shelf, quantity=1, by=staff)
    assert problems() == []


def test_a_form_sent_twice_counts_once(draft: Transfer, shoe: StockRecord, shelf: Bin, staff: User) -> None:
    put_on(draft, shoe, 4, staff, key="f1")
    with pytest.raises(AlreadyBooked):
        put_on(draft, shoe, 4, staff, key="f1")
    assert draft.lines.get().quantity == 4
    actions.dispatch(transfer=draft, by=staff)
    for key in ("r1", "r2"):
        arrivals.receive(transfer=draft, stockrecord=shoe, bin=shelf, quantity=2, by=staff, key=key)
        with pytest.raises(AlreadyBooked):
            arrivals.receive(transfer=draft, stockrecord=shoe, bin=shelf, quantity=2, by=staff, key=key)
    arrivals.receive(
        transfer=draft, stockrecord=shoe, bin=shelf, quantity=1, surplus_why="more", by=staff, key="r3"
    )
    with pytest.raises(AlreadyBooked):
        arrivals.receive(
            transfer=draft, stockrecord=shoe, bin=shelf, quantity=1, surplus_why="more", by=staff, key="r3"
        )
    assert lying(shoe) == {"A-01": 6, "S-01": 5}


def test_pieces_of_a_pick_list_are_not_sent_away(
    draft: Transfer, shoe: StockRecord, staff: User, outbox: Outbox
) -> None:
    make_order((shoe, 7))
    outbox.drain()
    with pytest.raises(TransferError, match="only 3 pieces of SHOE-1 can be sent, not 4"):
        put_on(draft, shoe, 4, staff)
    put_on(draft, shoe, 3, staff)
    assert actions.dispatch(transfer=draft, by=staff) == 3


def test_a_bin_that_was_emptied_meanwhile_stops_the_dispatch_and_nothing_leaves(
    draft: Transfer, shoe: StockRecord, staff: User
) -> None:
    put_on(draft, shoe, 8, staff)
    stock.correct(
        stockrecord=shoe, bin=make_bin("A-01"), difference=-5, cause="count:X", why="gone", by=staff
    )
    with pytest.raises(TransferError, match="only 5 pieces"):
        actions.dispatch(transfer=draft, by=staff)
    draft.refresh_from_db()
    assert draft.state == "draft"
    assert lying(shoe) == {"A-01": 5}


@pytest.mark.parametrize("quantity", [0, -1, 10**9, True, "4"])
def test_a_number_that_is_no_quantity_is_refused_in_words(
    sent: Transfer, draft: Transfer, shoe: StockRecord, shelf: Bin, staff: User, quantity: Any
) -> None:
    with pytest.raises(StockError, match="whole number from 1 to"):
        arrivals.receive(transfer=sent, stockrecord=shoe, bin=shelf, quantity=quantity, by=staff)
    with pytest.raises(StockError, match="whole number from 1 to"):
        put_on(draft, shoe, quantity, staff)


def test_bins_and_articles_of_elsewhere_are_refused(
    draft: Transfer, shoe: StockRecord, shelf: Bin, staff: User
) -> None:
    with pytest.raises(TransferError, match="is not in Hauptlager"):
        actions.add(transfer=draft, bin=shelf, stockrecord=shoe, quantity=1, by=staff)
    blocked = make_bin("Q-01", kind=QUARANTINE)
    with pytest.raises(TransferError, match="are not sent to other sites"):
        actions.add(transfer=draft, bin=blocked, stockrecord=shoe, quantity=1, by=staff)
    put_on(draft, shoe, 1, staff)
    with pytest.raises(TransferError, match="has not left yet"):
        arrivals.receive(transfer=draft, stockrecord=shoe, bin=shelf, quantity=1, by=staff)
    actions.dispatch(transfer=draft, by=staff)
    other = make_stockrecord("SHOE-2", bins={"B-01": 1})
    with pytest.raises(TransferError, match="SHOE-2 was not sent"):
        arrivals.receive(transfer=draft, stockrecord=other, bin=shelf, quantity=1, by=staff)
    with pytest.raises(TransferError, match="where this transfer arrives"):
        arrivals.receive(transfer=draft, stockrecord=shoe, bin=make_bin("A-01"), quantity=1, by=staff)
    with pytest.raises(TransferError, match="Nothing is received into bin"):
        arrivals.receive(
            transfer=draft, stockrecord=shoe, bin=Bin.objects.get(code="TRANSIT-STORE"), quantity=1, by=staff
        )


def test_an_empty_transfer_does_not_leave_and_none_leads_to_its_own_site(
    draft: Transfer, store: Site, staff: User
) -> None:
    with pytest.raises(TransferError, match="Nothing is on the list"):
        actions.dispatch(transfer=draft, by=staff)
    with pytest.raises(TransferError, match="same one"):
        actions.begin(source=store, target=store, by=staff)
    Site.objects.filter(pk=store.pk).update(is_active=False)
    store.refresh_from_db()
    with pytest.raises(TransferError, match="is closed"):
        actions.begin(source=stock.default_site(), target=store, by=staff)


def test_lots_stay_lots_on_the_way(draft: Transfer, shelf: Bin, staff: User) -> None:
    cream = make_stockrecord("CREAM")
    stock.set_handling(stockrecord=cream, by=staff, tracking="lot")
    for code in ("L-1", "L-2"):
        stock.receive(stockrecord=cream, bin=make_bin("A-01"), quantity=3, lot=code)
    first, second = (stock.find_lot(stockrecord_id=cream.pk, code=code) for code in ("L-1", "L-2"))
    with pytest.raises(StockError, match="scan the lot"):
        put_on(draft, cream, 2, staff)
    put_on(draft, cream, 2, staff, lot=first)
    put_on(draft, cream, 1, staff, lot=second)
    actions.dispatch(transfer=draft, by=staff)
    with pytest.raises(StockError, match="scan the lot"):
        arrivals.receive(transfer=draft, stockrecord=cream, bin=shelf, quantity=1, by=staff)
    assert (
        arrivals.receive(transfer=draft, stockrecord=cream, bin=shelf, quantity=2, lot=first, by=staff) == 0
    )
    with pytest.raises(MoreThanSent):
        arrivals.receive(transfer=draft, stockrecord=cream, bin=shelf, quantity=1, lot=first, by=staff)
    arrivals.close(transfer=draft, reasons={draft.lines.get(lot=second).pk: "broken"}, by=staff)
    assert sorted(shelf.lot_contents.values_list("lot__code", "quantity")) == [("L-1", 2)]
    assert Movement.objects.get(cause=draft.cause, kind="count").lot == second
    assert problems() == []


def test_a_product_on_its_way_is_not_deleted_in_the_middle(
    sent: Transfer, shoe: StockRecord, shelf: Bin, staff: User
) -> None:
    with pytest.raises(ProtectedError):
        shoe.product.delete()
    with pytest.raises(ProtectedError):
        sent.delete()
    arrivals.receive(transfer=sent, stockrecord=shoe, bin=shelf, quantity=4, by=staff)
    assert problems() == []


def test_history_says_who_did_what(sent: Transfer, shoe: StockRecord, shelf: Bin, staff: User) -> None:
    arrivals.receive(transfer=sent, stockrecord=shoe, bin=shelf, quantity=1, by=staff)
    assert list(TransferStep.objects.values_list("kind", "quantity", "by")) == [
        ("added", 4, staff.pk),
        ("arrived", 1, staff.pk),
    ]
    step = TransferStep.objects.first()
    assert step is not None
    with pytest.raises(Exception, match="never changed"):
        step.save()
    with pytest.raises(Exception, match="never deleted"):
        step.delete()


def test_each_check_is_shown_to_fail(sent: Transfer, shoe: StockRecord, shelf: Bin, staff: User) -> None:
    sent.lines.update(quantity_received=1)
    assert verify.what_is_on_its_way_lies_in_transit() == [
        f"site {sent.target_id}, stock record {shoe.pk}: 3 on their way, 4 in transit"
    ]
    assert verify.lines_are_the_sum_of_their_steps() == [
        f"transfer {sent.number}: lines say 1 arrived, steps say 0"
    ]
    Transfer.objects.filter(pk=sent.pk).update(state="received")
    assert verify.closed_transfers_have_nothing_open() == [
        f"transfer {sent.number}, stock record {shoe.pk}: 3 pieces are nowhere"
    ]


def test_nobody_carries_or_counts_away_what_is_on_its_way(
    sent: Transfer, shoe: StockRecord, shelf: Bin, staff: User
) -> None:
    """The transfer could never be received, closed or sent back."""
    way = actions.transit_place(sent.target)
    for source, target in ((way, shelf), (make_bin("A-01"), way)):
        with pytest.raises(StockError, match="with its transfer"):
            stock.transfer(stockrecord=shoe, source=source, target=target, quantity=1, by=staff)
    with pytest.raises(StockError, match="is received"):
        approval.correct(stockrecord=shoe, bin=way, counted=0, by=staff)
    with pytest.raises(StockError, match="receive the transfer first"):
        stock.set_handling(stockrecord=shoe, by=staff, tracking="lot", initial_lot="L-1")
    assert problems() == []


def test_nothing_is_received_into_or_sent_back_to_a_closed_bin(
    sent: Transfer, shoe: StockRecord, shelf: Bin, staff: User
) -> None:
    stock.transfer(stockrecord=shoe, source=make_bin("A-01"), target=make_bin("A-02"), quantity=6, by=staff)
    for place in (shelf, make_bin("A-01")):
        stock.change_bin(bin=place, is_active=False)
    with pytest.raises(TransferError, match="closed"):
        arrivals.receive(transfer=sent, stockrecord=shoe, bin=shelf, quantity=1, by=staff)
    with pytest.raises(TransferError, match="closed"):
        arrivals.send_back(transfer=sent, by=staff, why="no room")
    assert lying(shoe) == {"A-02": 6, "TRANSIT-STORE": 4}
