"""Somebody who looks round and buys, through the pages, whatever is broken meanwhile."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse

from catalogue.partner.models import StockRecord
from checkout.order.models import Order

CONTACT = {
    "email": "erika@example.org",
    "billing-first_name": "Erika",
    "billing-last_name": "Beispiel",
    "billing-line1": "Musterweg 1",
    "billing-postcode": "20457",
    "billing-line4": "Hamburg",
    "billing-country": "DE",
}


def visitor() -> Client:
    """A browser that is shown error pages instead of raising them."""
    return Client(raise_request_exception=False)


def pages(record: StockRecord) -> tuple[str, ...]:
    """What one reads before buying."""
    return (
        "/",
        reverse("catalogue:index"),
        reverse("catalogue:search") + "?q=elbschuh",
        record.product.get_absolute_url(),
        reverse("basket:summary"),
    )


def read(client: Client, record: StockRecord) -> list[Any]:
    """Every page one reads before buying; each is whole."""
    answers = [client.get(url, follow=True) for url in pages(record)]
    assert [answer.status_code for answer in answers] == [200] * len(answers)
    return answers


def to_summary(client: Client, record: StockRecord, method: str = "prepayment") -> dict[str, str]:
    """Into the basket and through the steps; returns what the order button sends."""
    steps: list[tuple[str, dict[str, Any]]] = [
        (reverse("basket:add"), {"product_id": record.product_id, "quantity": 1}),
        (reverse("checkout:contact"), CONTACT),
        (reverse("checkout:delivery"), {"delivery": "home"}),
        (reverse("checkout:payment"), {"payment": method}),
    ]
    for url, form in steps:
        assert client.post(url, form).status_code in (200, 302), url
    page = client.get(reverse("checkout:summary"))
    assert page.status_code == 200
    quote = page.context["quote"]
    return {
        "total_minor": str(quote.totals.total_minor),
        "basket": str(quote.basket.pk),
        "seen": page.context["seen"],
    }


def buy(client: Client, record: StockRecord, method: str = "prepayment") -> Order:
    """A whole order, its button and the page after it included."""
    before = set(Order.objects.values_list("pk", flat=True))
    answer = client.post(reverse("checkout:summary"), to_summary(client, record, method))
    assert answer.status_code == 302
    after = client.get(answer["Location"])
    assert after.status_code == 200 or method == "card", "the payment page may say that Stripe is away"
    (order,) = Order.objects.exclude(pk__in=before)
    return order
