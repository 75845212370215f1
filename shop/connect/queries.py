"""Reads of pushes."""

from __future__ import annotations

from django.db.models import Count, Q, QuerySet

from .models import Endpoint, Push


def search(*, q: str = "", state: str = "", event: str = "") -> QuerySet[Push]:
    """Pushes by words in endpoint, number and delivery id, shown state and event; newest first, without bodies."""
    rows = Push.objects.select_related("endpoint").defer("body", "response_body")
    for word in q.split():
        rows = rows.filter(
            Q(subject__icontains=word) | Q(endpoint__name__icontains=word) | Q(delivery_id__istartswith=word)
        )
    if event:
        rows = rows.filter(event=event)
    return rows.filter(_in_state(state)) if state else rows


def endpoints() -> QuerySet[Endpoint]:
    """Endpoints with ``waiting`` and ``given_up`` pushes. One query."""
    return Endpoint.objects.annotate(
        waiting=Count("pushes", filter=Q(pushes__state=Push.PENDING)),
        given_up=Count("pushes", filter=Q(pushes__state=Push.DEAD)),
    )


def failed_count() -> int:
    """How many pushes were given up."""
    return Push.objects.filter(state=Push.DEAD).count()


def _in_state(state: str) -> Q:
    pending = Q(state=Push.PENDING)
    return {
        "queued": pending & Q(endpoint__active=True, last_error=""),
        "retrying": pending & Q(endpoint__active=True) & ~Q(last_error=""),
        "held": pending & Q(endpoint__active=False),
        "done": Q(state=Push.DONE),
        "dead": Q(state=Push.DEAD),
    }[state]
