"""Scans that are not booked: odd, malformed, by somebody else, too late. Each is answered in words and kept."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from checkout.order import actions as orders
from checkout.order.models import Order
from fulfilment.warehouse.picking import actions
from fulfilment.warehouse.picking.models import PickLine, ScanRecord
from fulfilment.warehouse.stock.models import Movement
from shop.customers.models import User
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.fulfilment.warehouse.picking.scans import one_scan, send, started, url
from tests.support.helpers import Outbox

pytestmark = pytest.mark.django_db


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
