"""Pages for those who plan: open work, preview, batches, cut-offs; by plain forms, with bad input in words."""

from __future__ import annotations

import datetime as dt
import io
import re
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from fulfilment.warehouse.picking import actions
from fulfilment.warehouse.picking.history import plan_changes
from fulfilment.warehouse.picking.models import Batch, CutOff, PickList, ScanRecord
from fulfilment.warehouse.stock.actions import default_site
from shop.customers.models import User
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.stock import make_stockrecord
from tests.support.helpers import Outbox

pytestmark = pytest.mark.django_db
NONSENSE = ["%00", "9" * 50, "-1", "<script>", "2026-99-99", "\u202e", "' OR 1=1 --"]


@pytest.fixture
def lena(db: None) -> User:
    return make_staff(
        "lena@example.org",
        "picking.pick_orders",
        "picking.plan_picking",
        first_name="Lena",
        last_name="Lager",
    )


@pytest.fixture
def desk(lena: User) -> Client:
    client = Client()
    client.force_login(lena)
    return client


def url(name: str, *args: object) -> str:
    return reverse(f"warehouse:{name}", args=args)


def page(response: Any) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", response.content.decode())))


def open_orders(outbox: Outbox, count: int) -> list[PickList]:
    record = make_stockrecord(f"SKU-{PickList.objects.count()}", bins={f"A-{PickList.objects.count()}": 99})
    orders = [make_order((record, 1)) for _ in range(count)]
    outbox.drain()
    return list(PickList.objects.filter(order__in=orders))


def test_walks_are_previewed_and_planned_with_one_click(desk: Client, outbox: Outbox) -> None:
    open_orders(outbox, 5)
    shown = desk.get(url("plan"), {"boxes": "2"})
    assert shown.status_code == 200
    assert "3 walks: 5 orders, 5 stops, 5 pieces" in page(shown)
    assert not Batch.objects.exists()
    answer = desk.post(url("plan"), {"boxes": "2"}, follow=True)
    assert "3 walks are planned." in page(answer)
    assert Batch.objects.count() == 3
    assert "Nothing to plan" in page(desk.get(url("plan")))
    answer = desk.post(url("plan"), {"boxes": "2"}, follow=True)
    assert "Nothing was planned" in page(answer)


def test_open_work_is_shown_and_written_as_csv(desk: Client, outbox: Outbox) -> None:
    first, *_rest = open_orders(outbox, 3)
    actions.reschedule(pick_list=first, urgent=True, carrier="fast", why="asked", by=None)
    text = desk.get(url("plan"), {"format": "csv"}).content.decode()
    assert ";fast;urgent;1;1;1" in text and ";normal;2;2;2" in text
    assert "1 walk: 1 orders, 1 stops, 1 pieces" in page(desk.get(url("plan"), {"carrier": "fast"}))


@pytest.mark.parametrize("name", ["site", "kind", "until", "carrier", "zone", "boxes", "lines"])
def test_nonsense_in_the_choice_is_answered_in_words(desk: Client, outbox: Outbox, name: str) -> None:
    open_orders(outbox, 1)
    for value in NONSENSE:
        for answer in (desk.get(url("plan"), {name: value}), desk.post(url("plan"), {name: value})):
            assert answer.status_code == 400, (name, value)
    assert not Batch.objects.exists()


def test_the_planning_page_asks_the_same_number_of_questions_for_few_and_many(
    desk: Client, outbox: Outbox
) -> None:
    counts = []
    desk.get(url("plan"))  # what is remembered between requests
    for more in (1, 6):
        open_orders(outbox, more)
        with CaptureQueriesContext(connection) as seen:
            assert desk.get(url("plan")).status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 14


def test_a_batch_goes_from_list_to_packing_by_plain_forms(desk: Client, outbox: Outbox) -> None:
    lists = open_orders(outbox, 2)
    desk.post(url("plan"), {})
    batch = Batch.objects.get()
    assert batch.number in page(desk.get(url("batches")))
    shown = page(desk.get(url("batch", batch.pk)))
    assert all(found.order.number in shown for found in lists)
    answer = desk.post(url("batch-act", batch.pk, "start"), follow=True)
    assert "A-0" in page(answer) and "Box 1" in page(answer)
    for line in batch.lines.order_by("pick_list__boxes__box"):
        answer = desk.post(
            url("batch-scan", batch.pk), {"line": line.pk, "code": "SKU-0", "quantity": 1}, follow=True
        )
        assert "Right: 1 × SKU-0." in page(answer)
    assert desk.post(url("batch-finish", batch.pk), {"code": "A-0"}).status_code == 409
    answer = desk.post(url("batch-finish", batch.pk), {"code": "PACK-01"}, follow=True)
    assert "2 orders can be packed." in page(answer)
    assert set(PickList.objects.values_list("state", flat=True)) == {"picked"}
    assert "picked" in page(desk.get(url("batch", batch.pk)))


def test_orders_come_into_a_batch_and_leave_it_on_its_page(desk: Client, outbox: Outbox) -> None:
    open_orders(outbox, 2)
    desk.post(url("plan"), {})
    batch = Batch.objects.get()
    (urgent,) = open_orders(outbox, 1)
    for number, words in (
        ("", "scan or type the order number"),
        ("K0", "No pick list here"),
        ("x" * 99, "too long"),
    ):
        answer = desk.post(url("batch-act", batch.pk, "add"), {"order": number})
        assert answer.status_code == 409 and words in page(answer)
    answer = desk.post(url("batch-act", batch.pk, "add"), {"order": urgent.order.number.lower()}, follow=True)
    assert f"Order {urgent.order.number} goes into box 3." in page(answer)
    box = batch.boxes.get(pick_list=urgent)
    answer = desk.post(url("batch-act", batch.pk, "remove"), {"box": box.pk})
    assert answer.status_code == 409 and "Please say why." in page(answer)
    answer = desk.post(url("batch-act", batch.pk, "remove"), {"box": box.pk, "why": "too heavy"}, follow=True)
    assert "waits to be planned" in page(answer)
    for value in ("x", "9" * 30, ""):
        answer = desk.post(url("batch-act", batch.pk, "remove"), {"box": value, "why": "x"})
        assert answer.status_code == 404
    answer = desk.post(url("batch-act", batch.pk, "cancel"), {"why": "no cart"}, follow=True)
    assert "2 lines wait to be planned" in page(answer)
    assert desk.post(url("batch-act", batch.pk, "explode")).status_code == 404


def test_the_cart_paper_names_boxes_and_orders(desk: Client, outbox: Outbox) -> None:
    lists = open_orders(outbox, 2)
    actions.reschedule(pick_list=lists[1], urgent=True, why="asked", by=None)
    due = timezone.make_aware(dt.datetime(2026, 12, 1, 15, 0))
    for one in lists:
        actions.reschedule(pick_list=one, due_at=due, why="asked", by=None)
    desk.post(url("plan"), {})
    answer = desk.get(url("batch-paper", Batch.objects.get().pk))
    assert answer["Content-Type"] == "application/pdf"
    text = " ".join(sheet.extract_text() for sheet in PdfReader(io.BytesIO(answer.content)).pages)
    assert all(found.order.number in text for found in lists) and "urgent" in text and "2 boxes" in text
    assert "Tue 1 Dec, 15:00" in text, "a day as English writes it"


def test_the_lists_of_batches_are_filtered_sorted_and_written_as_csv(desk: Client, outbox: Outbox) -> None:
    open_orders(outbox, 3)
    desk.post(url("plan"), {"boxes": "1", "kind": "batch"})
    first = Batch.objects.order_by("pk")[0]
    number = first.boxes.get().pick_list.order.number
    for query, found in (
        ({"q": number}, 1),
        ({"kind": "zone"}, 0),
        ({"state": "open"}, 3),
        ({"sort": "-number"}, 3),
    ):
        text = desk.get(url("batches"), query | {"format": "csv"}).content.decode()
        assert text.count("several orders") == found, query
    assert desk.get(url("batches"), {"state": "nonsense"}).status_code == 400
    assert desk.get(url("batches"), {"q": "x" * 999}).status_code == 400
    assert "No batch fits" in page(desk.get(url("batches"), {"kind": "zone"}))


def test_batch_pages_ask_the_same_number_of_questions_for_few_and_many(desk: Client, outbox: Outbox) -> None:
    open_orders(outbox, 1)
    desk.post(url("plan"), {"boxes": "1"})
    few = Batch.objects.get()
    open_orders(outbox, 8)
    desk.post(url("plan"), {})
    many = Batch.objects.latest("pk")
    desk.get(url("batches"))  # what is remembered between requests
    counts = []
    for batch in (few, many):
        actions.start_batch(batch=batch, by=User.objects.get(email="lena@example.org"))
        for name in ("batch", "batch-walk", "pick-batch"):
            with CaptureQueriesContext(connection) as seen:
                assert desk.get(url(name, batch.pk)).status_code == 200
            counts.append(len(seen))
    assert counts[:3] == counts[3:] and max(counts) <= 14


def test_cut_offs_are_added_shown_and_deleted(desk: Client) -> None:
    assert "No cut-off yet" in page(desk.get(url("cut-offs")))
    form = {
        "site": default_site().pk,
        "carrier": "fast",
        "weekdays": ["1", "5"],
        "time": "15:30",
        "holidays_of": "hh",
    }
    answer = desk.post(url("cut-offs"), form, follow=True)
    assert "Mon, Fri" in page(answer) and "15:30" in page(answer)
    made = CutOff.objects.get()
    assert (made.weekdays, made.holidays_of) == ("15", "HH")
    answer = desk.post(url("cut-offs"), form)
    assert answer.status_code == 400 and "There is this cut-off already." in page(answer)
    for wrong in (
        {"time": "25:00"},
        {"weekdays": ["9"]},
        {"weekdays": []},
        {"site": "x"},
        {"holidays_of": "XX"},
    ):
        assert desk.post(url("cut-offs"), form | wrong).status_code == 400, wrong
    assert "15:30" in desk.get(url("cut-offs"), {"format": "csv"}).content.decode()
    desk.post(url("cut-off-delete", made.pk))
    assert not CutOff.objects.exists()
    assert desk.post(url("cut-off-delete", made.pk)).status_code == 404


def test_an_order_is_made_urgent_with_a_reason_on_its_page(desk: Client, outbox: Outbox) -> None:
    (found,) = open_orders(outbox, 1)
    address = url("pick-act", found.pk, "reschedule")
    answer = desk.post(address, {"urgent": "on", "carrier": "by bike"})
    assert answer.status_code == 400 and "Please say why." in page(answer)
    html = answer.content.decode()
    assert 'value="by bike"' in html and "<details open><summary>Plan differently" in html, "kept in sight"
    desk.post(address, {"urgent": "on", "why": "birthday", "due_at": "2026-12-01T15:00", "carrier": "fast"})
    found.refresh_from_db()
    assert found.is_urgent and found.carrier == "fast" and found.due_at
    shown = page(desk.get(url("pick-list", found.pk)))
    assert "birthday" in shown and "Lena Lager" in shown
    for wrong in ({"due_at": "soon"}, {"carrier": "x" * 99}, {"why": "x" * 999}):
        assert desk.post(address, {"why": "x"} | wrong).status_code == 400
    assert found.order.number in page(desk.get(url("pick-lists"), {"priority": "urgent"}))


def test_the_history_of_a_list_says_in_words_what_was_planned_and_what_was_not_found(
    desk: Client, lena: User, outbox: Outbox
) -> None:
    (found,) = open_orders(outbox, 1)
    due = timezone.make_aware(dt.datetime(2026, 12, 1, 15, 0))
    for plan in (
        {"urgent": True, "due_at": due, "carrier": "fast"},
        {"urgent": False},
        {"carrier": "a carrier of 2026-11"},
    ):
        actions.reschedule(pick_list=found, by=lena, why="birthday", **plan)
    actions.start(pick_list=found, by=lena)
    line = found.lines.select_related("pick_list__order", "order_line", "bin", "batch").get()
    actions.report_short(line=line, by=lena)
    shown = page(desk.get(url("pick-list", found.pk)))
    assert "urgent fast" not in shown and "2026-12-01 15:00" not in shown
    assert "Planned differently" in shown
    assert "urgent: goes before others" in shown and "not urgent any more" in shown
    assert "cut-off 1 Dec 2026, 15:00 · birthday" in shown
    assert "carrier fast" in shown and "instead of fast" in shown
    missing = (
        f"{line.quantity} × {line.order_line.title} ({line.order_line.partner_sku}) from bin {line.bin.code}"
    )
    assert "Not found" in shown and missing in shown


def test_a_plan_that_cannot_be_read_is_left_to_its_reason() -> None:
    assert plan_changes("normal", "urgent") == ["urgent: goes before others"]
    assert plan_changes("normal own", "normal own") == []
    for odd in ("", "later", "urgent\n", "\u202e"):
        assert plan_changes("normal", odd) == []
    assert plan_changes("normal", "normal 2026-13-99 25:61") == ["cut-off 2026-13-99 25:61"]


def test_planning_asks_for_its_own_permission(db: None) -> None:
    client = Client()
    client.force_login(make_staff("kai@example.org", "picking.pick_orders"))
    for name in ("plan", "cut-offs"):
        assert client.get(url(name)).status_code == 403
    assert client.get(url("batches")).status_code == 200


def test_what_is_not_there_is_not_found(desk: Client) -> None:
    for name in ("batch", "batch-walk", "pick-batch", "batch-paper"):
        assert desk.get(url(name, 999)).status_code == 404
    for name in ("batch-scan", "batch-short", "batch-finish", "settle-scan"):
        assert desk.post(url(name, 999), {"line": 1, "code": "x", "quantity": 1}).status_code in (404,)
    assert not ScanRecord.objects.exists()
