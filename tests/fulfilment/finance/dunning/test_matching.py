"""Money of the bank for an invoice with its costs and interest: proposed as such, booked in the order of § 367 BGB."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from fulfilment.finance.dunning.actions import open_claims_minor, run
from fulfilment.finance.dunning.actions.claims import CannotPay
from fulfilment.finance.dunning.models import ClaimPayment, DunningClaim, DunningNotice, DunningPolicy
from fulfilment.finance.dunning.verify import CHECKS
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.ledger.models import EntryLine
from fulfilment.finance.ledger.queries import balance_minor
from fulfilment.finance.reconciliation.actions import learn_payer, undo
from fulfilment.finance.reconciliation.deciding import Changed, decide
from fulfilment.finance.reconciliation.matching.items import BACK, PAY, Proposal
from fulfilment.finance.reconciliation.matching.run import match_open, match_these
from fulfilment.finance.reconciliation.models import Receipt
from fulfilment.finance.reconciliation.verify import CHECKS as MONEY_CHECKS
from tests.factories.finance import invoice_for
from tests.factories.shopping import make_user
from tests.fulfilment.finance.reconciliation.bank_lines import told

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
IBAN = "DE02120300000000202051"


def asked(invoice: Invoice) -> dict[str, int]:
    found = {"fee": 0, "interest": 0, "lump_sum": 0}
    for claim in DunningClaim.objects.filter(invoice=invoice):
        found[claim.kind] += claim.amount_minor - claim.paid_minor
    return found


def proposed(receipt: Receipt) -> list[Proposal]:
    [found] = match_these([receipt]).values()
    return found


def take(receipt: Receipt, at: int = 0) -> list[Any]:
    made = decide(money=receipt, proposal=proposed(receipt)[at], seen_left_minor=receipt.left_minor)
    receipt.refresh_from_db()
    return made


def split(proposal: Proposal) -> tuple[int, int, int]:
    [part] = proposal.parts
    return part.costs_minor, part.interest_minor, part.principal_minor


def all_holds() -> list[str]:
    return [words for _title, check in [*CHECKS, *MONEY_CHECKS] for words in check()]


def test_the_whole_sum_of_the_letter_with_the_number_books_by_itself(debt: Invoice) -> None:
    debt.refresh_from_db()
    extra = asked(debt)
    owed = debt.open_minor + sum(extra.values())
    receipt = told(owed, f"Rechnung {debt.number}", counterparty="")
    [first, *_] = proposed(receipt)
    assert (first.kind, first.confidence, first.reasons[-1]) == (PAY, 100, "with_costs")
    assert match_open().booked == 1
    debt.refresh_from_db()
    receipt.refresh_from_db()
    assert (debt.state, open_claims_minor(debt.pk), receipt.left_minor) == ("paid", 0, 0)
    income = {role: -balance_minor(role) for role in ("dunning_income", "interest_income")}
    assert income == {"dunning_income": extra["fee"], "interest_income": extra["interest"]}
    assert {one.by_itself for one in receipt.assignments.all()} == {True}
    assert all_holds() == []


def test_what_the_steps_say_is_what_is_booked_and_all_of_it_is_taken_back(debt: Invoice, outbox: Any) -> None:
    debt.refresh_from_db()
    before = asked(debt)
    receipt = told(debt.open_minor + sum(before.values()), debt.number)
    made = take(receipt)
    assert {one.kind for one in made} == {"payment", "dunning_costs"}
    for one in made:
        undo(assignment=one, why="another customer's")
    outbox.drain()
    assert asked(debt) == before
    assert not ClaimPayment.objects.filter(undone_at=None).exists()
    assert all_holds() == []


def test_more_than_the_invoice_pays_costs_before_interest_and_leaves_the_rest_of_them_open(
    debt: Invoice,
) -> None:
    debt.refresh_from_db()
    extra = asked(debt)
    receipt = told(debt.open_minor + extra["fee"] + 1, debt.number)
    assert split(proposed(receipt)[0]) == (extra["fee"], 1, debt.open_minor)
    take(receipt)
    assert asked(debt) == {"fee": 0, "interest": extra["interest"] - 1, "lump_sum": 0}


def test_who_names_the_invoice_pays_it_first_and_who_names_nothing_pays_by_the_law(debt: Invoice) -> None:
    debt.refresh_from_db()
    extra = asked(debt)
    assert split(proposed(told(50_000, debt.number))[0]) == (0, 0, 50_000)
    learn_payer(iban=IBAN, customer=f"user:{debt.user_id}")
    silent = told(50_000, "", counterparty="", counterparty_iban=IBAN)
    wanted = (extra["fee"], extra["interest"], 50_000 - extra["fee"] - extra["interest"])
    assert split(proposed(silent)[0]) == wanted
    DunningPolicy.objects.update(costs_first=False)
    assert split(proposed(silent)[0]) == (0, 0, 50_000)


def test_more_than_everything_pays_everything_and_the_rest_stays_or_goes_back(debt: Invoice) -> None:
    debt.refresh_from_db()
    extra = asked(debt)
    receipt = told(debt.open_minor + sum(extra.values()) + 700, debt.number)
    stays, back = (next(one for one in proposed(receipt) if one.kind == kind) for kind in (PAY, BACK))
    assert split(stays) == (extra["fee"], extra["interest"], debt.open_minor + 700)
    assert (back.parts[0].costs_minor, back.parts[-1].amount_minor) == (extra["fee"], 700)


def test_the_number_of_a_letter_pays_all_that_it_asks_for(clock: Any, debt: Invoice) -> None:
    clock.on(dt.date(2026, 9, 2))
    second = invoice_for(debt.user, price_minor=30_000)
    for offset in range(90):
        run(day=dt.date(2026, 9, 16) + dt.timedelta(days=offset))
    letter = DunningNotice.objects.filter(items__invoice=second).latest("pk")
    items = [debt, second]
    for one in items:
        one.refresh_from_db()
    owed = sum(
        one.open_minor + open_claims_minor(one.pk) for one in items if letter.items.filter(invoice=one)
    )
    receipt = told(owed, f"Mahnung {letter.number}", counterparty="")
    [first, *_] = proposed(receipt)
    assert (first.kind, first.confidence, first.reasons[0]) == (PAY, 100, "number")
    assert sum(part.amount_minor for part in first.parts) == owed


def test_an_invoice_that_is_found_in_two_ways_is_still_asked_for_with_its_costs(debt: Invoice) -> None:
    debt.refresh_from_db()
    letter = DunningNotice.objects.filter(items__invoice=debt).latest("pk")
    owed = debt.open_minor + open_claims_minor(debt.pk)
    receipt = told(owed, f"Mahnung {letter.number} {debt.number}", counterparty=str(debt.buyer["name"]))
    [first, *_] = proposed(receipt)
    assert (first.confidence, first.reasons[-1]) == (100, "with_costs")


def test_the_number_of_a_letter_is_not_taken_for_an_invoice_with_the_same_digits(debt: Invoice) -> None:
    other = invoice_for(debt.user, price_minor=7_700)
    assert DunningNotice.objects.filter(number=f"D{other.number[1:]}", items__invoice=debt).exists()
    for text in (f"D{other.number[1:]}", f"D {other.number[1:]}"):
        found = proposed(told(100, text, counterparty="Otto Fremd"))
        assert {part.target for one in found for part in one.parts} <= {f"invoice:{debt.pk}"}, text
    for text in (f"RK{debt.number[1:]}", f"RS {debt.number[1:]}", f"D{debt.number[1:6]}999999"):
        assert not proposed(told(100, text, counterparty="Otto Fremd")), text


def test_claims_that_were_waived_meanwhile_are_not_paid_any_more(debt: Invoice) -> None:
    debt.refresh_from_db()
    receipt = told(debt.open_minor + sum(asked(debt).values()), debt.number)
    chosen = proposed(receipt)[0]
    DunningClaim.objects.update(waived_at=dt.datetime(2026, 11, 19, tzinfo=dt.UTC))
    with pytest.raises(Changed):
        decide(money=receipt, proposal=chosen, seen_left_minor=receipt.left_minor)
    receipt.refresh_from_db()
    assert receipt.assigned_minor == 0
    assert not EntryLine.objects.filter(account__role="dunning_income").exists()


def receipt_page(client: Client, receipt: Receipt) -> str:
    return str(client.get(reverse("finance:receipt", args=[receipt.pk])).content.decode())


def assign_on_page(client: Client, receipt: Receipt, invoice: Invoice, amount_minor: int) -> Any:
    typed = f"{amount_minor // 100},{amount_minor % 100:02}"
    target = f"invoice:{invoice.pk}"
    data = {"step": "assign", "seen": receipt.assigned_minor, "target": target, f"amount:{target}": typed}
    return client.post(reverse("finance:receipt", args=[receipt.pk]), data)


@pytest.mark.parametrize("named_by", ["invoice", "letter"])
def test_the_page_of_a_receipt_proposes_the_invoice_with_costs_and_interest_and_books_them(
    named_by: str, debt: Invoice, desk: Client
) -> None:
    debt.refresh_from_db()
    extra = asked(debt)
    owed = debt.open_minor + sum(extra.values())
    number = debt.number if named_by == "invoice" else DunningNotice.objects.order_by("-pk")[0].number
    receipt = told(owed, f"Zahlung {number}", counterparty="")
    page = receipt_page(desk, receipt)
    typed = f"{owed // 100},{owed % 100:02}"
    assert f'value="{typed}"' in page and "Kosten und Zinsen" in page
    assert assign_on_page(desk, receipt, debt, owed).status_code == 302
    debt.refresh_from_db()
    receipt.refresh_from_db()
    assert (debt.state, open_claims_minor(debt.pk), receipt.left_minor) == ("paid", 0, 0)
    income = {role: -balance_minor(role) for role in ("dunning_income", "interest_income")}
    assert income == {"dunning_income": extra["fee"], "interest_income": extra["interest"]}
    assert all_holds() == []


def test_on_the_page_of_a_receipt_the_chosen_invoice_is_paid_before_costs_and_interest(
    debt: Invoice, desk: Client
) -> None:
    debt.refresh_from_db()
    extra = asked(debt)
    receipt = told(debt.open_minor + 100, debt.number)
    assert assign_on_page(desk, receipt, debt, debt.open_minor + 100).status_code == 302
    debt.refresh_from_db()
    assert debt.state == "paid"
    left = asked(debt)
    assert left["fee"] + left["interest"] == extra["fee"] + extra["interest"] - 100
    assert left["fee"] == max(0, extra["fee"] - 100), "costs before interest"
    assert all_holds() == []


def test_waived_at_the_same_moment_nothing_is_booked_and_it_is_said(
    debt: Invoice, desk: Client, monkeypatch: Any
) -> None:
    debt.refresh_from_db()
    owed = debt.open_minor + sum(asked(debt).values())
    receipt = told(owed, debt.number)

    def gone(**_facts: Any) -> None:
        raise CannotPay("waived")

    monkeypatch.setattr("fulfilment.finance.reconciliation.claims.pay", gone)
    assert assign_on_page(desk, receipt, debt, owed).status_code == 409
    receipt.refresh_from_db()
    debt.refresh_from_db()
    assert receipt.left_minor == owed and debt.open_minor == debt.gross_minor


def test_the_page_of_a_receipt_asks_the_database_no_more_for_more_letters(
    debt: Invoice, desk: Client
) -> None:
    receipt = told(1_000, debt.number)

    def count() -> int:
        with CaptureQueriesContext(connection) as caught:
            receipt_page(desk, receipt)
        return len(caught)

    count()
    before = count()
    for n in range(3):
        invoice_for(make_user(f"kunde{n}@example.net"), price_minor=1_000)
    assert count() == before
