"""Reads of the bank's pages, each with a constant number of SQL queries; sums are made by the database."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import BigIntegerField, Count, F, Max, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from fulfilment.finance import amounts
from fulfilment.finance.ledger.models import EntryLine

from .models import CAMT054, FINAL_KINDS, BankAccount, Statement, StatementFile, StatementLine


@dataclass(frozen=True)
class AccountRow:
    """An account as its statements and as the books see it, in minor units; None where nothing was imported yet.

    drift_minor: by how much first opening balance and all lines miss the last closing balance.
    """

    account: BankAccount
    last_day: dt.date | None
    closing_minor: int | None
    books_minor: int
    drift_minor: int
    gaps: int
    off: int

    @property
    def difference_minor(self) -> int | None:
        """Books less statements; None without a statement."""
        return None if self.closing_minor is None else self.books_minor - self.closing_minor


def account_rows(*, search: str = "", use: str = "") -> list[AccountRow]:
    """Accounts, those in use first. search: name, IBAN, number or bank; use: ``yes``, ``no`` or all. Two queries."""
    final = Statement.objects.filter(
        account=OuterRef("pk"), kind__in=FINAL_KINDS, closing_minor__isnull=False, file__state="imported"
    )
    newest = final.order_by("-last_day", "-pk")
    oldest = final.filter(opening_minor__isnull=False).order_by("first_day", "pk")
    sound = Q(statements__file__state="imported")
    wanted = BankAccount.objects.filter(is_active=use == "yes") if use else BankAccount.objects.all()
    if search:
        plain = "".join(search.split())
        wanted = wanted.filter(
            Q(name__icontains=search)
            | Q(bank_name__icontains=search)
            | Q(iban__icontains=plain)
            | Q(number__icontains=plain)
        )
    accounts = list(
        wanted.select_related("ledger_account")
        .annotate(
            closing=Subquery(newest.values("closing_minor")[:1]),
            closed_on=Subquery(newest.values("last_day")[:1]),
            opening=Subquery(oldest.values("opening_minor")[:1]),
            opened_on=Subquery(oldest.values("first_day")[:1]),
            gap_count=Count("statements", filter=sound & Q(statements__has_gap=True)),
            off_count=Count("statements", filter=sound & Q(statements__is_off=True)),
        )
        .annotate(moved=_moved())
        .order_by("-is_active", "name", "pk")
    )
    books = _books(accounts)
    return [
        AccountRow(
            account=account,
            last_day=account.closed_on,
            closing_minor=account.closing,
            books_minor=books[f"account_{account.pk}"],
            drift_minor=0
            if account.opening is None or account.closing is None
            else account.closing - account.opening - account.moved,
            gaps=account.gap_count,
            off=account.off_count,
        )
        for account in accounts
    ]


def _moved() -> Coalesce:
    """What the lines between the first and the last statement add up to."""
    lines = StatementLine.objects.filter(
        account=OuterRef("pk"),
        is_replaced=False,
        booked_on__gte=OuterRef("opened_on"),
        booked_on__lte=OuterRef("closed_on"),
    )
    total = lines.order_by().values("account").annotate(total=Sum("amount_minor")).values("total")
    return Coalesce(Subquery(total, output_field=BigIntegerField()), Value(0), output_field=BigIntegerField())


def _books(accounts: list[Any]) -> dict[str, int]:
    """Per account: the balance of its account in the books, up to the day of its last statement. One query."""
    if not accounts:
        return {}
    change = F("debit_minor") - F("credit_minor")
    sums = {}
    for account in accounts:
        condition = Q(account=account.ledger_account_id, currency=account.currency)
        if account.closed_on:
            condition &= Q(entry__booked_on__lte=account.closed_on)
        sums[f"account_{account.pk}"] = Coalesce(
            Sum(change, filter=condition), Value(0), output_field=BigIntegerField()
        )
    lines = EntryLine.objects.filter(
        account__in={account.ledger_account_id for account in accounts}, entry__posted_at__isnull=False
    )
    return lines.aggregate(**sums)


def files(*, search: str = "", state: str = "") -> QuerySet[StatementFile]:
    """Files of the bank with who brought them."""
    found = StatementFile.objects.select_related("uploaded_by", "mapping")
    if search:
        found = found.filter(name__icontains=search)
    return found.filter(state=state) if state else found


def statements(
    *,
    search: str = "",
    account: str = "",
    mark: str = "",
    first: dt.date | None = None,
    last: dt.date | None = None,
) -> QuerySet[Statement]:
    """Imported statements. mark: ``gap``, ``off``, or ``wrong`` for either."""
    found = Statement.objects.filter(file__state="imported").select_related("account", "file")
    if search:
        found = found.filter(Q(number__icontains=search) | Q(file__name__icontains=search))
    if account:
        found = found.filter(account_id=account)
    marks = {"gap": Q(has_gap=True), "off": Q(is_off=True), "wrong": Q(has_gap=True) | Q(is_off=True)}
    if mark in marks:
        found = found.filter(marks[mark])
    if first:
        found = found.filter(last_day__gte=first)
    return found.filter(first_day__lte=last) if last else found


def lines(
    *,
    search: str = "",
    account: str = "",
    way: str = "",
    first: dt.date | None = None,
    last: dt.date | None = None,
    file: int | None = None,
) -> QuerySet[StatementLine]:
    """Lines, but for those of files that are being read.

    way: ``in``, ``out``, ``returned``, ``replaced``; batches that do not count are found only with the last.
    search looks into names, texts, references and IBANs; an amount (119,00) finds lines of that amount, in or out.
    """
    found = StatementLine.objects.filter(is_replaced=way == "replaced").select_related("account")
    unfinished = list(Statement.objects.filter(file__state="reading").values_list("pk", flat=True))
    if unfinished:  # asked for beforehand: joining files to a million lines costs more than the page
        found = found.exclude(statement__in=unfinished)
    ways = {"in": Q(amount_minor__gt=0), "out": Q(amount_minor__lt=0), "returned": Q(is_reversal=True)}
    if way in ways:
        found = found.filter(ways[way])
    if search:
        found = found.filter(_searched(search))
    if account:
        found = found.filter(account_id=account)
    if file is not None:
        found = found.filter(statement__file_id=file)
    if first:
        found = found.filter(booked_on__gte=first)
    return found.filter(booked_on__lte=last) if last else found


def _searched(search: str) -> Q:
    plain = "".join(search.split()).upper()
    condition = (
        Q(counterparty__icontains=search)
        | Q(text__icontains=search)
        | Q(end_to_end_id__icontains=search)
        | Q(structured_reference__icontains=search)
        | Q(bank_reference__icontains=search)
        | Q(counterparty_iban__startswith=plain)
    )
    try:
        amount = abs(amounts.parse(search))
    except ValueError:
        return condition
    return condition | Q(amount_minor__in=(amount, -amount))


def known_until() -> dt.date | None:
    """The last day of which any account in use has a statement; None before the first. One query."""
    found = Statement.objects.filter(
        file__state="imported", kind__in=FINAL_KINDS, account__is_active=True
    ).aggregate(day=Max("last_day"))
    day: dt.date | None = found["day"]
    return day


def read_until(*, iban: str) -> dt.date | None:
    """The last day up to which money that came in is known: on the account in use with this IBAN, else on the main one,
    else on each account in use that has statements (the one that lags behind counts). A day's report and a CSV count
    as well as statements; a list of details (054) does not tell of everything that came. None before the first. One
    query."""
    rows = (
        Statement.objects.filter(file__state="imported", account__is_active=True)
        .exclude(kind=CAMT054)
        .order_by()
        .values_list("account__iban", "account__is_default")
        .annotate(day=Max("last_day"))
    )
    days = list(rows)
    named = [day for account, _main, day in days if iban and account == iban]
    main = [day for _account, is_main, day in days if is_main]
    return min(named or main or [day for _account, _main, day in days], default=None)


def wrong_statements() -> int:
    """How many statements do not add up or follow a gap. One query."""
    return statements(mark="wrong").count()
