"""Invariants of reconciliation, recomputed from zero. Each check returns sentences; none means that it holds."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Q, Sum

from fulfilment.finance.bank.models import StatementLine
from fulfilment.finance.invoicing.models import OrderMoney
from fulfilment.finance.ledger.models import Entry
from fulfilment.finance.ledger.queries import balances_by_subject

from .models import Assignment, Disbursement, Intake, Receipt

SHOWN = 20
SIDES: tuple[tuple[str, Any], ...] = (("receipt", Receipt), ("disbursement", Disbursement))


def money_equals_its_assignments() -> list[str]:
    """What a receipt or disbursement shows as assigned is the sum of its standing assignments."""
    standing = Sum("assignments__amount_minor", filter=Q(assignments__undone_at__isnull=True), default=0)
    found: list[str] = []
    for kind, model in SIDES:
        rows = model.objects.annotate(standing=standing).exclude(standing=F("assigned_minor")).order_by("pk")
        found += [
            f"{kind} {row.pk}: {row.assigned_minor} assigned, rows {row.standing}" for row in rows[:SHOWN]
        ]
    return found[:SHOWN]


def unexplained_equals_open_money() -> list[str]:
    """Per receipt and disbursement: what the ledger holds as unexplained is what is left of it; so the whole account is
    the open receipts less the open disbursements (and what the card provider holds for nobody)."""
    currencies = {"EUR"}.union(
        *(model.objects.values_list("currency", flat=True).distinct() for _, model in SIDES)
    )
    booked = {
        subject: amount
        for currency in sorted(currencies)
        for subject, amount in balances_by_subject("unexplained", currency).items()
        if subject.startswith(("receipt:", "disbursement:"))
    }
    left = {
        f"{kind}:{pk}": sign * (amount - assigned)
        for (kind, model), sign in zip(SIDES, (-1, 1), strict=True)
        for pk, amount, assigned in model.objects.exclude(state="withdrawn")
        .exclude(assigned_minor=F("amount_minor"))
        .values_list("pk", "amount_minor", "assigned_minor")
    }
    return [
        f"{subject}: {booked.get(subject, 0)} unexplained in the ledger, {left.get(subject, 0)} left of it"
        for subject in sorted(set(booked) | set(left))
        if booked.get(subject, 0) != left.get(subject, 0)
    ][:SHOWN]


def lines_are_money_once() -> list[str]:
    """Every line of an intake that is done is one receipt or disbursement with its amount; replaced ones are none."""
    done = Intake.objects.filter(done_at__isnull=False)
    lines = StatementLine.objects.filter(
        statement__file_id__in=done.values("file_id"), account_id__in=done.values("bank_account_id")
    )
    nobody = lines.filter(is_replaced=False, receipt=None, disbursement=None).order_by("pk")
    found = [f"line {pk} is no money yet" for pk in nobody.values_list("pk", flat=True)[:SHOWN]]
    replaced = Q(line__is_replaced=True) & ~Q(state="withdrawn")
    for (kind, model), sign in zip(SIDES, (1, -1), strict=True):
        wrong = model.objects.filter(
            replaced | (~Q(state="withdrawn") & ~Q(amount_minor=sign * F("line__amount_minor"))),
            line__isnull=False,
        )
        found += [f"{kind} {pk} is not its line" for pk in wrong.values_list("pk", flat=True)[:SHOWN]]
    return found[:SHOWN]


def assignments_are_in_the_books() -> list[str]:
    """Every standing assignment has its entry, one that was undone has its reversal; a pair shares one."""
    entries = Entry.objects.filter(source__startswith="assignment:")
    posted = set(entries.filter(reversed_by=None).values_list("source", flat=True))
    standing = {
        f"assignment:{pk}"
        for pk in Assignment.objects.filter(undone_at=None)
        .exclude(kind=Assignment.RETURNED, pair__isnull=False)
        .values_list("pk", flat=True)
    }
    return [f"{source} is not in the books as it stands" for source in sorted(standing ^ posted)[:SHOWN]]


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
    ("receipts and disbursements equal their assignments", money_equals_its_assignments),
    ("unexplained money equals what is left of receipts and disbursements", unexplained_equals_open_money),
    ("lines of the bank are money once", lines_are_money_once),
    ("assignments are in the books as they stand", assignments_are_in_the_books),
    ("assignments are on the accounts of their orders", assignments_are_on_their_orders),
]
