"""Reads of the kept balances together with what is still only noted: one statement each, so one moment of the books.

A second statement may see entries that the first did not; whoever needs two figures of one moment asks for both at
once. Everything is in minor units; debit counts positive.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection

from .models import NO_RATE

#: Every (account, day, currency, VAT country, rate) with its sums: kept ones, and those of entries noted since.
_DAYS = f"""
SELECT account_id, day, vat_country, vat_rate_bp, debit_minor, credit_minor, base_minor, lines
FROM reports_daybalance WHERE currency = %s
UNION ALL
SELECT l.account_id, e.booked_on, l.vat_country, COALESCE(l.vat_rate_bp, {NO_RATE}), l.debit_minor, l.credit_minor,
  COALESCE(l.tax_base_minor, 0), 1
FROM reports_newentry n JOIN ledger_entry e ON e.id = n.entry_id JOIN ledger_entryline l ON l.entry_id = n.entry_id
WHERE l.currency = %s
"""


@dataclass(frozen=True, slots=True)
class AccountSum:
    """An account up to a day: what lay there before, and what moved within."""

    account_id: int
    opening_minor: int
    debit_minor: int
    credit_minor: int
    lines: int  #: within

    @property
    def closing_minor(self) -> int:
        """Opening plus debits minus credits."""
        return self.opening_minor + self.debit_minor - self.credit_minor


@dataclass(frozen=True, slots=True)
class DaySum:
    """One day of an account, all VAT countries and rates together."""

    day: dt.date
    amount_minor: int
    lines: int


@dataclass(frozen=True, slots=True)
class TaxSum:
    """What an account has of a VAT country and rate (None: no rate) within a stretch of days."""

    account_id: int
    country: str
    rate_bp: int | None
    amount_minor: int  #: credit positive, as revenue and VAT are
    base_minor: int
    lines: int


def by_account(
    *, first_day: dt.date | None = None, last_day: dt.date | None = None, currency: str = "EUR"
) -> dict[int, AccountSum]:
    """Account id -> sums, for every account posted to until ``last_day`` (None: ever). One statement."""
    first, last = _edge(first_day, dt.date.min), _edge(last_day, dt.date.max)
    sql = f"""
SELECT account_id,
  SUM(CASE WHEN day < %s THEN debit_minor - credit_minor ELSE 0 END),
  SUM(CASE WHEN day >= %s THEN debit_minor ELSE 0 END),
  SUM(CASE WHEN day >= %s THEN credit_minor ELSE 0 END),
  SUM(CASE WHEN day >= %s THEN lines ELSE 0 END)
FROM ({_DAYS}) AS days WHERE day <= %s GROUP BY account_id
"""
    rows = _rows(sql, [first, first, first, first, currency, currency, last])
    return {int(row[0]): AccountSum(*map(int, row)) for row in rows}


def days_of(account_id: int, *, last_day: dt.date | None = None, currency: str = "EUR") -> list[DaySum]:
    """The days on which an account was posted to, oldest first. One statement."""
    sql = f"""
SELECT day, SUM(debit_minor - credit_minor), SUM(lines) FROM ({_DAYS}) AS days
WHERE account_id = %s AND day <= %s GROUP BY day ORDER BY day
"""
    rows = _rows(sql, [currency, currency, account_id, _edge(last_day, dt.date.max)])
    return [DaySum(_day(day), int(amount), int(lines)) for day, amount, lines in rows]


def by_tax(
    account_ids: Iterable[int], *, first_day: dt.date, last_day: dt.date, currency: str = "EUR"
) -> list[TaxSum]:
    """Sums of some accounts per VAT country and rate. One statement; none without accounts."""
    ids = sorted(account_ids)
    if not ids:
        return []
    sql = f"""
SELECT account_id, vat_country, vat_rate_bp, SUM(credit_minor - debit_minor), SUM(base_minor), SUM(lines)
FROM ({_DAYS}) AS days WHERE day >= %s AND day <= %s AND account_id IN ({", ".join(["%s"] * len(ids))})
GROUP BY account_id, vat_country, vat_rate_bp ORDER BY account_id, vat_country, vat_rate_bp
"""
    rows = _rows(sql, [currency, currency, _edge(first_day), _edge(last_day), *ids])
    return [
        TaxSum(
            int(account), country, None if rate == NO_RATE else int(rate), int(amount), int(base), int(count)
        )
        for account, country, rate, amount, base, count in rows
    ]


def subjects_sql(alias: str = "owed") -> str:
    """SQL of a table expression ``alias(subject, balance)``: the sub-accounts of one account not at zero at the end
    of a day. Its parameters are those of ``subjects_values``.

    Three parts: sub-accounts that did not move after the day have their kept balance; of the few that moved before and
    after it the lines are added up (by an expression of its own for each, so that the database goes by the index of
    the sub-account whatever it believes of their number); and what is still only noted. Nothing else had a balance.
    """
    return f"""
{alias} AS (
  SELECT subject, CAST(SUM(amount) AS BIGINT) AS balance FROM (
    SELECT subject, balance_minor AS amount FROM reports_subjectbalance
    WHERE account_id = %s AND currency = %s AND balance_minor <> 0 AND last_day <= %s
    UNION ALL
    SELECT s.subject, (
      SELECT COALESCE(SUM(l.debit_minor - l.credit_minor), 0)
      FROM ledger_entryline l JOIN ledger_entry e ON e.id = l.entry_id
      WHERE l.subject = s.subject AND l.subject <> '' AND l.account_id = s.account_id AND l.currency = s.currency
        AND e.booked_on <= %s AND e.posted_at IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM reports_newentry n WHERE n.entry_id = e.id)
    ) FROM reports_subjectbalance s
    WHERE s.account_id = %s AND s.currency = %s AND s.last_day > %s AND s.first_day <= %s
    UNION ALL
    SELECT l.subject, l.debit_minor - l.credit_minor
    FROM reports_newentry n JOIN ledger_entry e ON e.id = n.entry_id JOIN ledger_entryline l ON l.entry_id = n.entry_id
    WHERE l.account_id = %s AND l.currency = %s AND l.subject <> '' AND e.booked_on <= %s
  ) AS parts GROUP BY subject HAVING SUM(amount) <> 0
)"""


def subjects_values(account_id: int, day: dt.date, currency: str = "EUR") -> list[Any]:
    """The parameters of ``subjects_sql``."""
    end = _edge(day)
    return [account_id, currency, end, end, account_id, currency, end, end, account_id, currency, end]


def by_subject(account_id: int, day: dt.date, currency: str = "EUR") -> dict[str, int]:
    """Subject -> balance at the end of ``day``, zeros left out. One statement."""
    sql = f"WITH {subjects_sql()} SELECT subject, balance FROM owed ORDER BY subject"
    return {
        subject: int(amount) for subject, amount in _rows(sql, subjects_values(account_id, day, currency))
    }


def sides(account_id: int, day: dt.date, currency: str = "EUR") -> tuple[int, int]:
    """What the sub-accounts of an account owe us, and what we owe the others (both positive), at the end of a day.
    One statement."""
    sql = f"""WITH {subjects_sql()} SELECT
  COALESCE(SUM(CASE WHEN balance > 0 THEN balance ELSE 0 END), 0),
  COALESCE(SUM(CASE WHEN balance < 0 THEN -balance ELSE 0 END), 0) FROM owed"""
    row = _rows(sql, subjects_values(account_id, day, currency))[0]
    return int(row[0]), int(row[1])


def _rows(sql: str, values: list[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def _edge(day: dt.date | None, instead: dt.date = dt.date.max) -> Any:
    return connection.ops.adapt_datefield_value(day or instead)


def _day(value: Any) -> dt.date:
    """SQLite gives days as text."""
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(value)
