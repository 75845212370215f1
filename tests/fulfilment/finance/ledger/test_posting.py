"""Post and reverse: once per fact, sound or not at all."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db.models import ProtectedError

from checkout.payment.events import MoneyUnmatched
from fulfilment.finance.ledger import charts
from fulfilment.finance.ledger.actions import (
    LedgerError,
    PeriodClosed,
    post,
    refuse_closed,
    reverse,
)
from fulfilment.finance.ledger.models import Account, Entry
from fulfilment.finance.ledger.postings import Posting
from fulfilment.finance.ledger.queries import balance_minor, balances_by_subject, trial_balance
from shop.kernel.outbox import record
from shop.kernel.transactions import retrying
from tests.fulfilment.finance.books import closed
from tests.support.helpers import Outbox

pytestmark = pytest.mark.django_db


def pair(amount: int = 500, **facts: Any) -> list[Posting]:
    return [Posting("bank", debit_minor=amount, **facts), Posting("receivable", credit_minor=amount, **facts)]


def test_a_retry_changes_nothing_and_returns_the_entry() -> None:
    first = post(source="fact:1", kind="manual", lines=pair())
    again = post(source="fact:1", kind="manual", lines=pair(999))
    assert (first.pk, Entry.objects.count(), balance_minor("bank")) == (again.pk, 1, 500)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [Posting("bank", debit_minor=5)],
        [Posting("bank", debit_minor=5), Posting("receivable", credit_minor=4)],
        [Posting("bank", debit_minor=5), Posting("receivable", credit_minor=5, currency="USD")],
        [Posting("bank", debit_minor=5, credit_minor=5), Posting("receivable", credit_minor=5)],
        [Posting("bank"), Posting("receivable")],
        [Posting("bank", debit_minor=-5), Posting("receivable", credit_minor=-5)],
        [Posting("no_such_role", debit_minor=5), Posting("receivable", credit_minor=5)],
    ],
)
def test_unsound_lines_are_refused_in_words(lines: list[Posting]) -> None:
    with pytest.raises(LedgerError):
        post(source="fact:1", kind="manual", lines=lines)
    assert not Entry.objects.exists()


def test_a_reversal_is_the_mirror_image_once() -> None:
    entry = post(source="fact:1", kind="manual", lines=pair(subject="order:K1"))
    reversal = reverse(entry=entry, why="typed wrongly")
    assert reverse(entry=entry, why="again") == reversal
    assert (balance_minor("bank"), balance_minor("receivable", subject="order:K1")) == (0, 0)
    assert reversal.reverses == entry
    with pytest.raises(LedgerError):
        reverse(entry=reversal, why="no")


def test_an_entry_into_a_closed_period_is_refused_before_the_database_does() -> None:
    october = dt.date(2026, 10, 1), dt.date(2026, 10, 31)
    closed(october[0], october[1])
    with pytest.raises(PeriodClosed):
        refuse_closed(october[1])
    refuse_closed(dt.date(2026, 11, 1))


def test_an_entry_is_never_deleted() -> None:
    with pytest.raises(ProtectedError):
        post(source="fact:1", kind="manual", lines=pair()).delete()


def test_money_without_an_order_is_visible_as_unexplained_once(outbox: Outbox) -> None:
    for _ in range(2):
        retrying(lambda: record(MoneyUnmatched("stripe", "pi_1", 4_200, "EUR", "no such payment")))
        outbox.drain()
    assert balance_minor("unexplained") == -4_200
    assert balances_by_subject("unexplained") == {"psp:pi_1": -4_200}


def test_the_trial_balance_knows_opening_and_closing() -> None:
    for day, amount in ((dt.date(2026, 1, 5), 100), (dt.date(2026, 2, 5), 30)):
        post(source=f"fact:{day}", kind="manual", lines=pair(amount), booked_on=day)
    rows = {
        row.account.role: row
        for row in trial_balance(first_day=dt.date(2026, 2, 1), last_day=dt.date(2026, 2, 28))
    }
    bank = rows["bank"]
    assert (bank.opening_minor, bank.debit_minor, bank.credit_minor, bank.closing_minor) == (100, 30, 0, 130)


def test_another_chart_renumbers_empty_books_and_never_used_ones(settings: Any) -> None:
    settings.KONTOR_CHART = "skr04"
    charts.sync()
    assert Account.objects.get(role="receivable").number == "1200"
    settings.KONTOR_CHART = "skr03"
    charts.sync()
    assert Account.objects.get(role="receivable").number == "1400"
    post(source="fact:1", kind="manual", lines=pair())
    settings.KONTOR_CHART = "skr04"
    assert charts.sync() == 0
    assert dict(Account.objects.values_list("role", "number"))["bank"] == "1200"


def test_a_role_that_is_new_gets_its_account_also_in_used_books() -> None:
    Account.objects.filter(role="rounding").delete()
    post(source="fact:1", kind="manual", lines=pair())
    assert charts.sync() == 1
    assert Account.objects.get(role="rounding").number == "2309"
