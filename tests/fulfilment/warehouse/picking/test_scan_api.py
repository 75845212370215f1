"""What the phone asks and tells: walk.json and scans/, for lists and batches, with bad input answered in words."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalogue.models import Product
from checkout.order.models import Line
from fulfilment.warehouse.picking import actions
from fulfilment.warehouse.picking.models import PickList, ScanRecord
from fulfilment.warehouse.stock.models import Barcode, BinStock, Movement
from fulfilment.warehouse.stock.queries import stock_differences
from shop.customers.models import User
from tests.factories.orders import make_order
from tests.factories.stock import make_stockrecord
from tests.fulfilment.warehouse.picking.scans import one_scan, send, started, url
from tests.support.helpers import Outbox

pytestmark = pytest.mark.django_db


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
