"""Reads of mails that other rooms and pages need."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from .models import OutgoingMail

LISTED = ("pk", "kind", "source", "recipient", "subject", "state", "last_error", "created_at", "done_at", "attempts",
          "claimed_until", "order", "order__number", "confidential", "correlation_id", "next_attempt_at")  # fmt: skip
SHOWN_STATES = ("queued", "retrying", "sent", "failed")


def mails_of_order(order_id: int) -> list[OutgoingMail]:
    """Every mail about an order, oldest first, for the staff's order page. One query; bodies are not loaded."""
    return list(
        OutgoingMail.objects.filter(order_id=order_id)
        .select_related("order")
        .only(*LISTED)
        .order_by("created_at", "pk")
    )


def search(*, q: str = "", state: str = "", kind: str = "") -> QuerySet[OutgoingMail]:
    """Mails by words in recipient, subject and order number, shown state and kind; newest first, without bodies."""
    rows = OutgoingMail.objects.select_related("order").only(*LISTED)
    for word in q.split():
        rows = rows.filter(
            Q(recipient__icontains=word) | Q(subject__icontains=word) | Q(order__number__iexact=word)
        )
    if state:
        rows = rows.filter(_in_state(state))
    return rows.filter(kind=kind) if kind else rows


def failed_count() -> int:
    """How many mails were given up."""
    return OutgoingMail.objects.filter(state=OutgoingMail.DEAD).count()


def _in_state(state: str) -> Q:
    return {
        "queued": Q(state=OutgoingMail.PENDING, last_error=""),
        "retrying": Q(state=OutgoingMail.PENDING) & ~Q(last_error=""),
        "sent": Q(state=OutgoingMail.DONE),
        "failed": Q(state=OutgoingMail.DEAD),
    }[state]
