"""The only writers of the ledger: ``post`` and ``reverse``."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction

from shop.kernel import clock
from shop.kernel.transactions import retrying

from . import charts
from .models import Account, Entry, Period
from .postings import Posting

BY_NUMBER = "#"  #: a posting's role "#4711" is the account numbered so


class LedgerError(ValueError):
    """The lines do not make an entry; the message says why."""


class AlreadyReversed(LedgerError):
    """An entry is reversed once."""


class PeriodClosed(LedgerError):
    """The day lies in a closed period; choose a later one."""


def post(
    *,
    source: str,
    kind: str,
    lines: Sequence[Posting],
    booked_on: dt.date | None = None,
    text: str = "",
    document: str = "",
    reverses: Entry | None = None,
    by: Any = None,
) -> Entry:
    """Write and post one entry, in the caller's transaction or one of its own.

    source: the fact behind the entry (``invoice:R2026-000123``), unique: a retry changes nothing and returns the entry
    that is there. lines: at least two, each with one positive side in minor units, balanced per currency.
    booked_on: the day (default today). Raises LedgerError, PeriodClosed; the database's triggers stand behind both.
    """
    _refuse_unsound(source, lines)
    _refuse_unknown(lines)
    day = booked_on or clock.today()
    draft = Entry(
        source=source,
        kind=kind,
        booked_on=day,
        text=text[:200],
        document=document[:60],
        reverses=reverses,
        by=by if getattr(by, "pk", None) else None,
    )
    return retrying(lambda: _write(draft, lines))


def reverse(*, entry: Entry, why: str, by: Any = None, booked_on: dt.date | None = None) -> Entry:
    """Post the mirror image of ``entry``; the correction of the books. Once per entry: a retry returns the reversal.

    why: the reason, kept in the text. Raises LedgerError for a draft or for the reversal of a reversal.
    """
    if entry.posted_at is None:
        raise LedgerError("a draft cannot be reversed")
    if entry.reverses_id:
        raise LedgerError("a reversal is not reversed again; post the original anew")
    mirrored = [
        Posting(
            role=line.account.role or f"{BY_NUMBER}{line.account.number}",
            debit_minor=line.credit_minor,
            credit_minor=line.debit_minor,
            subject=line.subject,
            currency=line.currency,
            vat_country=line.vat_country,
            vat_rate_bp=line.vat_rate_bp,
            tax_base_minor=None if line.tax_base_minor is None else -line.tax_base_minor,
        )
        for line in entry.lines.select_related("account").order_by("pk")
    ]
    return post(
        source=f"reversal:{entry.pk}",
        kind="reversal",
        lines=mirrored,
        booked_on=booked_on,
        text=why,
        document=entry.document,
        reverses=entry,
        by=by,
    )


def close_period(*, first_day: dt.date, last_day: dt.date, by: Any) -> Period:
    """Close a period: from now on nothing is posted with a day in it. Closing it again changes nothing."""
    with transaction.atomic():
        period, _ = Period.objects.get_or_create(first_day=first_day, last_day=last_day)
        Period.objects.filter(pk=period.pk, closed=False).update(
            closed=True, closed_at=clock.now(), closed_by=by if getattr(by, "pk", None) else None
        )
        period.refresh_from_db()
    return period


def refuse_closed(day: dt.date) -> None:
    """Raise PeriodClosed when ``day`` lies in a closed period; for forms that want to say so before writing."""
    if Period.objects.filter(closed=True, first_day__lte=day, last_day__gte=day).exists():
        raise PeriodClosed(f"the period of {day.isoformat()} is closed")


def _write(draft: Entry, lines: Sequence[Posting]) -> Entry:
    """Three statements, in plain SQL because every event of the house passes here: draft, lines, posting."""
    ops = connection.ops
    created = ops.adapt_datetimefield_value(draft.created_at)
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT_ENTRY,
            [
                draft.source,
                draft.kind,
                ops.adapt_datefield_value(draft.booked_on),
                draft.text,
                draft.document,
                draft.reverses_id,
                draft.by_id,
                created,
            ],
        )
        row = cursor.fetchone()
        if row is None:  # the fact was posted before, or by another writer in this moment
            return Entry.objects.get(source=draft.source)
        draft.pk = row[0]
        cursor.execute(
            INSERT_LINES + ", ".join(_row_sql(line) for line in lines),
            [value for line in lines for value in _row_values(draft.pk, line)],
        )
        draft.posted_at = clock.now()
        cursor.execute(POST_ENTRY, [ops.adapt_datetimefield_value(draft.posted_at), draft.pk])
    draft._state.adding, draft._state.db = False, connection.alias
    return draft


INSERT_ENTRY = (
    "INSERT INTO ledger_entry (source, kind, booked_on, text, document, reverses_id, by_id, created_at) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (source) DO NOTHING RETURNING id"
)
INSERT_LINES = (
    "INSERT INTO ledger_entryline (entry_id, account_id, debit_minor, credit_minor, currency, subject, vat_country, "
    "vat_rate_bp, tax_base_minor) VALUES "
)
POST_ENTRY = "UPDATE ledger_entry SET posted_at = %s WHERE id = %s"


def _row_sql(line: Posting) -> str:
    column = "number" if line.role.startswith(BY_NUMBER) else "role"
    return f"(%s, (SELECT id FROM ledger_account WHERE {column} = %s), %s, %s, %s, %s, %s, %s, %s)"


def _row_values(entry_id: int, line: Posting) -> tuple[Any, ...]:
    return (
        entry_id,
        line.role.removeprefix(BY_NUMBER),
        line.debit_minor,
        line.credit_minor,
        line.currency,
        line.subject,
        line.vat_country,
        line.vat_rate_bp,
        line.tax_base_minor,
    )


def _refuse_unknown(lines: Sequence[Posting]) -> None:
    """Roles come from the chart; only accounts named by number (reversals of own accounts) are looked up."""
    known = {row.role for row in charts.rows(charts.chosen())}
    unknown = sorted({line.role for line in lines if not line.role.startswith(BY_NUMBER)} - known)
    numbers = {line.role.removeprefix(BY_NUMBER) for line in lines if line.role.startswith(BY_NUMBER)}
    if numbers:
        unknown += sorted(
            numbers - set(Account.objects.filter(number__in=numbers).values_list("number", flat=True))
        )
    if unknown:
        raise LedgerError(f"there is no account for {', '.join(unknown)}")


def _refuse_unsound(source: str, lines: Sequence[Posting]) -> None:
    if not source:
        raise LedgerError("an entry names the fact behind it")
    if len(lines) < 2:
        raise LedgerError(f"{source}: an entry has two lines or more")
    balance: dict[str, int] = defaultdict(int)
    for line in lines:
        if line.debit_minor < 0 or line.credit_minor < 0 or (line.debit_minor > 0) == (line.credit_minor > 0):
            raise LedgerError(f"{source}: each line has one positive side, {line.role} has not")
        balance[line.currency] += line.debit_minor - line.credit_minor
    off = {currency: difference for currency, difference in balance.items() if difference}
    if off:
        raise LedgerError(f"{source}: debits and credits differ by {off}")
