"""Nobody is reminded of what they may have paid: until when the account was read counts, not when a file came."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from fulfilment.finance.bank.models import Statement, StatementFile
from fulfilment.finance.dunning.actions import run
from fulfilment.finance.dunning.models import DunningPolicy
from fulfilment.finance.dunning.receipts import newest_bank_day
from fulfilment.finance.invoicing.merchant import profile
from fulfilment.finance.invoicing.models import OrderMoney
from tests.factories.finance import invoice_for, pay_invoice
from tests.factories.shopping import make_user
from tests.fulfilment.finance.bank.papers import OURS, make_account

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
DAY = dt.date(2026, 9, 21)


def statement(account: Any, last_day: dt.date, kind: str = "camt053", state: str = "imported") -> None:
    """Loaded on DAY, whatever days it tells of."""
    file = StatementFile.objects.create(
        name="x", sha256=f"{account.pk}{last_day}{kind}{state}", size_bytes=1, state=state
    )
    Statement.objects.create(
        file=file,
        position=1,
        account=account,
        kind=kind,
        currency="EUR",
        first_day=last_day,
        last_day=last_day,
    )


@pytest.fixture
def overdue(clock: Any) -> None:
    clock.on(dt.date(2026, 9, 1))
    invoice_for(make_user("anna@example.org"))
    DunningPolicy.objects.update(receipts_checked_within_days=3)
    clock.on(DAY)


def test_a_file_loaded_today_that_ends_last_week_is_too_old(overdue: None) -> None:
    statement(make_account(), dt.date(2026, 9, 15))
    result = run(day=DAY)
    assert result.written == 0
    assert "15.09.2026" in result.stopped


def test_a_statement_until_yesterday_lets_letters_go_out(overdue: None) -> None:
    statement(make_account(), dt.date(2026, 9, 18))
    assert run(day=DAY).written == 1


def test_a_transfer_noted_by_hand_does_not_make_an_old_statement_new(overdue: None) -> None:
    statement(make_account(), dt.date(2026, 9, 15))
    pay_invoice(invoice_for(make_user("ben@example.org")))
    assert OrderMoney.objects.filter(booked_on=DAY).exists()
    assert newest_bank_day() == dt.date(2026, 9, 15)
    assert run(day=DAY).written == 0


def test_the_account_that_letters_name_counts_not_the_one_that_was_read_last(overdue: None) -> None:
    named = make_account(iban=profile().iban)
    other = make_account(name="Savings", iban=OURS if profile().iban != OURS else "DE02120300000000202051")
    statement(named, dt.date(2026, 9, 14))
    statement(other, DAY)
    assert newest_bank_day() == dt.date(2026, 9, 14)
    named.is_active = False
    named.save()
    assert newest_bank_day() == DAY


def test_of_accounts_that_no_letter_names_the_one_that_lags_behind_counts(overdue: None) -> None:
    statement(make_account(iban="DE02120300000000202051"), dt.date(2026, 9, 16))
    statement(make_account(name="Second", iban="DE02500105170137075030"), DAY)
    assert newest_bank_day() == dt.date(2026, 9, 16)


@pytest.mark.parametrize(("kind", "state"), [("camt054", "imported"), ("camt053", "reading")])
def test_details_of_batches_and_files_being_read_tell_of_no_day(kind: str, state: str, overdue: None) -> None:
    account = make_account()
    statement(account, dt.date(2026, 9, 17))
    statement(account, DAY, kind, state)
    assert newest_bank_day() == dt.date(2026, 9, 17)


def test_a_shop_that_notes_receipts_by_hand_goes_by_the_last_of_them(overdue: None) -> None:
    assert newest_bank_day() is None
    pay_invoice(invoice_for(make_user("ben@example.org")))
    assert newest_bank_day() == DAY
    assert run(day=DAY).written == 1
