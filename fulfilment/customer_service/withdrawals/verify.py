"""Invariants of the room, for ``manage.py verify``."""

from __future__ import annotations

import datetime as dt

from shop.kernel.clock import now

from .models import HeldInvoice, Withdrawal
from .states import OPEN_STATES

RECEIPT_WITHIN = dt.timedelta(minutes=10)  #: a receipt that is not written by then is not "at once"


def declarations_are_as_they_were_made() -> list[str]:
    """The kept content fits its hash, and the columns say the same."""
    found = []
    for row in Withdrawal.objects.order_by("pk").iterator(1000):
        same = all(
            row.content.get(name) == getattr(row, name) for name in ("name", "contract", "email", "lines")
        )
        if Withdrawal.digest(row.content) != row.sha256 or not same:
            found.append(f"withdrawal {row.number}: what was declared was changed afterwards")
    return found


def closed_withdrawals_hold_nothing() -> list[str]:
    """Only open withdrawals keep invoices from dunning."""
    rows = HeldInvoice.objects.exclude(withdrawal__state__in=OPEN_STATES).select_related(
        "withdrawal", "invoice"
    )
    return [
        f"invoice {row.invoice.number} is held by {row.withdrawal.number}, which is closed" for row in rows
    ]


def each_withdrawal_has_its_receipt() -> list[str]:
    """The receipt was written at once (§ 356a (4) BGB)."""
    late = Withdrawal.objects.filter(receipt_mail_id=None, received_at__lt=now() - RECEIPT_WITHIN).order_by(
        "pk"
    )
    return [
        f"withdrawal {row.number} has no receipt, received {row.received_at:%Y-%m-%d %H:%M:%S}"
        for row in late
    ]


CHECKS = [
    ("each withdrawal has its receipt", each_withdrawal_has_its_receipt),
    ("withdrawals are kept as they were declared", declarations_are_as_they_were_made),
    ("only open withdrawals hold invoices from dunning", closed_withdrawals_hold_nothing),
]
