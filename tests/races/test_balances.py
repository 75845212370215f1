"""Balances in a crowd: many post, several roll up, and no entry is lost or counted twice."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection, transaction

from fulfilment.finance.ledger.actions import post
from fulfilment.finance.ledger.models import Account
from fulfilment.finance.ledger.postings import Posting
from fulfilment.finance.reports import balances, verify
from fulfilment.finance.reports.actions import roll_up
from fulfilment.finance.reports.models import NewEntry
from tests.races.crowd import all_at_once

pytestmark = [pytest.mark.both_databases]
DAY = dt.date(2026, 11, 20)


def failures(answers: list[object]) -> list[object]:
    return [answer for answer in answers if isinstance(answer, Exception)]


def book(source: str, amount: int = 100) -> None:
    lines = [
        Posting("bank", debit_minor=amount),
        Posting("receivable", credit_minor=amount, subject="order:K1"),
    ]
    post(source=source, kind="manual", lines=lines, booked_on=DAY)


def bank_minor() -> int:
    account = Account.objects.get(role="bank").pk
    return balances.by_account(last_day=DAY)[account].closing_minor


def differences() -> list[str]:
    return [sentence for _name, check in verify.CHECKS for sentence in check()]


def test_entries_posted_while_others_roll_up_are_counted_once(
    fresh_database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfilment.finance.reports.actions.BATCH", 3)
    for at in range(10):
        book(f"before:{at}")
    deeds = [lambda at=at: book(f"during:{at}") for at in range(8)]  # type: ignore[misc]
    assert failures(all_at_once([*deeds, *[lambda: roll_up()] * 4])) == []
    assert bank_minor() == 1_800
    assert differences() == []
    roll_up()
    assert not NewEntry.objects.exists()
    assert bank_minor() == 1_800
    assert differences() == []


def test_an_entry_that_commits_late_is_not_passed_by(fresh_database: None) -> None:
    """The reason for notes, not a watermark: the earlier number is committed after the later one was rolled up."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite lets one write at a time: nobody commits late")
    import threading

    begun, may_commit = threading.Event(), threading.Event()

    def late() -> None:
        try:
            with transaction.atomic():
                book("late")
                begun.set()
                assert may_commit.wait(20)
        finally:
            connection.close()

    thread = threading.Thread(target=late)
    thread.start()
    assert begun.wait(20)
    book("early")
    assert roll_up() == 1
    assert bank_minor() == 100
    may_commit.set()
    thread.join()
    assert bank_minor() == 200
    assert roll_up() == 1
    assert bank_minor() == 200
    assert differences() == []
