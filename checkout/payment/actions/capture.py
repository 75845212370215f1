"""Money is in: exactly one capture per payment, and the order learns of it in the same transaction."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from catalogue.partner import actions as stock
from catalogue.partner.models import InsufficientStock
from checkout.order.actions.life import confirm, revive
from checkout.order.models import Order
from checkout.payment.events import MoneyUnmatched, PaymentCaptured
from checkout.payment.models import CREDIT, MONEY_CAME, NOTHING, OPEN_STATES, Payment
from checkout.vouchers.usage import VoucherGone
from shop.kernel.clock import now
from shop.kernel.outbox import record
from shop.kernel.states import StaleState, move

from .amend import give_surplus_back
from .refunds import request_refund
from .store_credit import rest_minor
from .supplement import take_supplement


def capture(*, payment: Payment, reference: str, by: Any = None, why: str, card_label: str = "") -> bool:
    """Write down that the whole amount is in. Browser return, webhook and sweep all end here; one of them wins.

    Returns whether this call did it. A late success on an expired order takes the stock again or, when that is gone,
    sends the money back by itself; an order that somebody cancelled stays cancelled, and the money goes back.
    """
    if payment.state in MONEY_CAME:
        return False
    extra: dict[str, Any] = {"captured_at": now(), "failure_code": "", "failure_text": ""}
    if card_label:
        extra["card_label"] = card_label[:40]
    with transaction.atomic():
        order = Order.objects.select_for_update().get(pk=payment.order_id)
        try:
            move(payment, to="captured", by=by, why=why, **extra)
        except StaleState:
            payment.refresh_from_db()
            if payment.state in MONEY_CAME:
                return False
            raise
        record(
            PaymentCaptured(
                payment.pk,
                order.pk,
                order.number,
                payment.method,
                payment.amount_minor,
                payment.currency,
                reference,
                payment.invoice_number,
                payment.costs_minor,
                payment.interest_minor,
            )
        )
        if not payment.invoice_number:  # goods on account have left: nothing changes for their order
            _tell_order(order, payment, by)
    return True


def cancel_open(*, order: Order, by: Any = None, why: str) -> int:
    """Within a transaction that closes an order's payments: those still open are cancelled. Returns how many.

    An intent that lives on at Stripe is harmless: a late success is caught by ``capture``; close_unpaid() cancels
    it there first wherever it can.
    """
    done = 0
    for payment in Payment.objects.filter(order=order, state__in=OPEN_STATES):
        move(payment, to="cancelled", by=by, why=why)
        done += 1
    return done


def _tell_order(order: Order, payment: Payment, by: Any) -> None:
    """Confirm the order; money for one that is gone or already paid goes back."""
    all_of_order = list(Payment.objects.filter(order=order))
    others = [one for one in all_of_order if one.pk != payment.pk and not one.invoice_number]
    in_money = [one for one in others if one.method != CREDIT and one.state == "captured"]
    by_credit = any(one.method == CREDIT and one.state == "captured" for one in others)
    rest = rest_minor(order) if by_credit else order.total_minor
    if payment.supplement:
        take_supplement(order=order, payment=payment)
    elif in_money:
        _all_back(payment, "double", "the order had already been paid")
    elif order.payment_method in (NOTHING, CREDIT):  # an attempt from before its price fell so far
        _all_back(payment, "late", "nothing was to be paid any more")
    elif order.status in ("awaiting_payment", "cancelled") and payment.amount_minor < rest:
        # An attempt from before pieces were added asked for less than is owed now; or it expired, and the credit that
        # was to pay a part of it has gone back.
        _all_back(payment, "late", "the order has been changed and costs more")
    elif order.status == "awaiting_payment":
        if any(one.state in OPEN_STATES for one in all_of_order):
            cancel_open(order=order, by=by, why="paid in another way")
        confirm(order=order, by=by, why="paid")
        # An attempt from before pieces were cancelled asked for more than is owed now.
        give_surplus_back(
            order=order, source=f"late:{payment.pk}", why="pieces were cancelled meanwhile", by=by
        )
    elif order.status == "cancelled" and (order.replaces_id or not stock.had_expired(order_id=order.pk)):
        # Somebody wanted this order gone, or its exchange has lapsed; its money must not bring it back.
        _all_back(payment, "late", "paid after the order was cancelled")
    elif order.status == "cancelled":
        try:
            with transaction.atomic():
                revive(order=order, by=by, why="paid after it had expired")
        except InsufficientStock as gone:
            order.refresh_from_db(fields=["status"])
            _all_back(payment, "late", f"paid after it had expired; {gone.sku} is sold out")
        except VoucherGone as used:
            order.refresh_from_db(fields=["status"])
            _all_back(payment, "late", f"paid after it had expired; {used}")


def _all_back(payment: Payment, fact: str, why: str) -> None:
    """Money that is not wanted goes back as a whole, once."""
    source = f"{fact}:{payment.pk}"
    request_refund(payment=payment, amount_minor=payment.amount_minor, source=source, reason=why)


def receive_transfer(*, payment: Payment, amount_minor: int, reference: str, by: Any = None) -> bool:
    """A bank transfer for a prepayment or an invoice has arrived in full (finance adds partial ones up first).

    Returns whether the payment is captured now. Raises ValueError for an amount below what is owed; more than that
    is captured, and the surplus stays with finance as the customer's credit.
    """
    if amount_minor < payment.amount_minor:
        raise ValueError(
            f"{amount_minor} of {payment.amount_minor} {payment.currency} is not the whole amount"
        )
    return capture(payment=payment, reference=reference, by=by, why=f"bank transfer {reference}"[:300])


def unmatched(*, source: str, reference: str, amount_minor: int, currency: str, note: str) -> None:
    """Money that belongs to nothing we know: tell finance, never silence."""
    with transaction.atomic():
        record(MoneyUnmatched(source, reference, amount_minor, currency, note))
