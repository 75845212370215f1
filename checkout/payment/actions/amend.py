"""The order owes less than it did: an open payment asks for less, and what came in beyond goes back."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, Sum

from checkout.order.models import Order
from checkout.payment.minimums import card_minimum_minor
from checkout.payment.models import CARD, CREDIT, INVOICE, MONEY_CAME, OPEN_STATES, Payment, Refund
from shop.kernel.clock import now
from shop.kernel.states import MoveNotAllowed, StaleState, move

from .refunds import refundable_minor, request_refund
from .store_credit import confirm_paid_by_credit, rest_minor

SOURCE = "amend:"  #: of refunds that bring a payment down to what the order owes
CHANGED = "the order was changed"


def refuse_open_card(*, order: Order) -> None:
    """MoveNotAllowed while a card payment is under way: the provider would take the old amount."""
    if Payment.objects.of_order(order).filter(method=CARD, state__in=OPEN_STATES).exists():
        raise MoveNotAllowed(f"order {order.number} is being paid by card at this moment")


def follow_total(*, order: Order, source: str, why: str, by: Any = None) -> list[Refund]:
    """Within the transaction that lowered the order's total (the order is held): its payments follow.

    ``source`` names the fact; a retry finds the same refund. One that owes nothing any more waits for no money.
    """
    from .free import confirm_free  # which knows how money is captured, as capturing knows this file

    if confirm_free(order=order, by=by):
        return give_surplus_back(order=order, source=source, why=why, by=by)
    if confirm_paid_by_credit(order=order, by=by):
        return give_surplus_back(order=order, source=source, why=why, by=by)
    rest = rest_minor(order)
    for payment in Payment.objects.of_order(order).filter(state__in=OPEN_STATES):
        if not rest:  # on account, and what is left of it is paid with credit
            move(payment, to="cancelled", by=by, why=CHANGED)
            continue
        rows = Payment.objects.filter(pk=payment.pk, state=payment.state)
        if not rows.update(amount_minor=rest):
            raise StaleState(f"payment {payment.pk} was changed by somebody else")
    _ask_again(order, rest)
    return give_surplus_back(order=order, source=source, why=why, by=by)


def _ask_again(order: Order, rest_minor: int) -> None:
    """An order on account that its credit paid for a while costs more again: the rest is asked for anew."""
    if order.payment_method != INVOICE or not rest_minor:
        return
    asked = Payment.objects.of_order(order).in_money().filter(state__in=(*OPEN_STATES, *MONEY_CAME))
    if not asked.exists():
        Payment.objects.create(
            order=order, method=INVOICE, state="authorised", amount_minor=rest_minor, currency=order.currency
        )


def give_surplus_back(*, order: Order, source: str, why: str, by: Any = None) -> list[Refund]:
    """What was captured beyond the order's total and is not on its way back yet is refunded, money before credit
    (docs/decisions/0078). [] when nothing is.

    A payment that came doubled or late goes back as a whole elsewhere; it has nothing left to refund here.
    """
    refunds: list[Refund] = []
    left = paid_minor(order) - order.total_minor
    if left <= 0:
        return refunds
    captured = list(Payment.objects.of_order(order).filter(state="captured").order_by("pk"))
    for payment in sorted(captured, key=lambda one: one.method == CREDIT):
        amount = min(left, refundable_minor(payment))
        if amount > 0:
            left -= amount
            refunds.append(
                request_refund(
                    payment=payment,
                    amount_minor=amount,
                    source=f"{SOURCE}{source}:{payment.pk}",
                    reason=why,
                    by=by,
                )
            )
    return refunds


def paid_minor(order: Order) -> int:
    """What was captured for an order, less what has been sent back because it owes less, in minor units. Money that a
    bank has taken, and what came doubled or late and went back as a whole, does not count. Two queries."""
    captured = dict(
        Payment.objects.of_order(order).filter(state="captured").values_list("pk", "amount_minor")
    )
    whole = {f"{fact}:{pk}" for pk in captured for fact in ("double", "late")}
    gone = Refund.objects.filter(
        Q(source__startswith=SOURCE) | Q(source__in=whole), payment__in=list(captured)
    )
    back = gone.aggregate(n=Sum("amount_minor"))["n"] if captured else 0
    return sum(captured.values()) - int(back or 0)


class CardStillOpen(Exception):
    """A card payment of the order could still be charged with the old amount. Nothing was changed."""


def card_off(*, order: Order, by: Any = None) -> None:
    """Within a transaction that will change the total of an order that waits for its money: a card payment that was
    not begun at the provider is closed. Raises CardStillOpen for one that was (``close_card_attempt`` comes first)."""
    for payment in Payment.objects.of_order(order).filter(method=CARD, state__in=OPEN_STATES):
        if payment.intent_id:
            raise CardStillOpen(order.number)
        move(payment, to="cancelled", by=by, why=CHANGED)


def card_again(*, order: Order) -> Payment | None:
    """Within the same transaction: the order is to be paid by card over its new total, and has its full time to be.
    None when it waits for no card, or for less than a card can be charged: its page offers the other ways."""
    from catalogue.partner.actions import extend
    from checkout.order.actions.place import RESERVED_FOR

    open_ones = Payment.objects.of_order(order).filter(state__in=OPEN_STATES)
    if order.status != "awaiting_payment" or order.payment_method != CARD or open_ones.exists():
        return None
    rest = rest_minor(order)
    if rest < card_minimum_minor(order.currency):
        return None
    wait = RESERVED_FOR[CARD]
    expires_at = now() + wait if wait else None
    extend(order_id=order.pk, expires_at=expires_at)
    return Payment.objects.create(
        order=order,
        method=CARD,
        amount_minor=rest,
        currency=order.currency,
        expires_at=expires_at,
    )


def forget_card(*, order: Order) -> None:
    """For a reckoning that is taken back: as if no card payment had been begun at the provider."""
    Payment.objects.of_order(order).filter(method=CARD, state__in=OPEN_STATES).update(intent_id=None)
