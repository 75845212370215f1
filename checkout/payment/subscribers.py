"""What the room hears: its own refund requests (the network call is a task's work) and Stripe's webhooks."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from shop.kernel import inbox
from shop.kernel.models import InboxMessage
from shop.kernel.outbox import record, subscribe, thread_of

from . import stripe_client
from .actions import note_dispute, settle, settle_refund
from .actions.capture import unmatched
from .events import BalanceChanged, RefundRequested
from .models import CARD, Payment, Refund


@subscribe(RefundRequested, "payment.nudge_refund")
def nudge_refund(event: RefundRequested) -> None:
    """Let a worker send it now; the sweep does it otherwise."""
    from .tasks import send_refund_now

    transaction.on_commit(lambda: send_refund_now.delay(event.refund_id), robust=True)


#: Events after which finance should look at the balance at once; ordinary charges are read by the sweep.
MOVES_BALANCE = ("payout.", "charge.refund", "charge.dispute.", "refund.failed")


@inbox.handles("stripe")
def handle_stripe(message: InboxMessage) -> None:
    """A webhook is only a hint to look: every handler reads the thing anew, so order and repeats do not matter."""
    event = stripe_client.read_event(message.body)
    if event.type.startswith("payment_intent."):
        _payment(event)
    elif event.type.startswith(("refund.", "charge.refund.")):
        _joins(
            Refund.objects.filter(psp_id=event.object_id).values_list("payment__order_id", flat=True).first()
        )
        settle_refund(psp_id=event.object_id)
    elif event.type.startswith("charge.dispute."):
        note_dispute(dispute_id=event.object_id)
    if event.type.startswith(MOVES_BALANCE):
        with transaction.atomic():
            record(BalanceChanged(event.type, event.object_id))


def _joins(order_id: int | None) -> None:
    """The webhook is about this order, also when there is nothing left to do."""
    thread_of("order_id", order_id)


def _payment(event: stripe_client.ProviderEvent) -> None:
    payment = Payment.objects.filter(intent_id=event.object_id).first()
    if payment is not None:
        _joins(payment.order_id)
        settle(payment_id=payment.pk)
        return
    intent = stripe_client.retrieve_intent(event.object_id)
    # Our own call may have been answered after the webhook: the metadata names the row.
    payment = _named_by(intent)
    if payment is not None:
        _joins(payment.order_id)
        settle(payment_id=payment.pk)
    elif intent.status == "succeeded":
        with translation.override(settings.LANGUAGE_CODE):  # kept as text, for staff
            note = _("No payment of ours; it names order “%(order)s”") % {"order": intent.order_number}
        unmatched(
            source="stripe",
            reference=intent.id,
            amount_minor=intent.received_minor,
            currency=intent.currency,
            note=note,
        )


def _named_by(intent: stripe_client.Intent) -> Payment | None:
    """The card payment whose number and order the intent carries, bound to it now. None for another shop's intent in
    the same Stripe account, which may carry the number of a row of ours."""
    if not (intent.payment_id.isdecimal() and len(intent.payment_id) < 19):
        return None
    rows = Payment.objects.filter(
        pk=int(intent.payment_id), method=CARD, order__number=intent.order_number
    ).filter(Q(intent_id=None) | Q(intent_id=intent.id))
    payment = rows.first()
    if payment is not None and payment.intent_id is None:
        Payment.objects.filter(pk=payment.pk, intent_id=None).update(intent_id=intent.id)
    return payment
