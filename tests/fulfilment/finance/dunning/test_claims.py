"""Interest, costs and lump sums are paid, in the order of the law, and open again when the money was another's."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from fulfilment.finance.dunning.actions import (
    CannotPay,
    open_claims_minor,
    pay_claims,
    pay_invoice_and_claims,
    split_payment,
)
from fulfilment.finance.dunning.models import ClaimPayment, DunningClaim, DunningPolicy
from fulfilment.finance.dunning.verify import CHECKS
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.ledger.models import EntryLine
from fulfilment.finance.reconciliation.actions import record, reopen
from fulfilment.finance.reconciliation.models import Receipt

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def money(amount_minor: int) -> Receipt:
    return record(booked_on=dt.date(2026, 11, 19), amount_minor=amount_minor, reference=f"7/{amount_minor}")


def claims(invoice: Invoice) -> dict[str, int]:
    found: dict[str, int] = {"fee": 0, "interest": 0}
    for claim in DunningClaim.objects.filter(invoice=invoice):
        found[claim.kind] += claim.amount_minor - claim.paid_minor
    return found


def test_who_names_nothing_pays_costs_then_interest_then_the_invoice(debt: Invoice) -> None:
    debt.refresh_from_db()
    asked = claims(debt)
    parts = split_payment(invoice=debt, amount_minor=50_000)
    assert (parts.costs_minor, parts.interest_minor) == (asked["fee"], asked["interest"])
    assert parts.principal_minor == 50_000 - asked["fee"] - asked["interest"]
    little = split_payment(invoice=debt, amount_minor=100)
    assert (little.costs_minor, little.interest_minor, little.principal_minor) == (100, 0, 0)


def test_who_names_the_invoice_or_pays_it_to_the_cent_pays_it_first(debt: Invoice) -> None:
    debt.refresh_from_db()
    assert split_payment(invoice=debt, amount_minor=50_000, named_invoice=True).principal_minor == 50_000
    exact = split_payment(invoice=debt, amount_minor=debt.open_minor)
    assert (exact.principal_minor, exact.claims_minor) == (debt.open_minor, 0)
    DunningPolicy.objects.update(costs_first=False)
    assert split_payment(invoice=debt, amount_minor=50_000).principal_minor == 50_000


def test_the_whole_sum_of_the_last_letter_pays_everything(debt: Invoice) -> None:
    debt.refresh_from_db()
    owed = debt.open_minor + open_claims_minor(debt.pk)
    receipt = money(owed)
    pay_invoice_and_claims(receipt=receipt, invoice=debt, amount_minor=owed)
    debt.refresh_from_db()
    assert (debt.state, open_claims_minor(debt.pk)) == ("paid", 0)
    receipt.refresh_from_db()
    assert receipt.left_minor == 0
    income = EntryLine.objects.filter(account__role__in=("dunning_income", "interest_income"))
    assert sum(line.credit_minor for line in income) == owed - debt.gross_minor
    assert [words for _title, check in CHECKS for words in check()] == []


def test_money_of_somebody_else_opens_the_claims_again(debt: Invoice, outbox: Any) -> None:
    before = claims(debt)
    receipt = money(before["fee"] + before["interest"])
    pay_claims(receipt=receipt, invoice=debt, costs_minor=before["fee"], interest_minor=before["interest"])
    assert open_claims_minor(debt.pk) == 0
    reopen(receipt=receipt, why="another customer's")
    outbox.drain()
    assert claims(debt) == before
    assert not ClaimPayment.objects.filter(undone_at=None).exists()
    assert [words for _title, check in CHECKS for words in check()] == []


@pytest.mark.parametrize(("costs", "interest"), [(0, 0), (-1, 5), (99_999, 0), (0, 99_999)])
def test_more_than_is_open_is_refused_and_nothing_is_booked(costs: int, interest: int, debt: Invoice) -> None:
    receipt = money(300_000)
    with pytest.raises(CannotPay):
        pay_claims(receipt=receipt, invoice=debt, costs_minor=costs, interest_minor=interest)
    receipt.refresh_from_db()
    assert receipt.left_minor == 300_000
    assert not ClaimPayment.objects.exists()
