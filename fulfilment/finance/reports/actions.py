"""The only writer of the balances, and of accounts that are sent to their customers."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from django.db import connection

from shop.kernel.outbox import record
from shop.kernel.transactions import retrying

from . import customers
from .events import StatementSent
from .models import NO_RATE, CustomerStatement, NewEntry

BATCH = 2_000  #: entries per transaction: short enough to wait for, long enough to be worth it


def roll_up(*, most: int = 1_000_000) -> int:
    """Add the noted entries to the balances, in transactions of ``BATCH``. Returns how many were added.

    most: stops after about so many. Several at once share the work: what one has taken off the notes no other finds.
    """
    done = 0
    while done < most:
        count = retrying(_one_batch)
        done += count
        if count < BATCH:
            break
    return done


def send_statement(
    *, customer: customers.Customer, first: dt.date | None, last: dt.date, key: uuid.UUID, by: Any
) -> CustomerStatement:
    """Write a customer's account down as it stands and tell it; a mail with the letter follows.

    first, last: its days (first None: from the beginning). Once per ``key``: a retry returns the statement that is
    there. Raises ValueError when nobody can be written to.
    """
    if not customer.email:
        raise ValueError(f"{customer.key} has no e-mail address")
    return retrying(lambda: _send(customer, first, last, key, by))


def _send(
    customer: customers.Customer, first: dt.date | None, last: dt.date, key: uuid.UUID, by: Any
) -> CustomerStatement:
    printed, balance = customers.printed(customer, first=first, last=last)
    statement, is_new = CustomerStatement.objects.get_or_create(
        key=key,
        defaults={
            "customer": customer.key[:200],
            "user_id": customer.user_id,
            "name": customer.name[:200],
            "email": customer.email,
            "language": customer.letter_language,
            "first_day": first,
            "last_day": last,
            "balance_minor": balance,
            "printed": printed,
            "by": by if getattr(by, "pk", None) else None,
        },
    )
    if is_new:
        record(StatementSent(statement.pk, statement.email, statement.language, statement.user_id))
    return statement


def _one_batch() -> int:
    """Take notes off and add their lines, in one transaction: an entry is either noted or in the balances."""
    taken = _take(BATCH)
    if taken:
        with connection.cursor() as cursor:
            cursor.execute(ADD_DAYS.format(ids=_marks(taken)), taken)
            cursor.execute(ADD_SUBJECTS.format(ids=_marks(taken)), taken)
    return len(taken)


def _take(most: int) -> list[int]:
    """Delete up to ``most`` notes and return their entries. Who else does so in this moment gets others."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE.format(lock="FOR UPDATE SKIP LOCKED" if _locks_rows() else ""), [most])
        return [row[0] for row in cursor.fetchall()]


def _locks_rows() -> bool:
    return connection.features.has_select_for_update_skip_locked


def _marks(ids: Sequence[int]) -> str:
    return ", ".join(["%s"] * len(ids))


_TABLE = NewEntry._meta.db_table
TAKE = (
    f"DELETE FROM {_TABLE} WHERE entry_id IN (SELECT entry_id FROM {_TABLE} ORDER BY entry_id LIMIT %s {{lock}}) "
    "RETURNING entry_id"
)
# Sorted, so that two who add to the same rows meet them in the same order and wait instead of locking each other.
ADD_DAYS = f"""
INSERT INTO reports_daybalance
  (account_id, day, currency, vat_country, vat_rate_bp, debit_minor, credit_minor, base_minor, lines)
SELECT l.account_id, e.booked_on, l.currency, l.vat_country, COALESCE(l.vat_rate_bp, {NO_RATE}) AS rate,
  SUM(l.debit_minor), SUM(l.credit_minor), SUM(COALESCE(l.tax_base_minor, 0)), COUNT(*)
FROM ledger_entryline l JOIN ledger_entry e ON e.id = l.entry_id
WHERE l.entry_id IN ({{ids}})
GROUP BY l.account_id, e.booked_on, l.currency, l.vat_country, COALESCE(l.vat_rate_bp, {NO_RATE})
ORDER BY 1, 2, 3, 4, 5
ON CONFLICT (account_id, day, currency, vat_country, vat_rate_bp) DO UPDATE SET
  debit_minor = reports_daybalance.debit_minor + excluded.debit_minor,
  credit_minor = reports_daybalance.credit_minor + excluded.credit_minor,
  base_minor = reports_daybalance.base_minor + excluded.base_minor,
  lines = reports_daybalance.lines + excluded.lines
"""
ADD_SUBJECTS = """
INSERT INTO reports_subjectbalance (account_id, subject, currency, balance_minor, first_day, last_day)
SELECT l.account_id, l.subject, l.currency, SUM(l.debit_minor - l.credit_minor), MIN(e.booked_on), MAX(e.booked_on)
FROM ledger_entryline l JOIN ledger_entry e ON e.id = l.entry_id
WHERE l.subject <> '' AND l.entry_id IN ({ids})
GROUP BY l.account_id, l.subject, l.currency
ORDER BY 1, 2, 3
ON CONFLICT (subject, account_id, currency) DO UPDATE SET
  balance_minor = reports_subjectbalance.balance_minor + excluded.balance_minor,
  first_day = CASE WHEN excluded.first_day < reports_subjectbalance.first_day
    THEN excluded.first_day ELSE reports_subjectbalance.first_day END,
  last_day = CASE WHEN excluded.last_day > reports_subjectbalance.last_day
    THEN excluded.last_day ELSE reports_subjectbalance.last_day END
"""
