"""Lines as the bank's files tell them, made straight in the tables of the room that imports them."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
from typing import Any

from django.db import transaction

from fulfilment.finance.bank.events import StatementImported
from fulfilment.finance.bank.models import BankAccount, Statement, StatementFile, StatementLine
from fulfilment.finance.ledger.models import Account
from fulfilment.finance.reconciliation.actions import take_in
from fulfilment.finance.reconciliation.models import Disbursement, Intake, Receipt
from shop.kernel.outbox import record

_at = itertools.count(1)
DAY = dt.date(2026, 11, 20)


def bank_account(role: str = "bank", **facts: Any) -> BankAccount:
    """Our account at the bank."""
    ours = Account.objects.get(role=role)
    values = {"name": "Giro", "iban": f"DE0212030000000000{next(_at):04d}", "ledger_account": ours} | facts
    return BankAccount.objects.create(**values)


def statement(account: BankAccount | None = None) -> Statement:
    """A statement of a file that was imported."""
    at = next(_at)
    file = StatementFile.objects.create(
        name=f"{at}.xml", kind="camt053", sha256=hashlib.sha256(str(at).encode()).hexdigest(), size_bytes=1
    )
    return Statement.objects.create(
        file=file, position=1, account=account or bank_account(), kind="camt053", number=str(at), currency="EUR",
        first_day=DAY, last_day=DAY,
    )  # fmt: skip


def line(of: Statement, amount_minor: int, text: str = "", **facts: Any) -> StatementLine:
    """One line of a statement."""
    at = next(_at)
    values = {"counterparty": "Hanna Petersen", "booked_on": DAY, "valued_on": DAY} | facts
    return StatementLine.objects.create(
        statement=of, account=of.account, position=at, amount_minor=amount_minor, currency="EUR", text=text,
        fingerprint=f"{at}", occurrence=1, **values,
    )  # fmt: skip


def intake_of(of: Statement) -> Intake:
    """The intake of a statement's file, made when it is missing."""
    return Intake.objects.get_or_create(file=of.file, bank_account=of.account)[0]


def told(amount_minor: int, text: str = "", **facts: Any) -> Any:
    """A line on a statement of its own, taken in: its receipt or disbursement."""
    of = statement()
    one = line(of, amount_minor, text, **facts)
    take_in(intake=intake_of(of))
    return (
        Receipt.objects.select_related("line").get(line=one)
        if amount_minor > 0
        else Disbursement.objects.select_related("line").get(line=one)
    )


def tell(of: Statement, replaced: list[int] | None = None) -> None:
    """Tell that a file was imported, as the bank room does."""
    with transaction.atomic():
        record(
            StatementImported(of.file_id, of.account_id, of.lines.count(), replaced_line_ids=replaced or [])
        )
