"""How fast the ledger posts, beside the same rows written in raw SQL.

Both sides commit each entry for itself and meet the same triggers; what differs is our code. Writes entries that
nothing can delete, so call it on a throwaway database only.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction

from fulfilment.finance.ledger import rules
from fulfilment.finance.ledger.actions import post
from fulfilment.finance.ledger.models import Account
from shop.kernel import clock

from .figures import Figure

ENTRIES = 400  #: per side
ROUNDS = 3  #: the best round of each counts: other work on the machine only ever slows down
WARM_UP = 20
TAXES = [rules.TaxShare("DE", 1900, 10_000, 1_900)]


def measure() -> dict[str, Figure]:
    """Figures by name: postings per second by ``post``, and its share of the raw speed."""
    ours, raw = _by_post(), _by_raw_sql()
    _per_second(ours, WARM_UP)
    _per_second(raw, WARM_UP)
    pairs = [(_per_second(ours, ENTRIES), _per_second(raw, ENTRIES)) for _ in range(ROUNDS)]
    best_ours, best_raw = max(pair[0] for pair in pairs), max(pair[1] for pair in pairs)
    return {
        "main.postings_per_second": Figure(round(best_ours, 1), "entries/s"),
        "main.raw_postings_per_second": Figure(round(best_raw, 1), "entries/s"),
        "main.postings_ratio_to_raw": Figure(round(best_ours / best_raw, 3), "of raw SQL"),
    }


def _per_second(write: Callable[[str], None], count: int) -> float:
    run = uuid.uuid4().hex
    begun = time.perf_counter()
    for at in range(count):
        write(f"bench:{run}:{at}")
    return count / (time.perf_counter() - begun)


def _by_post() -> Callable[[str], None]:
    def write(source: str) -> None:
        post(
            source=source,
            kind="invoice_issued",
            lines=rules.invoice_issued(order_number="BENCH", taxes=TAXES),
            text="bench",
            document=source[:20],
        )

    return write


def _by_raw_sql() -> Callable[[str], None]:
    """The same rows with the fewest statements: entry, its three lines at once, the update that posts."""
    ids = dict(Account.objects.values_list("role", "pk"))
    lines = rules.invoice_issued(order_number="BENCH", taxes=TAXES)
    adapt_day, adapt_moment = connection.ops.adapt_datefield_value, connection.ops.adapt_datetimefield_value

    def write(source: str) -> None:
        today, now = adapt_day(clock.today()), adapt_moment(clock.now())
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO ledger_entry (source, kind, booked_on, text, document, created_at) "
                "VALUES (%s, 'invoice_issued', %s, 'bench', %s, %s) RETURNING id",
                [source, today, source[:20], now],
            )
            entry_id = cursor.fetchone()[0]
            values: list[Any] = []
            for line in lines:
                values += [
                    entry_id, ids[line.role], line.debit_minor, line.credit_minor, line.currency, line.subject,
                    line.vat_country, line.vat_rate_bp, line.tax_base_minor,
                ]  # fmt: skip
            row = "(%s, %s, %s, %s, %s, %s, %s, %s, %s)"
            cursor.execute(
                "INSERT INTO ledger_entryline (entry_id, account_id, debit_minor, credit_minor, currency, subject, "
                f"vat_country, vat_rate_bp, tax_base_minor) VALUES {', '.join([row] * len(lines))}",
                values,
            )
            cursor.execute("UPDATE ledger_entry SET posted_at = %s WHERE id = %s", [now, entry_id])

    return write
