"""How fast the ledger posts, beside the same rows written in raw SQL.

One by one both sides commit each entry for itself. In bulk the raw side is PostgreSQL's COPY of entries and lines, and
the one UPDATE that posts them. Both sides meet the same triggers; what differs is our code. And whether one more costs
more when the table is twenty times as long: counted in blocks of tables and indexes that are touched, because seconds
of two moments differ by what else the machine does. Writes entries that nothing can delete, so call it on a throwaway
database only.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction

from fulfilment.finance.ledger import rules
from fulfilment.finance.ledger.actions import NewEntry, post, post_many
from fulfilment.finance.ledger.models import Account, Entry
from shop.kernel import clock

from .figures import Figure

ENTRIES = 400  #: per side
ROUNDS = 3  #: the best round of each counts: other work on the machine only ever slows down
WARM_UP = 20
BULK = 5_000  #: entries per side and round
SHORT, LONG = 10_000, 200_000  #: entries in the table when the cost of one more is measured
GROWTH = 1.5  #: trees grow by a level now and then, nothing else may
TABLES = ("ledger_entry", "ledger_entryline", "ledger_account", "ledger_period", "reports_newentry")
TAXES = [rules.TaxShare("DE", 1900, 10_000, 1_900)]


def measure() -> dict[str, Figure]:
    """Figures by name: entries per second by ``post`` and ``post_many``, their shares of the raw speed, and what the
    cost of one more does when the table grows."""
    ours, raw = _by_post(), _by_raw_sql()
    _per_second(ours, WARM_UP)
    _per_second(raw, WARM_UP)
    pairs = [(_per_second(ours, ENTRIES), _per_second(raw, ENTRIES)) for _ in range(ROUNDS)]
    best_ours, best_raw = max(pair[0] for pair in pairs), max(pair[1] for pair in pairs)
    budget = 0.5 if connection.vendor == "postgresql" else None
    figures = {
        "main.postings_per_second": Figure(round(best_ours, 1), "entries/s"),
        "main.raw_postings_per_second": Figure(round(best_raw, 1), "entries/s"),
        "main.postings_ratio_to_raw": Figure(round(best_ours / best_raw, 3), "of raw SQL", at_least=budget),
    }
    return figures | _bulk() if connection.vendor == "postgresql" else figures


def _bulk() -> dict[str, Figure]:
    """PostgreSQL only: bulk beside COPY, and both ways of posting in a short and in a long table."""
    _bulk_per_second(WARM_UP)
    _copy_per_second(WARM_UP)
    pairs = [(_bulk_per_second(BULK), _copy_per_second(BULK)) for _ in range(ROUNDS)]
    best_ours, best_copy = max(pair[0] for pair in pairs), max(pair[1] for pair in pairs)
    return _growth() | {
        "main.bulk_postings_per_second": Figure(round(best_ours), "entries/s"),
        "main.copy_postings_per_second": Figure(round(best_copy), "entries/s"),
        "main.bulk_ratio_to_copy": Figure(round(best_ours / best_copy, 3), "of COPY", at_least=0.4),
    }


def _growth() -> dict[str, Figure]:
    """What one entry more touches in a short and in a long table, one by one and in bulk."""
    with connection.cursor() as cursor:
        for table in TABLES:  # its housekeeping would be counted as ours
            cursor.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
    _fill(SHORT)
    single, bulk = _blocks_per_entry()
    _fill(LONG)
    single_long, bulk_long = _blocks_per_entry()
    return {
        "main.posting_blocks": Figure(round(single, 1), f"blocks per entry at {SHORT} entries"),
        "main.posting_blocks_long_to_short": Figure(
            round(single_long / single, 2), f"x at {LONG} entries", at_most=GROWTH
        ),
        "main.bulk_blocks": Figure(round(bulk, 1), f"blocks per entry at {SHORT} entries"),
        "main.bulk_blocks_long_to_short": Figure(
            round(bulk_long / bulk, 2), f"x at {LONG} entries", at_most=GROWTH
        ),
    }


def _blocks_per_entry() -> tuple[float, float]:
    """Blocks touched per entry, one by one and in bulk."""
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM ANALYZE {', '.join(TABLES)}")
    write = _by_post()
    _per_second(write, WARM_UP)
    before = _blocks()
    _per_second(write, ENTRIES)
    between = _blocks()
    _bulk_per_second(BULK)
    return (between - before) / ENTRIES, (_blocks() - between) / BULK


def _blocks() -> int:
    """Blocks of tables and indexes touched so far, found in memory or read."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT 1")  # counters are handed in after a statement
        cursor.execute(
            "SELECT SUM(heap_blks_hit + heap_blks_read + COALESCE(idx_blks_hit + idx_blks_read, 0)) "
            "FROM pg_statio_user_tables WHERE relname = ANY(%s)",
            [list(TABLES)],
        )
        return int(cursor.fetchone()[0])


def _fill(until: int) -> None:
    """Post in bulk until the table has so many entries."""
    while (missing := until - Entry.objects.count()) > 0:
        _bulk_per_second(min(missing, 20_000))


def _bulk_per_second(count: int) -> float:
    run, lines = uuid.uuid4().hex, rules.invoice_issued(order_number="BENCH", taxes=TAXES)
    entries = [
        NewEntry(f"bulk:{run}:{at}", "invoice_issued", lines, clock.today(), "bench", f"B{at}")
        for at in range(count)
    ]
    begun = time.perf_counter()
    post_many(entries=entries)
    return count / (time.perf_counter() - begun)


def _copy_per_second(count: int) -> float:
    """The same rows by COPY, ids reserved beforehand, and the UPDATE that posts them."""
    run, ids = uuid.uuid4().hex, dict(Account.objects.values_list("role", "pk"))
    lines = rules.invoice_issued(order_number="BENCH", taxes=TAXES)
    today, now = clock.today(), clock.now()
    begun = time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT nextval('ledger_entry_id_seq') FROM generate_series(1, %s)", [count])
        keys = [row[0] for row in cursor.fetchall()]
        with cursor.copy(f"COPY ledger_entry (id, {COPIED_ENTRY}) FROM STDIN") as copy:
            for at, key in enumerate(keys):
                copy.write_row((key, f"copy:{run}:{at}", "invoice_issued", today, "bench", f"B{at}", now))
        with cursor.copy(f"COPY ledger_entryline ({COPIED_LINE}) FROM STDIN") as copy:
            for key in keys:
                for line in lines:
                    copy.write_row(
                        (
                            key, ids[line.role], line.debit_minor, line.credit_minor, line.currency, line.subject,
                            line.vat_country, line.vat_rate_bp, line.tax_base_minor,
                        )
                    )  # fmt: skip
        cursor.execute("UPDATE ledger_entry SET posted_at = %s WHERE id = ANY(%s)", [now, keys])
    return count / (time.perf_counter() - begun)


COPIED_ENTRY = "source, kind, booked_on, text, document, created_at"
COPIED_LINE = (
    "entry_id, account_id, debit_minor, credit_minor, currency, subject, vat_country, vat_rate_bp, "
    "tax_base_minor"
)


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
