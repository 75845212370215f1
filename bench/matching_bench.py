"""How long matching takes: 100,000 lines of the bank against 100,000 open invoices, and what booking costs.

"Matching" is the run as it is made nightly, without booking: read the open items and the lines, find what each may be,
write down how sure that is. Booking writes to the ledger and is measured apart, per line. Rows are written past the
actions, so call it on a throwaway database only.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from django.db import connection

from checkout.order.models import Order
from fulfilment.finance.bank.models import BankAccount, Statement, StatementFile, StatementLine
from fulfilment.finance.invoicing.models import Invoice, OrderAccount
from fulfilment.finance.ledger.models import Account
from fulfilment.finance.reconciliation.actions import take_in
from fulfilment.finance.reconciliation.matching.run import match_open
from fulfilment.finance.reconciliation.models import Intake, MatchPolicy, Receipt
from shop.kernel.clock import now

from .figures import Figure

ITEMS = int(os.environ.get("BENCH_MATCHING", "100000"))  #: open invoices, and as many lines
TAKEN = 500  #: lines that are taken in and booked through the actions
BATCH = 5_000
DAY = dt.date(2026, 11, 20)
SEED = 20_261_120


def measure() -> dict[str, Figure]:
    """Figures by name."""
    chance = random.Random(SEED)
    policy = MatchPolicy.objects.get_or_create(pk=1)[0]
    MatchPolicy.objects.update(books_by_itself=False)
    invoices = _invoices(chance)
    statement = _statement()
    _receipts(statement, _lines(statement, invoices, chance))
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    took, looked_at, proposed, memory = _in_a_process_of_its_own()
    figures = {
        "matching.lines_against_open_items_s": Figure(round(took, 1), "s", at_most=120 * ITEMS / 100_000),
        "matching.lines": Figure(round(looked_at), "lines"),
        "matching.with_proposal": Figure(round(proposed / looked_at, 3), "of the lines"),
        "matching.memory_mb": Figure(round(memory), "MB"),
    }
    policy.refresh_from_db()
    return figures | _through_the_actions(invoices, chance)


def _in_a_process_of_its_own() -> list[float]:
    """Seconds of the run, lines looked at, lines with a proposal, the most memory its process held (MB).

    This process holds all the rows that it wrote: what it needs says nothing of the run.
    """
    code = "import django; django.setup(); from bench.matching_bench import run_alone; run_alone()"
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
    return [float(word) for word in done.stdout.split()[-4:]]


def run_alone() -> None:
    """What the other process does: the run, and its figures on one line."""
    begun = time.perf_counter()
    outcome = match_open()
    took = time.perf_counter() - begun
    # VmHWM begins anew with this program; ru_maxrss would be that of the process which started it.
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    memory = next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM:"))
    print(took, outcome.looked_at, outcome.proposed, memory)


def _through_the_actions(invoices: list[Invoice], chance: random.Random) -> dict[str, Figure]:
    """Take lines in and let them book by themselves: what one costs."""
    statement = _statement()
    StatementLine.objects.bulk_create(
        [
            _line(statement, at, one.open_minor, one.number, one.buyer["name"])
            for at, one in enumerate(invoices[:TAKEN])
        ]
    )
    Receipt.objects.filter(state="open").update(state="withdrawn")
    intake = Intake.objects.create(file=statement.file, bank_account=statement.account)
    begun = time.perf_counter()
    taken = take_in(intake=intake)
    took_in = time.perf_counter() - begun
    MatchPolicy.objects.update(books_by_itself=True)
    begun = time.perf_counter()
    outcome = match_open(limit=TAKEN)
    booked = time.perf_counter() - begun
    return {
        "matching.taken_in_per_second": Figure(round(taken / took_in, 1), "lines/s"),
        "matching.booked_by_itself": Figure(outcome.booked, "lines"),
        "matching.booked_with_run_s": Figure(round(booked, 1), "s"),
    }


def _invoices(chance: random.Random) -> list[Invoice]:
    moment = now()
    orders = Order.objects.bulk_create(
        [
            Order(
                number=f"K{10_000 + at}", currency="EUR", total_incl_tax=0, total_excl_tax=0, status="completed",
                date_placed=moment, guest_email=f"c{at % (ITEMS // 2)}@example.com",
            )
            for at in range(ITEMS)
        ],
        batch_size=BATCH,
    )  # fmt: skip
    accounts = OrderAccount.objects.bulk_create(
        [OrderAccount(order=order, order_number=order.number) for order in orders], batch_size=BATCH
    )
    return Invoice.objects.bulk_create(
        [
            _invoice(at, order, account, chance)
            for at, (order, account) in enumerate(zip(orders, accounts, strict=True))
        ],
        batch_size=BATCH,
    )


def _invoice(at: int, order: Order, account: OrderAccount, chance: random.Random) -> Invoice:
    gross = chance.randrange(1_000, 60_000)
    who = at % (ITEMS // 2)
    return Invoice(
        number=f"R2026-{at + 1:06d}", source=f"bench:{at}", order=order, account=account, order_number=order.number,
        order_placed_on=DAY, net_minor=gross, vat_minor=0, gross_minor=gross, open_minor=gross, issued_on=DAY,
        due_on=DAY + dt.timedelta(days=at % 30), seller={}, taxes=[],
        buyer={"name": f"{FIRST[who % len(FIRST)]} {LAST[who // len(FIRST) % len(LAST)]}{who}",
               "email": f"c{who}@example.com"},
    )  # fmt: skip


FIRST = ("Hanna", "Otto", "Erna", "Karl", "Ines", "Jörg", "Ute", "Bernd", "Lena", "Paul")
LAST = ("Petersen", "Schulz", "Hansen", "Krause", "Vogel", "Sommer", "Winter", "Lange", "Busch", "Roth")


def _statement() -> Statement:
    at = BankAccount.objects.count()
    account = BankAccount.objects.create(
        name="Giro", number=f"bench-{at}", ledger_account=Account.objects.get(role="bank")
    )
    file = StatementFile.objects.create(name="bench", kind="camt053", sha256=f"{at:064d}", size_bytes=1)
    return Statement.objects.create(
        file=file,
        position=1,
        account=account,
        kind="camt053",
        number="1",
        currency="EUR",
        first_day=DAY,
        last_day=DAY,
    )


def _lines(statement: Statement, invoices: list[Invoice], chance: random.Random) -> list[StatementLine]:
    """Six of ten name their number; the others as people write: faults, names only, parts, sums, riddles."""
    return StatementLine.objects.bulk_create(
        [_as_people_write(statement, at, one, chance) for at, one in enumerate(invoices)], batch_size=BATCH
    )


def _as_people_write(statement: Statement, at: int, one: Invoice, chance: random.Random) -> StatementLine:
    dice, name, amount, text = (
        chance.random(),
        one.buyer["name"],
        one.open_minor,
        f"Rechnung {one.number} danke",
    )
    if dice > 0.95:
        name, amount, text = "Unbekannt", chance.randrange(70_000, 90_000), "Vielen Dank fuer die Lieferung"
    elif dice > 0.90:
        text = "Rechnungen vom November"
    elif dice > 0.80:
        text = "Danke"
    elif dice > 0.70:
        place = chance.randrange(6, 12)
        text = f"Rg {one.number[:place]}{chance.randrange(10)}{one.number[place + 1 :]}"
    elif dice > 0.60:
        amount = max(1, amount // 2)
    return _line(statement, at, amount, text, name)


def _line(statement: Statement, at: int, amount: int, text: str, name: str) -> StatementLine:
    return StatementLine(
        statement=statement, account=statement.account, position=at + 1, booked_on=DAY, valued_on=DAY,
        amount_minor=amount, currency="EUR", text=text, counterparty=name,
        fingerprint=f"{statement.pk}-{at}", occurrence=1,
    )  # fmt: skip


def _receipts(statement: Statement, lines: list[StatementLine]) -> None:
    rows: list[Any] = [
        Receipt(
            line=line, booked_on=line.booked_on, amount_minor=line.amount_minor, text=line.text,
            payer=line.counterparty, reference=f"1/{line.position}",
        )
        for line in lines
    ]  # fmt: skip
    Receipt.objects.bulk_create(rows, batch_size=BATCH)
