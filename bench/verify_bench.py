"""How long ``manage.py verify_ledger`` takes on long books, and the most memory it has: a million entries on
PostgreSQL, fewer on SQLite, every one sealed.

The books are those of ``reports_bench`` (write them on a throwaway database only). They have orders, documents and
entries; of the rooms whose rows they lack (bank, reconciliation) the checks find what is missing, so only the verdicts
of ledger and reports count, and the time is that of all.
"""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import time

from django.db import connection

from fulfilment.finance.ledger.actions import seal
from fulfilment.finance.ledger.models import Entry, SealLink
from shop.kernel import clock
from tests.support.environment import ROOT

from .figures import Figure
from .reports_bench import ENTRIES, PER_ORDER, roll_up_the_rest, tidy, write_books

SOUND = ("ledger:", "reports:")


def measure() -> dict[str, Figure]:
    """Figures by name: seconds of the seal over all entries and of the command, and the most memory it had."""
    entries = ENTRIES[connection.vendor]
    write_books(entries // PER_ORDER)
    roll_up_the_rest()
    tidy()
    begun = time.perf_counter()
    with clock.frozen(clock.now() + dt.timedelta(days=1)):
        seal(day=clock.today() - dt.timedelta(days=1))
    sealed = time.perf_counter() - begun
    tidy()
    assert SealLink.objects.count() == Entry.objects.count()
    seconds, megabytes = _verified()
    return {
        "verify.sealed_per_second": Figure(round(entries / sealed), "entries/s"),
        "verify.ledger_s": Figure(round(seconds, 1), f"s at {entries} entries"),
        "verify.ledger_memory_mb": Figure(round(megabytes), "MB, half of which is the program itself"),
    }


def _verified() -> tuple[float, float]:
    """Seconds and most memory of the command in a process of its own."""
    begun = time.perf_counter()
    command = subprocess.Popen(
        [sys.executable, "manage.py", "verify_ledger"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert command.stdout is not None
    said = command.stdout.read()
    _pid, _status, used = os.wait4(command.pid, 0)
    seconds = time.perf_counter() - begun
    wrong = [
        line for line in said.splitlines() if line.startswith("BROKEN") and line.split()[1].startswith(SOUND)
    ]
    assert "newest seal 1" in said and not wrong, said
    return seconds, used.ru_maxrss / 1024
