"""A paid order shall cost more: the difference is asked for by card, and the change is made when it has come."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.db import transaction

from checkout.order.models import Order
from checkout.payment.minimums import card_minimum_minor
from checkout.payment.models import CARD, OPEN_STATES, Payment
from shop.kernel.clock import now
from shop.kernel.states import move

from .refunds import request_refund

NOT_MADE = "the change that it was to pay for was not made"
#: Makes the change that a supplement pays for, within the transaction of its capture; False when it cannot be made.
Maker = Callable[[Payment], bool]
_MAKERS: list[Maker] = []


class TooSmall(ValueError):
    """Less than a card can be charged; carries that least amount (minor units)."""

    def __init__(self, least_minor: int) -> None:
        super().__init__(f"a card is charged at least {least_minor}")
        self.least_minor = least_minor


def ask_supplement(*, order: Order, amount_minor: int, lasts: dt.timedelta) -> Payment:
    """Within a transaction that holds the order: a card payment over the difference, open for as long as ``lasts``.

    When its money comes, the room that asked makes the change (``made_by``), or the money goes back. Raises TooSmall.
    """
    least = card_minimum_minor(order.currency)
    if amount_minor < least:
        raise TooSmall(least)
    return Payment.objects.create(
        order=order,
        method=CARD,
        amount_minor=amount_minor,
        currency=order.currency,
        supplement=True,
        expires_at=now() + lasts,
    )


def made_by(maker: Maker) -> None:
    """The room above that asks for supplements names itself, once, when it is ready."""
    if maker not in _MAKERS:
        _MAKERS.append(maker)


def take_supplement(*, order: Order, payment: Payment) -> None:
    """Within the transaction that captured it: the change is made, or the money goes back; never neither."""
    if order.status != "cancelled" and any(maker(payment) for maker in _MAKERS):
        return
    refuse_supplement(payment=payment, why=NOT_MADE)


def refuse_supplement(*, payment: Payment, why: str, by: Any = None) -> None:
    """The change it was to pay for is not made: what came goes back as a whole, one that is open is closed here (at
    the provider ``close_card_attempt`` does it; money that comes all the same goes back too). Safe to repeat."""
    with transaction.atomic():
        fresh = Payment.objects.select_for_update().get(pk=payment.pk)
        if fresh.state == "captured":
            source = f"late:{fresh.pk}"
            request_refund(payment=fresh, amount_minor=fresh.amount_minor, source=source, reason=why, by=by)
        elif fresh.state in OPEN_STATES:
            move(fresh, to="cancelled", by=by, why=why)
