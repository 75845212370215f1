"""What staff do to an order from its page; each says first what would happen."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Sum

from catalogue.partner.models import Reservation
from checkout.order import actions
from checkout.order.models import Line, Order
from checkout.order.queries import order_for_fulfilment
from checkout.payment import approval
from checkout.payment.actions import close_unpaid
from checkout.payment.actions.refunds import refundable_minor
from checkout.payment.models import CARD, CREDIT, Payment
from fulfilment.customer_service.returns import exchange_end
from fulfilment.customer_service.returns.left import goods_are_back
from fulfilment.warehouse.picking.models import PickLine
from shop.kernel.clock import now
from shop.kernel.states import MoveNotAllowed, allowed_moves
from shop.notifications import actions as mails
from shop.notifications.letters import orders as letters
from shop.notifications.models import OutgoingMail
from shop.notifications.telling import tell_customer

from .models import ORDER, StaffAction, note

SECOND_CLICK = dt.timedelta(minutes=1)
CONCLUDED = ("confirmed", "in_fulfilment", "completed")


@dataclass(frozen=True)
class Consequences:
    """What cancelling an order would do. Amounts in minor units."""

    pieces_freed: int
    refund_card_minor: int
    refund_transfer_minor: int
    refund_credit_minor: int
    pieces_to_put_back: int
    open_payment: Payment | None
    decided_anew: bool = False  #: what came back for its goods is here, so its money waits for a person then


class NothingCancelled(Exception):
    """The order turned out to be paid, or somebody else was faster."""


def may_cancel(order: Order) -> bool:
    """Whether the machine allows it and nothing has left the house. One query."""
    if "cancelled" not in allowed_moves(order):
        return False
    return not Line.objects.filter(order=order, quantity_dispatched__gt=0).exists()


def consequences(order: Order) -> Consequences:
    """What cancelling would do now. A constant number of queries per payment."""
    freed = Reservation.objects.filter(order_id=order.pk, state="open").aggregate(n=Sum("quantity_left"))
    picked = PickLine.objects.filter(pick_list__order=order, put_back=False).aggregate(
        n=Sum("quantity_picked")
    )
    payments = list(Payment.objects.filter(order=order).order_by("pk"))
    card = sum(refundable_minor(payment) for payment in payments if payment.method == CARD)
    other = sum(refundable_minor(payment) for payment in payments if payment.method not in (CARD, CREDIT))
    credit = sum(refundable_minor(payment) for payment in payments if payment.method == CREDIT)
    waiting = [
        payment for payment in payments if payment.state in ("created", "action_required", "authorised")
    ]
    return Consequences(
        int(freed["n"] or 0),
        card,
        other,
        credit,
        int(picked["n"] or 0),
        waiting[-1] if waiting else None,
        goods_are_back(order),
    )


def second_person_needed(order: Order, by: Any) -> bool:
    """Whether cancelling sends more money back than ``by`` may alone."""
    back = _back_minor(order)
    return back > 0 and approval.second_person_needed(order=order, amount_minor=back, by=by)


def _back_minor(order: Order) -> int:
    return sum(refundable_minor(payment) for payment in Payment.objects.filter(order=order))


def cancel(*, order: Order, why: str, by: Any) -> approval.Asked | None:
    """Cancel an order. One that waits for money is closed at the provider first, so that no money can come any more.
    One that sends more back than ``by`` may alone waits for a second person: then the request is returned.

    Raises NothingCancelled when it was paid meanwhile, MoveNotAllowed or StaleState when its state forbids it, and
    ProviderDown when the provider cannot be asked; in each case nothing was changed.
    """
    if second_person_needed(order, by):  # of one that waits for money: what store credit has paid of it
        return approval.ask_to_cancel(order=order, amount_minor=_back_minor(order), reason=why, by=by)
    if order.status == "awaiting_payment":
        if not close_unpaid(order=order, by=by, why=why):
            raise NothingCancelled(order.number)
        return None
    if not actions.cancel(order=order, by=by, why=why):
        raise NothingCancelled(order.number)
    return None


def hold(*, order: Order, why: str, by: Any) -> None:
    """Nobody goes on with the order until it is released. MoveNotAllowed when nothing is left to hold."""
    if order.status in ("completed", "cancelled"):
        raise MoveNotAllowed(f"order {order.number} is {order.status}")
    with transaction.atomic():
        actions.hold(order=order, by=by, why=why)
        note(subject=ORDER, subject_id=order.pk, what="hold", by=by, why=why)


def release(*, order: Order, by: Any, why: str = "") -> None:
    """The order goes on. An exchange that waited for its old pieces is finished with it, and gives back what is due.

    Raises exchange_end.NotReleased in words when the new pieces may not go yet, StateError when it ended meanwhile.
    """
    with transaction.atomic():
        exchange_end.release(order=order, by=by, why=why)
        note(subject=ORDER, subject_id=order.pk, what="release_hold", by=by, why=why)


def resend_confirmation(*, order: Order, by: Any) -> OutgoingMail:
    """Send the confirmation mail again: one that failed or waits is tried now, of one that was sent a copy is written.

    Raises MoveNotAllowed for an order without a contract, StillSending while a worker is at it or when somebody has
    just asked for the same (a second click).
    """
    if order.status not in CONCLUDED:
        raise MoveNotAllowed(f"order {order.number} is {order.status}; there is nothing to confirm")
    just_now = StaffAction.objects.filter(
        subject=ORDER, subject_id=order.pk, what="resend_mail", at__gte=now() - SECOND_CLICK
    )
    if just_now.exists():
        raise mails.StillSending(order.number)
    first = OutgoingMail.objects.filter(source=f"order_confirmed:{order.pk}").first()
    if first is not None and first.state != OutgoingMail.DONE and mails.retry(mail=first, by=by):
        note(subject=ORDER, subject_id=order.pk, what="resend_mail", by=by, mail=first.pk)
        return first
    with transaction.atomic():
        deed = note(subject=ORDER, subject_id=order.pk, what="resend_mail", by=by)
        whole = order_for_fulfilment(order.pk)
        return tell_customer(
            whole,
            kind="order_confirmed",
            fact=f"{order.pk}:copy:{deed.pk}",
            make=lambda: letters.confirmed(whole),
        )
