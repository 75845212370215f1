"""Store credit pays: what an order takes of it when it is placed, and what is left to be paid otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Sum

from checkout.order.actions.life import confirm
from checkout.order.models import Order
from checkout.payment.events import PaymentCaptured
from checkout.payment.models import CREDIT, Payment, Refund
from checkout.store_credit import actions as store_credit
from checkout.store_credit.models import SPENT
from shop.kernel.clock import now
from shop.kernel.outbox import record

WHY = "paid with store credit"


def pay_with_credit(
    *, order: Order, amount_minor: int, by: Any = None, tell: Callable[[Any], Any] = record
) -> Payment:
    """Within the transaction that places an order: ``amount_minor`` of it is paid from its customer's credit.

    Captured at once, and told as any payment; ``tell``: see confirm(). Raises store_credit.NotEnough when somebody was
    faster, ValueError for a guest, who has none.
    """
    if order.user_id is None:
        raise ValueError("a guest has no credit")
    payment = Payment.objects.create(
        order=order,
        method=CREDIT,
        state="captured",
        amount_minor=amount_minor,
        currency=order.currency,
        captured_at=now(),
    )
    cause = f"payment:{payment.pk}"
    store_credit.take(
        user_id=order.user_id,
        amount_minor=amount_minor,
        currency=order.currency,
        kind=SPENT,
        cause=cause,
        order=order,
        by=by,
    )
    tell(
        PaymentCaptured(
            payment.pk, order.pk, order.number, CREDIT, amount_minor, order.currency, f"credit:{payment.pk}"
        )
    )
    return payment


def credit_kept_minor(order: Order) -> int:
    """What of an order is paid with credit and did not go back, in minor units. Two queries."""
    mine = Payment.objects.of_order(order).filter(method=CREDIT, state="captured")
    paid = int(mine.aggregate(total=Sum("amount_minor"))["total"] or 0)
    if not paid:
        return 0
    back = Refund.objects.filter(payment__in=mine).exclude(state="failed")
    return paid - int(back.aggregate(total=Sum("amount_minor"))["total"] or 0)


def rest_minor(order: Order) -> int:
    """What an order asks for in money, beside what its customer's credit has paid; never negative. Two queries."""
    return max(0, order.total_minor - credit_kept_minor(order))


def confirm_paid_by_credit(*, order: Order, by: Any = None) -> bool:
    """Within a transaction: an order that waits for money and owes none beside its credit is confirmed. Returns
    whether this call did it."""
    if order.status != "awaiting_payment" or not credit_kept_minor(order) or rest_minor(order):
        return False
    from .capture import cancel_open

    cancel_open(order=order, by=by, why=WHY)
    Order.objects.filter(pk=order.pk).update(payment_method=CREDIT)
    order.payment_method = CREDIT
    return confirm(order=order, by=by, why=WHY)
