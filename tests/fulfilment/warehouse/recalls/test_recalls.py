"""A recall of a lot: found, stopped everywhere at once, told to each customer once."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import ProtectedError

from catalogue.partner.models import StockRecord
from checkout.order.models import Order
from fulfilment.warehouse.dispatch import actions as dispatch
from fulfilment.warehouse.dispatch.queries import to_pack
from fulfilment.warehouse.picking.models import PickLine, PickList
from fulfilment.warehouse.recalls import actions, verify
from fulfilment.warehouse.recalls.events import RecallNoticeSent
from fulfilment.warehouse.recalls.models import Notice
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.models import Lot, LotStock
from fulfilment.warehouse.stock.queries import stock_differences
from fulfilment.warehouse.transfers import actions as transfers
from fulfilment.warehouse.transfers import arrivals
from shop.customers.models import User
from shop.notifications.models import OutgoingMail
from tests.factories.stock import make_bin, make_site, make_stockrecord
from tests.fulfilment.warehouse.recalls.tins import (
    TEXTS,
    lies,
    lot,
    lot_in,
    ordered,
    pack,
    pick,
    prepared,
)
from tests.support.helpers import Outbox

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def test_a_recall_over_three_orders_stops_everything_and_tells_each_customer_once(
    three: list[Order], boss: User, staff: User, outbox: Outbox
) -> None:
    sent, packed, planned = three
    recall = prepared(boss)
    assert lies() == {"pick": 5, "packing": 2}, "nothing moves before the start"
    done = actions.start(recall=recall, by=boss)
    assert (done.quarantined, done.promised, done.notices) == (7, 0, 1)
    assert lies() == {"quarantine": 7}
    for order in (packed, planned):
        pick_list = PickList.objects.get(order=order)
        assert pick_list.state == "open"
        line = pick_list.lines.get(state="open")
        assert lot_in(line) == lot("L-2") and line.quantity == 2
        pick(pick_list, staff)
        dispatch.dispatch(parcel=pack(pick_list, staff), by=staff)
    assert not outbox.events(RecallNoticeSent), "mails wait for their own word"
    assert actions.send_notices(recall=recall, by=boss) == 1
    assert actions.send_notices(recall=recall, by=boss) == 0
    outbox.drain()
    mail = OutgoingMail.objects.get(kind="recall_notice")
    assert mail.order == sent and mail.language == "de"
    words = " ".join(mail.text.split())
    for part in (TEXTS["reason_de"], TEXTS["advice_de"], "L-1", "Schuhcreme", sent.parcels.get().number):
        assert part in words, part
    assert Notice.objects.get().mail_id == mail.pk
    assert outbox.failures() == [] and stock_differences() == []
    assert [sentence for _name, check in verify.CHECKS for sentence in check()] == []


def test_a_packed_parcel_is_taken_apart(cream: StockRecord, staff: User, boss: User, outbox: Outbox) -> None:
    pick_list = ordered(cream, 2, outbox)
    pick(pick_list, staff)
    parcel = pack(pick_list, staff)
    actions.start(recall=prepared(boss), by=boss)
    parcel.refresh_from_db()
    pick_list.refresh_from_db()
    assert parcel.state == "unpacked" and pick_list.state == "open"
    assert lies() == {"quarantine": 9} and not Notice.objects.exists()
    assert stock_differences() == []


def test_a_line_half_of_the_lot_loses_only_that_half(
    cream: StockRecord, staff: User, boss: User, outbox: Outbox
) -> None:
    pick_list = ordered(cream, 11, outbox)
    assert {(line.lot.code, line.quantity) for line in pick_list.lines.all()} == {("L-1", 9), ("L-2", 2)}
    pick(pick_list, staff)
    actions.start(recall=prepared(boss), by=boss)
    kept = to_pack(pick_list)[0]
    assert (kept.picked, kept.quantity) == (2, 2)
    assert PickLine.objects.get(pick_list=pick_list, state="open").quantity == 4, "all that L-2 has left"
    assert lies() == {"quarantine": 4, "packing": 5}, "five are promised, and nothing else covers the promise"
    assert stock_differences() == []


def test_promised_pieces_are_out_of_reach_until_their_order_is_cancelled(
    cream: StockRecord, boss: User, outbox: Outbox
) -> None:
    from checkout.order.actions import cancel

    order = ordered(cream, 15, outbox).order
    recall = prepared(boss)
    done = actions.start(recall=recall, by=boss)
    assert (done.quarantined, done.promised) == (0, 9)
    assert lies() == {"packing": 9}
    assert [sentence for _name, check in verify.CHECKS for sentence in check()] == []
    assert not PickLine.objects.filter(state="open", lot=lot()).exists()
    cancel(order=order, by=boss, why="recalled")
    outbox.drain()
    assert actions.move_rest(recall=recall, by=boss).quarantined == 9
    assert lies() == {"quarantine": 9} and stock_differences() == []


def test_what_cannot_be_recalled_is_said(cream: StockRecord, boss: User) -> None:
    other = make_stockrecord("WAX")
    stock.set_handling(stockrecord=other, by=None, tracking="lot")
    stock.receive(stockrecord=other, bin=make_bin("A-03"), quantity=1, lot="W-1")
    for lots, words in (
        ([lot().pk, lot("W-1").pk], "several articles"),
        ([], "was not found"),
        ([10**12], "was not found"),
    ):
        with pytest.raises(actions.RecallError, match=words):
            actions.prepare(lots=lots, texts=TEXTS, by=boss)
    with pytest.raises(actions.RecallError, match="both languages"):
        actions.prepare(lots=[lot().pk], texts=TEXTS | {"advice_en": " "}, by=boss)
    first = prepared(boss)
    with pytest.raises(actions.RecallError, match=f"already by {first.number}"):
        prepared(boss)
    with pytest.raises(actions.RecallError, match="not running"):
        actions.send_notices(recall=first, by=boss)
    with pytest.raises(actions.RecallError, match="not running"):
        actions.move_rest(recall=first, by=boss)
    actions.start(recall=first, by=boss)
    with pytest.raises(actions.RecallError, match="running already"):
        actions.start(recall=first, by=boss)


def test_a_recall_closes_only_when_everybody_is_told(three: list[Order], boss: User) -> None:
    recall = prepared(boss)
    actions.start(recall=recall, by=boss)
    with pytest.raises(actions.RecallError, match="what was done"):
        actions.close(recall=recall, by=boss, why=" ")
    with pytest.raises(actions.RecallError, match="not told yet"):
        actions.close(recall=recall, by=boss, why="destroyed")
    actions.send_notices(recall=recall, by=boss)
    actions.close(recall=recall, by=boss, why="destroyed")
    assert recall.state == "closed"
    with pytest.raises(actions.RecallError, match="closed already"):
        actions.close(recall=recall, by=boss, why="destroyed")
    with pytest.raises(ProtectedError):
        recall.delete()
    assert prepared(boss).number != recall.number, "a closed recall does not stand in the way"


def test_a_recalled_piece_in_a_picking_bin_is_named_by_verify(three: list[Order], boss: User) -> None:
    actions.start(recall=prepared(boss), by=boss)
    assert [s for _name, check in verify.CHECKS for s in check()] == []
    LotStock.objects.filter(lot=lot(), bin__kind="quarantine").update(bin=make_bin("A-09"))
    (sentence,) = [s for _name, check in verify.CHECKS for s in check()]
    assert "7 pieces of lot L-1 lie in bin A-09" in sentence


def test_a_lot_that_forgot_its_recall_is_named_by_verify(three: list[Order], boss: User) -> None:
    recall = prepared(boss)
    actions.start(recall=recall, by=boss)
    Lot.objects.filter(code="L-1").update(recall_number="")
    Lot.objects.filter(code="L-2").update(recall_number="RC1")
    first, second = verify.lots_know_their_recall()
    assert first == f"lot L-1 says it is recalled by nobody; recalls of it: {recall.number}"
    assert second == "lot L-2 says it is recalled by RC1; recalls of it: none"


def test_what_is_on_its_way_to_another_site_stays_its_transfers_until_it_arrives(
    cream: StockRecord, boss: User
) -> None:
    store = make_site("store")
    sent = transfers.begin(source=stock.default_site(), target=store, by=boss)
    transfers.add(transfer=sent, bin=make_bin("A-01"), stockrecord=cream, quantity=4, lot=lot(), by=boss)
    transfers.dispatch(transfer=sent, by=boss)
    recall = actions.prepare(lots=[lot().pk], texts=TEXTS, by=boss)
    actions.start(recall=recall, by=boss)
    shelf = make_bin("S-01", site=store)
    what: dict[str, Any] = {"transfer": sent, "stockrecord": cream, "quantity": 4, "lot": lot(), "by": boss}
    with pytest.raises(stock.LotIsRecalled, match="Please put it into QUAR-01-STORE"):
        arrivals.receive(bin=shelf, **what)
    assert arrivals.receive(bin=stock.place_of_kind("quarantine", store), **what) == 0
    arrivals.close(transfer=sent, reasons={}, by=boss)
    assert lies() == {"quarantine": 4} and stock_differences() == []
    assert sum(LotStock.objects.filter(lot=lot()).values_list("quantity", flat=True)) == 9
