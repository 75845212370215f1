"""An order on the phone, step by step, as a colleague takes it."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse

from catalogue.partner.models import StockRecord
from checkout.order.models import Order
from checkout.phone_orders.models import PhoneOrder
from shop.customers.models import User

ADDRESS = {
    "email": "erika@example.org",
    "phone": "040 123456",
    "billing-first_name": "Erika",
    "billing-last_name": "Beispiel",
    "billing-line1": "Musterweg 1",
    "billing-postcode": "20457",
    "billing-line4": "Hamburg",
    "billing-country": "DE",
}
NEW = {
    "email": "Neu@Example.org",
    "first_name": "Nele",
    "last_name": "Neu",
    "phone": "0171 5550000",
    "language": "de",
    "kind": "account",
}


def begin(client: Client, person: User) -> PhoneOrder:
    answer = client.post(reverse("dashboard:phone-order-begin", args=[person.pk]))
    assert answer.status_code == 302
    return PhoneOrder.objects.latest("pk")


def at(row: PhoneOrder, part: str = "", *args: int) -> str:
    return reverse(f"dashboard:phone-order{part}", args=[row.pk, *args])


def put_in(client: Client, row: PhoneOrder, record: StockRecord, quantity: int = 1) -> None:
    client.post(at(row, "-add"), {"product_id": record.product_id, "quantity": quantity})


def ready(client: Client, person: User, record: StockRecord, method: str, pieces: int = 1) -> PhoneOrder:
    """A phone order up to the page that is read out."""
    row = begin(client, person)
    put_in(client, row, record, pieces)
    assert client.post(at(row, "-address"), ADDRESS).status_code == 302
    answer = client.post(at(row, "-way"), {"delivery": "home", "payment": method})
    assert answer.status_code == 302, answer.content.decode()[-3000:]
    return row


def agreed(client: Client, row: PhoneOrder) -> dict[str, str]:
    """What the last page sends."""
    page = client.get(at(row, "-check"))
    assert page.status_code == 200, page
    total = str(page.context["quote"].totals.total_minor)
    return {"total_minor": total, "seen": page.context["seen"], "agreed": "on"}


def place(client: Client, row: PhoneOrder) -> Order:
    answer = client.post(at(row, "-check"), agreed(client, row))
    order = Order.objects.get(basket_id=row.basket_id)
    assert answer.url == reverse("dashboard:order", args=[order.number])
    return order


def said(client: Client, answer: Any) -> str:
    page = client.get(answer.url)
    return page.content.decode() if page.status_code == 200 else client.get(page.url).content.decode()
