""" "Why?": the whole story of an order on one page, and what stands still with its reason and what is safe to do."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q
from django.test import Client
from django.test.utils import CaptureQueriesContext

from checkout.order.models import Order
from fulfilment.customer_service.cases.actions import close
from fulfilment.customer_service.cases.models import Case
from fulfilment.finance.ledger.models import EntryLine
from shop.audit.models import EXPORT, LOOK, Access
from shop.connect.actions import add_endpoint
from shop.connect.models import ORDER_CONFIRMED
from shop.kernel.models import InboxMessage
from shop.notifications.models import OutgoingMail
from tests.factories.cases import make_case
from tests.factories.people import make_staff
from tests.shop.dashboard.whys import a_sent_order, page

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def test_the_story_goes_from_the_click_to_the_row_in_the_ledger(as_role: Any, outbox: Any) -> None:
    add_endpoint(name="ERP", url="https://erp.example.org/in", events=[ORDER_CONFIRMED], by=None)
    order = a_sent_order(outbox)
    answer = as_role("manager").get(page(order))
    assert answer.status_code == 200
    rows = answer.context["rows"]
    titles = [row["title"] for row in rows]
    assert rows[0]["title"] == "Bestellung eingegangen"
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    begins = (
        "Bestellung: ",
        "Pickliste: ",
        "Paket: ",
        "Etikett",
        "Mail: ",
        "Gebucht: Rechnung",
        "ERP",
        "Fall",
    )
    missing = [begin for begin in begins if not any(begin in title for title in titles)]
    assert not missing, titles
    posted = next(row for row in rows if row["title"].startswith("Gebucht: Rechnung"))
    assert "1400" in posted["text"] and "Soll" in posted["text"] and posted["url"]
    of_the_order = {
        row["thread"] for row in rows if row["topic"] in ("sale", "goods", "technical") and row["thread"]
    }
    assert of_the_order == {order.correlation_id}
    assert order.correlation_id in answer.content.decode()
    assert "Nichts." in answer.content.decode()  # nothing stands still


def test_rows_are_filtered_searched_turned_round_and_taken_as_a_file(as_role: Any, outbox: Any) -> None:
    client, order = as_role("manager"), a_sent_order(outbox)

    def rows(**query: str) -> list[dict[str, Any]]:
        answer = client.get(page(order), query)
        assert answer.status_code == 200
        return list(answer.context["rows"])

    everything = rows()
    assert {row["topic"] for row in rows(topic="money")} == {"money"}
    assert (
        len(everything)
        == sum(len(rows(topic=t)) for t in ("sale", "money", "goods", "mails", "staff", "technical")) - 6
    )
    found = rows(q="gebucht rechnung")
    assert found and all("Gebucht" in row["title"] for row in found)
    assert [row["title"] for row in rows(topic="goods", first="newest")] == [
        r["title"] for r in rows(topic="goods")
    ][::-1]
    assert rows(q="no such thing") == []
    assert client.get(page(order), {"topic": "nonsense"}).status_code == 400
    answer = client.get(page(order), {"topic": "goods", "format": "csv"})
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert len(lines) == 1 + len(rows(topic="goods")) and lines[1][5] == order.correlation_id


def test_it_costs_the_same_for_one_and_for_many_of_everything(as_role: Any, outbox: Any) -> None:
    client, order = as_role("manager"), a_sent_order(outbox)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(page(order)).status_code == 200
        return len(queries)

    cost()
    few = cost()
    for n in range(5):
        make_case(order=order, key=f"more-{n}")
        InboxMessage.objects.create(
            source="stripe", external_id=f"e{n}", body="{}", correlation_id=order.correlation_id
        )
        mail = OutgoingMail.objects.filter(order=order).first()
        assert mail is not None
        mail.pk, mail.source, mail.message_id = None, f"copy:{n}", f"<{n}@x>"
        mail.save(force_insert=True)
    assert cost() == few


def test_looking_is_written_down_and_looks_are_shown_to_those_who_answer_for_it(
    as_role: Any, outbox: Any
) -> None:
    order = a_sent_order(outbox)
    service = as_role("service")
    service.get(page(order))
    assert Access.objects.get().key == order.number
    assert not any(row["icon"] == "eye" for row in service.get(page(order)).context["rows"])
    assert any(row["icon"] == "eye" for row in as_role("manager").get(page(order)).context["rows"])


def test_links_lead_only_where_one_may_go(as_role: Any, outbox: Any) -> None:
    order = a_sent_order(outbox)
    posted = [
        r for r in as_role("service").get(page(order)).context["rows"] if r["title"].startswith("Gebucht")
    ]
    assert posted and not any(row["url"] for row in posted)
    posted = [
        r for r in as_role("finance").get(page(order)).context["rows"] if r["title"].startswith("Gebucht")
    ]
    assert all(row["url"] for row in posted)


def as_file(client: Client, order: Order) -> str:
    return client.get(page(order), {"format": "csv"}).content.decode("utf-8-sig")


def test_what_is_posted_is_read_only_by_those_who_read_the_ledger(as_role: Any, outbox: Any) -> None:
    order = a_sent_order(outbox)
    service = as_role("service")
    cost = EntryLine.objects.get(account__role="cost_of_goods", subject=f"order:{order.number}")
    lines = EntryLine.objects.filter(Q(subject=cost.subject) | Q(entry=cost.entry))
    accounts = set(lines.values_list("account__number", "account__name_de"))
    assert len(accounts) > 2
    for text in (service.get(page(order)).content.decode(), as_file(service, order)):
        assert not [name for number, name in accounts if f"{number} {name}" in text]
    assert not service.get(page(order), {"q": "Soll"}).context["rows"]
    finance = as_role("finance")
    text = as_file(finance, order)
    assert all(f"{number} {name}" in text for number, name in accounts)


def test_what_a_case_is_about_is_read_only_by_those_who_see_cases(as_role: Any, outbox: Any) -> None:
    order = a_sent_order(outbox)
    Case.objects.filter(order=order).update(subject="Naht am Knöchel offen")
    case = Case.objects.get(order=order)
    closing = "Kundin weinte am Telefon"
    close(case=case, by=make_staff("desk@example.org"), why=closing)
    finance, service = as_role("finance"), as_role("service")
    for text in (finance.get(page(order)).content.decode(), as_file(finance, order)):
        assert case.number in text and case.subject not in text and closing not in text
    for text in (service.get(page(order)).content.decode(), as_file(service, order)):
        assert case.subject in text and closing in text


def test_the_story_taken_as_a_file_is_written_down_as_a_file(as_role: Any, outbox: Any) -> None:
    order = a_sent_order(outbox)
    client = as_role("service")
    lines = list(csv.reader(io.StringIO(as_file(client, order)), delimiter=";"))
    row = Access.objects.get()
    assert (row.deed, row.kind, row.key, row.rows) == (EXPORT, "order", order.number, len(lines) - 1)
    client.get(page(order))
    assert Access.objects.order_by("-pk")[0].deed == LOOK
