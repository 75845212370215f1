"""What was done for customers as a list, and the reasons as data."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from fulfilment.customer_service.remedies.models import Reason, Remedy
from tests.factories.cases import make_case
from tests.factories.people import make_staff
from tests.fulfilment.customer_service.remedies.test_replacement import act
from tests.fulfilment.customer_service.returns.test_settlements import sent

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client: Client) -> Client:
    rights = ("remedies.use_remedies", "remedies.change_reasons", "order.view_orders", "cases.view_cases")
    client.force_login(make_staff("service@example.org", *rights, first_name="Svea", last_name="Kunde"))
    return client


def listed(desk: Client, **query: Any) -> list[str]:
    page = desk.get(reverse("service:remedies"), query)
    assert page.status_code == 200
    return [one.remedy.words for one in page.context["rows"]]


def test_the_list_is_searched_filtered_sorted_and_costs_the_same(desk: Client, outbox: Any) -> None:
    empty = desk.get(reverse("service:remedies"))
    assert "Noch wurde nichts getan" in empty.content.decode()
    first, second = sent(outbox, 1), sent(outbox, 1)
    case = make_case(key="c", order=first)
    act(desk, first, "goodwill", reason="late", words="zu spät", amount="5", case=case.number)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            desk.get(reverse("service:remedies"))
        return len(queries)

    cost()
    one = cost()
    act(desk, second, "goodwill", reason="faulty", words="Kratzer", amount="9")
    act(desk, second, "replacement", reason="faulty", words="Naht", **{f"pieces-{second.lines.get().pk}": 1})
    assert cost() == one
    assert listed(desk) == ["Naht", "Kratzer", "zu spät"]
    assert listed(desk, act="goodwill") == ["Kratzer", "zu spät"]
    assert (
        listed(desk, reason="late")
        == listed(desk, q=first.number)
        == listed(desk, q=case.number)
        == ["zu spät"]
    )
    assert listed(desk, sort="amount")[0] == "zu spät" and listed(desk, q="naht") == ["Naht"]
    assert listed(desk, first="2030-01-01") == []
    assert desk.get(reverse("service:remedies"), {"act": "nonsense"}).status_code == 400
    text = desk.get(reverse("service:remedies"), {"format": "csv"}).content.decode()
    assert text.count("\n") == 4 and "40,00" in text and "Svea" not in text and "service@example.org" in text


def test_reasons_are_data_with_a_history_and_one_that_is_off_is_not_offered(
    desk: Client, outbox: Any
) -> None:
    new = reverse("service:remedy-reason-new")
    for bad in ({"code": "x y"}, {"title_de": ""}, {"title_en": "x" * 81}, {"code": "faulty"}):
        data = {"code": "wet", "title_de": "Nass", "title_en": "Wet", "is_active": "on", **bad}
        assert desk.post(new, data).status_code == 422
    desk.post(new, {"code": "wet", "title_de": "Nass", "title_en": "Wet", "is_active": "on"})
    row = Reason.objects.get(code="wet")
    order = sent(outbox, 1)
    act(desk, order, "goodwill", reason="wet", words="Paket nass", amount="5")
    assert Remedy.objects.get().reason == row
    change = reverse("service:remedy-reason", args=[row.pk])
    desk.post(change, {"code": "other_code", "title_de": "Durchnässt", "title_en": "Wet"})
    row.refresh_from_db()
    assert (row.code, row.title_de, row.is_active) == ("wet", "Durchnässt", False), "a used code stays"
    page = desk.get(reverse("service:remedy-reasons")).content.decode()
    assert "Durchnässt" in page and "Svea Kunde" in page
    codes = [code for code, _title in desk.get(reverse("service:act-form", args=[order.number, "goodwill"])).context[
        "form"
    ].fields["reason"].choices]  # fmt: skip
    assert "wet" not in codes and "faulty" in codes
    assert desk.get(reverse("service:remedy-reason", args=[99999])).status_code == 404
