"""Reads of the ledger, each with a constant number of SQL queries; sums are made by the database."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import BigIntegerField, Count, F, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce

from .models import Account, Entry, EntryLine

POSTED = Q(entry__posted_at__isnull=False)


@dataclass(frozen=True)
class TrialRow:
    """One account over a stretch of days, in minor units. Balances: debit positive, credit negative."""

    account: Account
    opening_minor: int
    debit_minor: int
    credit_minor: int

    @property
    def closing_minor(self) -> int:
        """Opening plus debits minus credits."""
        return self.opening_minor + self.debit_minor - self.credit_minor


def _total(field: str, condition: Q) -> Coalesce:
    return Coalesce(Sum(field, filter=condition), Value(0), output_field=BigIntegerField())


def trial_balance(
    *, first_day: dt.date | None = None, last_day: dt.date | None = None, currency: str = "EUR"
) -> list[TrialRow]:
    """Every account that was ever posted to, with opening, debits, credits (minor units). One query.

    first_day, last_day: inclusive; None is open-ended.
    """
    posted = Q(lines__entry__posted_at__isnull=False, lines__currency=currency)
    before = posted & Q(lines__entry__booked_on__lt=first_day) if first_day else None
    within = posted
    if first_day:
        within &= Q(lines__entry__booked_on__gte=first_day)
    if last_day:
        within &= Q(lines__entry__booked_on__lte=last_day)
    accounts = Account.objects.annotate(
        debits=_total("lines__debit_minor", within),
        credits=_total("lines__credit_minor", within),
        opening_debits=_total("lines__debit_minor", before) if before else Value(0, BigIntegerField()),
        opening_credits=_total("lines__credit_minor", before) if before else Value(0, BigIntegerField()),
        line_count=Count("lines", filter=within | before if before else within),
    )
    return [
        TrialRow(row, row.opening_debits - row.opening_credits, row.debits, row.credits)
        for row in accounts.filter(line_count__gt=0).order_by("number")
    ]


def balance_minor(
    role: str, *, subject: str = "", currency: str = "EUR", until: dt.date | None = None
) -> int:
    """The balance of an account by role (debit positive), all of it or of one subject. One query."""
    lines = EntryLine.objects.filter(POSTED, account__role=role, currency=currency)
    if subject:
        lines = lines.filter(subject=subject)
    if until:
        lines = lines.filter(entry__booked_on__lte=until)
    sums = lines.aggregate(debits=Sum("debit_minor"), credits=Sum("credit_minor"))
    return int(sums["debits"] or 0) - int(sums["credits"] or 0)


def balances_by_subject(role: str, currency: str = "EUR", *, until: dt.date | None = None) -> dict[str, int]:
    """The balance per subject of one account, of all days or until one, those at zero left out. One query."""
    days = Q(entry__booked_on__lte=until) if until else Q()
    rows = (
        EntryLine.objects.filter(POSTED, days, account__role=role, currency=currency)
        .values("subject")
        .annotate(balance=Sum(F("debit_minor") - F("credit_minor")))
        .exclude(balance=0)
        .values_list("subject", "balance")
    )
    return {subject: int(balance) for subject, balance in rows}


def account_lines(
    account: Account,
    *,
    first_day: dt.date | None = None,
    last_day: dt.date | None = None,
    subject: str = "",
    currency: str = "EUR",
) -> QuerySet[EntryLine]:
    """Posted lines of an account in the order of the books, with their entries."""
    lines = EntryLine.objects.filter(POSTED, account=account, currency=currency).select_related("entry")
    if first_day:
        lines = lines.filter(entry__booked_on__gte=first_day)
    if last_day:
        lines = lines.filter(entry__booked_on__lte=last_day)
    if subject:
        lines = lines.filter(subject=subject)
    return lines.order_by("entry__booked_on", "entry_id", "pk")


def sum_of(lines: QuerySet[EntryLine]) -> int:
    """Debits minus credits of the lines. One query."""
    sums = lines.order_by().aggregate(debits=Sum("debit_minor"), credits=Sum("credit_minor"))
    return int(sums["debits"] or 0) - int(sums["credits"] or 0)


def journal(
    *,
    search: str = "",
    kind: str = "",
    first_day: dt.date | None = None,
    last_day: dt.date | None = None,
    amount_minor: int | None = None,
) -> QuerySet[Entry]:
    """Posted entries, newest first. ``search`` looks into text, document, source and subject."""
    entries = Entry.objects.filter(posted_at__isnull=False)
    if search:
        entries = entries.filter(
            Q(text__icontains=search)
            | Q(document__icontains=search)
            | Q(source__icontains=search)
            | Q(pk__in=EntryLine.objects.filter(subject__icontains=search).values("entry_id"))
        )
    if kind:
        entries = entries.filter(kind=kind)
    if first_day:
        entries = entries.filter(booked_on__gte=first_day)
    if last_day:
        entries = entries.filter(booked_on__lte=last_day)
    if amount_minor is not None:
        having = EntryLine.objects.filter(Q(debit_minor=amount_minor) | Q(credit_minor=amount_minor))
        entries = entries.filter(pk__in=having.values("entry_id"))
    return entries.order_by("-booked_on", "-pk")


def entry_totals(entries: list[Entry]) -> dict[int, int]:
    """Debits per entry (minor units). One query."""
    rows = (
        EntryLine.objects.filter(entry__in=entries)
        .values("entry_id")
        .annotate(total=Sum("debit_minor"))
        .values_list("entry_id", "total")
    )
    return dict(rows)


def entry_with_lines(entry_id: int) -> Entry:
    """One entry with lines, accounts, who wrote it, what it reverses. Two queries. Entry.DoesNotExist if none."""
    entries: QuerySet[Entry, Any] = Entry.objects.select_related("by", "reverses", "reversed_by")
    return entries.prefetch_related("lines__account").get(pk=entry_id)
