"""A recalled lot never comes back on sale: by no door of the house, however late it comes; and no piece is lost."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.test import Client

from catalogue.partner.models import StockRecord
from checkout.order.actions import cancel
from checkout.order.models import Order
from fulfilment.warehouse.counting import actions as counting
from fulfilment.warehouse.dispatch import actions as dispatch
from fulfilment.warehouse.dispatch.queries import to_pack
from fulfilment.warehouse.picking import actions as picking
from fulfilment.warehouse.picking.lots import scanned_lot
from fulfilment.warehouse.picking.models import PickLine, PickList
from fulfilment.warehouse.picking.planning import Want, plan
from fulfilment.warehouse.recalls import actions, verify
from fulfilment.warehouse.recalls.models import Recall
from fulfilment.warehouse.receiving import actions as dock
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.actions import LotIsRecalled, StockError
from fulfilment.warehouse.stock.models import Bin, Lot, LotStock
from fulfilment.warehouse.stock.queries import pickable_by_site, stock_differences
from fulfilment.warehouse.transfers import actions as transfers
from fulfilment.warehouse.transfers import arrivals
from shop.customers.models import User
from shop.kernel.models import StateChange
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.returns import dock_bins, line_of
from tests.factories.stock import make_bin, make_site, make_stockrecord
from tests.fulfilment.warehouse.recalls.tins import LATER, SOON, TEXTS, page, url
from tests.fulfilment.warehouse.stock.test_scan_pages import Scanner, shown
from tests.support.helpers import Outbox

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def boss(db: None) -> User:
    return make_staff("chef@example.org", "recalls.manage_recalls", "stock.view_stock", first_name="Berta")


@pytest.fixture
def cream(db: None) -> StockRecord:
    """Five of L-1 in A-01, which expires first, and five of L-2 in A-02."""
    record = make_stockrecord("CREAM", title="Schuhcreme")
    stock.set_handling(stockrecord=record, by=None, tracking="lot", has_best_before=True)
    stock.receive(stockrecord=record, bin=make_bin("A-01"), quantity=5, lot="L-1", best_before=SOON)
    stock.receive(stockrecord=record, bin=make_bin("A-02"), quantity=5, lot="L-2", best_before=LATER)
    return record


def lot(code: str = "L-1") -> Lot:
    return Lot.objects.get(code=code)


def recalled(boss: User, *codes: str) -> Recall:
    """A recall of these lots that runs."""
    lots = list(Lot.objects.filter(code__in=codes or ("L-1",)).values_list("pk", flat=True))
    recall = actions.prepare(lots=lots, texts=TEXTS, by=boss)
    actions.start(recall=recall, by=boss)
    return recall


def lies(code: str = "L-1") -> dict[str, int]:
    rows = LotStock.objects.filter(lot__code=code, quantity__gt=0)
    return dict(rows.values_list("bin__code", "quantity"))


def picked(cream: StockRecord, pieces: int, by: User, outbox: Outbox) -> PickList:
    """An order of so many of L-1 of which every piece lies at the packing place."""
    order = make_order((cream, pieces))
    outbox.drain()
    pick_list = PickList.objects.get(order=order)
    picking.start(pick_list=pick_list, by=by)
    line = pick_list.lines.select_related("pick_list__order", "order_line", "bin", "batch", "lot").get()
    picking.scan(line=line, code="CREAM", quantity=pieces, lot="L-1", by=by)
    return pick_list


def sent(cream: StockRecord, by: User, outbox: Outbox) -> Order:
    """An order of one of L-1, which the customer has."""
    pick_list = picked(cream, 1, by, outbox)
    picking.finish(pick_list=pick_list, by=by)
    waiting = {row.order_line.pk: row.quantity for row in to_pack(pick_list)}
    dispatch.dispatch(parcel=dispatch.pack(pick_list=pick_list, quantities=waiting, by=by), by=by)
    return pick_list.order


def all_is_well() -> bool:
    return stock_differences() == [] and [s for _name, check in verify.CHECKS for s in check()] == []


@pytest.mark.parametrize("end", ["running", "closed"])
def test_goods_in_of_a_recalled_lot_go_to_quarantine_only_also_when_the_recall_is_closed(
    cream: StockRecord, boss: User, end: str
) -> None:
    recall = recalled(boss)
    if end == "closed":
        actions.close(recall=recall, by=boss, why="destroyed")
    kinds = {"pick", "reserve", "receiving", "packing", "shop_floor", "b_stock"}
    for kind in sorted(kinds):
        place = make_bin(f"X-{kind}".upper(), kind=kind)
        with pytest.raises(LotIsRecalled, match=rf"L-1 is recalled \({recall.number}\).*put it into QUAR-01"):
            stock.receive(stockrecord=cream, bin=place, quantity=2, lot="L-1", best_before=SOON)
    for code, kind in (("QUAR-01", "quarantine"), ("RET-01", "returns")):
        stock.receive(stockrecord=cream, bin=make_bin(code, kind=kind), quantity=2, lot="L-1")
    assert lies() == {"QUAR-01": 7, "RET-01": 2}
    stock.receive(stockrecord=cream, bin=make_bin("A-01"), quantity=1, lot="L-2")
    assert all_is_well()


def test_a_recalled_lot_is_not_carried_back_to_a_shelf(cream: StockRecord, boss: User) -> None:
    recalled(boss)
    what: dict[str, Any] = {"stockrecord": cream, "source": Bin.objects.get(code="QUAR-01"), "lot": lot()}
    with pytest.raises(LotIsRecalled):
        stock.transfer(target=make_bin("A-01"), quantity=1, **what)
    stock.transfer(target=make_bin("RET-01", kind="returns"), quantity=1, **what)
    with pytest.raises(StockError, match=r"RET-01 holds pieces of L-1, which is recalled"):
        stock.change_bin(bin=Bin.objects.get(code="RET-01"), kind="b_stock")
    assert lies() == {"QUAR-01": 4, "RET-01": 1} and all_is_well()


def test_planning_and_routing_never_offer_a_recalled_lot(cream: StockRecord, boss: User) -> None:
    site = stock.default_site()
    assert [stop.lot_id for stop in plan([Want(1, cream.pk, 1)], site_id=site.pk)] == [lot().pk]
    Lot.objects.filter(code="L-1").update(
        recall_number="RC1"
    )  # as seen in the moment before the bins are cleared
    assert [stop.lot_id for stop in plan([Want(1, cream.pk, 1)], site_id=site.pk)] == [lot("L-2").pk]
    (stop,) = [s for s in plan([Want(1, cream.pk, 8)], site_id=site.pk) if s.bin_id]
    assert stop.quantity == 5
    assert pickable_by_site([cream.pk]) == {cream.pk: {site.pk: 5}}


def test_a_scan_of_a_recalled_lot_is_refused_in_words_and_the_line_is_planned_anew(
    cream: StockRecord, boss: User, staff: User, outbox: Outbox
) -> None:
    order = make_order((cream, 1))
    outbox.drain()
    pick_list = PickList.objects.get(order=order)
    picking.start(pick_list=pick_list, by=staff)
    line = pick_list.lines.select_related("pick_list__order", "order_line", "bin", "lot").get()
    Lot.objects.filter(code="L-1").update(recall_number="RC1")
    with pytest.raises(LotIsRecalled, match="L-1 is recalled"):
        picking.scan(line=line, code="CREAM", quantity=1, lot="L-1", by=staff)
    with pytest.raises(LotIsRecalled):
        scanned_lot(line, "L-1")
    Lot.objects.filter(code="L-1").update(recall_number="")
    recalled(boss)
    line.refresh_from_db()
    assert line.state == "short" and pick_list.lines.get(state="open").lot == lot("L-2")
    assert all_is_well()


def test_lines_that_counted_on_a_recalled_serial_number_are_planned_anew(boss: User, outbox: Outbox) -> None:
    radio = make_stockrecord("RADIO")
    stock.set_handling(stockrecord=radio, by=None, tracking="serial")
    for code, place in (("S-1", "A-01"), ("S-2", "A-02")):
        stock.receive(stockrecord=radio, bin=make_bin(place), quantity=1, lot=code)
    order = make_order((radio, 1))
    outbox.drain()
    line = PickLine.objects.get(pick_list__order=order)
    assert line.lot is None and line.bin is not None
    there = LotStock.objects.get(bin=line.bin, quantity=1).lot
    recalled(boss, there.code)
    line.refresh_from_db()
    assert line.state == "short"
    fresh = PickLine.objects.get(pick_list__order=order, state="open")
    assert fresh.bin != line.bin and LotStock.objects.get(bin=fresh.bin, quantity=1).lot != there
    assert lies(there.code) == {"QUAR-01": 1} and all_is_well()


def test_a_count_sends_a_recalled_lot_to_quarantine(cream: StockRecord, boss: User, staff: User) -> None:
    task, _new = counting.ask(bin=make_bin("A-01"), by=staff)
    counting.start(task=task, by=staff)
    counting.tally(task=task, stockrecord=cream, quantity=6, lot=lot(), by=staff)
    recalled(boss)
    with pytest.raises(LotIsRecalled, match="put it into QUAR-01"):
        counting.tally(task=task, stockrecord=cream, quantity=1, lot=lot(), by=staff)
    # What was counted before is booked later, by whoever approves it: never onto the shelf.
    row = stock.correct(
        stockrecord=cream, bin=make_bin("A-01"), difference=1, cause="count:C1", lot=lot(), by=staff
    )
    assert row.bin.code == "QUAR-01" and lies() == {"QUAR-01": 6}
    row = stock.correct(
        stockrecord=cream, bin=make_bin("A-01"), difference=-2, cause="count:C2", lot=lot(), by=staff
    )
    assert row.bin.code == "QUAR-01" and lies() == {"QUAR-01": 4}
    assert all_is_well()


def test_what_was_set_aside_as_missing_is_counted_without_coming_on_sale(
    cream: StockRecord, boss: User
) -> None:
    shelf = make_bin("A-01")
    assert stock.set_aside_missing(stockrecord=cream, bin=shelf, cause="missing:C1") == 5
    recalled(boss)
    assert stock.return_set_aside(stockrecord=cream, bin=shelf, cause="missing:C1") == 5
    assert stock.return_set_aside(stockrecord=cream, bin=shelf, cause="missing:C1") == 0
    assert lies() == {"QUAR-01": 5}
    stock.correct(stockrecord=cream, bin=shelf, difference=-5, cause="count:C1", lot=lot())
    assert lies() == {} and all_is_well()


def test_the_goods_of_a_cancelled_order_go_to_quarantine_when_recalled_meanwhile(
    cream: StockRecord, boss: User, staff: User, outbox: Outbox
) -> None:
    pick_list = picked(cream, 2, staff, outbox)
    cancel(order=pick_list.order, by=staff, why="test")
    outbox.drain()
    Lot.objects.filter(code="L-1").update(recall_number="RC1")
    pick_list.refresh_from_db()
    assert picking.put_back(pick_list=pick_list, by=staff) == 2
    assert lies() == {"A-01": 3, "QUAR-01": 2} and stock_differences() == []


def test_a_transfer_that_is_sent_back_or_arrives_loses_no_recalled_piece(
    cream: StockRecord, boss: User, desk: Client, outbox: Outbox
) -> None:
    store = make_site("store")
    sent = transfers.begin(source=stock.default_site(), target=store, by=boss)
    transfers.add(transfer=sent, bin=make_bin("A-01"), stockrecord=cream, quantity=4, lot=lot(), by=boss)
    transfers.dispatch(transfer=sent, by=boss)
    make_order((cream, 8))  # the house holds five others: three of those on their way are promised
    outbox.drain()
    recalled(boss)
    quarantine = stock.place_of_kind("quarantine", store)
    address, form = url("transfer-receive", sent.pk), {"code": "CREAM", "lot": "L-1", "quantity": 3}
    form |= {"key": shown(desk.get(address))["key"]}
    make_bin("S-01", site=store)
    assert "put it into QUAR-01-STORE" in page(desk.post(address, form | {"bin": "S-01"}))
    said = page(desk.post(address, form | {"bin": quarantine.code}, follow=True))
    assert "3 × CREAM received into QUAR-01-STORE." in said
    assert "of it are promised to customers: in the books they are held back in RECALL-STORE." in said
    assert arrivals.send_back(transfer=sent, by=boss, why="recalled") == 1
    assert sum(lies().values()) == 5
    free = LotStock.objects.filter(lot=lot(), bin__kind="quarantine")
    assert sum(free.values_list("quantity", flat=True)) == 2, "three cover the promise, where nobody picks"
    assert set(lies()) <= {quarantine.code, "QUAR-01", "RECALL-STORE", "RECALL-MAIN"} and all_is_well()


def test_the_dock_offers_quarantine_for_a_return_of_a_recalled_lot(
    cream: StockRecord, boss: User, staff: User, desk: Client, outbox: Outbox
) -> None:
    dock_bins()
    order = sent(cream, staff, outbox)
    recalled(boss)
    returning = dock.open_at_dock(order=order, by=staff)
    asked = {"code": "CREAM", "lot": "L-1", "grade": "a", "to": "shelf"}
    answer = desk.get(url("dock-return", returning.pk), asked)
    said = page(answer)
    assert "L-1 is recalled" in said and "Please put it into" in said
    assert answer.context["step"].to == "quarantine" and answer.context["step"].bin.kind == "quarantine"
    assert answer.context["step"].ways == []
    what: dict[str, Any] = {
        "returning": returning,
        "order_line": line_of(order, "CREAM"),
        "quantity": 1,
        "lot": lot(),
    }
    with pytest.raises(LotIsRecalled):
        dock.book(grade="a", disposition="shelf", bin=make_bin("A-01"), by=staff, **what)
    dock.book(grade="a", disposition="quarantine", bin=answer.context["step"].bin, by=staff, **what)
    assert sum(lies().values()) == 5 and all_is_well()


def test_lifting_frees_the_lots_says_why_and_leaves_an_earlier_recall_alone(
    cream: StockRecord, boss: User
) -> None:
    first = recalled(boss)
    with pytest.raises(actions.RecallError, match="say why"):
        actions.lift(recall=first, by=boss, why=" ")
    actions.close(recall=first, by=boss, why="checked")
    second = recalled(boss, "L-1", "L-2")
    assert {lot().recall_number, lot("L-2").recall_number} == {second.number}
    assert actions.lift(recall=second, by=boss, why="the laboratory found nothing") == 10
    assert (lot().recall_number, lot("L-2").recall_number) == (first.number, "")
    assert actions.lift(recall=first, by=boss, why="nothing either") == 5
    change = StateChange.objects.get(machine="recall", thing_id=second.pk, new="lifted")
    assert change.why == "the laboratory found nothing" and change.by == boss
    stock.transfer(
        stockrecord=cream,
        source=Bin.objects.get(code="QUAR-01"),
        target=make_bin("A-01"),
        quantity=5,
        lot=lot(),
    )
    with pytest.raises(actions.RecallError, match="lifted already"):
        actions.lift(recall=first, by=boss, why="again")
    never = actions.prepare(lots=[lot().pk], texts=TEXTS, by=boss)
    with pytest.raises(actions.RecallError, match="never started"):
        actions.lift(recall=never, by=boss, why="x")
    assert lies() == {"A-01": 5} and all_is_well()


def test_two_recalls_of_one_lot_do_not_run_at_once(cream: StockRecord, boss: User) -> None:
    one = actions.prepare(lots=[lot().pk], texts=TEXTS, by=boss)
    Recall.objects.filter(pk=one.pk).update(state="closed")  # so that a second one can be prepared beside it
    other = actions.prepare(lots=[lot().pk], texts=TEXTS, by=boss)
    Recall.objects.filter(pk=one.pk).update(state="prepared")
    actions.start(recall=one, by=boss)
    with pytest.raises(actions.RecallError, match=f"already by {one.number}"):
        actions.start(recall=other, by=boss)
    assert lot().recall_number == one.number


def test_lots_of_recalls_from_before_learn_of_them(cream: StockRecord, boss: User) -> None:
    recall = recalled(boss)
    actions.close(recall=recall, by=boss, why="destroyed")
    actions.prepare(lots=[lot("L-2").pk], texts=TEXTS, by=boss)
    Lot.objects.update(recall_number="")
    steps = import_module("fulfilment.warehouse.recalls.migrations.0003_lots_know_their_recall")
    steps.tell_lots(apps, None)
    assert (lot().recall_number, lot("L-2").recall_number) == (recall.number, "")
    assert all_is_well()


def test_no_lot_that_is_recalled_is_given_to_pieces_on_a_shelf(cream: StockRecord, boss: User) -> None:
    recalled(boss)
    stock.receive(stockrecord=cream, bin=make_bin("A-03"), quantity=1, lot="L-3", best_before=LATER)
    Lot.objects.filter(code="L-3").update(stockrecord=make_stockrecord("WAX", bins={"A-04": 2}))
    Lot.objects.filter(code="L-3").update(recall_number="RC1")
    with pytest.raises(LotIsRecalled):
        stock.set_handling(
            stockrecord=StockRecord.objects.get(partner_sku="WAX"), by=None, tracking="lot", initial_lot="L-3"
        )


def test_the_pages_say_so_and_offer_the_right_bin(cream: StockRecord, boss: User, desk: Client) -> None:
    recall = recalled(boss)
    scanner = Scanner(desk, "receive")
    scanner.scan("A-01")
    scanner.scan("CREAM")
    said = scanner.scan("L-1")
    assert f"L-1 is recalled ({recall.number}) and must not go on sale. Please put it into QUAR-01." in said
    assert "It lies in QUAR-01 now" in said and scanner.answer.status_code == 400
    assert "1 × CREAM received into QUAR-01" in scanner.scan("QUAR-01")
    assert 'name="bin" value="QUAR-01"' not in scanner.answer.content.decode(), (
        "the next article goes elsewhere"
    )
    mover = Scanner(desk, "move")
    mover.scan("QUAR-01")
    mover.scan("CREAM")
    assert "L-1 is recalled" in mover.scan("L-1")
    assert "must not go on sale" in mover.scan("A-01")
    make_bin("RET-01", kind="returns")
    assert "moved from QUAR-01 to RET-01" in mover.scan("RET-01")
    assert lies() == {"QUAR-01": 5, "RET-01": 1}
    assert recall.number in page(desk.get(url("sku", cream.pk)))
    assert recall.number in page(desk.get(url("bin", Bin.objects.get(code="QUAR-01").pk)))
    chief = Client()
    chief.force_login(boss)
    assert f"recalled {recall.number}" in page(chief.get(url("recall-trace"), {"code": "L-1"}))
    assert chief.post(url("recall-lift", recall.pk), {"why": ""}).status_code == 400
    assert desk.post(url("recall-lift", recall.pk), {"why": "x"}).status_code == 403
    said = page(chief.post(url("recall-lift", recall.pk), {"why": "all is well"}, follow=True))
    assert f"Recall {recall.number} is lifted. 6 pieces may be carried to their shelf again." in said
    assert chief.post(url("recall-lift", recall.pk), {"why": "again"}).status_code == 409
    assert all_is_well()
