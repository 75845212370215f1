"""Invariants of the room, for ``manage.py verify``."""

from __future__ import annotations

from django.db.models import Sum

from checkout.payment.models import Refund
from fulfilment.finance.invoicing.models import CREDIT_NOTE, Invoice

from .models import Settlement
from .states import DONE


def settlements_are_what_was_credited_and_sent_back() -> list[str]:
    """A settlement that was carried out says what its credit notes and refunds say."""
    found = []
    for row in Settlement.objects.filter(state=DONE).select_related("returning").order_by("pk").iterator(500):
        prefix = f"return:{row.returning.number}:"
        notes = Invoice.objects.filter(kind=CREDIT_NOTE, source__startswith=prefix)
        credited = notes.aggregate(sum=Sum("gross_minor"))["sum"] or 0
        refunds = (
            Refund.objects.filter(source__startswith=prefix).aggregate(sum=Sum("amount_minor"))["sum"] or 0
        )
        if (credited, refunds) != (row.credited_minor, row.refunded_minor):
            found.append(
                f"settlement of return {row.returning.number} says {row.credited_minor} credited and "
                f"{row.refunded_minor} sent back, its documents say {credited} and {refunds}"
            )
    return found


CHECKS = [
    (
        "settlements of returns are what was credited and sent back",
        settlements_are_what_was_credited_and_sent_back,
    )
]
