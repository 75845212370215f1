"""Store credit as it arises in life: an order was paid, and money of it goes back as credit at the customer's wish."""

from __future__ import annotations

from typing import Any

from checkout.order.models import Order
from checkout.payment.actions import capture, request_refund
from checkout.payment.models import Payment
from tests.factories.shopping import make_variant, place_order


def card_pays(order: Order) -> Payment:
    """The money that an order still waits for comes by card."""
    payment = Payment.objects.in_money().get(order=order)
    Payment.objects.filter(pk=payment.pk).update(intent_id=f"pi_{payment.pk}")
    capture(payment=payment, reference=f"pi_{payment.pk}", why="paid by card")
    order.refresh_from_db()
    return payment


def give_credit(user: Any, amount_minor: int = 3_000) -> Order:
    """The customer has ``amount_minor`` more; returns the order whose money it was."""
    order = place_order((make_variant(price_minor=amount_minor), 1), user=user, shipping_minor=0)
    payment = card_pays(order)
    request_refund(
        payment=payment, amount_minor=amount_minor, source=f"test:{payment.pk}", reason="test", as_credit=True
    )
    return order
