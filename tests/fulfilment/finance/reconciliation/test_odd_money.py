"""Money that takes the longer way: sent back by mistake, in another currency, for what was paid before, taken back."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from checkout.payment.models import Payment
from fulfilment.finance.bank.models import StatementLine
from fulfilment.finance.ledger.models import Account
from fulfilment.finance.ledger.queries import balance_minor
from fulfilment.finance.psp.models import Payout
from fulfilment.finance.psp.queries import explained
from fulfilment.finance.reconciliation.actions import (
    assign,
    explain_payout,
    explain_refund,
    give_back,
    link,
    record,
    take_in,
    undo,
)
from fulfilment.finance.reconciliation.matching.engine import proposals
from fulfilment.finance.reconciliation.matching.index import Index
from fulfilment.finance.reconciliation.matching.items import BACK, PAYOUT, Money, OpenItem, Part
from fulfilment.finance.reconciliation.matching.run import match_open, match_these
from fulfilment.finance.reconciliation.models import LearnedRule, PayBack, Receipt
from fulfilment.finance.reconciliation.transfers import note_payback_sent
from tests.fulfilment.finance.books import problems
from tests.fulfilment.finance.orders import make_order
from tests.fulfilment.finance.reconciliation.bank_lines import (
    DAY,
    bank_account,
    intake_of,
    line,
    statement,
    told,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("finance_addresses")]


def proposed(money: Any) -> list[Any]:
    [found] = match_these([money]).values()
    return found


def went_back() -> PayBack:
    return give_back(receipt=told(5_000, "who is it for?"), amount_minor=5_000, reason="not ours")


def test_a_payback_whose_line_was_taken_back_is_to_be_sent_again_and_proposed_again() -> None:
    payback = went_back()
    gone = told(-5_000, payback.end_to_end_id)
    made = explain_refund(disbursement=gone, payback=payback)
    undo(assignment=made, why="it was another one")
    payback.refresh_from_db()
    gone.refresh_from_db()
    assert payback.state == "requested", "only that line had said that it was sent"
    assert [one.parts[0].target for one in proposed(gone)] == [f"payback:{payback.pk}"]
    assert problems() == []


def test_a_payback_noted_as_sent_stays_sent_when_its_line_is_taken_back() -> None:
    payback = went_back()
    bank_account()
    note_payback_sent(payback=payback, reference="SEPA 7")
    gone = told(-5_000, payback.end_to_end_id)
    undo(assignment=explain_refund(disbursement=gone, payback=payback), why="it was another one")
    payback.refresh_from_db()
    assert (payback.state, payback.reference) == ("sent", "SEPA 7")


def test_a_receipt_whose_money_has_left_again_is_not_withdrawn_and_the_page_says_why(desk: Client) -> None:
    receipt = record(booked_on=DAY, amount_minor=5_000, reference="1/1")
    bank_account()
    payback = give_back(receipt=receipt, amount_minor=5_000, reason="not ours")
    note_payback_sent(payback=payback, reference="SEPA 7")
    answer = desk.post(reverse("finance:withdraw-receipt", args=[receipt.pk]), {"reason": "typed wrongly"})
    assert answer.status_code == 409
    receipt.refresh_from_db()
    assert receipt.state == "assigned"


def test_a_prepaid_order_paid_twice_is_told_as_paid_before() -> None:
    order = make_order(method="prepayment", status="awaiting_payment")
    assign(receipt=told(11_900, order.number), order=order, amount_minor=11_900)
    assert Payment.objects.get().state == "captured"
    again = proposed(told(11_900, f"Bestellung {order.number}"))
    assert (again[0].kind, again[0].reasons[-1]) == (BACK, "paid_before")


def dollars(amount_minor: int = 7_700) -> Receipt:
    account = bank_account(currency="USD", name="Dollar")
    of = statement(account)
    one = line(of, amount_minor, "K10001")
    StatementLine.objects.filter(pk=one.pk).update(currency="USD")
    take_in(intake=intake_of(of))
    return Receipt.objects.get(line=one)


def test_money_in_another_currency_is_not_added_to_euros_and_the_bench_says_what_can_be_done(
    desk: Client,
) -> None:
    told(1_000, "x")
    dollars()
    page = desk.get(reverse("finance:workbench"), {"show": "foreign"})
    assert (page.context["counts"]["came_minor"], page.context["counts"]["foreign"]) == (1_000, 1)
    [(key, money)] = page.context["lines"]
    assert money.currency == "USD"
    text = page.content.decode()
    assert "USD" in text
    assert page.context["foreign"] is True
    assert problems() == []


def test_an_order_in_euros_is_not_paid_with_dollars_and_the_receipts_page_says_so(desk: Client) -> None:
    order = make_order(method="prepayment", status="awaiting_payment")
    receipt = dollars()
    target = f"order:{order.pk}"
    sent = {"target": target, f"amount:{target}": "77,00", "step": "assign"}
    answer = desk.post(reverse("finance:receipt", args=[receipt.pk]), sent)
    assert answer.status_code == 400
    assert "USD" in str(answer.context["assign"].errors)


def test_what_was_typed_by_hand_is_not_joined_with_a_line_of_another_account() -> None:
    """Typed money is booked on the bank's account; joined with a line of another, both accounts would be wrong."""
    other = Account.objects.create(number="1210", kind="asset", name_de="Zweites Konto", name_en="Second")
    typed = record(booked_on=DAY, amount_minor=5_000, reference="E2E-1", payer="Hanna Petersen")
    of = statement(bank_account(ledger_account=other))
    one = line(of, 5_000, end_to_end_id="E2E-1")
    take_in(intake=intake_of(of))
    typed.refresh_from_db()
    assert typed.line_id is None
    with pytest.raises(ValueError, match="another account"):
        link(money=Receipt.objects.get(line=one), known=typed)


def test_what_was_withdrawn_while_a_file_is_taken_in_does_not_swallow_its_line(monkeypatch: Any) -> None:
    from fulfilment.finance.reconciliation.actions import intake as room

    typed = record(booked_on=DAY, amount_minor=5_000, reference="E2E-1", payer="Hanna Petersen")
    before = room._surely

    def meanwhile(*given: Any) -> Any:
        found = before(*given)
        if found is not None:
            Receipt.objects.filter(pk=typed.pk).update(state="withdrawn")
        return found

    monkeypatch.setattr(room, "_surely", meanwhile)
    fresh = told(5_000, end_to_end_id="E2E-1")
    assert (fresh.pk != typed.pk, fresh.state) == (True, "open")


def test_a_rule_is_not_learned_from_a_line_that_could_not_be_booked(desk: Client) -> None:
    receipt = told(5_000, "Zinsen Tagesgeld")
    account = Account.objects.get(role="interest_income")
    sent = {
        "line": f"receipt-{receipt.pk}", "seen": "5000", "do": "explain", "account": account.pk, "amount": "99,00",
        "learn": "Zinsen Tagesgeld",
    }  # fmt: skip
    assert desk.post(reverse("finance:workbench-do"), sent).status_code == 400
    assert not LearnedRule.objects.exists()


def test_what_a_part_settles_beside_the_money_is_off_the_index_too() -> None:
    item = OpenItem("invoice:1", ("R2026-000121",), 10_000, customer="user:1", name="Hanna Petersen")
    index = Index([item])
    index.take(Part("invoice:1", 9_700, charges_minor=200, exchange_minor=100))
    assert (item.open_minor, item.closed) == (0, "paid")
    [first, *_] = proposals(Money("receipt:2", 300, text="R2026-000121", party="Hanna Petersen"), index)
    assert first.kind == BACK


def test_what_the_card_provider_takes_from_the_bank_is_a_negative_payout(outbox: Any, desk: Client) -> None:
    payout = Payout.objects.create(
        psp_id="po_minus", amount_minor=-900, provider_status="paid", arrival_date=DAY, is_explained=False,
        created_at=dt.datetime(2026, 11, 19, 9, tzinfo=dt.UTC),
    )  # fmt: skip
    gone = told(-900, "STRIPE PAYMENTS EUROPE", counterparty="Stripe")
    came = told(900, "STRIPE PAYMENTS EUROPE", counterparty="Stripe")
    assert proposed(came) == [], "money that comes is not what the provider took"
    [first, *_] = proposed(gone)
    assert (first.kind, first.confidence, first.parts[0].label) == (PAYOUT, 96, "po_minus")
    page = desk.get(reverse("finance:workbench"), {"line": f"disbursement-{gone.pk}"})
    assert [step.debit[:4] for step in page.context["choices"][0].steps] == ["1360"]
    assert match_open().booked == 1
    payout.refresh_from_db()
    assert (payout.disbursement_id, payout.arrived_on, payout.is_open) == (gone.pk, gone.booked_on, False)
    assert (balance_minor("psp_clearing"), explained(payout).difference_minor) == (900, 0)
    assert desk.get(reverse("finance:disbursement", args=[gone.pk])).status_code == 200
    [made] = gone.assignments.all()
    undo(assignment=made, why="another one")
    payout.refresh_from_db()
    assert (payout.disbursement_id, payout.arrived_on, payout.is_open) == (None, None, True)
    assert balance_minor("psp_clearing") == 0
    assert problems() == []


def test_a_payout_and_its_line_go_the_same_way() -> None:
    payout = Payout.objects.create(
        psp_id="po_plus", amount_minor=900, provider_status="paid", arrival_date=DAY,
        created_at=dt.datetime(2026, 11, 19, 9, tzinfo=dt.UTC),
    )  # fmt: skip
    with pytest.raises(ValueError, match="other way"):
        explain_payout(money=told(-900, "STRIPE"), payout=payout.psp_id, amount_minor=900)
    payout.refresh_from_db()
    assert payout.is_open


def test_a_payback_that_a_colleague_moves_in_that_moment_is_told_and_not_an_error(
    desk: Client, monkeypatch: Any
) -> None:
    from fulfilment.finance.reconciliation.actions import disburse

    payback = went_back()
    gone = told(-5_000, payback.end_to_end_id)
    token = desk.get(reverse("finance:workbench"), {"line": f"disbursement-{gone.pk}"}).context["choices"][0]
    before = disburse.move

    def meanwhile(thing: Any, **facts: Any) -> Any:
        PayBack.objects.filter(pk=payback.pk).update(state="cancelled")
        return before(thing, **facts)

    monkeypatch.setattr(disburse, "move", meanwhile)
    sent = {"line": f"disbursement-{gone.pk}", "seen": "5000", "do": "choose", "token": token.proposal.token}
    assert desk.post(reverse("finance:workbench-do"), sent).status_code == 409
    gone.refresh_from_db()
    assert gone.assigned_minor == 0
