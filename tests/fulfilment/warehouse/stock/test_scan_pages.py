"""Goods in and goods moved by scan: any order, packs, lots, double sending, taking back; bad scans in words."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

from fulfilment.warehouse.stock import actions
from fulfilment.warehouse.stock.article_codes import add_barcode
from fulfilment.warehouse.stock.models import BinStock, Lot, LotStock, Movement
from fulfilment.warehouse.stock.queries import stock_differences
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.stock import make_bin, make_stockrecord
from tests.fulfilment.warehouse.desk_pages import NAUGHTY, page, url

pytestmark = pytest.mark.django_db


def shown(answer: Any) -> dict[str, str]:
    """What the form of a scan page carries: hidden fields and the usual quantity."""
    html = answer.content.decode()
    found = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', html))
    return {"quantity": "1"} | {name: value for name, value in found.items() if name != "csrfmiddlewaretoken"}


class Scanner:
    """A hand scanner before a page: what it reads is typed into the one field and sent with Enter."""

    def __init__(self, desk: Client, name: str) -> None:
        self.desk, self.name = desk, name
        self.answer = desk.get(url(name))

    def scan(self, code: str, **typed: Any) -> str:
        form = {**shown(self.answer), "code": code, **typed}
        self.answer = self.desk.post(url(self.name), form, follow=True)
        return page(self.answer)


def held() -> dict[str, int]:
    return {row.bin.code: row.quantity for row in BinStock.objects.select_related("bin") if row.quantity}


def test_the_bin_stays_and_every_scan_is_booked_at_once(desk: Client) -> None:
    record = make_stockrecord("ELBE", gtin="4006381333931")
    add_barcode(stockrecord=record, code="BOX-6", pieces=6)
    make_bin("A-07")
    make_bin("A-08")
    scanner = Scanner(desk, "receive")
    assert "Scan the article" in scanner.scan("a-07")
    assert "1 × ELBE received into A-07. In stock now: 1, free: 1." in scanner.scan("4006381333931")
    assert "6 × ELBE received into A-07" in scanner.scan("box-6")
    assert "24 × ELBE received into A-07" in scanner.scan("BOX-6", quantity=4)
    scanner.scan("A-08")
    assert "1 × ELBE received into A-08" in scanner.scan("ELBE")
    assert held() == {"A-07": 31, "A-08": 1}
    assert "Booked just now" in page(scanner.answer)
    assert stock_differences() == []


def test_the_article_may_come_first_and_is_counted_by_scanning(desk: Client) -> None:
    make_stockrecord("ELBE")
    make_bin("A-07")
    scanner = Scanner(desk, "receive")
    assert "Scan the bin" in scanner.scan("ELBE")
    assert "2 pieces" in scanner.scan("ELBE")
    assert held() == {}
    assert "2 × ELBE received into A-07" in scanner.scan("A-07")
    assert held() == {"A-07": 2}


def test_a_second_article_before_the_bin_is_refused_and_the_first_one_stays(desk: Client) -> None:
    make_stockrecord("ELBE"), make_stockrecord("ALSTER")
    make_bin("A-07")
    scanner = Scanner(desk, "receive")
    scanner.scan("ELBE")
    text = scanner.scan("ALSTER")
    assert scanner.answer.status_code == 400 and "ELBE is still in your hand" in text
    assert "1 × ELBE received into A-07" in scanner.scan("A-07")


def test_an_article_of_lots_asks_for_lot_and_date_and_knows_them_the_next_time(desk: Client) -> None:
    record = make_stockrecord("WAX")
    actions.set_handling(stockrecord=record, tracking="lot", has_best_before=True)
    make_bin("A-07")
    scanner = Scanner(desk, "receive")
    scanner.scan("A-07")
    assert "Scan the lot" in scanner.scan("WAX", quantity=5)
    assert "Best before" in scanner.scan("l-1")
    assert "5 × WAX received into A-07" in scanner.scan("", best_before="2027-05-31")
    scanner.scan("WAX")
    assert "1 × WAX received into A-07" in scanner.scan("L-1")
    lot = Lot.objects.get()
    assert (lot.code, str(lot.best_before), LotStock.objects.get().quantity) == ("L-1", "2027-05-31", 6)


def test_serial_numbers_are_scanned_one_after_the_other(desk: Client) -> None:
    record = make_stockrecord("DRILL")
    actions.set_handling(stockrecord=record, tracking="serial")
    make_bin("A-07")
    scanner = Scanner(desk, "receive")
    scanner.scan("A-07")
    scanner.scan("DRILL")
    assert "1 × DRILL received" in scanner.scan("SN-1")
    assert "1 × DRILL received" in scanner.scan("SN-2")
    text = scanner.scan("SN-1")
    assert scanner.answer.status_code == 400 and "SN-1 already lies in bin A-07" in text
    assert held() == {"A-07": 2}


def test_a_page_that_was_sent_twice_books_once(desk: Client) -> None:
    make_stockrecord("ELBE")
    make_bin("A-07")
    scanner = Scanner(desk, "receive")
    scanner.scan("A-07")
    form = shown(scanner.answer) | {"code": "ELBE"}
    desk.post(url("receive"), form)
    assert "nothing was booked twice" in page(desk.post(url("receive"), form, follow=True))
    assert held() == {"A-07": 1}


def test_a_receipt_is_taken_back_once_and_only_while_nothing_moved_on(desk: Client) -> None:
    record = make_stockrecord("ELBE")
    make_bin("A-07"), make_bin("B-01")
    scanner = Scanner(desk, "receive")
    scanner.scan("A-07")
    scanner.scan("ELBE", quantity=4)
    first = Movement.objects.get()
    assert "Taken back: 4 × ELBE from A-07" in page(desk.post(url("undo-receipt", first.pk), follow=True))
    assert "taken back already" in page(desk.post(url("undo-receipt", first.pk), follow=True))
    assert held() == {} and stock_differences() == []
    assert "Taken back" in page(desk.get(url("sku", record.pk)))
    scanner.scan("ELBE", quantity=4)
    second = Movement.objects.latest("pk")
    actions.transfer(stockrecord=record, source=make_bin("A-07"), target=make_bin("B-01"), quantity=1)
    assert "Pieces have left the bin since" in page(desk.post(url("undo-receipt", second.pk), follow=True))
    moved = Movement.objects.latest("pk")
    assert "Only a receipt" in page(desk.post(url("undo-receipt", moved.pk), follow=True))
    assert held() == {"A-07": 3, "B-01": 1}


def test_promised_pieces_are_not_taken_back(desk: Client) -> None:
    record = make_stockrecord("ELBE", bins={"A-07": 3})
    make_order((record, 2))
    received = Movement.objects.get()
    assert "not promised to customers" in page(desk.post(url("undo-receipt", received.pk), follow=True))
    assert held() == {"A-07": 3}


def test_what_a_piece_cost_is_asked_of_those_who_may_know(desk: Client) -> None:
    record = make_stockrecord("ELBE", unit_cost_minor=0)
    make_bin("A-07")
    assert "Cost per piece" not in page(desk.get(url("receive")))
    form = {"bin": "A-07", "code": "ELBE", "quantity": 2, "cost": "12.50", "key": "k1"}
    desk.post(url("receive"), form)
    record.refresh_from_db()
    assert record.unit_cost_minor == 0, "a field that is not shown is not read"
    buyer = Client()
    buyer.force_login(make_staff("b@example.org", "stock.receive_goods", "partner.change_stockrecord"))
    assert "Cost per piece" in page(buyer.get(url("receive")))
    buyer.post(url("receive"), form | {"key": "k2"})
    record.refresh_from_db()
    assert record.unit_cost_minor == 625
    buyer.post(url("undo-receipt", Movement.objects.latest("pk").pk))
    record.refresh_from_db()
    assert record.unit_cost_minor == 0
    with override("de"):
        address = reverse("warehouse:receive")
    answer = buyer.post(
        address, {"code": "ELBE", "quantity": 2, "cost": "1.250,50", "key": "k4"}, follow=True
    )
    assert 'value="1250,50"' in answer.content.decode(), (
        "what was typed is there for the next scan as a German writes it"
    )
    buyer.post(
        address,
        {"bin": "A-07", "article": "ELBE", "pieces": 2, "quantity": 1, "cost": "1.250,50", "key": "k4"},
    )
    assert Movement.objects.latest("pk").unit_cost_minor == 125_050
    for cost in ("-1", "x", "1e9", "NaN", "9" * 400, "1000000.01"):
        assert buyer.post(url("receive"), form | {"cost": cost, "key": "k3"}).status_code == 400, cost


def test_goods_are_moved_by_scanning_from_what_and_to(desk: Client) -> None:
    make_stockrecord("ELBE", bins={"A-01": 5})
    make_bin("B-01")
    scanner = Scanner(desk, "move")
    assert "Scan the article" in scanner.scan("A-01")
    scanner.scan("ELBE")
    assert "2 pieces" in scanner.scan("ELBE")
    assert "2 × ELBE moved from A-01 to B-01" in scanner.scan("B-01")
    assert held() == {"A-01": 3, "B-01": 2}
    assert "A-01" in page(scanner.answer), "the bin stays for the next article"
    scanner.scan("ELBE", quantity=9)
    assert "A-01 holds 3 of these, not 9" in scanner.scan("B-01")
    assert scanner.answer.status_code == 400


def test_goods_leave_the_sale_only_with_a_reason(desk: Client) -> None:
    record = make_stockrecord("ELBE", bins={"A-01": 5})
    make_bin("Q-01", kind="quarantine")
    scanner = Scanner(desk, "move")
    scanner.scan("A-01")
    scanner.scan("ELBE")
    assert "Please say why these pieces go off sale" in scanner.scan("Q-01")
    text = scanner.scan("", why="sole came off")
    assert "moved from A-01 to Q-01" in text and "not for sale any more" in text
    record.refresh_from_db()
    assert (record.num_in_stock, record.num_quarantine) == (4, 1)
    assert Movement.objects.latest("pk").why == "sole came off"


def test_a_lot_is_moved_by_its_number(desk: Client) -> None:
    record = make_stockrecord("WAX")
    actions.set_handling(stockrecord=record, tracking="lot")
    actions.receive(stockrecord=record, bin=make_bin("A-01"), quantity=3, lot="L-1")
    make_bin("B-01")
    scanner = Scanner(desk, "move")
    scanner.scan("A-01")
    assert "Scan the lot or serial number" in scanner.scan("WAX")
    assert "L-9 is not known" in scanner.scan("L-9")
    scanner.scan("L-1")
    assert "1 × WAX moved from A-01 to B-01" in scanner.scan("B-01")
    assert {row.bin.code: row.quantity for row in LotStock.objects.select_related("bin")} == {
        "A-01": 2,
        "B-01": 1,
    }


def test_a_move_that_was_sent_twice_is_booked_once(desk: Client) -> None:
    make_stockrecord("ELBE", bins={"A-01": 5})
    make_bin("B-01")
    scanner = Scanner(desk, "move")
    scanner.scan("A-01")
    scanner.scan("ELBE")
    form = shown(scanner.answer) | {"code": "B-01"}
    desk.post(url("move"), form)
    assert "nothing was booked twice" in page(desk.post(url("move"), form, follow=True))
    assert held() == {"A-01": 4, "B-01": 1}


def test_nothing_is_put_into_a_closed_bin(desk: Client) -> None:
    make_stockrecord("ELBE", bins={"A-01": 5})
    closed = make_bin("B-01")
    actions.change_bin(bin=closed, is_active=False)
    for name in ("receive", "move"):
        scanner = Scanner(desk, name)
        if name == "move":
            scanner.scan("A-01")
            scanner.scan("ELBE")
        assert "Bin B-01 is closed" in scanner.scan("B-01")
    assert "Bin B-01 is closed" in page(desk.get(url("receive"), {"bin": "B-01"}))
    assert held() == {"A-01": 5}


@pytest.mark.parametrize("name", ["receive", "move"])
@pytest.mark.parametrize("text", [*NAUGHTY, "x" * 10_000, "\x00", str(10**30)])
def test_nonsense_in_any_field_of_a_scan_books_nothing(desk: Client, name: str, text: str) -> None:
    make_stockrecord("ELBE", bins={"A-01": 5})
    make_bin("B-01")
    usual = {"code": "ELBE", "quantity": 1, "key": "k"}
    for field in ("code", "quantity", "bin", "source", "target", "article", "pieces", "lot", "best_before"):
        answer = desk.post(url(name), usual | {field: text})
        assert answer.status_code in (302, 400), field
        assert desk.get(url(name), {field: text}).status_code in (200, 400), field
    assert held() == {"A-01": 5}


@pytest.mark.parametrize("name", ["receive", "move"])
def test_more_pieces_than_one_booking_takes_are_refused(desk: Client, name: str) -> None:
    record = make_stockrecord("ELBE", bins={"A-01": 5})
    add_barcode(stockrecord=record, code="PALLET", pieces=10_000)
    answer = desk.post(url(name), {"code": "PALLET", "quantity": 99, "key": "k"})
    assert answer.status_code == 400 and "not booked at once" in page(answer)
    answer = desk.post(url(name), {"code": "", "quantity": 1, "key": "k"})
    assert answer.status_code == 400 and "Nothing was scanned" in page(answer)


def test_a_scan_takes_few_queries(desk: Client) -> None:
    make_stockrecord("ELBE")
    make_bin("A-07")
    desk.post(url("receive"), {"bin": "A-07", "code": "ELBE", "quantity": 1, "key": "k1"})
    with CaptureQueriesContext(connection) as seen:
        desk.post(url("receive"), {"bin": "A-07", "code": "ELBE", "quantity": 1, "key": "k2"})
    assert len(seen) <= 25, "\n".join(query["sql"][:150] for query in seen)
