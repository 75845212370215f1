"""Invariants of the kernel: nothing told is left undelivered."""

from __future__ import annotations

import datetime as dt

from .clock import now
from .models import Attempted, Delivery, InboxMessage

OVERDUE_AFTER = dt.timedelta(minutes=10)  #: a delivery that is due for longer means that nobody sweeps


def no_dead_or_overdue_deliveries() -> list[str]:
    """Dead deliveries and those that nobody has looked at in time."""
    rows = Delivery.objects.filter(state=Attempted.DEAD).select_related("message")
    late = Delivery.objects.filter(
        state=Attempted.PENDING, next_attempt_at__lt=now() - OVERDUE_AFTER
    ).select_related("message")
    return [f"{d.subscriber} gave up on {d.message.name} {d.message_id}: {d.last_error}" for d in rows] + [
        f"{d.subscriber} has not heard {d.message.name} {d.message_id}, due since {d.next_attempt_at:%Y-%m-%d %H:%M}"
        for d in late
    ]


def no_dead_inbox_messages() -> list[str]:
    """Messages of others that could not be understood."""
    rows = InboxMessage.objects.filter(state=Attempted.DEAD)
    return [f"{row.source} {row.external_id}: {row.last_error}" for row in rows]


CHECKS = [
    ("outbox without dead or overdue deliveries", no_dead_or_overdue_deliveries),
    ("inbox without dead messages", no_dead_inbox_messages),
]
