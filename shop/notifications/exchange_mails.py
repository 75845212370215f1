"""Which mails an exchange for a dearer size brings: the same moments as an order's, in words of its own."""

from __future__ import annotations

from checkout.order.models import Order
from checkout.payment.models import Payment

from .letter import Letter
from .letters import exchanges, orders
from .telling import tell_customer


def tell_to_pay(order: Order, payment: Payment | None) -> None:
    """What the new size costs more, and how to pay it. Once per way to pay; not when it has come meanwhile."""
    if payment is None or order.status != "awaiting_payment":
        return
    tell_customer(
        order,
        kind="order_pay_link",
        fact=f"{order.pk}:{payment.method}",
        make=lambda: exchanges.to_pay(order, method=payment.method, until=payment.expires_at),
    )


def cancelled(order: Order, *, was_confirmed: bool) -> Letter:
    """An order will not come, or an exchange has ended."""
    if order.is_dearer_exchange:
        return exchanges.ended(order, was_paid=was_confirmed)
    return orders.cancelled(order, was_confirmed=was_confirmed)
