"""How long a DATEV batch of a hundred thousand entries takes, from asking to the kept file (fewer on SQLite).

Writes entries that nothing can delete, so call it on a throwaway database only.
"""

from __future__ import annotations

import datetime as dt
import time

from django.db import connection

from fulfilment.finance.exports import actions
from fulfilment.finance.ledger import rules
from fulfilment.finance.ledger.actions import NewEntry, post_many

from .figures import Figure

ENTRIES = {"postgresql": 100_000, "sqlite": 20_000}
CHUNK = 5_000
DATEV_S = 20.0  #: design/figures.md, for 100,000 entries
FIRST = dt.date(2026, 1, 1)
DAYS = 330
TAXES = [rules.TaxShare("DE", 1900, 10_001, 1_900), rules.TaxShare("DE", 700, 333, 23)]


def measure() -> dict[str, Figure]:
    """Seconds from asking for the batch to its kept file, and how many entries it holds."""
    count = ENTRIES[connection.vendor]
    for begin in range(0, count, CHUNK):
        post_many(entries=[_entry(number) for number in range(begin, begin + CHUNK)])
    begun = time.perf_counter()
    export = actions.ask_for_datev(
        first_day=FIRST, last_day=FIRST + dt.timedelta(days=DAYS), consultant=1_001, client=1, year_month=1,
        is_final=True, by=None,
    )  # fmt: skip
    export = actions.make(export.pk)
    seconds = time.perf_counter() - begun
    return {
        "exports.datev_s": Figure(round(seconds, 2), "s", at_most=DATEV_S),
        "exports.datev_entries": Figure(export.entries, "entries"),
    }


def _entry(number: int) -> NewEntry:
    lines = rules.invoice_issued(order_number=f"B{number}", taxes=TAXES)
    day = FIRST + dt.timedelta(days=number % DAYS)
    return NewEntry(
        source=f"bench:{number}",
        kind="invoice_issued",
        lines=lines,
        booked_on=day,
        text="Bench",
        document=f"R{number}",
    )
