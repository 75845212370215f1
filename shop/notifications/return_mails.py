"""Mails on an exchange for a dearer size, in words of its own, and with a carrier's label for the way back."""

from __future__ import annotations

from checkout.order.models import Order
from checkout.payment.models import Payment
from fulfilment.customer_service.returns.events import ReturnLabelReady
from fulfilment.customer_service.returns.models import CarrierLabel
from shop.kernel.outbox import subscribe

from .letter import Letter
from .letters import exchanges, orders, returns
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


@subscribe(ReturnLabelReady, "notifications.return_label")
def return_label(event: ReturnLabelReady) -> None:
    """A carrier's label for the way back is there."""
    rows = CarrierLabel.objects.select_related("returning__order__billing_address", "returning__order__user")
    label = rows.defer("pdf", "qr_png").get(returning=event.return_id)
    tell_customer(
        label.returning.order,
        kind="return_explained",
        fact=f"label:{label.pk}",
        make=lambda: returns.label_ready(label),
    )
