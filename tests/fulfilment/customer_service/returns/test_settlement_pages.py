"""The pages of returns' money: consequences before, result after; bad input is said; a constant number of queries."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from checkout.payment.models import Refund
from fulfilment.customer_service.returns.models import Settlement
from fulfilment.warehouse.receiving.models import Return
from tests.factories.orders import make_country
from tests.factories.people import make_staff
from tests.factories.range import ensure_vat
from tests.factories.returns import dock_bins

from .test_settlements import come_back, sent, skus, withdraw

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client: Client) -> Client:
    make_country()
    ensure_vat()
    dock_bins()
    client.force_login(make_staff("service@example.org", "returns.settle_money", "payment.refund_payments"))
    return client


@pytest.fixture
def waiting(desk: Client, outbox: Any) -> Settlement:
    order = sent(outbox, 1)
    withdraw(order)
    outbox.drain()
    return come_back(outbox, Return.objects.get(order=order), {skus(order)[0]: 1}, grade="b")


def url(found: Settlement, verb: str = "") -> str:
    return reverse(f"service:settlement{verb}", args=[found.returning.number])


def test_consequences_are_shown_reckoned_anew_and_carried_out(desk: Client, waiting: Settlement) -> None:
    line_id = waiting.lines[0]["order_line_id"]
    first = desk.get(url(waiting))
    assert first.context["plan"].refund_minor == 9_990 + 490
    entered = {f"kept-{line_id}": "10,00", "kept_why": "Kratzer", "with_shipping": "on"}
    second = desk.post(url(waiting, "-settle"), {**entered, "step": "show"})
    plan = second.context["plan"]
    assert (second.status_code, plan.credit_minor, plan.refund_minor) == (200, 9_480, 9_480)
    assert not Refund.objects.exists() and "94,80" in second.content.decode()
    hidden = dict(second.context["carried"])
    done = desk.post(
        url(waiting, "-settle"), {**hidden, "credit": "9480", "refund": "9480", "step": "do"}, follow=True
    )
    text = done.content.decode()
    assert "94,80" in text and "Kratzer" in text and Refund.objects.get().amount_minor == 9_480
    again = desk.post(url(waiting, "-settle"), {**hidden, "credit": "9480", "refund": "9480", "step": "do"})
    assert again.status_code == 302 and Refund.objects.count() == 1


@pytest.mark.parametrize(
    ("entered", "status"),
    [
        ({"kept": "1000,00", "kept_why": "x"}, 422), ({"kept": "x"}, 422), ({"kept": "-1", "kept_why": "x"}, 422),
        ({"kept": "1,00", "kept_why": ""}, 409), ({"kept_why": "x" * 400}, 422), ({"credit": "1"}, 409),
        ({"credit": "x"}, 409), ({"refund": "9" * 40}, 409),
    ],
)  # fmt: skip
def test_bad_input_moves_no_money(
    desk: Client, waiting: Settlement, entered: dict[str, str], status: int
) -> None:
    line_id = waiting.lines[0]["order_line_id"]
    sent_fields = {"with_shipping": "on", "credit": "10480", "refund": "10480", "step": "do", **entered}
    if "kept" in sent_fields:
        sent_fields[f"kept-{line_id}"] = sent_fields.pop("kept")
    assert desk.post(url(waiting, "-settle"), sent_fields).status_code == status
    assert not Refund.objects.exists() and Settlement.objects.get().state == "proposed"


def test_nothing_is_due_needs_words(desk: Client, waiting: Settlement) -> None:
    assert desk.post(url(waiting, "-nothing"), {"why": ""}).status_code == 422
    done = desk.post(url(waiting, "-nothing"), {"why": "neues Paar geschickt"}, follow=True)
    assert "neues Paar geschickt" in done.content.decode()
    assert desk.post(url(waiting, "-nothing"), {"why": "noch einmal"}).status_code == 302
    assert Settlement.objects.get().kept_why == "neues Paar geschickt"


def test_the_list_costs_the_same_for_one_and_many_and_filters(
    desk: Client, waiting: Settlement, outbox: Any
) -> None:
    def cost(**query: str) -> tuple[int, int]:
        with CaptureQueriesContext(connection) as queries:
            page = desk.get(reverse("service:settlements"), query)
        assert page.status_code == 200
        return len(queries), len(page.context["page"])

    cost()
    one, _n = cost()
    order = sent(outbox, 1)
    withdraw(order, key="two")
    outbox.drain()
    come_back(outbox, Return.objects.get(order=order), {skus(order)[0]: 1})
    assert cost() == (one, 2)
    assert cost(state="proposed")[1] == 1 and cost(q=order.number)[1] == 1 and cost(q="R9")[1] == 0
    assert order.number in desk.get(reverse("service:settlements"), {"format": "csv"}).content.decode()


def test_an_unknown_return_is_not_found(desk: Client) -> None:
    assert desk.get(reverse("service:settlement", args=["R1"])).status_code == 404
