"""Invariants of reconciliation, recomputed from zero. Each check returns sentences; none means that it holds."""

from __future__ import annotations

from typing import Any

from django.db.models import CharField, F, Q, Sum, Value
from django.db.models.functions import Cast, Concat

from fulfilment.finance.bank.models import StatementLine
from fulfilment.finance.invoicing.models import OrderMoney
from fulfilment.finance.ledger.compare import differences, side
from fulfilment.finance.ledger.models import Entry, EntryLine

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
    ours = Q(subject__startswith="receipt:") | Q(subject__startswith="disbursement:")
    booked = EntryLine.objects.filter(ours, entry__posted_at__isnull=False, account__role="unexplained")
    left = [
        side(
            model.objects.exclude(state="withdrawn").exclude(assigned_minor=F("amount_minor")),
            Concat(Value(f"{kind}:"), Cast("pk", CharField())),
            (F("amount_minor") - F("assigned_minor")) * sign,
        )
        for (kind, model), sign in zip(SIDES, (-1, 1), strict=True)
    ]
    found = differences(side(booked, F("subject"), F("debit_minor") - F("credit_minor")), *left)
    return [f"{one.fact}: {one.here} unexplained in the ledger, {one.there} left of it" for one in found]


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
    posted = Entry.objects.filter(source__startswith="assignment:", reversed_by=None)
    standing = Assignment.objects.filter(undone_at=None).exclude(kind=Assignment.RETURNED, pair__isnull=False)
    found = differences(side(standing, _source(), Value(1)), side(posted, F("source"), Value(1)))
    return [f"{one.fact} is not in the books as it stands" for one in found]


def assignments_are_on_their_orders() -> list[str]:
    """Every standing payment by transfer is on the account of its order, with its amount, and no other is."""
    paid = Assignment.objects.filter(undone_at__isnull=True, kind=Assignment.PAYMENT)
    money = OrderMoney.objects.filter(kind=OrderMoney.TRANSFER, undone_at__isnull=True)
    found = differences(side(paid, _source(), F("amount_minor")), side(money, F("source"), F("amount_minor")))
    return [
        f"assignment {one.fact.rpartition(':')[2]} is not on the account of its order"
        if one.rows_here
        else f"{one.fact} has no assignment"
        for one in found
    ]


def _source() -> Any:
    """What the entry and the money of an assignment are known by (``Assignment.source``)."""
    return Concat(Value("assignment:"), Cast("pk", CharField()))


CHECKS = [
    ("receipts and disbursements equal their assignments", money_equals_its_assignments),
    ("unexplained money equals what is left of receipts and disbursements", unexplained_equals_open_money),
    ("lines of the bank are money once", lines_are_money_once),
    ("assignments are in the books as they stand", assignments_are_in_the_books),
    ("assignments are on the accounts of their orders", assignments_are_on_their_orders),
]
