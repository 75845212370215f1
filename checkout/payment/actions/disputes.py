"""The customer's bank takes money back, for now or for good."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from checkout.order.models import Order
from checkout.payment import stripe_client
from checkout.payment.events import DisputeWon, PaymentDisputed
from checkout.payment.models import MONEY_CAME, Payment
from shop.kernel.outbox import record
from shop.kernel.states import StaleState, move

from .amend import give_surplus_back
from .refunds import refund_captured
from .settle import settle

#: Stripe's words for a dispute that has taken the money (``warning_*`` are inquiries, ``won`` gives it back).
MONEY_TAKEN = ("needs_response", "under_review", "lost")


def note_dispute(*, dispute_id: str, by: Any = None) -> bool:
    """Read the dispute anew at Stripe and write it down, told once per dispute. False when known, not ours, or a mere
    inquiry, which takes no money. One that we hear of only when it is lost has taken the money all the same.
    """
    dispute = stripe_client.read_dispute(dispute_id)
    payment = Payment.objects.select_related("order").filter(intent_id=dispute["intent_id"]).first()
    if payment is None:
        return False
    if (
        payment.state not in MONEY_CAME
    ):  # webhooks come in any order: first the capture, then what took it back
        payment = settle(payment_id=payment.pk, by=by)
    if dispute["status"] == "won" and payment.state == "disputed":
        return _won(payment, dispute, by)
    if dispute["status"] not in MONEY_TAKEN or payment.state != "captured":
        return False
    try:
        with transaction.atomic():
            move(
                payment,
                to="disputed",
                by=by,
                why=f"dispute {dispute_id}",
                answer_dispute_by=dispute["answer_by"] if dispute["status"] == "needs_response" else None,
            )
            record(
                PaymentDisputed(
                    payment.pk,
                    payment.order_id,
                    payment.order.number,
                    dispute["amount_minor"],
                    dispute["fee_minor"],
                    dispute["currency"],
                    dispute_id,
                )
            )
    except StaleState:
        return False
    return True


def _won(payment: Payment, dispute: dict[str, Any], by: Any) -> bool:
    """The money is back: finance, which took it off the order's invoices, must hear that too."""
    try:
        with transaction.atomic():
            # Held: who cancels the order in this moment sends the money back, or we do.
            order = Order.objects.select_for_update(no_key=True).get(pk=payment.order_id)
            move(payment, to="captured", by=by, why=f"dispute {dispute['id']} won", answer_dispute_by=None)
            # What was cancelled while the bank had the money is still to be paid back.
            if order.status == "cancelled":
                refund_captured(order=order, by=by, why="order cancelled")
            else:
                give_surplus_back(
                    order=order, source=f"dispute:{dispute['id']}", why="pieces were cancelled", by=by
                )
            record(
                DisputeWon(
                    payment.pk,
                    payment.order_id,
                    payment.order.number,
                    dispute["amount_minor"],
                    dispute["currency"],
                    dispute["id"],
                )
            )
    except StaleState:
        return False
    return True
