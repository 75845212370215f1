"""After placing: confirm, cancel, hold, start, note a dispatch. Each is idempotent or says who was faster."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from typing import Any

from django.db import transaction
from django.db.models import F

from catalogue.partner import actions as stock
from checkout.order.events import OrderCancelled, OrderConfirmed
from checkout.order.models import Line, Order
from checkout.vouchers.usage import give_back, take_again
from shop.kernel.outbox import record
from shop.kernel.states import MoveNotAllowed, move
from shop.kernel.transactions import retrying


def confirm(
    *,
    order: Order,
    by: Any = None,
    why: str = "",
    tell: Callable[[Any], Any] = record,
    never_expires: bool = False,
) -> bool:
    """Conclude the contract: reservations no longer expire, the house is told. False when it already was.

    For who places the order in this moment: ``tell`` takes the event, to be recorded with others in the same
    transaction; ``never_expires``: the reservations were made so.
    """
    if order.status not in ("awaiting_payment", "cancelled"):
        return False
    with transaction.atomic():
        move(order, to="confirmed", by=by, why=why)
        if not never_expires:
            stock.keep(order_id=order.pk)
        tell(OrderConfirmed(order.pk, order.number, order.payment_method, order.total_minor, order.currency))
    return True


def cancel(*, order: Order, by: Any = None, why: str, expired: bool = False) -> bool:
    """Cancel an order of which nothing has left yet: stock is free again, money that came goes back, and its vouchers
    and the uses of its offers can be had again.

    False when it already was cancelled. Raises MoveNotAllowed when pieces were dispatched (then it is a return).
    """
    from checkout.payment.actions import cancel_open, refund_captured

    if order.status == "cancelled":
        return False

    def work() -> None:
        seen = copy(order)  # as the caller saw it, also when a busy database lets the whole run again
        move(seen, to="cancelled", by=by, why=why)
        give_back(
            order
        )  # vouchers by themselves, limits of offers here; before stock, as where an order is placed
        stock.release(order_id=order.pk, by=by, why=why, expired=expired)
        # Looked at after release(), which waits for a parcel that is leaving in this moment.
        if Line.objects.filter(order=order, quantity_dispatched__gt=0).exists():
            raise MoveNotAllowed(f"order {order.number}: parts were dispatched; take them back as a return")
        cancel_open(order=order, by=by, why=why)
        refund_captured(order=order, by=by, why=why)
        record(OrderCancelled(order.pk, order.number, why, order.status != "awaiting_payment"))

    retrying(work)
    order.refresh_from_db(fields=["status"])
    return True


def revive(*, order: Order, by: Any = None, why: str) -> None:
    """Money came for an order that had expired: take its stock again and confirm it.

    Raises InsufficientStock when the pieces are gone and VoucherGone when a voucher was used in another order
    meanwhile; the caller then sends the money back.
    """
    with transaction.atomic():
        take_again(order)
        stock.reserve_again(order_id=order.pk, by=by, why=why)
        confirm(order=order, by=by, why=why)


def start_fulfilment(*, order: Order, by: Any = None) -> bool:
    """The warehouse has begun. False when it already had; MoveNotAllowed for an order that is not confirmed."""
    if order.status == "in_fulfilment":
        return False
    move(order, to="in_fulfilment", by=by, why="picking started")
    return True


def note_dispatch(*, order: Order, lines: Mapping[int, int], by: Any = None) -> bool:
    """Write down that pieces left, called by the warehouse in its transaction. ``lines``: order line id -> pieces.

    Returns whether the order is now complete. Raises ValueError when more would leave than is open.
    """
    with transaction.atomic():
        for line_id, quantity in sorted(lines.items()):
            rows = Line.objects.filter(
                pk=line_id,
                order=order,
                quantity__gte=F("quantity_dispatched") + F("quantity_cancelled") + quantity,
            ).update(quantity_dispatched=F("quantity_dispatched") + quantity)
            if quantity < 1 or not rows:
                raise ValueError(f"order {order.number}: {quantity} pieces of line {line_id} are not open")
        # Held: pieces cancelled in this moment, or another parcel of the order, must be seen by one of us.
        order.refresh_from_db(fields=["status"], from_queryset=Order.objects.select_for_update(no_key=True))
        if order.status == "confirmed":
            move(order, to="in_fulfilment", by=by, why="dispatched")
        is_open = Line.objects.filter(order=order).exclude(
            quantity=F("quantity_dispatched") + F("quantity_cancelled")
        )
        if is_open.exists():
            return False
        move(order, to="completed", by=by, why="everything was dispatched")
        return True


def note_return(*, order_line_id: int, quantity: int) -> None:
    """Pieces of a line came back, called by the warehouse in its transaction. ValueError when fewer were sent and not
    yet returned: one conditional update, so that two docks never take back the same piece."""
    sent = Line.objects.filter(pk=order_line_id, quantity_dispatched__gte=F("quantity_returned") + quantity)
    if quantity < 1 or not sent.update(quantity_returned=F("quantity_returned") + quantity):
        raise ValueError(f"{quantity} pieces of line {order_line_id} were not sent, or came back before")


def undo_return(*, order_line_id: int, quantity: int) -> None:
    """Pieces of a line did not come back after all (a slip at the dock, or they go to the customer again). ValueError
    when fewer had come back."""
    back = Line.objects.filter(pk=order_line_id, quantity_returned__gte=quantity)
    if quantity < 1 or not back.update(quantity_returned=F("quantity_returned") - quantity):
        raise ValueError(f"{quantity} pieces of line {order_line_id} had not come back")


def hold(*, order: Order, by: Any, why: str) -> None:
    """Stop the warehouse from beginning or continuing, with a reason people see. ValueError without one."""
    if not why.strip():
        raise ValueError("a hold needs a reason")
    Order.objects.filter(pk=order.pk).update(on_hold=True, hold_reason=why.strip()[:300])
    order.on_hold, order.hold_reason = True, why.strip()[:300]


def release_hold(*, order: Order, by: Any) -> None:
    """The order may go on."""
    Order.objects.filter(pk=order.pk).update(on_hold=False, hold_reason="")
    order.on_hold, order.hold_reason = False, ""
