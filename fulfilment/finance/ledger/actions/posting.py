"""Post one entry, and reverse one."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from fulfilment.finance.ledger import charts
from fulfilment.finance.ledger.models import Account, Entry
from fulfilment.finance.ledger.postings import Posting
from shop.kernel import clock
from shop.kernel.outbox import current_correlation_id
from shop.kernel.transactions import retrying

from .days import CLOSED_SQL, LedgerError, PeriodClosed, closed_in_words, closed_text, next_open_day

TEXT_MAX = 200  #: characters of an entry's text
BY_NUMBER = "#"  #: a posting's role "#4711" is the account numbered so


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
    only_on_its_day: bool = False,
    into_closed: str = "",
) -> Entry:
    """Write and post one entry, in the caller's transaction or one of its own.

    source: the fact behind the entry (``invoice:R2026-000123``), unique: a retry changes nothing and returns the entry
    that is there. lines: at least two, each with one positive side in minor units, balanced per currency.
    booked_on: the day (default today). When it lies in a closed month, the entry is posted on the next open day and
    its text says so, because what happened must not be lost; ``only_on_its_day`` refuses instead. into_closed: why it
    belongs into a softly closed month all the same; the caller has asked whether ``by`` may do so. Raises LedgerError,
    PeriodClosed; the database's triggers stand behind both.
    """
    refuse_unsound(source, lines)
    refuse_unknown(lines)
    day = booked_on or clock.today()
    draft = Entry(
        source=source,
        kind=kind,
        booked_on=day,
        text=text[:TEXT_MAX],
        document=document[:60],
        reverses=reverses,
        by=by if getattr(by, "pk", None) else None,
        into_closed=into_closed[:200],
        correlation_id=current_correlation_id(),
    )
    return retrying(lambda: _write(draft, lines, only_on_its_day))


def reverse(
    *,
    entry: Entry,
    why: str,
    by: Any = None,
    booked_on: dt.date | None = None,
    only_on_its_day: bool = False,
) -> Entry:
    """Post the mirror image of ``entry``; the correction of the books. Once per entry: a retry returns the reversal.

    why: the reason, kept in the text. booked_on, only_on_its_day: as with ``post``. Raises LedgerError for a draft or
    for the reversal of a reversal.
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
        only_on_its_day=only_on_its_day,
    )


def _write(draft: Entry, lines: Sequence[Posting], only_on_its_day: bool) -> Entry:
    """Three statements, in plain SQL because every event of the house passes here: draft, lines, posting."""
    ops = connection.ops
    with connection.cursor() as cursor:
        day = ops.adapt_datefield_value(draft.booked_on)
        moment = ops.adapt_datetimefield_value(draft.created_at)
        cursor.execute(
            INSERT_ENTRY,
            [
                draft.source, draft.kind, day, draft.text, draft.document, draft.into_closed, draft.reverses_id,
                draft.by_id, moment, draft.correlation_id, day, day, draft.into_closed,
            ],
        )  # fmt: skip
        row = cursor.fetchone()
        if row is None:  # the fact was posted before, or by another writer in this moment
            return Entry.objects.get(source=draft.source)
        draft.pk, is_closed = row
        if is_closed:
            _move_on(draft, only_on_its_day)
        cursor.execute(
            INSERT_LINES + ", ".join(_row_sql(line) for line in lines),
            [value for line in lines for value in _row_values(draft.pk, line)],
        )
        draft.posted_at = clock.now()
        with closed_in_words():
            cursor.execute(POST_ENTRY, [ops.adapt_datetimefield_value(draft.posted_at), draft.pk])
    draft._state.adding, draft._state.db = False, connection.alias
    return draft


def _move_on(draft: Entry, only_on_its_day: bool) -> None:
    """The draft's day is in a closed month: it takes the next open one and says so, or is refused."""
    if only_on_its_day:
        raise PeriodClosed(closed_text(draft.booked_on))
    belongs = draft.booked_on
    draft.booked_on = next_open_day(belongs)
    draft.text = moved_text(draft.text, belongs)
    Entry.objects.filter(pk=draft.pk).update(booked_on=draft.booked_on, text=draft.text)


def moved_text(text: str, belongs: dt.date) -> str:
    """The text of an entry that could not be posted on its own day."""
    note = _("[of %(day)s, a closed month]") % {"day": f"{belongs:%d.%m.%Y}"}
    return f"{text[: TEXT_MAX - 1 - len(note)]} {note}".strip()


INSERT_ENTRY = (
    "INSERT INTO ledger_entry (source, kind, booked_on, text, document, into_closed, reverses_id, by_id, created_at, "
    "correlation_id) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (source) DO NOTHING RETURNING id, "
    + CLOSED_SQL
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


def refuse_unknown(lines: Iterable[Posting]) -> None:
    """Raise LedgerError when there is no account. Roles come from the chart; only accounts named by number (own ones,
    and reversals of them) are looked up."""
    named = {line.role for line in lines}
    numbers = {name.removeprefix(BY_NUMBER) for name in named if name.startswith(BY_NUMBER)}
    roles = {name for name in named if not name.startswith(BY_NUMBER)}
    unknown = sorted(roles - {row.role for row in charts.rows(charts.chosen())})
    if numbers:
        known = Account.objects.filter(number__in=numbers).values_list("number", flat=True)
        unknown += sorted(numbers - set(known))
    if unknown:
        raise LedgerError(f"there is no account for {', '.join(unknown)}")


def refuse_unsound(source: str, lines: Sequence[Posting]) -> None:
    """Raise LedgerError unless the lines make an entry."""
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
