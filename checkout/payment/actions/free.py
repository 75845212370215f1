"""Orders that owe nothing: a voucher or a discount took the whole price, or everything with a price was cancelled."""

from __future__ import annotations

from typing import Any

from checkout.order.actions.life import confirm
from checkout.order.models import Order
from checkout.payment.models import NOTHING

from .capture import cancel_open

WHY = "nothing to pay"


def confirm_free(*, order: Order, by: Any = None) -> bool:
    """Within a transaction: an order that waits for money and owes none is confirmed, whatever way to pay was chosen.

    No money can come for 0.00, so nothing else would ever confirm it. Returns whether this call did it.
    """
    if order.status != "awaiting_payment" or order.total_minor:
        return False
    cancel_open(order=order, by=by, why=WHY)
    Order.objects.filter(pk=order.pk).update(payment_method=NOTHING)
    order.payment_method = NOTHING
    return confirm(order=order, by=by, why=WHY)
