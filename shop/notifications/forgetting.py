"""Mails that only asked whether an address is its owner's go, confirmed or not: what was confirmed is proven by its own
row, and the address may be a stranger's (storage limitation, Art. 5 (1) (e) GDPR)."""

from __future__ import annotations

import datetime as dt

from shop.kernel.clock import now

from .models import OutgoingMail

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
