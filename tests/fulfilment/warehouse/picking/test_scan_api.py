"""What the phone asks and tells: walk.json and scans/, for lists and batches, with bad input answered in words."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

from catalogue.models import Product
from checkout.order import actions as orders
from checkout.order.models import Line, Order
from fulfilment.warehouse.picking import actions
from fulfilment.warehouse.picking.models import PickLine, PickList, ScanRecord
from fulfilment.warehouse.stock.models import Barcode, BinStock, Movement
from fulfilment.warehouse.stock.queries import stock_differences
from shop.customers.models import User
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.stock import make_stockrecord
from tests.support.helpers import Outbox

pytestmark = pytest.mark.django_db
PERMISSION = "picking.pick_orders"


@pytest.fixture(autouse=True)
def _in_english() -> Any:
    with override("en"):
        yield


@pytest.fixture
def picker() -> User:
    return make_staff("lager@example.org", PERMISSION, first_name="Lena", last_name="Lager")


@pytest.fixture
def phone(picker: User) -> Client:
    client = Client()
    client.force_login(picker)
    return client


def url(name: str, *args: object) -> str:
    return reverse(f"warehouse:{name}", args=args)


def started(outbox: Outbox, by: User, pieces: int = 3, **stock: Any) -> PickList:
    record = make_stockrecord(**({"bins": {"A-01": 9}, "gtin": "4006381333931"} | stock))
    order = make_order((record, pieces))
    outbox.drain()
    pick_list = PickList.objects.get(order=order)
    actions.start(pick_list=pick_list, by=by)
    return pick_list


def one_scan(line: PickLine, /, **fields: Any) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "line": line.pk,
        "kind": "pick",
        "code": "SKU-1",
        "quantity": 1,
        "bin": "A-01",
        "at": "2026-11-25T12:00:00+01:00",
    } | fields


def send(client: Client, walk: str, *scans: Any, **also: Any) -> Any:
    body = json.dumps({"walk": walk, "scans": list(scans)} | also)
    return client.post(url("scans"), body, content_type="application/json")


def test_the_walk_holds_all_that_is_needed_without_network(
    phone: Client, picker: User, outbox: Outbox
) -> None:
    pick_list = started(outbox, picker)
    record = pick_list.lines.get().stockrecord
    Barcode.objects.create(stockrecord=record, code="OWN-1")
    Barcode.objects.create(stockrecord=record, code="CARTON-6", pieces=6, name="carton")
    walk = phone.get(url("walk", pick_list.pk)).json()
    assert walk["walk"] == f"list:{pick_list.pk}"
    assert (walk["kind"], walk["state"], walk["mine"]) == ("single", "picking", True)
    assert walk["packing_place"] == "PACK-01"
    assert walk["person"] == {"id": picker.pk, "name": "Lena Lager"}
    assert walk["boxes"][0]["order"] == pick_list.order.number
    (stop,) = walk["stops"]
    assert stop["codes"] == ["SKU-1", "4006381333931", "OWN-1"]
    assert stop["packs"] == [{"code": "CARTON-6", "pieces": 6, "name": "carton"}]
    assert (stop["bin"], stop["quantity"], stop["open"], stop["state"]) == ("A-01", 3, 3, "open")
    assert (stop["tracking"], stop["lot"], stop["best_before"]) == ("none", None, None)


def test_scans_are_answered_one_by_one_in_their_order(phone: Client, picker: User, outbox: Outbox) -> None:
    pick_list = started(outbox, picker)
    line = pick_list.lines.get()
    answer = send(
        phone, f"list:{pick_list.pk}", one_scan(line, quantity=2), one_scan(line, code="4006381333931")
    )
    assert answer.status_code == 200
    first, second = answer.json()["answers"]
    assert first["text"] == "Right: 2 × SKU-1. 1 piece more here."
    assert second["text"] == "Right: 1 × SKU-1."
    assert (second["outcome"], second["picked"], second["open"], second["state"]) == (
        "accepted", 3, 0, "picked",
    )  # fmt: skip
    stop = phone.get(url("walk", pick_list.pk)).json()["stops"][0]
    assert stop["state"] == "picked" and stop["done_by"] == "Lena Lager" and stop["done_at"]
    assert list(ScanRecord.objects.values_list("quantity", flat=True)) == [2, 1]
    assert stock_differences() == []


def test_a_scan_sent_again_gets_its_first_answer_and_moves_nothing(
    phone: Client, picker: User, outbox: Outbox
) -> None:
    pick_list = started(outbox, picker)
    scan = one_scan(pick_list.lines.get())
    wrong = one_scan(pick_list.lines.get(), code="SKU-9")
    walk = f"list:{pick_list.pk}"
    first = send(phone, walk, scan, wrong, scan).json()["answers"]
    again = send(phone, walk, wrong, scan).json()["answers"]
    assert [a["repeated"] for a in first] == [False, False, True]
    assert [a["repeated"] for a in again] == [True, True]
    assert again[1]["text"] == first[0]["text"] and again[0]["text"] == first[1]["text"]
    assert pick_list.lines.get().quantity_picked == 1
    assert Movement.objects.filter(kind="pick").count() == 2
    assert ScanRecord.objects.count() == 2


def test_the_code_of_a_pack_counts_its_pieces(phone: Client, picker: User, outbox: Outbox) -> None:
    pick_list = started(outbox, picker, pieces=8)
    line = pick_list.lines.get()
    Barcode.objects.create(stockrecord=line.stockrecord, code="CARTON-6", pieces=6)
    answers = send(
        phone,
        f"list:{pick_list.pk}",
        one_scan(line, code="carton-6", quantity=2),
        one_scan(line, code="carton-6"),
    ).json()["answers"]
    assert [a["outcome"] for a in answers] == ["refused", "accepted"]
    assert answers[0]["text"] == "Only 8 pieces are wanted here, not 12."
    assert pick_list.lines.get().quantity_picked == 6


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"code": "SKU-9"}, "Wrong product: you scanned SKU-9"),
        ({"code": ""}, "Please scan the product"),
        ({"code": "A-01"}, "That is the bin. Please scan the product."),
        ({"bin": "SKU-1"}, "That is the product. Please scan bin A-01 first."),
        ({"bin": "B-07"}, "This is bin B-07. Please go to A-01."),
        ({"quantity": 0}, "whole number from 1"),
        ({"quantity": -3}, "whole number from 1"),
        ({"quantity": 10**9}, "whole number from 1"),
        ({"quantity": 10**30}, "whole number from 1"),
        ({"quantity": 1.5}, "whole number from 1"),
        ({"quantity": "many"}, "whole number from 1"),
        ({"quantity": True}, "whole number from 1"),
        ({"quantity": 4}, "Only 3 pieces are wanted"),
        ({"line": None}, "not on your walk any more"),
        ({"line": 999_999}, "not on your walk any more"),
        ({"line": 10**30}, "not on your walk any more"),
        ({"line": "x"}, "not on your walk any more"),
        ({"code": "\x00" * 10}, "Please scan the product"),
        ({"code": "\ud800"}, "Please scan the product"),
        ({"code": "x" * 5000}, "Wrong product"),
        ({"code": ["SKU-1"]}, "Wrong product"),
        ({"lot": {"a": 1}, "code": "SKU-9"}, "Wrong product"),
        ({"at": "yesterday", "code": "SKU-9"}, "Wrong product"),
        ({"at": "9999-99-99T99:99:99Z", "code": "SKU-9"}, "Wrong product"),
        ({"at": "0001-01-01T00:00:00+14:00", "code": "SKU-9"}, "Wrong product"),
    ],
)
def test_an_odd_scan_is_refused_in_words_kept_and_changes_nothing(
    phone: Client, picker: User, outbox: Outbox, fields: dict[str, Any], words: str
) -> None:
    pick_list = started(outbox, picker)
    answer = send(phone, f"list:{pick_list.pk}", one_scan(pick_list.lines.get(), **fields))
    assert answer.status_code == 200
    (told,) = answer.json()["answers"]
    assert told["outcome"] == "refused" and words in told["text"]
    record = ScanRecord.objects.get()
    assert not record.accepted and record.answer == told["text"]
    assert not Movement.objects.filter(kind="pick").exists()


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"\xff", b"[]", b"7", b'{"walk": "list:1"}', b'{"walk": "list:1", "scans": 3}',
        b'{"walk": "list:1", "scans": [3]}', b'{"walk": "list:1", "scans": [{"id": "x"}]}',
        b'{"walk": "list:1", "scans": [{"id": "0b0f8e1c-8f6b-4f0e-9d1c-2f0f6f0a7d11", "kind": "bin"}]}',
        b"[" * 100_000,
    ],
)  # fmt: skip
def test_a_malformed_message_is_answered_400_in_words(phone: Client, body: bytes) -> None:
    answer = phone.post(url("scans"), body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert not ScanRecord.objects.exists()


def test_too_many_scans_are_refused_as_a_whole(phone: Client, picker: User, outbox: Outbox) -> None:
    pick_list = started(outbox, picker)
    line = pick_list.lines.get()
    answer = send(phone, f"list:{pick_list.pk}", *[one_scan(line) for _ in range(501)])
    assert answer.status_code == 400 and "500" in answer.json()["error"]
    assert not ScanRecord.objects.exists()


@pytest.mark.parametrize("walk", ["list:999999", "batch:1", "list:x", "", None, 7, "list:" + "9" * 30])
def test_a_walk_that_is_not_there_is_404_as_json(phone: Client, walk: Any) -> None:
    answer = send(phone, walk)
    assert answer.status_code == 404 and answer.json()["error"]


def test_strangers_are_told_401_and_others_403_as_json(db: None, outbox: Outbox, picker: User) -> None:
    pick_list = started(outbox, picker)
    colleague = Client()
    colleague.force_login(make_staff("buero@example.org"))
    for client, status in ((Client(), 401), (colleague, 403)):
        for answer in (client.get(url("walk", pick_list.pk)), send(client, f"list:{pick_list.pk}")):
            assert answer.status_code == status
            assert answer.json()["error"]


def test_scans_of_somebody_else_on_the_same_phone_are_not_booked(
    phone: Client, picker: User, outbox: Outbox
) -> None:
    pick_list = started(outbox, picker)
    scan = one_scan(pick_list.lines.get())
    answer = send(phone, f"list:{pick_list.pk}", scan, person=picker.pk + 1)
    assert answer.status_code == 409 and answer.json()["error"]
    assert not ScanRecord.objects.exists()
    assert send(phone, f"list:{pick_list.pk}", scan, person=picker.pk).status_code == 200


def test_scans_made_offline_of_a_list_taken_over_are_refused_and_kept_for_staff(
    phone: Client, picker: User, outbox: Outbox
) -> None:
    pick_list = started(outbox, picker)
    scan = one_scan(pick_list.lines.get())
    actions.take_over(
        pick_list=pick_list, by=make_staff("kai@example.org", first_name="Kai", last_name="Kollege")
    )
    answer = send(phone, f"list:{pick_list.pk}", scan).json()
    assert answer["answers"][0]["text"] == "Kai Kollege is picking this order. You can take it over."
    assert answer["walk"]["mine"] is False
    page = phone.get(url("pick-list", pick_list.pk)).content.decode()
    assert "1 refused scan" in page and "Kai Kollege is picking this order" in page
    record = ScanRecord.objects.get()
    phone.post(url("settle-scan", record.pk), {"note": "  "})
    record.refresh_from_db()
    assert record.settled_at is None
    phone.post(url("settle-scan", record.pk), {"note": "laid back into A-01"})
    record.refresh_from_db()
    assert (record.settled_by, record.settled_note) == (picker, "laid back into A-01")
    assert "refused scan" not in phone.get(url("pick-list", pick_list.pk)).content.decode()
    with pytest.raises(actions.PickError, match="already settled"):
        actions.settle_scan(record=record, by=picker, note="again")


def test_scans_of_a_cancelled_order_are_refused_and_its_stops_are_gone(
    phone: Client, picker: User, outbox: Outbox
) -> None:
    pick_list = started(outbox, picker)
    scan = one_scan(pick_list.lines.get())
    orders.cancel(order=Order.objects.get(), why="changed her mind")
    outbox.drain()
    answer = send(phone, f"list:{pick_list.pk}", scan).json()
    assert "was cancelled. Please put the goods back." in answer["answers"][0]["text"]
    assert answer["walk"]["stops"] == []
    assert answer["walk"]["boxes"][0]["put_back"] is True


def test_a_line_of_another_walk_is_refused(phone: Client, picker: User, outbox: Outbox) -> None:
    mine = started(outbox, picker)
    other = make_order((mine.lines.get().stockrecord, 1))
    outbox.drain()
    foreign = PickLine.objects.get(pick_list__order=other)
    answer = send(phone, f"list:{mine.pk}", one_scan(foreign)).json()
    assert "not on your walk any more" in answer["answers"][0]["text"]
    assert ScanRecord.objects.get().line == foreign
    assert PickLine.objects.get(pk=foreign.pk).quantity_picked == 0


def test_short_by_scan_asks_other_bins_and_doubts_the_empty_one(
    phone: Client, picker: User, outbox: Outbox
) -> None:
    pick_list = started(outbox, picker, bins={"A-01": 3, "A-02": 2})
    line = pick_list.lines.get()
    scan = one_scan(line, kind="short")
    answer = send(phone, f"list:{pick_list.pk}", scan, scan).json()
    assert answer["answers"][0]["text"] == (
        "2 pieces were found in other bins. 1 piece is missing; the order shows it."
    )
    assert [a["repeated"] for a in answer["answers"]] == [False, True]
    assert [(s["bin"], s["state"]) for s in answer["walk"]["stops"]] == [("A-01", "short"), ("A-02", "open")]
    assert BinStock.objects.get(bin__code="A-01").is_doubtful
    assert not BinStock.objects.get(bin__code="A-02").is_doubtful


def test_a_product_taken_out_of_the_range_meanwhile_loses_nothing(
    phone: Client, picker: User, outbox: Outbox
) -> None:
    from django.db.models import ProtectedError

    pick_list = started(outbox, picker)
    with pytest.raises(ProtectedError):
        Product.objects.get().delete()
    Line.objects.update(product=None)
    answer = send(phone, f"list:{pick_list.pk}", one_scan(pick_list.lines.get(), quantity=3))
    assert answer.json()["answers"][0]["outcome"] == "accepted"
    assert phone.get(url("walk", pick_list.pk)).json()["stops"][0]["picture"] == ""


def test_the_walk_takes_the_same_queries_for_one_stop_and_for_many(
    phone: Client, picker: User, outbox: Outbox
) -> None:
    few = started(outbox, picker)
    records = [make_stockrecord(f"M-{n}", bins={f"M-{n}": 5}) for n in range(8)]
    order = make_order(*[(record, 1) for record in records])
    outbox.drain()
    many = PickList.objects.get(order=order)
    actions.start(pick_list=many, by=picker)
    counts = []
    for pick_list in (few, many):
        with CaptureQueriesContext(connection) as seen:
            phone.get(url("walk", pick_list.pk))
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 9


def test_confirming_a_scan_takes_at_most_twelve_queries(
    picker: User, outbox: Outbox, django_assert_max_num_queries: Any
) -> None:
    pick_list = started(outbox, picker)
    scan = actions.Scan(uuid.uuid4(), "pick", pick_list.lines.get().pk, "SKU-1", 3, bin="A-01")
    with django_assert_max_num_queries(12):
        (answer,) = actions.take_scans(walk=pick_list, scans=[scan], by=picker)
    assert answer.accepted


@pytest.mark.parametrize("pieces", [2, 3])
def test_the_request_of_a_phone_with_one_scan_takes_at_most_twelve_queries(
    phone: Client, picker: User, outbox: Outbox, pieces: int, django_assert_max_num_queries: Any
) -> None:
    """All included: session, person, permissions, the scan and both ends of its transaction."""
    pick_list = started(outbox, picker)
    scan = one_scan(pick_list.lines.get(), quantity=pieces)
    with django_assert_max_num_queries(12):
        answer = send(phone, f"list:{pick_list.pk}", scan)
    assert answer.json()["answers"][0]["outcome"] == "accepted"


def test_the_walk_comes_with_the_answers_only_when_more_may_have_changed_than_they_tell(
    phone: Client, picker: User, outbox: Outbox
) -> None:
    pick_list = started(outbox, picker)
    line, walk = pick_list.lines.get(), f"list:{pick_list.pk}"
    first, second = one_scan(line), one_scan(line)
    picked = send(phone, walk, first, second).json()
    assert "walk" not in picked and picked["fetched_at"]
    assert [(a["picked"], a["open"], a["state"]) for a in picked["answers"]] == [
        (1, 2, "open"), (2, 1, "open"),
    ]  # fmt: skip
    repeated = send(phone, walk, first).json()
    assert repeated["answers"][0]["repeated"] is True
    for answer in (repeated, send(phone, walk, one_scan(line, code="SKU-9")).json()):
        assert (answer["answers"][0]["picked"], answer["walk"]["stops"][0]["open"]) == (2, 1)
    short = send(phone, walk, one_scan(line), one_scan(line, kind="short")).json()
    assert short["walk"]["stops"][0]["state"] == "picked"
    assert send(phone, walk).json()["walk"]["walk"] == walk


@pytest.mark.parametrize("kind", ["pick", "short"])
def test_a_scan_sent_again_alone_gets_its_first_answer_also_when_its_line_was_closed(
    phone: Client, picker: User, outbox: Outbox, kind: str
) -> None:
    pick_list = started(outbox, picker)
    line, walk = pick_list.lines.get(), f"list:{pick_list.pk}"
    scan = one_scan(line, kind=kind)
    (first,) = send(phone, walk, scan).json()["answers"]
    if kind == "pick":
        (again,) = send(phone, walk, scan).json()["answers"]
        assert (again["text"], again["repeated"], again["picked"]) == (first["text"], True, 1)
        send(phone, walk, one_scan(line, quantity=2))
    (late,) = send(phone, walk, scan).json()["answers"]
    assert (late["text"], late["outcome"], late["repeated"]) == (first["text"], "accepted", True)
    assert pick_list.lines.get(pk=line.pk).quantity_picked == (3 if kind == "pick" else 0)
    assert stock_differences() == []


def test_a_scan_with_an_unknown_walk_is_404_and_leaves_no_trace(
    phone: Client, picker: User, outbox: Outbox
) -> None:
    pick_list = started(outbox, picker)
    scan = one_scan(pick_list.lines.get())
    for walk in ("list:999999", f"batch:{pick_list.pk}"):
        answer = send(phone, walk, scan, one_scan(pick_list.lines.get(), code="SKU-9"))
        assert answer.status_code == 404 and answer.json()["error"]
    assert not ScanRecord.objects.exists() and pick_list.lines.get().quantity_picked == 0


def test_finishing_answers_a_phone_in_json(phone: Client, picker: User, outbox: Outbox) -> None:
    pick_list = started(outbox, picker)
    accept = {"HTTP_ACCEPT": "application/json"}
    answer = phone.post(url("finish", pick_list.pk), **accept)
    assert answer.status_code == 409 and answer.json()["error"] == "1 line is still open."
    send(phone, f"list:{pick_list.pk}", one_scan(pick_list.lines.get(), quantity=3))
    answer = phone.post(url("finish", pick_list.pk), {"code": "PACK-01"}, **accept)
    assert answer.status_code == 200 and "can be packed" in answer.json()["text"]
    assert phone.post(url("finish", pick_list.pk), {"code": "PACK-01"}, **accept).status_code == 200
