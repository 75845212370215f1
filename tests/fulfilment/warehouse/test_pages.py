"""The pages: a walk by forms alone, bad input answered in words with 4xx."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalogue.partner.models import StockRecord
from checkout.order import actions as orders
from checkout.order.models import Line, Order
from fulfilment.warehouse.dispatch.models import Parcel
from fulfilment.warehouse.picking.models import PickLine
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.models import Bin, BinStock, Movement
from fulfilment.warehouse.stock.queries import stock_differences
from shop.customers.models import User
from tests.factories.people import make_staff
from tests.factories.stock import make_bin, make_stockrecord
from tests.factories.warehouse import pick_everything, send_everything
from tests.fulfilment.warehouse.desk_pages import NAUGHTY, a_pick_list, page, url
from tests.support.helpers import Outbox

from .conftest import PERMISSIONS

pytestmark = pytest.mark.django_db


def test_an_order_goes_from_list_to_door_by_plain_forms(desk: Client, outbox: Outbox) -> None:
    pick_list = a_pick_list(outbox)
    assert pick_list.order.number in page(desk.get(url("pick-lists")))
    answer = desk.post(url("pick-act", pick_list.pk, "start"), follow=True)
    assert "A-01" in page(answer) and "3 pieces" in page(answer)
    line = PickLine.objects.get()
    answer = desk.post(
        url("scan", pick_list.pk), {"line": line.pk, "code": "A-01", "quantity": 3}, follow=True
    )
    assert "Right bin" in page(answer) and 'data-scan-result="good"' in answer.content.decode()
    answer = desk.post(
        url("scan", pick_list.pk), {"line": line.pk, "code": "SKU-1", "quantity": 2}, follow=True
    )
    assert "1 piece more here" in page(answer)
    answer = desk.post(
        url("scan", pick_list.pk), {"line": line.pk, "code": "SKU-1", "quantity": 1}, follow=True
    )
    assert "packing place" in page(answer)
    assert desk.post(url("finish", pick_list.pk), {"code": "A-01"}).status_code == 409
    answer = desk.post(url("finish", pick_list.pk), {"code": "pack-01"}, follow=True)
    assert "is picked and can be packed" in page(answer)
    assert pick_list.order.number in page(desk.get(url("packing")))
    form = {f"line_{Line.objects.get().pk}": 3, "revision": 0, "weight_g": "2000"}
    answer = desk.post(url("pack", pick_list.pk), form, follow=True)
    parcel = Parcel.objects.get()
    assert f"Parcel {parcel.number} is packed" in page(answer) and "2000 g" in page(answer)
    answer = desk.post(url("dispatch", parcel.pk), follow=True)
    assert "has left" in page(answer)
    answer = desk.post(url("dispatch", parcel.pk), follow=True)
    assert "had left already" in page(answer)
    assert Order.objects.get().status == "completed"
    assert stock_differences() == []


def test_a_wrong_scan_answers_in_words_colour_and_sound_and_nothing_moves(
    desk: Client, outbox: Outbox
) -> None:
    pick_list = a_pick_list(outbox)
    desk.post(url("pick-act", pick_list.pk, "start"))
    line = PickLine.objects.get()
    moved = Movement.objects.count()
    for fields, status, words in (
        ({"code": "SKU-9"}, 409, "Wrong product: you scanned SKU-9"),
        ({"code": ""}, 400, "Nothing was scanned"),
        ({"code": "x" * 500}, 400, "too long"),
        ({"code": "SKU-1", "quantity": 0}, 400, "greater than or equal to 1"),
        ({"code": "SKU-1", "quantity": -5}, 400, "greater than or equal to 1"),
        ({"code": "SKU-1", "quantity": 10**9}, 400, "less than or equal to"),
        ({"code": "SKU-1", "quantity": 4}, 409, "Only 3 pieces are wanted"),
        ({"code": "SKU-1", "quantity": "many"}, 400, "whole number"),
    ):
        answer = desk.post(url("scan", pick_list.pk), {"line": line.pk, "quantity": 1} | fields)
        assert answer.status_code == status, fields
        assert words in page(answer)
        assert 'data-scan-result="bad"' in answer.content.decode()
    assert Movement.objects.count() == moved


def test_foreign_and_unknown_lines_are_not_found(desk: Client, outbox: Outbox) -> None:
    mine, other = a_pick_list(outbox), a_pick_list(outbox, sku="SKU-2")
    desk.post(url("pick-act", mine.pk, "start"))
    for name in ("scan", "short", "finish", "pick-act"):
        address = url(name, 12345, *(["start"] if name == "pick-act" else [])).replace("12345", str(10**30))
        assert desk.post(address, {"line": 1, "code": "SKU-2", "quantity": 1}).status_code == 404
    for line in (other.lines.get().pk, 999_999, 10**18, 10**30):
        for name in ("scan", "short"):
            answer = desk.post(url(name, mine.pk), {"line": line, "code": "SKU-2", "quantity": 1})
            assert answer.status_code in (400, 404), (name, line)
    assert not PickLine.objects.filter(quantity_picked__gt=0).exists()


def test_a_second_picker_meets_a_clear_message_and_may_take_over(desk: Client, outbox: Outbox) -> None:
    pick_list = a_pick_list(outbox)
    colleague = make_staff("kai@example.org", *PERMISSIONS, first_name="Kai", last_name="Kollege")
    other = Client()
    other.force_login(colleague)
    other.post(url("pick-act", pick_list.pk, "start"))
    answer = desk.post(url("pick-act", pick_list.pk, "start"))
    assert answer.status_code == 409
    assert "Kai Kollege is picking this order" in page(answer)
    answer = desk.post(url("pick-act", pick_list.pk, "take-over"), follow=True)
    assert "The list is yours now" in page(answer)
    line = PickLine.objects.get()
    answer = other.post(url("scan", pick_list.pk), {"line": line.pk, "code": "SKU-1", "quantity": 1})
    assert answer.status_code == 409
    assert "Lena Lager is picking this order" in page(answer)


def test_a_missing_piece_is_reported_with_one_button(desk: Client, outbox: Outbox) -> None:
    pick_list = a_pick_list(outbox)
    desk.post(url("pick-act", pick_list.pk, "start"))
    answer = desk.post(url("short", pick_list.pk), {"line": PickLine.objects.get().pk}, follow=True)
    assert "3 pieces are missing" in page(answer)
    desk.post(url("finish", pick_list.pk))
    assert "3 pieces were not found" in page(desk.get(url("pick-list", pick_list.pk)))
    answer = desk.post(url("pick-act", pick_list.pk, "plan-rest"), follow=True)
    assert "Nothing was found" in page(answer)  # the bin is doubted until somebody counts it
    stock.count(stockrecord=StockRecord.objects.get(), bin=Bin.objects.get(code="A-01"), counted=8)
    answer = desk.post(url("pick-act", pick_list.pk, "plan-rest"), follow=True)
    assert "3 missing pieces can be picked now" in page(answer)


def test_goods_of_a_cancelled_order_are_put_back_by_a_button(
    desk: Client, staff: User, outbox: Outbox
) -> None:
    pick_list = pick_everything(a_pick_list(outbox), by=staff)
    orders.cancel(order=Order.objects.get(), why="changed her mind")
    outbox.drain()
    assert "goods to put back" in page(desk.get(url("pick-lists")))
    answer = desk.post(url("pick-act", pick_list.pk, "put-back"), follow=True)
    assert "3 pieces lie in their bins again" in page(answer)
    assert "goods to put back" not in page(desk.get(url("pick-lists")))


def test_confirming_a_scan_takes_at_most_twelve_queries_from_click_to_answer(
    desk: Client, outbox: Outbox
) -> None:
    pick_list = a_pick_list(outbox)
    desk.post(url("pick-act", pick_list.pk, "start"))
    line = PickLine.objects.get()
    with CaptureQueriesContext(
        connection,
    ) as seen:
        answer = desk.post(url("scan", pick_list.pk), {"line": line.pk, "code": "SKU-1", "quantity": 3})
    assert answer.status_code == 302
    assert len(seen) <= 12, [query["sql"] for query in seen]


def test_packing_refuses_nonsense_in_words(desk: Client, staff: User, outbox: Outbox) -> None:
    pick_list = pick_everything(a_pick_list(outbox), by=staff)
    name = f"line_{Line.objects.get().pk}"
    for fields, words in (
        ({name: 0}, "at least one piece"),
        ({name: 4}, "less than or equal to 3"),
        ({name: -1}, "greater than or equal to 0"),
        ({name: "x"}, "whole number"),
        ({name: 1, "weight_g": 10**9}, "less than or equal to"),
        ({name: 1, "revision": ""}, "required"),
        ({name: 1, "revision": 7}, "in the meantime"),
    ):
        answer = desk.post(url("pack", pick_list.pk), {"revision": 0} | fields)
        assert answer.status_code == 400, fields
        assert words in page(answer), fields
    assert not Parcel.objects.exists()


def test_an_order_is_packed_in_two_parcels_that_leave_together(
    desk: Client, staff: User, outbox: Outbox
) -> None:
    pick_list = pick_everything(a_pick_list(outbox), by=staff)
    name = f"line_{Line.objects.get().pk}"
    desk.post(url("pack", pick_list.pk), {name: 1, "revision": 0})
    answer = desk.post(url("pack", pick_list.pk), {name: 1, "revision": 0})
    assert answer.status_code == 400 and "in the meantime" in page(answer)
    desk.post(url("pack", pick_list.pk), {name: 2, "revision": 1})
    assert desk.post(url("parcels"), {}).status_code == 400
    assert desk.post(url("parcels"), {"parcel": ["1000000"]}).status_code == 400
    chosen = list(Parcel.objects.values_list("pk", flat=True))
    answer = desk.post(url("parcels"), {"parcel": chosen}, follow=True)
    assert "2 parcels have left" in page(answer)
    assert Order.objects.get().status == "completed"


def test_a_scanned_packing_slip_opens_its_parcel(desk: Client, staff: User, outbox: Outbox) -> None:
    parcel = send_everything(a_pick_list(outbox), by=staff)
    answer = desk.get(url("parcels"), {"q": parcel.number})
    assert answer.headers["Location"] == url("parcel", parcel.pk)
    assert parcel.number in page(desk.get(url("parcels"), {"q": parcel.tracking_number}))
    answer = desk.get(url("order-parcels", parcel.order.number), follow=True)
    assert parcel.number in page(answer)


def test_papers_are_pdf_for_staff_only(desk: Client, staff: User, outbox: Outbox) -> None:
    parcel = send_everything(a_pick_list(outbox), by=staff)
    for name in ("packing-slip", "label"):
        answer = desk.get(url(name, parcel.pk))
        assert answer.headers["Content-Type"] == "application/pdf"
        assert answer.content.startswith(b"%PDF")
        assert Client().get(url(name, parcel.pk)).status_code == 302
    Parcel.objects.update(kind="handover")
    assert desk.get(url("label", parcel.pk)).status_code == 404


def test_a_parcel_is_unpacked_and_outcomes_are_noted(desk: Client, staff: User, outbox: Outbox) -> None:
    pick_list = pick_everything(a_pick_list(outbox), by=staff)
    desk.post(url("pack", pick_list.pk), {f"line_{Line.objects.get().pk}": 3, "revision": 0})
    parcel = Parcel.objects.get()
    answer = desk.post(url("outcome", parcel.pk), {"outcome": "delivered"})
    assert answer.status_code == 409 and "cannot be noted now" in page(answer)
    assert "wait to be packed" in page(desk.post(url("unpack", parcel.pk), {"why": "wet"}, follow=True))
    assert desk.post(url("unpack", parcel.pk), {}).status_code == 409
    assert desk.post(url("dispatch", parcel.pk)).status_code == 409
    desk.post(url("pack", pick_list.pk), {f"line_{Line.objects.get().pk}": 3, "revision": 2})
    parcel = Parcel.objects.get(state="packed")
    desk.post(url("dispatch", parcel.pk))
    assert desk.post(url("outcome", parcel.pk), {"outcome": "exploded"}).status_code == 400
    answer = desk.post(url("outcome", parcel.pk), {"outcome": "lost", "why": "carrier says so"}, follow=True)
    assert "is lost" in page(answer) and "carrier says so" in page(answer)


def test_goods_are_received_by_scan_and_the_bin_stays(desk: Client) -> None:
    record = make_stockrecord("ELBE-42", gtin="4006381333931")
    make_bin("A-07")
    form = {"code": "4006381333931", "bin": "a-07", "quantity": 4, "why": "delivery note 77"}
    answer = desk.post(url("receive"), form, follow=True)
    assert "4 × ELBE-42 received into A-07. In stock now: 4, free: 4." in page(answer)
    assert 'value="A-07"' in answer.content.decode()
    assert "delivery note 77" in page(desk.get(url("sku", record.pk)))


@pytest.mark.parametrize("field", ["code", "bin", "quantity", "why"])
@pytest.mark.parametrize("text", [*NAUGHTY, "", "\x00"])
def test_receiving_nonsense_is_refused_and_books_nothing(desk: Client, field: str, text: str) -> None:
    make_stockrecord("ELBE-42")
    make_bin("A-07")
    answer = desk.post(
        url("receive"), {"code": "ELBE-42", "bin": "A-07", "quantity": 4, "why": ""} | {field: text}
    )
    harmless = field == "why" and text != "\x00" and len(text) <= 200
    waits = field == "bin" and not text  # for the bin to be scanned
    assert answer.status_code == (302 if harmless or waits else 400)
    assert Movement.objects.exists() == harmless


def test_transfer_and_count_answer_in_words(desk: Client) -> None:
    record = make_stockrecord(bins={"A-01": 5})
    make_bin("B-01", sequence=50)
    form = {"transfer-source": "A-01", "transfer-target": "B-01", "transfer-quantity": 2}
    assert "2 pieces moved from A-01 to B-01" in page(
        desk.post(url("transfer", record.pk), form, follow=True)
    )
    answer = desk.post(url("transfer", record.pk), form | {"transfer-quantity": 9})
    assert answer.status_code == 400 and "A-01 holds 3 of these, not 9" in page(answer)
    answer = desk.post(url("transfer", record.pk), form | {"transfer-target": "Q-99"})
    assert answer.status_code == 400 and "There is no bin “Q-99”" in page(answer)
    answer = desk.post(url("count", record.pk), {"count-bin": "A-01", "count-counted": 1}, follow=True)
    assert "difference of -2 booked" in page(answer)
    answer = desk.post(url("count", record.pk), {"count-bin": "A-01", "count-counted": -1})
    assert answer.status_code == 400
    assert stock_differences() == []


def test_bins_are_put_up_once(desk: Client) -> None:
    site = stock.default_site()
    zone = stock.place_zone(site=site, code="C")
    form = {"code": "c-03", "site": site.pk, "zone": zone.pk, "kind": "pick", "sequence": 30}
    assert "Bin C-03 is there" in page(desk.post(url("new-bin"), form, follow=True))
    answer = desk.post(url("new-bin"), form)
    assert answer.status_code == 400 and Bin.objects.filter(code="C-03").count() == 1
    assert desk.post(url("new-bin"), form | {"code": "D-1", "sequence": 10**12}).status_code == 400
    assert "Nothing lies in this bin" in page(desk.get(url("bin", Bin.objects.get(code="C-03").pk)))


def test_stock_that_was_not_touched_lies_where_it_lay(desk: Client, staff: User, outbox: Outbox) -> None:
    send_everything(a_pick_list(outbox), by=staff)
    left = dict(BinStock.objects.values_list("bin__code", "quantity"))
    assert left == {"A-01": 6, "PACK-01": 0}


def hidden(answer: Any, name: str) -> str:
    found = re.search(rf'<input type="hidden" name="{name}" value="(\w+)"', answer.content.decode())
    assert found, name
    return found[1]


def test_a_double_click_receives_the_goods_once(desk: Client) -> None:
    record = make_stockrecord("ELBE-42")
    make_bin("A-07")
    form = {"code": "ELBE-42", "bin": "A-07", "quantity": 4, "key": hidden(desk.get(url("receive")), "key")}
    desk.post(url("receive"), form)
    assert "nothing was booked twice" in page(desk.post(url("receive"), form, follow=True))
    record.refresh_from_db()
    assert record.num_in_stock == 4
    desk.post(url("receive"), form | {"key": hidden(desk.get(url("receive")), "key")})
    record.refresh_from_db()
    assert record.num_in_stock == 8
    assert {row.cause_text for row in Movement.objects.all()} == {"Receipt"}


def test_a_double_click_moves_the_pieces_once(desk: Client) -> None:
    record = make_stockrecord(bins={"A-01": 5})
    make_bin("B-01")
    key = hidden(desk.get(url("sku", record.pk)), "transfer-key")
    form = {"transfer-source": "A-01", "transfer-target": "B-01", "transfer-quantity": 2, "transfer-key": key}
    desk.post(url("transfer", record.pk), form)
    assert "nothing was booked twice" in page(desk.post(url("transfer", record.pk), form, follow=True))
    assert BinStock.objects.get(bin__code="B-01").quantity == 2


def test_a_count_is_void_when_pieces_were_taken_since_its_page_was_shown(desk: Client) -> None:
    record = make_stockrecord(bins={"A-01": 5})
    other = make_bin("B-01")
    shown = desk.get(url("sku", record.pk))
    stock.transfer(stockrecord=record, source=make_bin("A-01"), target=other, quantity=2)
    form = {"count-bin": "A-01", "count-counted": 5, "count-seen": hidden(shown, "count-seen")}
    answer = desk.post(url("count", record.pk), form)
    assert answer.status_code == 400 and "Please count again" in page(answer)
    record.refresh_from_db()
    assert record.num_in_stock == 5
    again = form | {"count-counted": 3, "count-seen": hidden(answer, "count-seen")}
    assert "agrees" in page(desk.post(url("count", record.pk), again, follow=True))
