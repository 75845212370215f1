"""A recall of a lot: found, stopped everywhere at once, told to each customer once."""

from __future__ import annotations

import datetime as dt
import re
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.db.models import ProtectedError
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

from catalogue.partner.models import StockRecord
from checkout.order.models import Order
from fulfilment.warehouse.dispatch import actions as dispatch
from fulfilment.warehouse.dispatch.models import Parcel
from fulfilment.warehouse.dispatch.queries import to_pack
from fulfilment.warehouse.picking import actions as picking
from fulfilment.warehouse.picking.models import PickedLot, PickLine, PickList
from fulfilment.warehouse.recalls import actions, trace, verify
from fulfilment.warehouse.recalls.events import RecallNoticeSent
from fulfilment.warehouse.recalls.models import Notice, Recall
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.models import Lot, LotStock
from fulfilment.warehouse.stock.queries import stock_differences
from fulfilment.warehouse.transfers import actions as transfers
from fulfilment.warehouse.transfers import arrivals
from shop.customers.models import User
from shop.kernel.states import move
from shop.notifications.models import OutgoingMail
from tests.factories.orders import make_country, make_order
from tests.factories.people import make_staff
from tests.factories.stock import make_bin, make_site, make_stockrecord
from tests.support.helpers import Outbox

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
TEXTS = {
    "reason_de": "Die Creme kann Metallspäne enthalten.",
    "reason_en": "The cream may contain metal splinters.",
    "advice_de": "Bitte werfen Sie die Dose weg.",
    "advice_en": "Please throw the tin away.",
}
SOON, LATER = dt.date(2027, 3, 1), dt.date(2027, 9, 1)


def page(answer: Any) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())))


def url(name: str, *args: object, space: str = "warehouse") -> str:
    with override("en"):
        return reverse(f"{space}:{name}", args=args)


@pytest.fixture
def boss(db: None) -> User:
    return make_staff(
        "chef@example.org",
        "recalls.manage_recalls",
        "order.view_orders",
        "stock.view_stock",
        first_name="Berta",
    )


@pytest.fixture
def desk(boss: User) -> Client:
    client = Client()
    client.force_login(boss)
    return client


@pytest.fixture
def cream() -> StockRecord:
    """Shoe cream by lots: the one that expires first, L-1, and L-2 in another bin."""
    make_country()
    record = make_stockrecord("CREAM", title="Schuhcreme")
    stock.set_handling(stockrecord=record, by=None, tracking="lot", has_best_before=True)
    stock.receive(stockrecord=record, bin=make_bin("A-01"), quantity=9, lot="L-1", best_before=SOON)
    stock.receive(stockrecord=record, bin=make_bin("A-02"), quantity=6, lot="L-2", best_before=LATER)
    record.refresh_from_db()
    return record


def lot(code: str = "L-1") -> Lot:
    return Lot.objects.get(code=code)


def lot_in(line: PickLine) -> Lot:
    return LotStock.objects.get(bin=line.bin, quantity__gt=0).lot


def ordered(record: StockRecord, pieces: int, outbox: Outbox, **more: Any) -> PickList:
    order = make_order((record, pieces), **more)
    outbox.drain()
    return plan_lots(PickList.objects.get(order=order))


def pick(pick_list: PickList, by: User) -> None:
    """Every line from its bin, each of which holds one lot in these stories."""
    picking.start(pick_list=pick_list, by=by)
    for line in pick_list.lines.filter(state="open").select_related("pick_list__order", "order_line", "bin"):
        take(line, by)
    picking.finish(pick_list=pick_list, by=by)


def plan_lots(pick_list: PickList) -> PickList:
    """A single stop is planned from the lot that expires first, several from what lies in their bins."""
    lines = list(pick_list.lines.filter(state="open"))
    for line in lines:
        lying = LotStock.objects.filter(bin__kind="pick", quantity__gte=line.quantity).order_by("lot")
        place = lying[0].bin if len(lines) == 1 else line.bin
        taken = LotStock.objects.get(bin=place, quantity__gt=0).lot
        PickLine.objects.filter(pk=line.pk).update(bin=place, lot=taken)
    return pick_list


def take(line: PickLine, by: User) -> None:
    """One scan of all pieces of a line."""
    taken = lot_in(line)
    stock.shift(
        stockrecord_id=line.stockrecord_id or 0,
        source_id=line.bin_id or 0,
        target_id=line.pick_list.packing_place_id,
        quantity=line.quantity_open,
        cause=f"order:{line.pick_list.order.number}",
        by=by,
        lot=taken,
    )
    PickedLot.objects.create(pick_line=line, lot=taken, quantity=line.quantity)
    move(line, to="picked", by=by, quantity_picked=line.quantity)


def pack(pick_list: PickList, by: User) -> Parcel:
    waiting = {row.order_line.pk: row.quantity for row in to_pack(pick_list)}
    return dispatch.pack(pick_list=pick_list, quantities=waiting, by=by)


@pytest.fixture
def three(cream: StockRecord, staff: User, outbox: Outbox) -> list[Order]:
    """Two pieces of L-1 each: with the customer (German), at the packing place (English), planned only."""
    sent = ordered(cream, 2, outbox)
    pick(sent, staff)
    dispatch.dispatch(parcel=pack(sent, staff), by=staff)
    packed = ordered(cream, 2, outbox, language="en", email="john@example.org")
    pick(packed, staff)
    planned = ordered(cream, 2, outbox, email="karla@example.org")
    outbox.drain()
    assert {row.lot.code for row in PickedLot.objects.all()} == {"L-1"}
    assert planned.lines.get().lot == lot()
    return [sent.order, packed.order, planned.order]


def prepared(boss: User, *codes: str) -> Recall:
    lots = [lot(code).pk for code in codes or ("L-1",)]
    return actions.prepare(lots=lots, texts=TEXTS, by=boss)


def lies(code: str = "L-1") -> dict[str, int]:
    rows = LotStock.objects.filter(lot__code=code, quantity__gt=0)
    return {f"{kind}": n for kind, n in rows.values_list("bin__kind", "quantity")}


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


def test_lots_are_found_by_code_article_and_best_before(cream: StockRecord) -> None:
    def codes(**asked: Any) -> list[str]:
        return [one.code for one in trace.find_lots(**asked)]

    assert codes(code="l-") == ["L-1", "L-2"] and codes(code="L-2") == ["L-2"]
    assert codes(article="cream") == ["L-1", "L-2"] and codes(article="nothing") == []
    assert codes(article="CREAM", first=dt.date(2027, 1, 1), last=SOON) == ["L-1"]
    assert codes(article="CREAM", first=dt.date(2027, 3, 2)) == ["L-2"]


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


def test_the_pages_lead_from_lot_to_mails_and_say_before_what_will_happen(
    three: list[Order], desk: Client, outbox: Outbox
) -> None:
    answer = desk.get(url("recall-trace"), {"code": "L-1"})
    for words in ("L-1", "A-01", "PACK-01", "erika@example.org", three[0].number, three[1].number):
        assert words in page(answer), words
    address = url("recall-new") + "?code=L-1"
    answer = desk.post(address, {"lot": lot().pk, **TEXTS, "advice_en": ""})
    assert answer.status_code == 400
    ticked = f'value="{lot().pk}" aria-label="L-1" checked'
    assert ticked in answer.content.decode(), "what was ticked stays ticked"
    answer = desk.post(address, {"lot": lot().pk, **TEXTS}, follow=True)
    recall = Recall.objects.get()
    assert "Nothing has moved yet" in page(answer)
    answer = desk.get(url("recall-confirm", recall.pk, "start"))
    assert "7 pieces go to quarantine" in page(answer) and three[1].number in page(answer)
    assert "A mail is prepared for 1 order" in page(answer)
    assert lies() == {"pick": 5, "packing": 2}, "asking moves nothing"
    answer = desk.post(url("recall-confirm", recall.pk, "start"), follow=True)
    assert "7 pieces lie in quarantine" in page(answer) and "0 / 1" in page(answer)
    preview = desk.get(url("recall-notice", Notice.objects.get().pk, space="notifications"))
    assert TEXTS["reason_de"] in page(preview) and "sandbox" in preview["Content-Security-Policy"]
    assert "1 customer is told by mail" in page(desk.get(url("recall-confirm", recall.pk, "send")))
    assert not OutgoingMail.objects.filter(kind="recall_notice").exists()
    assert "1 mail is on its way" in page(desk.post(url("recall-confirm", recall.pk, "send"), follow=True))
    answer = desk.post(url("recall-confirm", recall.pk, "send"), follow=True)
    assert "no mail was written twice" in page(answer)
    outbox.drain()
    assert OutgoingMail.objects.filter(kind="recall_notice").count() == 1
    assert "1 / 1" in page(desk.get(url("recall", recall.pk)))
    assert three[0].number in desk.get(url("recall", recall.pk), {"format": "csv"}).content.decode()
    assert desk.post(url("recall-confirm", recall.pk, "start")).status_code == 409
    answer = desk.post(url("recall-close", recall.pk), {"why": ""})
    assert answer.status_code == 400 and 'id="id_why_error"' in answer.content.decode(), "beside the field"
    assert "is closed" in page(desk.post(url("recall-close", recall.pk), {"why": "destroyed"}, follow=True))
    assert recall.number in page(desk.get(url("recalls"), {"q": "L-1"}))
    assert recall.number in desk.get(url("recalls"), {"format": "csv"}).content.decode()


def test_bad_input_is_answered_in_words(cream: StockRecord, desk: Client) -> None:
    for asked in (
        {"code": ""},
        {"first": "2027-01-01"},
        {"code": "x" * 5000},
        {"article": "CREAM", "first": "nonsense"},
        {"article": "CREAM", "first": "2027-02-01", "last": "2027-01-01"},
        {"code": "\x00"},
    ):
        assert desk.get(url("recall-trace"), asked).status_code == 400, asked
    for text in ("' OR 1=1 --", "%", "_", "<script>alert(1)</script>", "‮💥"):
        answer = desk.get(url("recall-trace"), {"code": text})
        assert answer.status_code == 200 and "<script>alert" not in answer.content.decode()
    for chosen in (10**12, "x", "-1", ""):
        answer = desk.post(url("recall-new") + "?code=L-1", {"lot": chosen, **TEXTS})
        assert answer.status_code == 400, chosen
    assert not Recall.objects.exists()
    for verb in ("start", "send", "rest", "dance"):
        assert desk.post(url("recall-confirm", 10**12, verb)).status_code == 404


def test_who_may_not_recall_sees_nothing(cream: StockRecord, staff: User, boss: User) -> None:
    recall = prepared(boss)
    worker = Client()
    worker.force_login(staff)
    for address in (url("recalls"), url("recall-trace"), url("recall", recall.pk)):
        assert worker.get(address).status_code == 403


def test_a_page_costs_the_same_however_many_orders_there_are(
    cream: StockRecord, staff: User, boss: User, desk: Client, outbox: Outbox
) -> None:
    def cost(address: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert desk.get(address).status_code == 200
        return len(seen)

    def send_one() -> None:
        pick_list = ordered(cream, 1, outbox)
        pick(pick_list, staff)
        dispatch.dispatch(parcel=pack(pick_list, staff), by=staff)

    send_one()
    recall = prepared(boss)
    addresses = [url("recalls"), url("recall-trace") + "?code=L-1", url("recall", recall.pk)]
    before = [cost(address) for address in addresses]
    for _ in range(3):
        send_one()
    after = [cost(address) for address in addresses]
    assert all(b <= a for a, b in zip(before, after, strict=True)), (before, after)
    assert max(after) <= 30


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
