"""Kept balances are what a recomputation from zero gives. Each check returns sentences; none means that it holds."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.db import connection
from django.db.models import F, Q, Sum
from django.db.models.functions import TruncMonth

from fulfilment.finance.invoicing.models import INVOICE_KIND, Invoice
from fulfilment.finance.ledger import guards
from fulfilment.finance.ledger.models import EntryLine

from . import triggers
from .models import NO_RATE
from .vat import VAT_ROLES

SHOWN = 20
CHUNK = 2_000  #: documents read at once
DOCUMENT_KINDS = ("invoice_issued", "credit_note_issued")

DAYS_DIFFER = f"""
SELECT account_id, day, currency, SUM(debit), SUM(credit), SUM(base), SUM(lines) FROM (
  SELECT account_id, day, currency, vat_country, vat_rate_bp AS rate, debit_minor AS debit, credit_minor AS credit,
    base_minor AS base, lines FROM reports_daybalance
  UNION ALL
  SELECT l.account_id, e.booked_on, l.currency, l.vat_country, COALESCE(l.vat_rate_bp, {NO_RATE}), -l.debit_minor,
    -l.credit_minor, -COALESCE(l.tax_base_minor, 0), -1
  FROM ledger_entryline l JOIN ledger_entry e ON e.id = l.entry_id
  WHERE e.posted_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM reports_newentry n WHERE n.entry_id = e.id)
) AS both_sides GROUP BY account_id, day, currency, vat_country, rate
HAVING SUM(debit) <> 0 OR SUM(credit) <> 0 OR SUM(base) <> 0 OR SUM(lines) <> 0
ORDER BY 2, 1 LIMIT {SHOWN}
"""
#: Kept days stand on one side only, those of the lines on the other, so the smallest and the largest say all.
SUBJECTS_DIFFER = f"""
SELECT account_id, subject, currency, SUM(amount) FROM (
  SELECT account_id, subject, currency, balance_minor AS amount, first_day AS kept_first, last_day AS kept_last,
    NULL AS day FROM reports_subjectbalance
  UNION ALL
  SELECT l.account_id, l.subject, l.currency, l.credit_minor - l.debit_minor, NULL, NULL, e.booked_on
  FROM ledger_entryline l JOIN ledger_entry e ON e.id = l.entry_id
  WHERE e.posted_at IS NOT NULL AND l.subject <> ''
    AND NOT EXISTS (SELECT 1 FROM reports_newentry n WHERE n.entry_id = e.id)
) AS both_sides GROUP BY account_id, subject, currency
HAVING SUM(amount) <> 0 OR COUNT(kept_first) = 0 OR COUNT(day) = 0 OR MIN(kept_first) <> MIN(day)
  OR MAX(kept_last) <> MAX(day)
ORDER BY 2 LIMIT {SHOWN}
"""


def balances_equal_their_lines() -> list[str]:
    """Per account, day, currency, VAT country and rate; recomputed in one statement, so while others post."""
    return [
        f"account {account} on {day}: kept {int(debit):+d} debit, {int(credit):+d} credit, {int(base):+d} base, "
        f"{int(lines):+d} lines too much in {currency}"
        for account, day, currency, debit, credit, base, lines in _rows(DAYS_DIFFER)
    ]


def subjects_equal_their_lines() -> list[str]:
    """Per sub-account and currency: the balance, and the days between which its lines lie."""
    return [
        f"{subject} on account {account}: kept {int(amount):+d} {currency} too much, or the wrong days"
        for account, subject, currency, amount in _rows(SUBJECTS_DIFFER)
    ]


def the_trigger_is_in_place() -> list[str]:
    """Without it new entries would be in no report."""
    return [
        f"the trigger {name} is missing; run `manage.py migrate`" for name in guards.missing(triggers.GUARDS)
    ]


def vat_equals_documents() -> list[str]:
    """Per month, country and rate: net and VAT of all documents are what was booked for documents."""
    sums: dict[tuple[str, str, int], list[int]] = defaultdict(lambda: [0, 0])
    documents = Invoice.objects.values_list("issued_on", "kind", "taxes")
    for day, kind, taxes in documents.iterator(chunk_size=CHUNK):
        sign = 1 if kind == INVOICE_KIND else -1
        for row in taxes:
            if row["rate_bp"]:
                into = sums[f"{day:%Y-%m}", row["country"], row["rate_bp"]]
                into[0] += sign * row["net_minor"]
                into[1] += sign * row["vat_minor"]
    is_revenue = Q(account__role__startswith="revenue_")
    is_taxed = Q(account__role__in=VAT_ROLES) | is_revenue & Q(vat_rate_bp__gt=0)
    booked = (
        EntryLine.objects.filter(is_taxed, entry__kind__in=DOCUMENT_KINDS)
        .annotate(month=TruncMonth("entry__booked_on"))
        .values_list("month", "vat_country", "vat_rate_bp")
        .annotate(
            base=Sum(F("credit_minor") - F("debit_minor"), filter=is_revenue, default=0),
            vat=Sum(F("credit_minor") - F("debit_minor"), filter=~is_revenue, default=0),
        )
        .order_by()
    )
    for month, country, rate, base, vat in booked:
        into = sums[f"{month:%Y-%m}", country, rate or 0]
        into[0] -= base
        into[1] -= vat
    return [
        f"{month} {country} {rate / 100:g} %: documents {int(base):+d} net and {int(vat):+d} VAT beyond the books"
        for (month, country, rate), (base, vat) in sorted(sums.items())
        if base or vat
    ][:SHOWN]


def _rows(sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


CHECKS = [
    ("balances per day equal their lines", balances_equal_their_lines),
    ("balances of sub-accounts equal their lines", subjects_equal_their_lines),
    ("VAT of documents equals the VAT accounts", vat_equals_documents),
    ("the trigger that notes new entries is in place", the_trigger_is_in_place),
]
