"""How far each account of ours has been read: until which day, by whom, what lies on it, whether that is too old."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import BigIntegerField, Count, Max, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from shop.kernel.business_days import is_business_day

from .models import FINAL_KINDS, BankAccount, Statement, StatementFile, StatementLine

#: Business days without a statement from which on one is missing: banks send that of a day on the next one.
OLD_FROM_DAYS = 3


@dataclass(frozen=True)
class Read:
    """An account in use. balance_minor: what its statements say lies on it, None while none has told a balance; file:
    the one that brought its newest statement."""

    account: BankAccount
    until: dt.date | None
    balance_minor: int | None
    file: StatementFile | None
    gaps: int
    off: int
    is_old: bool


def reads(today: dt.date) -> list[Read]:
    """Every account in use, the main one first. Two queries, however many statements there are."""
    sound = Q(statements__file__state="imported")
    newest = Statement.objects.filter(account=OuterRef("pk"), file__state="imported").order_by(
        "-last_day", "-pk"
    )
    final = newest.filter(kind__in=FINAL_KINDS, closing_minor__isnull=False)
    accounts = list(
        BankAccount.objects.filter(is_active=True)
        .select_related("ledger_account")
        .annotate(
            until=Max("statements__last_day", filter=sound),
            closing=Subquery(final.values("closing_minor")[:1]),
            closed_on=Subquery(final.values("last_day")[:1]),
            newest_file=Subquery(newest.values("file_id")[:1]),
            gap_count=Count("statements", filter=sound & Q(statements__has_gap=True)),
            off_count=Count("statements", filter=sound & Q(statements__is_off=True)),
        )
        .annotate(since=_since())
        .order_by("-is_default", "name", "pk")
    )
    files = StatementFile.objects.select_related("uploaded_by").in_bulk(
        [account.newest_file for account in accounts if account.newest_file]
    )
    return [
        Read(
            account=account,
            until=account.until,
            balance_minor=None if account.closing is None else account.closing + account.since,
            file=files.get(account.newest_file),
            gaps=account.gap_count,
            off=account.off_count,
            is_old=is_old(account.until, today),
        )
        for account in accounts
    ]


def is_old(until: dt.date | None, today: dt.date) -> bool:
    """Whether statements of so many business days are missing that somebody should look; also before the first."""
    if until is None:
        return True
    missing, day = 0, until + dt.timedelta(days=1)
    while day < today and missing < OLD_FROM_DAYS:
        missing += is_business_day(day, "")
        day += dt.timedelta(days=1)
    return missing >= OLD_FROM_DAYS


def _since() -> Coalesce:
    """What the lines after the last closing balance add up to: reports of the day, and files without balances."""
    lines = StatementLine.objects.filter(
        account=OuterRef("pk"),
        is_replaced=False,
        booked_on__gt=OuterRef("closed_on"),
        statement__file__state="imported",
    )
    total = lines.order_by().values("account").annotate(total=Sum("amount_minor")).values("total")
    return Coalesce(Subquery(total, output_field=BigIntegerField()), Value(0), output_field=BigIntegerField())
