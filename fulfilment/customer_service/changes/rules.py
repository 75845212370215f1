"""What may still be changed in an order, and what is possible instead. One function; pages and actions ask it alike."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from checkout.order.models import Line, Order
from checkout.payment.models import CARD, OPEN_STATES, Payment
from fulfilment.customer_service.returns.left import goods_are_back
from fulfilment.warehouse.picking.actions import is_begun
from fulfilment.warehouse.shortages.models import ShortageQuestion
from fulfilment.warehouse.shortages.queries import HOLDS

from .models import ADDRESS, CANCEL, DELIVERY, KINDS, PIECES, OrderChange
from .states import WAITING

#: What is possible instead: withdraw from the contract, refuse the parcel, write to us, answer about missing pieces.
WITHDRAW, REFUSE_PARCEL, WRITE, ANSWER = "withdraw", "refuse_parcel", "write", "answer"
PAY = "pay"  #: pay the difference that a change waits for, or drop that change


@dataclass(frozen=True)
class May:
    """Whether one kind of change is possible; else why not, in words for the shopper, and what is instead."""

    kind: str
    allowed: bool
    reason: str = ""
    instead: tuple[str, ...] = ()


def what_may_change(order: Order) -> dict[str, May]:
    """Per kind of change whether it is possible now. At most six queries, one more for goods that are
    sent for others.

    Within a transaction that holds the order the answer stays true to its end: whoever begins to pick holds it too.
    """
    closed = _closed(order)
    if closed is not None:
        reason, instead = closed
        return {kind: May(kind, False, reason, instead) for kind, _label in KINDS}
    found = {kind: May(kind, True) for kind, _label in KINDS}
    if ShortageQuestion.objects.filter(HOLDS, order=order).exists():
        reason = _("Something of your order is missing. Please tell us first how we shall go on with that.")
        for kind in (PIECES, DELIVERY):
            found[kind] = May(kind, False, reason, (ANSWER, WRITE))
    if (
        order.replaces_id is not None
    ):  # its pieces stand for others, and nothing more that costs may come to it
        reason = (
            _("These pieces come in exchange for others, so they stay as they are. Please write to us.")
            if order.is_dearer_exchange
            else _("This replacement is free of charge, so its pieces stay as they are. Please write to us.")
        )
        found |= {kind: May(kind, False, reason, (WRITE,)) for kind in (PIECES, DELIVERY)}
    if goods_are_back(order):  # neither goods nor money would be left to the customer
        reason = _(
            "What you sent back for these goods is here. Please write to us if you do not want them any more."
        )
        found[CANCEL] = May(CANCEL, False, reason, (WRITE,))
    if order.shipping_address_id is None:
        found[ADDRESS] = May(ADDRESS, False, _("You fetch this order in the store; it goes to no address."))
    waits = _waits_for(order)
    if waits is not None:
        kinds, reason, instead = waits
        found |= {kind: May(kind, False, reason, instead) for kind in kinds}
    return found


def _closed(order: Order) -> tuple[str, tuple[str, ...]] | None:
    """Why nothing can be changed any more, and what is possible instead; None while it can."""
    if order.status == "cancelled":
        return _("This order is cancelled."), (WRITE,)
    if order.status == "completed":
        return (
            _("Your order has left our house, so it cannot be changed any more."),
            (WITHDRAW, REFUSE_PARCEL, WRITE),
        )
    if is_begun(order):
        some = Line.objects.filter(order=order, quantity_dispatched__gt=0).exists()
        reason = (
            _("A part of your order has left our house already, so it cannot be changed here any more.")
            if some
            else _("We are packing your order already, so it cannot be changed here any more.")
        )
        return reason, (WITHDRAW, REFUSE_PARCEL, WRITE)
    return None


def _waits_for(order: Order) -> tuple[tuple[str, ...], str, tuple[str, ...]] | None:
    """Which kinds of change have to wait for money, why, and what is possible; None when nothing is under way. Two
    queries."""
    if OrderChange.objects.filter(order=order, state=WAITING).exists():
        reason = _("A change of your order waits for your payment of the difference.")
        return (PIECES, DELIVERY), reason, (PAY, WRITE)
    payments = list(Payment.objects.of_order(order).exclude(state__in=("failed", "cancelled")))
    if any(payment.state == "disputed" for payment in payments):
        reason = _("Your bank has taken the money for this order back. Please write to us.")
        return (PIECES, DELIVERY), reason, (WRITE,)
    asked = [p for p in payments if p.state in OPEN_STATES and p.state != "created" and p.method == CARD]
    if asked and order.status == "awaiting_payment":
        reason = _("Your card is being charged in this moment. Please look again when the payment is done.")
        return (PIECES, DELIVERY, CANCEL), reason, (WRITE,)
    return None
