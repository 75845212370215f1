"""Profit and loss and balance sheet: worked examples an accountant can read, and sums that always hold."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fulfilment.finance.ledger import charts, rules
from fulfilment.finance.ledger.actions import post
from fulfilment.finance.ledger.models import Account
from fulfilment.finance.ledger.postings import Posting
from fulfilment.finance.reports import statements
from fulfilment.finance.reports.headings import BALANCE, BY_KIND, INCOME, headings, place

pytestmark = pytest.mark.django_db
YEAR = (dt.date(2026, 1, 1), dt.date(2026, 12, 31))
BEFORE = (dt.date(2025, 1, 1), dt.date(2025, 12, 31))
DAY = dt.date(2026, 11, 20)
TAXES = [rules.TaxShare("DE", 1900, 10_000, 1_900)]


def book(source: str, lines: list[Posting], day: dt.date = DAY, kind: str = "manual") -> None:
    post(source=source, kind=kind, lines=lines, booked_on=day)


def a_year() -> None:
    """Capital of 25,000.00; goods for 60.00 sold for 100.00 net; the card provider kept 2.00; one order paid early."""
    book("capital", [Posting("bank", debit_minor=2_500_000), Posting("equity", credit_minor=2_500_000)])
    book("goods", rules.goods_received(subject="receipt:1", cost_minor=20_000))
    book("sale", rules.invoice_issued(order_number="K1", taxes=TAXES))
    book("cost", rules.goods_dispatched(order_number="K1", cost_minor=6_000))
    book("fee", rules.provider_fee(reference="txn_1", amount_minor=200))
    book("early", rules.card_captured(order_number="K2", amount_minor=5_000))


def amounts(lines: list[statements.Line]) -> dict[str, int]:
    """Code -> amount of the headings that accounts stand under."""
    return {
        line.heading.code: line.now_minor for line in lines if line.now_minor and not line.heading.is_group
    }


def test_what_was_earned_stands_under_the_headings_of_the_law() -> None:
    a_year()
    found = amounts(statements.income(first=YEAR[0], last=YEAR[1], before=BEFORE))
    assert found == {"1": 10_000, "5a": -6_000, "8": -200, "15": 3_800, "17": 3_800}


def test_the_balance_sheet_shows_advance_payments_apart_and_computes_the_result() -> None:
    a_year()
    sheet = statements.balance_sheet(day=YEAR[1], before=BEFORE[1])
    assert amounts(sheet.lines) == {
        "B.I.3": 14_000,  # goods left
        "B.II.1": 11_900,  # K1 has not paid
        "B.II.4": 4_800,  # what the card provider holds, less its fee
        "B.IV": 2_500_000,
        "P.A.I": 2_500_000,
        "P.A.V": 3_800,
        "P.C.3": 5_000,  # K2 paid and got nothing yet
        "P.C.4": 20_000,
        "P.C.8.T": 1_900,
    }
    assert sheet.total("assets") == sheet.total("liabilities") == 2_530_700
    groups = {line.heading.code: line.now_minor for line in sheet.lines if line.heading.is_group}
    assert groups == {"A": 0, "B": 2_530_700, "P.A": 2_503_800, "P.C": 26_900}
    assert sheet.total("assets", before=True) == 0


def test_the_result_of_a_year_is_carried_forward_without_a_closing_entry() -> None:
    a_year()
    sheet = amounts(statements.balance_sheet(day=dt.date(2027, 2, 1), before=DAY).lines)
    assert (sheet["P.A.IV"], sheet.get("P.A.V", 0)) == (3_800, 0)
    later = statements.income(first=dt.date(2027, 1, 1), last=dt.date(2027, 12, 31), before=YEAR)
    assert amounts(later) == {}
    assert later[-1].before_minor == 3_800


def test_a_bank_in_overdraft_is_a_debt() -> None:
    book("spent", [Posting("bank_charges", debit_minor=700), Posting("bank", credit_minor=700)])
    sheet = statements.balance_sheet(day=DAY, before=BEFORE[1])
    assert amounts(sheet.lines) == {"P.C.2": 700, "P.A.V": -700}


@pytest.mark.parametrize("chart", ["skr03", "skr04"])
def test_every_account_of_the_chart_stands_under_a_heading_that_names_its_role(chart: str) -> None:
    named = {role for statement in (INCOME, BALANCE) for one in headings(statement) for role in one.roles}
    for row in charts.rows(chart):
        account = Account(number=row.number, role=row.role, kind=row.kind)
        codes = [place(account, INCOME, chart), place(account, BALANCE, chart)]
        assert sum(map(bool, codes)) == 1, row
        assert any(
            row.role == role or (role.endswith("*") and row.role.startswith(role[:-1])) for role in named
        ), row


@pytest.mark.parametrize(
    ("chart", "number", "kind", "code"),
    [
        ("skr03", "4120", "expense", "6a"),
        ("skr03", "4830", "expense", "7a"),
        ("skr03", "8590", "revenue", "1"),
        ("skr03", "4711", "expense", "8"),
        ("skr04", "6020", "expense", "6a"),
        ("skr04", "6220", "expense", "7a"),
        ("skr04", "99999", "expense", BY_KIND[INCOME]["expense"]),
    ],
)
def test_an_own_account_stands_where_its_number_says_else_by_its_kind(
    chart: str, number: str, kind: str, code: str
) -> None:
    assert place(Account(number=number, kind=kind), INCOME, chart) == code


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_both_sides_are_equal_whatever_was_booked(data: Any) -> None:
    roles = [row.role for row in charts.rows("skr03")]
    with transaction.atomic():
        point = transaction.savepoint()
        for at in range(data.draw(st.integers(1, 20))):
            one, other = data.draw(st.permutations(roles))[:2]
            amount = data.draw(st.integers(1, 10**8))
            subject = data.draw(st.sampled_from(["order:A", "order:B", ""]))
            day = DAY - dt.timedelta(days=data.draw(st.integers(0, 800)))
            pair = [
                Posting(one, debit_minor=amount, subject=subject),
                Posting(other, credit_minor=amount, subject=subject),
            ]
            book(f"h{at}", pair, day)
            when = DAY - dt.timedelta(days=data.draw(st.integers(0, 800)))
            sheet = statements.balance_sheet(day=when, before=DAY)
            assert sheet.total("assets") == sheet.total("liabilities")
            assert sheet.total("assets", before=True) == sheet.total("liabilities", before=True)
        transaction.savepoint_rollback(point)
