"""The goods of a withdrawal: the dock is told what to expect, and says when it came."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Min, Q

from fulfilment.warehouse.receiving import actions as dock
from fulfilment.warehouse.receiving.models import Return, ReturnItem

from .models import Withdrawal
from .states import OPEN_STATES

CAUSE = "withdrawal"  #: begins the cause of returns that withdrawals announce


def cause_of(withdrawal: Withdrawal) -> str:
    """How the dock knows it."""
    return f"{CAUSE}:{withdrawal.number}"


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


def first_back(withdrawal: Withdrawal, *, order_id: int) -> dt.datetime | None:
    """When goods it is about were unpacked first, were it about this order; None when none came yet. One query.

    Goods may come before their withdrawal is declared, or before its order is known. What another withdrawal announced
    belongs to that one, and so do the lines that were not chosen; what the shop sent back to the customer did not come.
    """
    came = ReturnItem.objects.filter(
        returning__order_id=order_id, returning__received_at__isnull=False, reception="received"
    ).exclude(acceptance="rejected")
    chosen = [int(line["order_line_id"]) for line in withdrawal.lines]
    if chosen and order_id == withdrawal.order_id:
        came = came.filter(order_line__in=chosen)
    foreign = Q(returning__cause__startswith=f"{CAUSE}:") & ~Q(returning__cause=cause_of(withdrawal))
    return came.exclude(foreign).aggregate(first=Min("returning__received_at"))["first"]


def note_here_already(withdrawal: Withdrawal) -> bool:
    """Goods of its order that were unpacked before it was declared count from the start: § 357 (4) BGB lets the refund
    wait only for goods that have not come. Returns whether there were any."""
    if withdrawal.order_id is None:
        return False
    first = first_back(withdrawal, order_id=withdrawal.order_id)
    if first is None:
        return False
    rows = Withdrawal.objects.filter(
        pk=withdrawal.pk, order_id=withdrawal.order_id, state__in=OPEN_STATES, goods_back_at=None
    )
    return bool(rows.update(goods_back_at=first))


def note_back(*, order_id: int, received_at: str) -> int:
    """Goods of an order were unpacked (ISO 8601): open withdrawals of it know the first time. Returns how many."""
    waiting = Withdrawal.objects.filter(order_id=order_id, state__in=OPEN_STATES, goods_back_at=None)
    return waiting.update(goods_back_at=dt.datetime.fromisoformat(received_at))
