"""The nightly dunning run over very many open invoices, beside one plain UPDATE of the same rows.

On PostgreSQL 1,000,000 invoices of 250,000 customers (four each), all overdue for the first time; on SQLite a fiftieth.
The run is a process of its own, killed with SIGKILL at three points and started again each time. What counts is the
time of all its parts from "ready" on, with what each kill threw away: deciding, notices, items, claims, levels and one
event per transaction. Telling of each letter, mails and PDFs are tasks afterwards and are not in it. Memory is the
largest resident size of any of the processes.

The UPDATE changes no length and no indexed column, is one statement with its commit, and runs before and after the
letters; the faster one is the measure. Both wait for the disk or both do not, by the database chosen (``durable``).
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.db import connection, models

from .figures import Figure

INVOICES = {"postgresql": 1_000_000, "sqlite": 20_000}
PER_CUSTOMER = 4
KILL_AT = (0.2, 0.45, 0.75)  #: shares of the letters after which the process is killed
DAY = dt.date(2026, 9, 18)  #: a Friday; everything was due on the 15th
CHILD = "--run"


def measure() -> dict[str, Figure]:
    """Figures by name: seconds of the run and of the UPDATE, their ratio, memory, letters, doubles."""
    count = int(os.environ.get("BENCH_DUNNING_INVOICES", INVOICES[connection.vendor]))
    fill(count)
    before = _update_s()
    _tidy()
    run_s, memory_mb, kills = _run_killed(count // PER_CUSTOMER)
    update_s = min(before, _update_s())
    letters, items = _count("dunning_dunningnotice"), _count("dunning_dunningitem")
    return {
        "finance.dunning_run": Figure(round(run_s, 1), f"s for {count} invoices"),
        "finance.dunning_update": Figure(round(update_s, 1), "s, plain UPDATE of the same rows"),
        "finance.dunning_ratio": Figure(
            # The budget is PostgreSQL's: there the UPDATE waits for the disk as the run does.
            round(run_s / update_s, 2), "of the plain UPDATE", at_most=3 if connection.vendor == "postgresql" else None,
        ),
        "finance.dunning_memory": Figure(round(memory_mb), "MB", at_most=200),
        "finance.dunning_kills": Figure(kills, "times killed", at_least=len(KILL_AT)),
        "finance.dunning_wrong": Figure(
            abs(letters - count // PER_CUSTOMER) + abs(items - count) + _doubled(), "letters too many or too few",
            at_most=0,
        ),
    }  # fmt: skip


def fill(count: int) -> None:
    """``count`` open invoices of their customers, copied in SQL from one that came about as in life."""
    from tests.factories.finance import invoice_for
    from tests.factories.shopping import make_user

    debtor = make_user("debtor@example.org")
    invoice = invoice_for(debtor)
    type(invoice).objects.filter(pk=invoice.pk).update(open_minor=0, paid_minor=invoice.gross_minor)
    customers = count // PER_CUSTOMER
    _copies(type(debtor), debtor.pk, customers, {
        "id": "1000000 + n", "email": _text("'d' || n || '@example.org'"), "username": _text("'d' || n"),
    })  # fmt: skip
    _copies(type(invoice.order), invoice.order_id, customers, {
        "id": "1000000 + n", "number": _text("'B' || n"), "user_id": "1000000 + n", "status": "'completed'",
        "placement_key": _text("'bench:' || n"), "basket_id": "NULL",
    })  # fmt: skip
    _copies(type(invoice.account), invoice.account_id, customers, {
        "id": "1000000 + n", "order_id": "1000000 + n", "order_number": _text("'B' || n"),
    })  # fmt: skip
    owner = f"1000000 + (n - 1) / {PER_CUSTOMER} + 1"
    _copies(type(invoice), invoice.pk, count, {
        "id": "1000000 + n", "number": _text("'X' || n"), "source": _text("'bench:' || n"), "user_id": owner,
        "order_id": owner, "account_id": owner, "open_minor": "gross_minor", "paid_minor": "0", "state": "'issued'",
        "issued_on": "DATE '2026-09-01'" if connection.vendor == "postgresql" else "'2026-09-01'",
        "due_on": "DATE '2026-09-15'" if connection.vendor == "postgresql" else "'2026-09-15'",
        "order_number": _text(f"'B' || ({owner})"),
    })  # fmt: skip
    _tidy()


def _text(expression: str) -> str:
    return f"CAST({expression} AS varchar)"


def _copies(model: type[models.Model], pk: int, count: int, other: Mapping[str, str]) -> None:
    """Insert ``count`` copies of one row, some columns as SQL of the running number ``n``."""
    columns = [str(field.column) for field in model._meta.concrete_fields]
    values = [other.get(column, f't."{column}"') for column in columns]
    names = ", ".join(f'"{column}"' for column in columns)
    table = model._meta.db_table
    numbers = (
        f"SELECT n FROM generate_series(1, {count}) AS g(n)"
        if connection.vendor == "postgresql"
        else f"SELECT value AS n FROM generate_series(1, {count})"
    )
    if connection.vendor == "sqlite":
        numbers = f"WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {count}) SELECT n FROM s"
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{table}" ({names}) SELECT {", ".join(values)} FROM "{table}" t, ({numbers}) g '
            f'WHERE t."{model._meta.pk.column}" = {int(pk)}'
        )


def _update_s() -> float:
    begun = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE invoicing_invoice SET held_reason = '' WHERE open_minor > 0 AND due_on < %s", [DAY]
        )
    return time.perf_counter() - begun


def _tidy() -> None:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def _run_killed(letters: int) -> tuple[float, float, int]:
    """Seconds of work, largest resident size in MB, and how often it was killed."""
    seconds, memory, kills = 0.0, 0.0, 0
    for share in [*KILL_AT, None]:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.dunning_bench", CHILD], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None and process.stdout.readline().strip() == "ready"
        begun = time.perf_counter()
        while process.poll() is None:
            memory = max(memory, _resident_mb(process.pid))
            if share is not None and _written() >= share * letters:
                process.send_signal(signal.SIGKILL)
                process.wait()
                kills += 1
            else:
                time.sleep(0.2)
        seconds += time.perf_counter() - begun
        if share is None and process.returncode:
            sys.exit("the dunning run did not end well")
    return seconds, memory, kills


def _resident_mb(pid: int) -> float:
    try:
        for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    except (OSError, ValueError):
        pass
    return 0.0


def _written() -> int:
    """Letters so far, by the counter of their numbers: counting rows all the time would be measured with them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT COALESCE(SUM(last), 0) FROM kernel_numberseries WHERE series = 'D'")
        return int(cursor.fetchone()[0])


def _count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return int(cursor.fetchone()[0])


def _doubled() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT number FROM dunning_dunningnotice GROUP BY number HAVING count(*) > 1) d"
        )
        numbers = int(cursor.fetchone()[0])
        cursor.execute(
            "SELECT count(*) FROM (SELECT invoice_id FROM dunning_dunningitem GROUP BY invoice_id, level "
            "HAVING count(*) > 1) d"
        )
        return numbers + int(cursor.fetchone()[0])


def main() -> None:
    """The process that runs and is killed: says "ready", then writes the letters of DAY."""
    import django

    django.setup()
    from fulfilment.finance.dunning.actions import run

    connection.ensure_connection()
    print("ready", flush=True)
    result: Any = run(day=DAY)
    print(result.written, flush=True)


if __name__ == "__main__" and CHILD in sys.argv:
    main()
