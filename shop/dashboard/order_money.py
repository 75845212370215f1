"""What money of an order may go back: for its page, and for the one screen of customer service."""

from __future__ import annotations

from django.db.models import Sum

from checkout.order.models import Order
from checkout.payment.actions.refunds import refundable_minor
from checkout.payment.models import CREDIT, Payment
from fulfilment.finance.invoicing.models import Invoice, OrderAccount

REFUND = "payment.refund_payments"


def may_refund(order: Order) -> bool:
    """Whether money of the order is here that could go back."""
    payment = payment_of(order)
    return payment is not None and refundable_minor(payment) > 0


def payment_of(order: Order) -> Payment | None:
    """The payment whose money can go back: the one with most left of it, store credit last (docs/decisions/0078)."""
    rows = Payment.objects.filter(order=order, state="captured").select_related("order")
    return max(rows, key=_first_back, default=None)


def _first_back(payment: Payment) -> tuple[bool, int]:
    left = refundable_minor(payment)
    return left > 0 and payment.method != CREDIT, left


def free_minor(order: Order) -> int:
    """Money of the order that no invoice asks for, and none will (minor units): what was paid ahead for goods that are
    still to come is not left over. Two queries."""
    account = OrderAccount.objects.filter(order=order).first()
    if account is None:
        return 0
    return account.available_minor - _to_be_invoiced_minor(order)


def _to_be_invoiced_minor(order: Order) -> int:
    if order.status in ("cancelled", "completed"):
        return 0
    standing = Invoice.objects.claims().filter(order=order).exclude(state="cancelled")
    return max(0, order.total_minor - int(standing.aggregate(total=Sum("gross_minor"))["total"] or 0))
