"""The dock as the person with the scanner meets it: plain forms, every wrong scan answered in words with a 4xx."""

from __future__ import annotations

import re
import uuid
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

from catalogue.partner.models import StockRecord
from checkout.order.models import Order
from fulfilment.warehouse.receiving import actions
from fulfilment.warehouse.receiving.models import Return, ReturnItem
from fulfilment.warehouse.stock.models import Barcode, Handling, Lot, Movement
from fulfilment.warehouse.stock.queries import stock_differences
from shop.customers.models import User
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.returns import book, dock_bins, line_of, sent_order
from tests.factories.stock import make_stockrecord
from tests.fulfilment.warehouse.desk_pages import NAUGHTY
from tests.support.helpers import Outbox

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def page(answer: Any) -> str:
    """The visible text of a page."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())))


def url(name: str, *args: object) -> str:
    with override("en"):
        return reverse(f"warehouse:{name}", args=args)


def key() -> str:
    return uuid.uuid4().hex


@pytest.fixture
def order(staff: User, outbox: Outbox) -> Order:
    dock_bins()
    shoe = make_stockrecord("SKU-1", bins={"A-01": 9}, gtin="4006381333931", title="Elbschuh")
    boot = make_stockrecord("SKU-2", bins={"A-02": 9})
    make_stockrecord("SKU-3", bins={"A-03": 9}, title="Fremdschuh")
    return sent_order((shoe, 3), (boot, 1), by=staff)


@pytest.fixture
def returning(order: Order) -> Return:
    found = actions.announce(order_id=order.pk, cause="withdrawal:W10001")
    assert found is not None
    return found


def step(desk: Client, returning: Return, **said: object) -> Any:
    return desk.get(url("dock-return", returning.pk), said)


def put(
    desk: Client, returning: Return, sku: str, grade: str, place: str = "", n: int = 1, **more: Any
) -> Any:
    """The last step, as the page's own form sends it."""
    said = {
        "line": line_of(returning.order, sku).pk,
        "n": n,
        "grade": grade,
        "place": place,
        "key": key(),
        **more,
    }
    return desk.post(url("dock-book", returning.pk), said, follow=True)


def test_one_to_the_shelf_one_missing_one_wrong_one_b_stock_one_disposed_by_plain_forms(
    desk: Client, order: Order, returning: Return
) -> None:
    answer = desk.get(url("dock"), {"code": order.number.lower()}, follow=True)
    assert returning.number in page(answer) and "0 / 3" in page(answer)
    answer = step(desk, returning, code="4006381333931")
    assert "Elbschuh" in page(answer) and "How is it?" in page(answer)
    line = line_of(order).pk
    answer = step(desk, returning, line=line, n=1, grade="A")
    assert "A-01" in page(answer) and "shelf, for sale" in page(answer)
    answer = put(desk, returning, "SKU-1", "a", "a-01")
    assert "1 × SKU-1 lies in A-01" in page(answer) and 'data-scan-result="good"' in answer.content.decode()
    assert "lies in B-STOCK-01" in page(put(desk, returning, "SKU-1", "b", "B-STOCK-01"))
    assert "thrown away" in page(put(desk, returning, "SKU-1", "s", "Entsorgung"))
    answer = step(desk, returning, code="SKU-3")
    assert answer.status_code == 409 and "Fremdschuh) was not sent with this order" in page(answer)
    answer = desk.post(url("dock-wrong", returning.pk), {"code": "SKU-3", "n": 1, "key": key()}, follow=True)
    assert "recorded as a wrong article" in page(answer)
    for sentence in (
        "1 piece: shelf, for sale",
        "1 piece: B stock",
        "1 piece: disposal",
        "1 piece did not come and is noted as missing",
        "1 wrong article for service",
    ):
        assert sentence in page(answer), sentence
    answer = desk.post(url("dock-finish", returning.pk), follow=True)
    assert "Service decides what is still open" in page(answer)
    returning.refresh_from_db()
    assert returning.state == "received"
    wrong = returning.items.get(reception="wrong_item")
    answer = desk.post(url("return-decide", wrong.pk), {"accept": "no", "why": "not ours"}, follow=True)
    assert "the return is settled" in page(answer)
    assert stock_differences() == []


@pytest.mark.parametrize("what", ["return", "order", "parcel", "tracking"])
def test_every_number_on_the_parcel_finds_the_return(
    desk: Client, order: Order, returning: Return, what: str
) -> None:
    parcel = order.parcels.get()
    codes = {
        "return": returning.number,
        "order": order.number,
        "parcel": parcel.number,
        "tracking": parcel.tracking_number,
    }
    answer = desk.get(url("dock"), {"code": f" {codes[what]} "})
    assert answer.status_code == 302 and answer["Location"] == url("dock-return", returning.pk)


def test_a_parcel_that_nobody_announced_is_found_by_hand_and_opened_on_the_spot(
    desk: Client, order: Order
) -> None:
    answer = desk.get(url("dock"), {"code": "Musterfrau 20457"})
    assert order.number in page(answer)
    answer = desk.get(url("dock"), {"code": order.number})
    assert "Nobody announced this parcel" in page(answer) and not Return.objects.exists()
    answer = desk.post(url("dock-open"), {"order": order.number}, follow=True)
    returning = Return.objects.get()
    assert "not announced" in page(answer)
    put(desk, returning, "SKU-2", "a", "A-02")
    desk.post(url("dock-finish", returning.pk))
    returning.refresh_from_db()
    assert returning.state == "settled" and line_of(order, "SKU-2").quantity_returned == 1


def test_of_an_order_that_was_not_sent_nothing_can_come_back(desk: Client, order: Order) -> None:
    waiting = make_order((StockRecord.objects.get(partner_sku="SKU-3"), 1))
    answer = desk.post(url("dock-open"), {"order": waiting.number})
    assert answer.status_code == 409 and "can come back" in page(answer)
    assert desk.post(url("dock-open"), {"order": "K-nonsense"}).status_code == 404


def test_unknown_numbers_are_answered_in_words(desk: Client, order: Order) -> None:
    for text in NAUGHTY:
        answer = desk.get(url("dock"), {"code": text})
        assert answer.status_code in (200, 400, 404), text
        assert "<script>alert" not in answer.content.decode()
    assert desk.get(url("dock"), {"code": "\x00"}).status_code == 400
    assert desk.get(url("dock"), {"code": ""}).status_code == 400


def test_a_scan_that_makes_no_sense_books_nothing(desk: Client, returning: Return) -> None:
    moved = Movement.objects.count()
    line = line_of(returning.order).pk
    for said, status, words in (
        ({"code": "SKU-9"}, 409, "No article has the code SKU-9"),
        ({"code": "x" * 500}, 409, "too long"),
        ({"code": "SKU-1", "n": 0}, 409, "greater than or equal to 1"),
        ({"code": "SKU-1", "n": -1}, 409, "greater than or equal to 1"),
        ({"code": "SKU-1", "n": 10**9}, 409, "less than or equal to"),
        ({"code": "SKU-1", "n": "many"}, 409, "whole number"),
        ({"line": line, "grade": "Z"}, 409, "Please grade"),
        ({"line": 10**17}, 409, "not part of the return"),
        ({"line": 10**40}, 409, ""),
    ):
        answer = step(desk, returning, **said)
        assert answer.status_code == status, said
        assert words in page(answer), said
        assert 'data-scan-result="bad"' in answer.content.decode()
    for text in NAUGHTY:
        assert step(desk, returning, code=text).status_code == 409
        assert step(desk, returning, line=line, grade=text).status_code == 409
        assert put(desk, returning, "SKU-1", "a", text).status_code in (400, 409)
    assert Movement.objects.count() == moved


def test_the_last_step_refuses_what_does_not_fit_and_keeps_the_piece_in_hand(
    desk: Client, returning: Return
) -> None:
    for grade, place, words in (
        ("a", "QUAR-01", "does not fit"),
        ("a", "", "scan the bin"),
        ("a", "NOWHERE", "There is no bin NOWHERE"),
        ("s", "A-01", "needs no bin"),
    ):
        answer = put(desk, returning, "SKU-1", grade, place)
        assert answer.status_code == 409 and words in page(answer)
        assert "Elbschuh" in page(answer), "the piece stays in hand"
    assert put(desk, returning, "SKU-1", "a", "A-01", n=4).status_code == 409
    assert put(desk, returning, "SKU-1", "a", "A-01", key="short").status_code == 400
    assert put(desk, returning, "SKU-1", "", "A-01").status_code == 400
    assert not ReturnItem.objects.exclude(reception="awaiting").exists()


def test_a_double_click_books_once_and_says_so(desk: Client, returning: Return) -> None:
    same = key()
    put(desk, returning, "SKU-1", "a", "A-01", key=same)
    answer = put(desk, returning, "SKU-1", "a", "A-01", key=same)
    assert "booked already" in page(answer)
    assert line_of(returning.order).quantity_returned == 1


def test_undo_and_scan_again(desk: Client, returning: Return) -> None:
    put(desk, returning, "SKU-1", "a", "A-01")
    item = returning.items.get(reception="received")
    answer = desk.post(url("dock-undo", returning.pk), {"item": item.pk}, follow=True)
    assert "Undone: SKU-1" in page(answer)
    assert desk.post(url("dock-undo", returning.pk), {"item": item.pk}).status_code == 409
    for nonsense in ("", "x", 10**40, -1):
        assert desk.post(url("dock-undo", returning.pk), {"item": nonsense}).status_code == 400


def test_a_pack_counts_its_pieces(desk: Client, returning: Return) -> None:
    record = StockRecord.objects.get(partner_sku="SKU-1")
    Barcode.objects.create(stockrecord=record, code="PACK-OF-3", pieces=3)
    assert "3 pieces" in page(step(desk, returning, code="PACK-OF-3"))


def test_a_serial_number_is_asked_and_must_be_one_that_was_ours(desk: Client, returning: Return) -> None:
    record = StockRecord.objects.get(partner_sku="SKU-1")
    Handling.objects.create(stockrecord=record, tracking="serial")
    Lot.objects.create(stockrecord=record, code="S-100", is_serial=True)
    answer = step(desk, returning, code="SKU-1")
    assert "Scan the serial number" in page(answer)
    line = line_of(returning.order).pk
    answer = step(desk, returning, line=line, lot="S-999")
    assert answer.status_code == 409 and "no lot or serial number S-999" in page(answer)
    assert "How is it?" in page(step(desk, returning, line=line, lot="s-100"))
    assert "S-100" in page(step(desk, returning, code="S-100")), "the number alone names the article"


def test_settled_returns_and_deleted_products_are_said(desk: Client, order: Order, returning: Return) -> None:
    line = line_of(order)
    type(line).objects.filter(pk=line.pk).update(stockrecord=None, product=None)
    returning.items.filter(order_line=line).update(stockrecord=None)
    answer = put(desk, returning, "SKU-1", "a", "A-01")
    assert answer.status_code == 409 and "no longer kept" in page(answer)
    assert desk.get(url("dock-return", returning.pk)).status_code == 200
    put(desk, returning, "SKU-2", "a", "A-02")
    desk.post(url("dock-finish", returning.pk))
    assert desk.get(url("dock-return", returning.pk))["Location"] == url("return", returning.pk)
    assert put(desk, returning, "SKU-2", "a", "A-02").status_code == 409
    assert desk.post(url("dock-finish", returning.pk)).status_code == 409
    assert desk.get(url("return", returning.pk)).status_code == 200
    assert desk.get(url("dock-return", 10**17)).status_code == 404


def test_lists_filter_sort_and_give_csv(desk: Client, order: Order, returning: Return, clock: Any) -> None:
    assert returning.number in page(desk.get(url("returns")))
    for show, there in (("expected", True), ("late", False), ("arrived", False), ("open", False)):
        assert (returning.number in page(desk.get(url("returns"), {"show": show}))) is there, show
    assert desk.get(url("returns"), {"q": returning.number})["Location"] == url("return", returning.pk)
    for sort in ("number", "-order", "state", "announced", "-expected", "received", "awaited", "came", "x"):
        assert desk.get(url("returns"), {"sort": sort}).status_code == 200
    csv = desk.get(url("returns"), {"format": "csv"}).content.decode()
    assert returning.number in csv and "W10001" in csv
    for text in NAUGHTY:
        assert desk.get(url("returns"), {"q": text}).status_code in (200, 400)
    assert desk.get(url("returns"), {"show": "nonsense"}).status_code == 400
    clock.advance(days=30)
    assert returning.number in page(desk.get(url("returns"), {"show": "late"}))


def test_a_list_and_a_page_cost_the_same_however_much_there_is(
    desk: Client, order: Order, returning: Return, staff: User
) -> None:
    def cost(address: str) -> int:
        desk.get(address)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert desk.get(address).status_code == 200
        return len(seen)

    addresses = [url("returns"), url("dock"), url("return", returning.pk), url("dock-return", returning.pk)]
    before = [cost(address) for address in addresses]
    record = StockRecord.objects.get(partner_sku="SKU-3")
    for n in range(3):
        other = sent_order((record, 1), by=staff)
        actions.announce(order_id=other.pk, cause=f"withdrawal:W2{n}")
    book(returning, "SKU-1", 1, "a", "shelf", "A-01", by=staff)
    book(returning, "SKU-1", 1, "b", "b_stock", "B-STOCK-01", by=staff)
    actions.record_wrong(returning=returning, code="X", by=staff)
    after = [cost(address) for address in addresses]
    assert all(b <= a + 2 for a, b in zip(before, after, strict=True)), (before, after)
    assert max(after) <= 30


def test_service_authorises_rejects_and_decides_and_the_dock_may_not(
    desk: Client, returning: Return, staff: User
) -> None:
    worker = Client()
    worker.force_login(make_staff("dock@example.org", "receiving.view_returns", "receiving.receive_returns"))
    for address in (url("return-act", returning.pk, "expire"), url("return-act", returning.pk, "reject")):
        assert worker.post(address, {"why": "x"}).status_code == 403
    assert worker.get(url("return", returning.pk)).status_code == 200
    answer = desk.post(url("return-act", returning.pk, "reject"), {"why": ""})
    assert answer.status_code == 409 and "say why" in page(answer)
    assert desk.post(url("return-act", returning.pk, "dance")).status_code == 404
    answer = desk.post(url("return-act", returning.pk, "on-its-way"), follow=True)
    assert "is on its way" in page(answer)
    answer = desk.post(url("return-act", returning.pk, "expire"), {"why": "lost"}, follow=True)
    assert "Nobody waits" in page(answer)
    assert desk.post(url("return-act", returning.pk, "authorise")).status_code == 409
    assert desk.post(url("return-decide", 10**17), {"accept": "yes"}).status_code == 404


def test_the_slip_is_a_pdf_in_the_language_of_the_order(desk: Client, returning: Return) -> None:
    answer = desk.get(url("return-slip", returning.pk))
    assert answer["Content-Type"] == "application/pdf" and answer.content.startswith(b"%PDF")
