"""Before a month is closed every room says what of it is still to do, on the page of the month."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from fulfilment.finance.bank.models import BankAccount, Statement, StatementFile
from fulfilment.finance.ledger.closing import open_matters
from fulfilment.finance.psp.models import BalanceTransaction, Payout
from fulfilment.finance.reconciliation.actions import take_in
from tests.fulfilment.finance.reconciliation.bank_lines import bank_account, intake_of, line, statement

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
OCTOBER = (dt.date(2026, 10, 1), dt.date(2026, 10, 31))  # ends on a Saturday
SEPTEMBER = (dt.date(2026, 9, 1), dt.date(2026, 9, 30))
MOMENT = dt.datetime(2026, 10, 20, 9, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with override("en"):
        yield


def told(days: tuple[dt.date, dt.date] = OCTOBER) -> dict[str, int | None]:
    """The matters of a month: words -> amount."""
    return {matter.text: matter.amount_minor for matter in open_matters(*days)}


def make_payout(name: str, status: str = "paid", day: dt.date = OCTOBER[1]) -> Payout:
    return Payout.objects.create(
        psp_id=name, amount_minor=4_000, provider_status=status, arrival_date=day, created_at=MOMENT
    )


def make_movement(name: str, at: dt.datetime) -> BalanceTransaction:
    return BalanceTransaction.objects.create(
        psp_id=name, kind="charge", amount_minor=500, net_minor=500, available_on=at, created_at=at
    )


def imported(account: BankAccount, last_day: dt.date, **facts: bool) -> Statement:
    found = statement(account)
    StatementFile.objects.filter(pk=found.file_id).update(state="imported")
    Statement.objects.filter(pk=found.pk).update(first_day=OCTOBER[0], last_day=last_day, **facts)
    return found


def test_a_payout_without_its_bank_line_is_told_of_until_it_arrives() -> None:
    payout = make_payout("po_1")
    make_payout("po_2", status="failed")
    make_payout("po_3", day=dt.date(2026, 11, 1))
    words = "1 payout of the card provider is not booked: its bank line is missing"
    assert told() == {words: 4_000}
    assert told(SEPTEMBER) == {}
    Payout.objects.filter(pk=payout.pk).update(receipt_id=1, arrived_on=OCTOBER[1])
    assert told() == {}


def test_a_movement_that_waits_is_told_of_up_to_midnight_where_the_shop_is() -> None:
    make_movement("txn_1", dt.datetime(2026, 10, 31, 22, 59, tzinfo=dt.UTC))  # 23:59 in Berlin
    make_movement("txn_2", dt.datetime(2026, 10, 31, 23, 0, tzinfo=dt.UTC))  # November
    assert told() == {"1 movement at the card provider is not booked": None}
    BalanceTransaction.objects.update(booking=BalanceTransaction.BOOKED)
    assert told() == {}


def test_lines_of_the_bank_that_are_no_money_yet_are_told_of() -> None:
    account = bank_account()
    of = imported(account, OCTOBER[1])
    line(of, 700, booked_on=OCTOBER[1])
    line(of, -200, booked_on=OCTOBER[0])
    line(of, 900, booked_on=dt.date(2026, 11, 1))
    assert told() == {"2 lines of the bank are not booked": 500}
    take_in(intake=intake_of(of))
    assert told() == {"2 amounts of money are unexplained": 900}


def test_files_that_wait_statements_that_miss_and_wrong_ones_are_told_of() -> None:
    account = bank_account()
    bank_account(name="by hand")  # no statements are imported for it
    imported(account, dt.date(2026, 10, 29))
    assert told() == {"1 bank account has no statement up to the end of the month": None}
    imported(account, dt.date(2026, 10, 30), has_gap=True)  # the last weekday
    assert told() == {"1 bank statement does not add up or follows a gap": None}
    BankAccount.objects.update(is_active=False)
    statement(account)
    assert "1 bank file is not read yet" in told()


def test_the_page_of_the_month_warns_before_it_is_closed(desk: Client) -> None:
    make_payout("po_1")
    text = desk.get(reverse("finance:period", args=[2026, 10])).content.decode()
    assert "1 payout of the card provider is not booked" in text
    assert f"{reverse('finance:payouts')}?state=open&amp;last=2026-10-31" in text
