"""Pages of a recall: from the lot to the mails, bad input in words, who may not sees nothing, few queries."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalogue.partner.models import StockRecord
from checkout.order.models import Order
from fulfilment.warehouse.dispatch import actions as dispatch
from fulfilment.warehouse.recalls import trace
from fulfilment.warehouse.recalls.models import Notice, Recall
from shop.customers.models import User
from shop.notifications.models import OutgoingMail
from tests.fulfilment.warehouse.recalls.tins import (
    SOON,
    TEXTS,
    lies,
    lot,
    ordered,
    pack,
    page,
    pick,
    prepared,
    url,
)
from tests.support.helpers import Outbox

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def test_lots_are_found_by_code_article_and_best_before(cream: StockRecord) -> None:
    def codes(**asked: Any) -> list[str]:
        return [one.code for one in trace.find_lots(**asked)]

    assert codes(code="l-") == ["L-1", "L-2"] and codes(code="L-2") == ["L-2"]
    assert codes(article="cream") == ["L-1", "L-2"] and codes(article="nothing") == []
    assert codes(article="CREAM", first=SOON - dt.timedelta(days=30), last=SOON) == ["L-1"]
    assert codes(article="CREAM", first=SOON + dt.timedelta(days=1)) == ["L-2"]


def test_the_pages_lead_from_lot_to_mails_and_say_before_what_will_happen(
    three: list[Order], office: Client, outbox: Outbox
) -> None:
    answer = office.get(url("recall-trace"), {"code": "L-1"})
    for words in ("L-1", "A-01", "PACK-01", "erika@example.org", three[0].number, three[1].number):
        assert words in page(answer), words
    address = url("recall-new") + "?code=L-1"
    answer = office.post(address, {"lot": lot().pk, **TEXTS, "advice_en": ""})
    assert answer.status_code == 400
    ticked = f'value="{lot().pk}" aria-label="L-1" checked'
    assert ticked in answer.content.decode(), "what was ticked stays ticked"
    answer = office.post(address, {"lot": lot().pk, **TEXTS}, follow=True)
    recall = Recall.objects.get()
    assert "Nothing has moved yet" in page(answer)
    answer = office.get(url("recall-confirm", recall.pk, "start"))
    assert "7 pieces go to quarantine" in page(answer) and three[1].number in page(answer)
    assert "A mail is prepared for 1 order" in page(answer)
    assert lies() == {"pick": 5, "packing": 2}, "asking moves nothing"
    answer = office.post(url("recall-confirm", recall.pk, "start"), follow=True)
    assert "7 pieces lie in quarantine" in page(answer) and "0 / 1" in page(answer)
    preview = office.get(url("recall-notice", Notice.objects.get().pk, space="notifications"))
    assert TEXTS["reason_de"] in page(preview) and "sandbox" in preview["Content-Security-Policy"]
    assert "1 customer is told by mail" in page(office.get(url("recall-confirm", recall.pk, "send")))
    assert not OutgoingMail.objects.filter(kind="recall_notice").exists()
    assert "1 mail is on its way" in page(office.post(url("recall-confirm", recall.pk, "send"), follow=True))
    answer = office.post(url("recall-confirm", recall.pk, "send"), follow=True)
    assert "no mail was written twice" in page(answer)
    outbox.drain()
    assert OutgoingMail.objects.filter(kind="recall_notice").count() == 1
    assert "1 / 1" in page(office.get(url("recall", recall.pk)))
    assert three[0].number in office.get(url("recall", recall.pk), {"format": "csv"}).content.decode()
    assert office.post(url("recall-confirm", recall.pk, "start")).status_code == 409
    answer = office.post(url("recall-close", recall.pk), {"why": ""})
    assert answer.status_code == 400 and 'id="id_why_error"' in answer.content.decode(), "beside the field"
    assert "is closed" in page(office.post(url("recall-close", recall.pk), {"why": "destroyed"}, follow=True))
    assert recall.number in page(office.get(url("recalls"), {"q": "L-1"}))
    assert recall.number in office.get(url("recalls"), {"format": "csv"}).content.decode()


def test_bad_input_is_answered_in_words(cream: StockRecord, office: Client) -> None:
    for asked in (
        {"code": ""},
        {"first": "2027-01-01"},
        {"code": "x" * 5000},
        {"article": "CREAM", "first": "nonsense"},
        {"article": "CREAM", "first": "2027-02-01", "last": "2027-01-01"},
        {"code": "\x00"},
    ):
        assert office.get(url("recall-trace"), asked).status_code == 400, asked
    for text in ("' OR 1=1 --", "%", "_", "<script>alert(1)</script>", "‮💥"):
        answer = office.get(url("recall-trace"), {"code": text})
        assert answer.status_code == 200 and "<script>alert" not in answer.content.decode()
    for chosen in (10**12, "x", "-1", ""):
        answer = office.post(url("recall-new") + "?code=L-1", {"lot": chosen, **TEXTS})
        assert answer.status_code == 400, chosen
    assert not Recall.objects.exists()
    for verb in ("start", "send", "rest", "dance"):
        assert office.post(url("recall-confirm", 10**12, verb)).status_code == 404


def test_who_may_not_recall_sees_nothing(cream: StockRecord, staff: User, boss: User) -> None:
    recall = prepared(boss)
    worker = Client()
    worker.force_login(staff)
    for address in (url("recalls"), url("recall-trace"), url("recall", recall.pk)):
        assert worker.get(address).status_code == 403


def test_a_page_costs_the_same_however_many_orders_there_are(
    cream: StockRecord, staff: User, boss: User, office: Client, outbox: Outbox
) -> None:
    def cost(address: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert office.get(address).status_code == 200
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
