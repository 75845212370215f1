"""How fast a file of the bank is understood and written, and how soon a hostile one is refused.

Writes lines that nothing can delete, so call it on a throwaway database only.
"""

from __future__ import annotations

import time

from fulfilment.finance.bank import actions, queries
from fulfilment.finance.bank.models import BankAccount, StatementFile, StatementLine
from fulfilment.finance.bank.parsers import Refused, parse
from fulfilment.finance.ledger.models import Account
from tests.fulfilment.finance.bank.papers import THEIRS, Entry, camt, make_account, transaction

from .figures import Figure

LINES = 10_000
SPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"


def measure() -> dict[str, Figure]:
    """Figures by name."""
    if not Account.objects.filter(role="bank").exists() or BankAccount.objects.exists():
        raise RuntimeError("this wants a fresh database")
    make_account()
    first, second = _month(1), _month(2)
    begun = time.perf_counter()
    parse(first)
    parsed = time.perf_counter() - begun
    read, again = _read(first, 0), _read(first + b"<!-- once more -->", LINES)
    later = _read(second, 0)
    begun = time.perf_counter()
    list(queries.lines(search="R2026-000123").order_by("-booked_on", "-pk")[:50])
    found = time.perf_counter() - begun
    return {
        "bank.understand_10000_lines": Figure(round(parsed, 2), "s", at_most=5.0),
        "bank.import_10000_lines": Figure(round(read, 2), "s", at_most=20.0),
        "bank.import_known_10000_lines": Figure(round(again, 2), "s", at_most=20.0),
        "bank.second_month_to_first": Figure(round(later / read, 2), "x", at_most=2.0),
        "bank.find_a_line_of_20000": Figure(round(found * 1000, 1), "ms", at_most=500.0),
        "bank.refuse_hostile_xml": Figure(round(_hostile(), 3), "s", at_most=1.0),
    }


def _month(month: int) -> bytes:
    """A statement of many single payments."""
    day = f"2026-{month:02}-20"
    entries = [
        Entry(
            f"{number % 900 + 1}.00",
            day=day,
            ref=f"B{month}{number:06}",
            transactions=[
                transaction(
                    f"{number % 900 + 1}.00",
                    text=f"Rechnung R2026-{number:06} vielen Dank",
                    e2e=f"K{month}{number}",
                    name="Ada Müller",
                    iban=THEIRS,
                )
            ],
        )
        for number in range(LINES)
    ]
    return camt(*entries, day=day, number=str(month))


def _read(data: bytes, known: int) -> float:
    """Seconds from taking the file to its last line."""
    before = StatementLine.objects.count()
    begun = time.perf_counter()
    file = actions.read(actions.take_file(name="bench.xml", content=data)[0].pk)
    took = time.perf_counter() - begun
    if file.state != "imported" or file.lines_known != known:
        raise RuntimeError(f"the file became {file.state} {file.reason}")
    if StatementLine.objects.count() != before + LINES - known or not StatementFile.objects.exists():
        raise RuntimeError("lines are missing")
    return took


def _hostile() -> float:
    """The slowest refusal of some files that mean harm, in seconds."""
    head = f'<Document xmlns="{SPACE}"><BkToCstmrStmt><Stmt>'.encode()
    files = [
        b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><a>&b;</a>',
        head + b"<a/>" * 4_000_000,
        head + b"<a>" * 4_000_000,
        head + b"<Id>" + b"x" * 15_000_000,
        head + b"<" + b"a" * 15_000_000,
    ]
    slowest = 0.0
    for data in files:
        begun = time.perf_counter()
        try:
            parse(data)
        except Refused:
            slowest = max(slowest, time.perf_counter() - begun)
        else:
            raise RuntimeError("a hostile file was read")
    return slowest
