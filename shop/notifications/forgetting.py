"""Mails that nobody needs any more go (storage limitation, Art. 5 (1) (e) GDPR): those that only asked whether an
address is its owner's (what was confirmed is proven by its own row), and the copies of a newsletter, of which numbers
stay."""

from __future__ import annotations

import datetime as dt

from django.db.models import F

from shop.kernel.clock import now
from shop.kernel.transactions import retrying

from .models import NewsletterIssue, OutgoingMail
from .states import SENT

ASKING = ("newsletter_asked", "stock_alert")  #: kinds of mails
KEPT = dt.timedelta(days=30)
AT_ONCE = 500  #: rows in one statement


def forget_asking() -> int:
    """Delete such mails, sent or given up, that are older than ``KEPT``. Returns how many went."""
    rows = OutgoingMail.objects.filter(kind__in=ASKING, created_at__lt=now() - KEPT).exclude(
        state=OutgoingMail.PENDING
    )
    done = 0
    while pks := list(rows.order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
        OutgoingMail.objects.filter(pk__in=pks).delete()
        done += len(pks)
    return done


def forget_copies() -> int:
    """Delete the copies of newsletters that were written to the end longer ago than ``KEPT``; how many were sent and
    failed stays with the issue. Returns how many went."""
    done = 0
    for pk in NewsletterIssue.objects.filter(state=SENT, ended_at__lt=now() - KEPT).values_list(
        "pk", flat=True
    ):
        while some := retrying(lambda pk=pk: _forget_some(pk)):  # type: ignore[misc]
            done += some
    return done


def _forget_some(issue_id: int) -> int:
    rows = OutgoingMail.objects.filter(copy__issue=issue_id).exclude(state=OutgoingMail.PENDING)
    found = dict(rows.order_by("pk").values_list("pk", "state")[:AT_ONCE])
    sent = sum(state == OutgoingMail.DONE for state in found.values())
    OutgoingMail.objects.filter(pk__in=found).delete()
    NewsletterIssue.objects.filter(pk=issue_id).update(
        were_sent=F("were_sent") + sent, were_failed=F("were_failed") + len(found) - sent
    )
    return len(found)
