"""Asking Stripe what became of a payment, and closing what nobody paid. Network first, then one short transaction."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from checkout.order.models import Order
from checkout.payment import stripe_client
from checkout.payment.events import PrepaymentChosen
from checkout.payment.models import CARD, MONEY_CAME, OPEN_STATES, PREPAYMENT, Payment
from checkout.payment.stripe_client import Intent, ProviderDown, ProviderRefused
from shop.kernel.clock import now
from shop.kernel.outbox import record
from shop.kernel.states import StaleState, move
from shop.ui.numbers import money_text

from .amend import CHANGED
from .capture import cancel_open, capture, unmatched
from .store_credit import rest_minor

log = logging.getLogger(__name__)


def start_card_payment(*, payment: Payment) -> Intent:
    """Open the payment at Stripe, or find it again: a second tab or double click meets the same one.

    Raises ProviderDown (ask again, the key is the same) or ProviderRefused.
    """
    if payment.intent_id:
        return stripe_client.retrieve_intent(payment.intent_id)
    intent = stripe_client.create_intent(
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        order_number=payment.order.number,
        payment_id=payment.pk,
        email=payment.order.email or "",
        key=payment.idempotency_key,
    )
    Payment.objects.filter(pk=payment.pk, intent_id=None).update(intent_id=intent.id)
    payment.intent_id = intent.id
    return intent


def settle(*, payment_id: int, read: Payment | None = None, by: Any = None) -> Payment:
    """Read the payment anew at Stripe and write down what became of it. Idempotent; called by browser return, webhook
    and sweep alike. ``read``: that payment, where the caller has just read it. Raises ProviderDown when Stripe cannot
    be asked."""
    payment = read or Payment.objects.select_related("order").get(pk=payment_id)
    if payment.state in MONEY_CAME or payment.method != CARD or not payment.intent_id:
        return payment
    # Noted before asking: one that Stripe never answers must not stay at the head of the sweep for ever.
    Payment.objects.filter(pk=payment.pk).update(asked_at=now())
    intent = stripe_client.retrieve_intent(payment.intent_id)
    try:
        _apply(payment, intent, by)
    except StaleState:  # webhook, browser or sweep was faster; what it wrote is as true as ours
        payment.refresh_from_db()
    return payment


def _apply(payment: Payment, intent: Intent, by: Any) -> None:
    if intent.status == "succeeded":
        wrong = _mismatch(payment, intent)
        if wrong:
            _refuse_money(payment, intent, wrong)
            return
        capture(payment=payment, reference=intent.id, by=by, why="paid by card", card_label=intent.card_label)
    elif intent.status == "requires_capture" and payment.state in ("created", "action_required"):
        move(payment, to="authorised", by=by, why="authorised by card")
    elif intent.status == "requires_action" and payment.state == "created":
        move(payment, to="action_required", by=by, why="the bank asks the customer")
    elif intent.status == "canceled" and payment.state in OPEN_STATES:
        move(payment, to="cancelled", by=by, why="cancelled at Stripe")
    elif intent.failure_code and payment.state in OPEN_STATES:
        # A declined card leaves the payment open: the shopper may try another card on the same one.
        Payment.objects.filter(pk=payment.pk).update(
            failure_code=intent.failure_code[:60], failure_text=intent.failure_text[:300]
        )
        payment.failure_code, payment.failure_text = intent.failure_code[:60], intent.failure_text[:300]


def _refuse_money(payment: Payment, intent: Intent, wrong: str) -> None:
    """Money that is not what we asked for: the payment has failed and finance is told, both once."""
    if payment.state == "failed":
        return
    log.error("payment %s: %s", payment.pk, wrong)
    with transaction.atomic():
        move(payment, to="failed", why=wrong, failure_text=wrong[:300], failure_code="mismatch")
        unmatched(
            source="stripe",
            reference=intent.id,
            amount_minor=intent.received_minor,
            currency=intent.currency,
            note=wrong,
        )


def _mismatch(payment: Payment, intent: Intent) -> str:
    """Why the money at Stripe is not the money we asked for, in the shop's language (staff read it); empty when it is.
    Never trust the browser's word."""
    with translation.override(settings.LANGUAGE_CODE):
        if (intent.received_minor, intent.currency) != (payment.amount_minor, payment.currency):
            return _("Stripe received %(theirs)s, asked for were %(ours)s") % {
                "theirs": money_text(intent.received_minor, intent.currency),
                "ours": money_text(payment.amount_minor, payment.currency),
            }
        if intent.payment_id != str(payment.pk) or intent.order_number != payment.order.number:
            return _("Stripe's payment names order “%(order)s” and payment “%(payment)s”") % {
                "order": intent.order_number,
                "payment": intent.payment_id,
            }
    return ""


def close_unpaid(*, order: Order, by: Any = None, why: str, expired: bool = False) -> bool:
    """Cancel an order that nobody paid: first at Stripe, so that no money can come any more, then here.

    Returns False when it turns out to be paid (it is then settled) or was already closed. Raises ProviderDown when
    Stripe cannot be asked: better a reservation that lives a little longer than money for nothing.
    """
    from checkout.order.actions.life import cancel

    for payment in Payment.objects.filter(order=order, state__in=OPEN_STATES, method=CARD):
        if payment.intent_id and not _closed_at_stripe(payment, by):
            return False
    order.refresh_from_db()
    if order.status != "awaiting_payment":
        return False
    return cancel(order=order, by=by, why=why, expired=expired)


def _closed_at_stripe(payment: Payment, by: Any) -> bool:
    try:
        intent = stripe_client.cancel_intent(payment.intent_id or "")
    except ProviderRefused:  # it has succeeded meanwhile, or is cancelled already
        intent = stripe_client.retrieve_intent(payment.intent_id or "")
    if intent.status == "canceled":
        return True
    settle(payment_id=payment.pk, by=by)
    return False


def close_card_attempt(*, order: Order, by: Any = None) -> bool:
    """The open card payment of an order is closed at Stripe and here, because the order will ask for another amount.

    True when no card can be charged with the old one any more; False when money came (it is then settled) or the bank
    is still asking. Raises ProviderDown when Stripe cannot be asked.
    """
    for payment in Payment.objects.of_order(order).filter(method=CARD, state__in=OPEN_STATES):
        if payment.intent_id is None:
            continue
        if not _closed_at_stripe(payment, by):
            return False
        try:
            move(payment, to="cancelled", by=by, why=CHANGED)
        except StaleState:  # the sweep or a webhook was faster
            return close_card_attempt(order=order, by=by)
    return True


def change_method(*, order: Order, method: str, by: Any = None) -> Payment:
    """The shopper pays in another way: the open payment is closed, a new row is made.

    Raises ProviderDown when Stripe cannot be asked about the old one, ValueError when the order waits for no money.
    """
    from checkout.order.actions.place import RESERVED_FOR

    if method not in (CARD, PREPAYMENT):
        raise ValueError("an order that exists can change to card or prepayment")
    for payment in Payment.objects.filter(order=order, state__in=OPEN_STATES):
        if payment.method == method:
            return payment
        if payment.method == CARD and payment.intent_id and not _closed_at_stripe(payment, by):
            payment.refresh_from_db()
            return payment
    wait = RESERVED_FOR[method]
    expires_at = now() + wait if wait else None
    with transaction.atomic():
        # Two clicks at once: the second waits here and then meets the first one's payment.
        order.refresh_from_db(from_queryset=Order.objects.select_for_update())
        if order.status != "awaiting_payment":
            raise ValueError("this order waits for no payment")
        already = Payment.objects.filter(order=order, state__in=OPEN_STATES, method=method).first()
        if already is not None:
            return already
        cancel_open(order=order, by=by, why=f"changed to {method}")
        from catalogue.partner.actions import extend

        extend(order_id=order.pk, expires_at=expires_at)
        Order.objects.filter(pk=order.pk).update(payment_method=method)
        order.payment_method = method
        payment = Payment.objects.create(
            order=order,
            method=method,
            amount_minor=rest_minor(order),
            currency=order.currency,
            expires_at=expires_at,
        )
        if method == PREPAYMENT:
            record(PrepaymentChosen(payment.pk, order.pk))
        return payment


__all__ = ["ProviderDown", "cancel_open", "change_method", "close_unpaid", "settle", "start_card_payment"]
