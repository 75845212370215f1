"""More time to pay: who is slow, or reads with their ears, is not thrown out (WCAG 2.2.1)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from catalogue.partner.actions import extend
from checkout.order.models import Order
from checkout.payment.models import CARD, OPEN_STATES, Payment
from shop.kernel.clock import now
from shop.kernel.transactions import retrying

LONGER = dt.timedelta(minutes=30)
#: From this long after it was begun on a limit is none any more in the sense of WCAG 2.2.1 ("20 hour exception"); until
#: then it may be moved as often as is wished, and a pair of shoes is not kept from others for ever.
LONGEST = dt.timedelta(hours=20)


def may_wait(payment: Payment) -> bool:
    """Whether an order that waits for a card payment may be kept longer."""
    return bool(
        payment.method == CARD
        and not payment.supplement
        and payment.expires_at is not None
        and payment.expires_at > now()
        and payment.state in OPEN_STATES
        and now() + LONGER <= payment.created_at + LONGEST
    )


def wait_longer(*, payment_id: int, by: Any = None) -> dt.datetime | None:
    """Keep payment and goods for half an hour from now. Returns until when; None when it may not be or is over.

    A limit that is later than that already stays.
    """

    def work() -> dt.datetime | None:
        payment = Payment.objects.filter(pk=payment_id).first()
        if payment is None or payment.expires_at is None or not may_wait(payment):
            return None
        waits = Order.objects.select_for_update().filter(pk=payment.order_id, status="awaiting_payment")
        if waits.first() is None:
            return None
        until = max(payment.expires_at, now() + LONGER)
        # One whose time is over belongs to the sweep, which may be at it just now.
        mine = Payment.objects.filter(pk=payment.pk, state__in=OPEN_STATES, expires_at__gt=now())
        if not mine.update(expires_at=until):
            return None
        extend(order_id=payment.order_id, expires_at=until)
        return until

    return retrying(work)
