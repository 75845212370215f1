"""The goods of a withdrawal: the dock is told what to expect, and says when it came."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Min

from fulfilment.warehouse.receiving import actions as dock
from fulfilment.warehouse.receiving.models import Return

from .models import Withdrawal
from .states import OPEN_STATES


def cause_of(withdrawal: Withdrawal) -> str:
    """How the dock knows it."""
    return f"withdrawal:{withdrawal.number}"


def announce(withdrawal: Withdrawal, *, by: Any = None) -> Return | None:
    """Let the dock expect what was sent of the chosen lines, or of the whole order. Once; None when nothing was sent.

    A declaration that only says in words what it is about announces nothing: nobody knows which pieces come. What
    comes is then found by its order.
    """
    chosen = {int(line["order_line_id"]): int(line["quantity"]) for line in withdrawal.lines}
    if withdrawal.order_id is None or not (chosen or withdrawal.is_whole_order):
        return None
    return dock.announce(
        order_id=withdrawal.order_id, lines=chosen or None, cause=cause_of(withdrawal), by=by
    )


def call_off(withdrawal: Withdrawal, *, by: Any = None) -> None:
    """The withdrawal is about another order: what was announced for this one is not awaited any more."""
    if withdrawal.order_id is not None:
        dock.call_off(
            order_id=withdrawal.order_id,
            cause=cause_of(withdrawal),
            by=by,
            why=f"{withdrawal.number} is about another order",
        )


def first_back(order_id: int) -> dt.datetime | None:
    """When goods of an order were unpacked first; None when none came yet. One query."""
    came = Return.objects.filter(order_id=order_id, items__reception="received", received_at__isnull=False)
    return came.aggregate(first=Min("received_at"))["first"]


def note_back(*, order_id: int, received_at: str) -> int:
    """Goods of an order were unpacked (ISO 8601): open withdrawals of it know the first time. Returns how many."""
    waiting = Withdrawal.objects.filter(order_id=order_id, state__in=OPEN_STATES, goods_back_at=None)
    return waiting.update(goods_back_at=dt.datetime.fromisoformat(received_at))
