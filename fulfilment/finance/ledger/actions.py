"""The only writers of the ledger: ``post`` and ``reverse``."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from shop.kernel import clock
from shop.kernel.transactions import retrying

from .models import Account, Entry, EntryLine, Period
from .postings import Posting


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
            role=line.account.role or f"#{line.account.number}",
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
    Entry.objects.bulk_create([draft], ignore_conflicts=True)
    entry = Entry.objects.get(source=draft.source)
    if entry.posted_at is not None:
        return entry
    accounts = _accounts({line.role for line in lines})
    EntryLine.objects.bulk_create([_line(entry, accounts[line.role], line) for line in lines])
    entry.posted_at = clock.now()
    Entry.objects.filter(pk=entry.pk).update(posted_at=entry.posted_at)
    return entry


def _line(entry: Entry, account_id: int, line: Posting) -> EntryLine:
    return EntryLine(
        entry=entry,
        account_id=account_id,
        debit_minor=line.debit_minor,
        credit_minor=line.credit_minor,
        currency=line.currency,
        subject=line.subject,
        vat_country=line.vat_country,
        vat_rate_bp=line.vat_rate_bp,
        tax_base_minor=line.tax_base_minor,
    )


def _accounts(roles: set[str]) -> dict[str, int]:
    """Account ids by role; ``#4711`` names an account by its number."""
    found: dict[str, int] = dict(Account.objects.filter(role__in=roles).values_list("role", "pk"))
    numbers = {role[1:] for role in roles - set(found) if role.startswith("#")}
    if numbers:
        rows = Account.objects.filter(number__in=numbers).values_list("number", "pk")
        found |= {f"#{number}": pk for number, pk in rows}
    unknown = sorted(roles - set(found))
    if unknown:
        raise LedgerError(f"no account has the role {', '.join(unknown)}; run `manage.py migrate`")
    return found


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
