"""The page "Why?" of an order, and an order that was sent."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from checkout.order.models import Order
from fulfilment.warehouse.picking.models import PickList
from tests.factories.cases import make_case
from tests.factories.people import make_staff, make_user
from tests.factories.shopping import place_order
from tests.factories.warehouse import send_everything
from tests.walks.test_basket_to_books import shoe_in_stock


def page(order: Order) -> str:
    return reverse("dashboard:order-why", args=[order.number])


def a_sent_order(outbox: Any, pieces: int = 1) -> Order:
    """Ordered on account, picked, sent, invoiced, booked, and written about."""
    order = place_order(
        (shoe_in_stock(10), pieces), method="invoice", user=make_user(f"k{Order.objects.count()}@x.de")
    )
    outbox.drain()
    send_everything(PickList.objects.get(order=order), by=make_staff(f"s{order.pk}@example.org"))
    outbox.drain()
    make_case(order=order, key=f"case-{order.pk}")
    outbox.drain()
    order.refresh_from_db()
    return order
