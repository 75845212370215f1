"""How long a DATEV batch and a GoBD Z3 export of a hundred thousand entries take, from asking to the kept file, and how
much memory the second needs (fewer entries on SQLite).

Writes entries that nothing can delete, so call it on a throwaway database only.
"""

from __future__ import annotations

import datetime as dt
import resource
import time

from django.db import connection

from fulfilment.finance.exports import actions
from fulfilment.finance.ledger import rules
from fulfilment.finance.ledger.actions import NewEntry, post_many
from fulfilment.finance.ledger.models import EntryLine

from .figures import Figure

ENTRIES = {"postgresql": 100_000, "sqlite": 20_000}
CHUNK = 5_000
Z3_S, Z3_GREW_MB = 40.0, 100.0  #: for 100,000 entries with 500,000 postings
DATEV_S = 20.0  #: design/figures.md, for 100,000 entries
FIRST = dt.date(2026, 1, 1)
DAYS = 330
TAXES = [rules.TaxShare("DE", 1900, 10_001, 1_900), rules.TaxShare("DE", 700, 333, 23)]


def measure() -> dict[str, Figure]:
    """Seconds from asking for each to its kept file, how many entries and postings they hold, and by how many megabytes
    the process grew while it wrote the Z3 export (its peak; memory must not grow with the books)."""
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
    return _z3() | {
        "exports.datev_s": Figure(round(seconds, 2), "s", at_most=DATEV_S),
        "exports.datev_entries": Figure(export.entries, "entries"),
    }


def _z3() -> dict[str, Figure]:
    before = _peak_mb()
    begun = time.perf_counter()
    export = actions.ask_for_z3(first_day=FIRST, last_day=dt.date(FIRST.year, 12, 31), by=None)
    export = actions.make(export.pk)
    seconds = time.perf_counter() - begun
    if export.state != "made":
        raise RuntimeError(f"the Z3 export was not made: {export.problem} {export.detail}")
    return {
        "finance.z3_s": Figure(round(seconds, 2), "s", at_most=Z3_S),
        "finance.z3_grew_mb": Figure(round(_peak_mb() - before, 1), "MB", at_most=Z3_GREW_MB),
        "finance.z3_entries": Figure(export.entries, "entries"),
        "finance.z3_postings": Figure(EntryLine.objects.count(), "postings"),
    }


def _peak_mb() -> float:
    """The most memory this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


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
