"""The pages: a walk by forms alone, constant queries, bad input answered in words with 4xx."""

from __future__ import annotations

import csv
import io
import re
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

from catalogue.partner.models import StockRecord
from checkout.order import actions as orders
from checkout.order.models import Line, Order
from fulfilment.warehouse.dispatch.models import Parcel
from fulfilment.warehouse.picking.models import PickLine, PickList
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.models import Bin, BinStock, Movement
from fulfilment.warehouse.stock.queries import stock_differences
from shop.customers.models import User
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.stock import make_bin, make_stockrecord
from tests.factories.warehouse import pick_everything, send_everything
from tests.support.helpers import Outbox

from .conftest import PERMISSIONS

pytestmark = pytest.mark.django_db

LISTS = ("pick-lists", "packing", "parcels", "stock", "bins")
NAUGHTY = [
    "%00",
    "' OR 1=1 --",
    "\u202e",
    "9" * 5000,
    "<script>alert(1)</script>",
    "-1",
    "‮💥",
    "%",
    "_",
    "\\",
]


def page(response) -> str:
    """The visible text of a page."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", response.content.decode())))


def a_pick_list(outbox: Outbox, pieces: int = 3, sku: str = "SKU-1") -> PickList:
    order = make_order((make_stockrecord(sku, bins={"A-01": 9}), pieces))
    outbox.drain()
    return PickList.objects.get(order=order)


def url(name: str, *args: object) -> str:
    """The page's address in English."""
    with override("en"):
        return reverse(f"warehouse:{name}", args=args)


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


@pytest.mark.parametrize("name", LISTS)
def test_junk_in_the_address_never_breaks_a_list(desk: Client, name: str) -> None:
    for key in ("q", "state", "show", "kind", "sort", "page", "format"):
        for text in NAUGHTY:
            assert desk.get(url(name), {key: text}).status_code in (200, 400), (key, text)
    assert desk.get(url(name), {"q": "\x00"}).status_code == 400


@pytest.mark.parametrize(
    "name", ["pick-list", "pick", "pack", "parcel", "packing-slip", "label", "sku", "bin"]
)
def test_things_that_are_not_there_are_not_found(desk: Client, name: str) -> None:
    for pk in (0, 99_999, 10**17, 10**30):
        address = url(name, 12345).replace("12345", str(pk))
        assert desk.get(address).status_code == 404, pk
    assert desk.get(url("order-parcels", "K-nothing")).status_code == 404


@pytest.mark.parametrize("name", LISTS)
def test_a_list_asks_the_same_number_of_questions_for_few_and_many(
    desk: Client, staff: User, outbox: Outbox, name: str
) -> None:
    def fill(n: int) -> None:
        for step in range(n):
            serial = PickList.objects.count()
            record = make_stockrecord(f"SKU-{serial}", bins={f"A-{serial}": 5, f"B-{serial}": 5})
            order = make_order((record, 2))
            outbox.drain()
            found = PickList.objects.get(order=order)
            if step % 2:
                send_everything(found, by=staff)
            elif step % 4:
                pick_everything(found, by=staff)

    def asked() -> list[str]:
        with CaptureQueriesContext(connection) as seen:
            assert desk.get(url(name)).status_code == 200
        return [query["sql"][:300] for query in seen]

    fill(4)
    desk.get(url(name))
    few = asked()
    fill(4)
    many = asked()
    assert len(many) == len(few) <= 12, "\n".join(many)


@pytest.mark.parametrize("name", LISTS)
def test_a_list_leaves_as_csv_without_formulas(desk: Client, staff: User, outbox: Outbox, name: str) -> None:
    record = make_stockrecord("=SKU", bins={"A-01": 5}, title="=HYPERLINK(1)")
    order = make_order((record, 2), shipping_method="@home")
    outbox.drain()
    pick_everything(PickList.objects.get(order=order), by=staff)
    answer = desk.get(url(name), {"format": "csv"})
    assert answer.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert len(rows) >= (1 if name == "parcels" else 2)
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "@", "+"))]


def test_every_list_says_something_helpful_when_it_is_empty(desk: Client) -> None:
    for name in LISTS:
        answer = desk.get(url(name))
        assert answer.status_code == 200
        assert 'class="empty"' in answer.content.decode(), name
        assert "Nothing found" in page(desk.get(url(name), {"q": "zzz"}))


def test_the_sku_page_says_who_has_reserved_and_why_it_is_so_many(desk: Client, outbox: Outbox) -> None:
    order = make_order((make_stockrecord(bins={"A-01": 5}), 2))
    text = page(desk.get(url("sku", order.lines.get().stockrecord_id)))
    assert order.number in text and "+5" in text and "Every movement" in text


def test_nobody_enters_without_the_permission() -> None:
    visitor, clerk = Client(), Client()
    clerk.force_login(make_staff("finanz@example.org"))
    for name in (*LISTS, "receive", "new-bin"):
        assert visitor.get(url(name)).status_code == 302
        assert clerk.get(url(name)).status_code == 403


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
