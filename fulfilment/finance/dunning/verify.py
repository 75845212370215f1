"""Invariants of dunning."""

from __future__ import annotations

from django.db.models import Count, F, Sum

from .models import DunningItem, DunningNotice


def once_per_invoice_and_level() -> list[str]:
    """No invoice was asked twice at one level."""
    rows = (
        DunningItem.objects.values("invoice__number", "level").annotate(times=Count("pk")).filter(times__gt=1)
    )
    return [
        f"{row['invoice__number']} was asked {row['times']} times at level {row['level']}" for row in rows
    ]


def notices_are_the_sum_of_their_items() -> list[str]:
    """Each letter's open amount, interest and costs are those of its items."""
    rows = DunningNotice.objects.annotate(
        open_sum=Sum("items__open_minor"),
        interest_sum=Sum("items__interest_minor"),
        fee_sum=Sum("items__fee_minor"),
    ).exclude(open_minor=F("open_sum"), interest_minor=F("interest_sum"), fee_minor=F("fee_sum"))
    return [f"{notice.number} does not equal its items" for notice in rows]


CHECKS = [
    ("each invoice is asked once per dunning level", once_per_invoice_and_level),
    ("dunning notices are the sum of their items", notices_are_the_sum_of_their_items),
]
