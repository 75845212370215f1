"""Invariants of reconciliation, recomputed from zero. Each check returns sentences; none means that it holds."""

from __future__ import annotations

from django.db.models import F, Q, Sum

from fulfilment.finance.invoicing.models import OrderMoney
from fulfilment.finance.ledger.queries import balances_by_subject

from .models import Assignment, Receipt

SHOWN = 20


def receipts_equal_their_assignments() -> list[str]:
    """What a receipt shows as assigned is the sum of its standing assignments."""
    standing = Sum("assignments__amount_minor", filter=Q(assignments__undone_at__isnull=True), default=0)
    wrong = Receipt.objects.annotate(standing=standing).exclude(standing=F("assigned_minor")).order_by("pk")
    return [
        f"receipt {receipt.pk}: {receipt.assigned_minor} assigned, rows {receipt.standing}"  # type: ignore[attr-defined]
        for receipt in wrong[:SHOWN]
    ]


def unexplained_equals_open_receipts() -> list[str]:
    """Per receipt: what the ledger holds as unexplained is what is left of it."""
    booked = {
        subject: -amount
        for subject, amount in balances_by_subject("unexplained").items()
        if subject.startswith("receipt:")
    }
    left = {
        f"receipt:{pk}": amount - assigned
        for pk, amount, assigned in Receipt.objects.exclude(state="withdrawn").values_list(
            "pk", "amount_minor", "assigned_minor"
        )
        if amount != assigned
    }
    return [
        f"{subject}: {booked.get(subject, 0)} unexplained in the ledger, {left.get(subject, 0)} left of it"
        for subject in sorted(set(booked) | set(left))
        if booked.get(subject, 0) != left.get(subject, 0)
    ][:SHOWN]


def assignments_are_on_their_orders() -> list[str]:
    """Every standing payment by transfer is on the account of its order, with its amount, and no other is."""
    money = dict(
        OrderMoney.objects.filter(kind=OrderMoney.TRANSFER, undone_at__isnull=True).values_list(
            "source", "amount_minor"
        )
    )
    found = []
    for assignment in Assignment.objects.filter(undone_at__isnull=True, kind=Assignment.PAYMENT).order_by(
        "pk"
    ):
        if money.pop(assignment.source, None) != assignment.amount_minor:
            found.append(f"assignment {assignment.pk} is not on the account of its order")
    return (found + [f"{source} has no assignment" for source in money])[:SHOWN]


CHECKS = [
    ("receipts equal their assignments", receipts_equal_their_assignments),
    ("unexplained money equals what is left of receipts", unexplained_equals_open_receipts),
    ("assignments are on the accounts of their orders", assignments_are_on_their_orders),
]
