"""Paying by card what was invoiced on account: the same card payment, for what is still open."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from checkout.order.models import Order
from checkout.payment import stripe_client
from checkout.payment.models import CARD, MONEY_CAME, OPEN_STATES, Payment

from .capture import cancel_open


class NoCardNow(ValueError):
    """This order's invoice cannot be paid by card; the message says what to do instead, for people."""


def card_for_invoice(*, order: Order, amount_minor: int, by: Any = None) -> Payment:
    """The card payment of ``amount_minor`` (minor units) for goods that were bought on account and have left.

    Found again when it is asked for twice; one over another amount is closed at Stripe first, so that nobody pays
    twice. Its capture is booked to the order as any card payment. Raises NoCardNow, ProviderDown, ProviderRefused.
    """
    _refuse(order, amount_minor)
    before = Payment.objects.filter(order=order, method=CARD, state__in=OPEN_STATES).first()
    if before is not None and before.amount_minor == amount_minor:
        return before
    if before is not None and before.intent_id:
        if stripe_client.cancel_intent(before.intent_id).status != "canceled":
            raise NoCardNow(
                _("Your bank is still being asked about an earlier payment. Please wait a moment.")
            )
    with transaction.atomic():
        order.refresh_from_db(from_queryset=Order.objects.select_for_update())
        _refuse(order, amount_minor)
        already = Payment.objects.filter(
            order=order, method=CARD, state__in=OPEN_STATES, amount_minor=amount_minor
        ).first()
        if already is not None:
            return already
        cancel_open(order=order, by=by, why="the invoice is paid by card")
        return Payment.objects.create(
            order=order, method=CARD, amount_minor=amount_minor, currency=order.currency
        )


def _refuse(order: Order, amount_minor: int) -> None:
    """Only what was delivered whole and never paid: money for anything else goes another way."""
    if amount_minor <= 0:
        raise NoCardNow(_("Nothing is open any more. Thank you!"))
    if order.status != "completed":
        raise NoCardNow(_("A part of this order is still on its way. Please pay by bank transfer."))
    if Payment.objects.filter(order=order, state__in=MONEY_CAME).exists():
        raise NoCardNow(_("A payment for this order is known already. Please pay the rest by bank transfer."))
