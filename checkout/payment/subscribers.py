"""What the room hears: its own refund requests (the network call is a task's work) and Stripe's webhooks."""

from __future__ import annotations

from django.db import transaction

from shop.kernel import inbox
from shop.kernel.models import InboxMessage
from shop.kernel.outbox import subscribe

from . import stripe_client
from .actions import note_dispute, settle, settle_refund
from .actions.capture import unmatched
from .events import RefundRequested
from .models import Payment


@subscribe(RefundRequested, "payment.nudge_refund")
def nudge_refund(event: RefundRequested) -> None:
    """Let a worker send it now; the sweep does it otherwise."""
    from .tasks import send_refund_now

    transaction.on_commit(lambda: send_refund_now.delay(event.refund_id), robust=True)


@inbox.handles("stripe")
def handle_stripe(message: InboxMessage) -> None:
    """A webhook is only a hint to look: every handler reads the thing anew, so order and repeats do not matter."""
    event = stripe_client.read_event(message.body)
    if event.type.startswith("payment_intent."):
        _payment(event)
    elif event.type.startswith(("refund.", "charge.refund.")):
        settle_refund(psp_id=event.object_id)
    elif event.type.startswith("charge.dispute."):
        note_dispute(dispute_id=event.object_id)


def _payment(event: stripe_client.ProviderEvent) -> None:
    payment = Payment.objects.filter(intent_id=event.object_id).first()
    if payment is not None:
        settle(payment_id=payment.pk)
        return
    intent = stripe_client.retrieve_intent(event.object_id)
    # Our own call may have been answered after the webhook: the metadata names the row.
    if intent.payment_id.isdigit() and Payment.objects.filter(
        pk=int(intent.payment_id), intent_id=None
    ).update(intent_id=intent.id):
        settle(payment_id=int(intent.payment_id))
    elif intent.status == "succeeded":
        unmatched(
            source="stripe",
            reference=intent.id,
            amount_minor=intent.received_minor,
            currency=intent.currency,
            note=f"no payment of ours; order number {intent.order_number!r}",
        )
