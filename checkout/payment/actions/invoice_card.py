"""Paying by card what was invoiced on account: one invoice, with what dunning asked for beside it."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from checkout.order.models import Order
from checkout.payment import stripe_client
from checkout.payment.minimums import card_minimum_minor
from checkout.payment.models import CARD, INVOICE, OPEN_STATES, Payment
from checkout.payment.stripe_client import ProviderRefused
from shop.kernel.states import move
from shop.ui.numbers import money_text

from .settle import settle


class NoCardNow(ValueError):
    """This invoice cannot be paid by card now; the message says what to do instead, for people."""


def card_for_invoice(
    *,
    order: Order,
    invoice_number: str,
    amount_minor: int,
    costs_minor: int = 0,
    interest_minor: int = 0,
    by: Any = None,
) -> Payment:
    """The card payment of ``amount_minor`` for an invoice of ``order`` that was bought on account.

    costs_minor, interest_minor: what of it is dunning costs and interest (minor units); the rest pays the invoice.
    Found again when it is asked for twice; one over other amounts is closed at Stripe first, so that nobody pays
    twice. Raises NoCardNow, ProviderDown, ProviderRefused.
    """
    if amount_minor <= 0:
        raise NoCardNow(_("Nothing is open any more. Thank you!"))
    least = card_minimum_minor(order.currency)
    if amount_minor < least:
        text = _("Cards can be charged from %(amount)s on. Please pay by bank transfer.")
        raise NoCardNow(text % {"amount": money_text(least, order.currency)})
    wanted = {"amount_minor": amount_minor, "costs_minor": costs_minor, "interest_minor": interest_minor}
    mine = Payment.objects.filter(order=order, invoice_number=invoice_number, state__in=OPEN_STATES)
    before = mine.first()
    if before is not None and mine.filter(pk=before.pk, **wanted).exists():
        return before
    if before is not None and before.intent_id:
        _close_at_stripe(before)
    try:
        with transaction.atomic():
            # Whoever comes second waits here and then meets the first one's payment.
            Order.objects.select_for_update().get(pk=order.pk)
            for one in mine:
                if before is None or one.pk != before.pk:
                    return one
                move(one, to="cancelled", by=by, why="another amount of the invoice is open now")
            return Payment.objects.create(
                order=order, method=CARD, currency=order.currency, invoice_number=invoice_number, **wanted
            )
    except IntegrityError:  # on SQLite, where nobody waits at a row
        return mine.get()


def close_account_payment(*, order: Order, why: str, by: Any = None) -> None:
    """Within the caller's transaction: nothing is to come by bank transfer any more for an order bought on account."""
    for payment in Payment.objects.of_order(order).filter(method=INVOICE, state__in=OPEN_STATES):
        move(payment, to="cancelled", by=by, why=why)


def _close_at_stripe(payment: Payment) -> None:
    """No money can come by it any more. NoCardNow when money came, or may still come."""
    try:
        status = stripe_client.cancel_intent(payment.intent_id or "").status
    except ProviderRefused:  # it has succeeded meanwhile, or is cancelled already
        status = "canceled" if settle(payment_id=payment.pk).state == "cancelled" else "succeeded"
    if status == "succeeded":
        raise NoCardNow(_("A payment of this invoice has just arrived. Please look again in a moment."))
    if status != "canceled":
        raise NoCardNow(_("Your bank is still being asked about an earlier payment. Please wait a moment."))
