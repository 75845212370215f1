"""Money at the card provider, from order to bank line: fees, refunds that come back, disputes, payouts, clearing 0."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from checkout.order.models import Order
from checkout.payment import stripe_client
from checkout.payment.actions import (
    note_dispute,
    request_refund,
    send_refund,
    settle,
    settle_refund,
    start_card_payment,
)
from checkout.payment.actions.refunds import send_again, succeed
from checkout.payment.models import Payment, Refund
from checkout.payment.standin.process import StandIn
from checkout.payment.stripe_client import client
from fulfilment.finance.invoicing.models import OrderAccount
from fulfilment.finance.ledger.models import Account, EntryLine
from fulfilment.finance.psp import booking, fetch, tasks, unmatched, verify
from fulfilment.finance.psp.models import BalanceTransaction, Cursor, Explanation, Payout, UnmatchedMoney
from fulfilment.finance.psp.queries import explained, open_payouts, payout_named
from fulfilment.finance.reconciliation import actions as bank
from shop.kernel.clock import today
from shop.kernel.invariants import verify as verify_all
from tests.checkout.payment.shopper import pay
from tests.factories.people import make_staff
from tests.factories.shopping import make_variant, place_order

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

PRICE = 10_000
FEE = 175  # 1.5 % of 100.00 and 0.25
DISPUTE_FEE = 2_000


def paid(outbox: Any, card: str = "pm_card_visa", price_minor: int = PRICE) -> tuple[Order, Payment]:
    """An order paid by card, told to the books."""
    order = place_order((make_variant(price_minor=price_minor), 1), shipping_minor=0)
    payment = Payment.objects.get(order=order)
    pay(start_card_payment(payment=payment).id, card)
    payment = settle(payment_id=payment.pk)
    outbox.drain()
    return order, payment


def balance(role: str) -> int:
    lines = EntryLine.objects.filter(account__role=role)
    return sum(line.debit_minor - line.credit_minor for line in lines)


def breaches() -> list[str]:
    return [sentence for _name, check in verify.CHECKS for sentence in check()]


def pay_out(standin: StandIn, **options: Any) -> Payout:
    """The provider's daily payout of all there is, read and booked by us."""
    told = standin.control("payouts", include_pending=True, paid=True, **options)["payout"]
    tasks.read()
    return Payout.objects.get(psp_id=told["id"])


def on_the_bank(payout: Payout) -> None:
    """The line of the statement, found to be this payout."""
    receipt = bank.record(
        booked_on=today(), amount_minor=payout.amount_minor, reference=payout.psp_id[-12:], text="STRIPE"
    )
    bank.explain_payout(money=receipt, payout=payout.psp_id, amount_minor=payout.amount_minor)
    payout.refresh_from_db()


def refunded(outbox: Any, payment: Payment, amount_minor: int = PRICE) -> Refund:
    refund = request_refund(
        payment=payment, amount_minor=amount_minor, source=f"test:{payment.pk}:{amount_minor}", reason="test"
    )
    send_refund(refund_id=refund.pk)
    outbox.drain()
    refund.refresh_from_db()
    assert refund.state == "succeeded"
    return refund


def test_a_card_payment_is_explained_down_to_the_bank_line(standin: StandIn, outbox: Any) -> None:
    orders = [paid(outbox)[0] for _ in range(3)]
    payout = pay_out(standin)
    assert (payout.amount_minor, payout.provider_status, payout.is_explained) == (
        3 * (PRICE - FEE),
        "paid",
        True,
    )
    assert balance("cost_of_payments") == 3 * FEE
    assert balance("psp_clearing") == payout.amount_minor
    page = explained(payout)
    assert (page.gross_minor, page.fees_minor, page.net_minor) == (3 * PRICE, 3 * FEE, payout.amount_minor)
    assert [row.order_number for row in page.movements] == [order.number for order in orders]
    assert (page.unexplained_minor, page.waiting) == (0, 0)
    assert list(open_payouts()) == [payout]
    assert payout_named(f"STRIPE {payout.psp_id[-12:].upper()} EREF") == payout
    on_the_bank(payout)
    assert explained(payout).difference_minor == 0
    assert (balance("psp_clearing"), balance("unexplained")) == (0, 0)
    assert not open_payouts().exists()
    assert payout.receipt_id
    assert breaches() == []
    rooms = ("psp", "ledger", "invoicing", "payment")
    assert [found for found in verify_all() if found.breaches and found.room in rooms] == []


def test_reading_again_changes_nothing(standin: StandIn, outbox: Any) -> None:
    paid(outbox)
    pay_out(standin)
    before = (BalanceTransaction.objects.count(), EntryLine.objects.count(), Payout.objects.count())
    for _ in range(3):
        assert tasks.read() == 0
    assert (BalanceTransaction.objects.count(), EntryLine.objects.count(), Payout.objects.count()) == before


def test_a_reading_that_was_cut_short_goes_on_where_it_stopped(
    standin: StandIn, outbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for amount in range(1, 8):
        standin.control("balance", amount=-amount, type="stripe_fee")
    monkeypatch.setattr(stripe_client, "PAGE_SIZE", 2)
    monkeypatch.setattr(fetch, "MOST_PAGES", 2)
    assert fetch.read_movements() == 4
    cursor = Cursor.objects.get()
    assert cursor.page_after and cursor.since is None
    standin.control("faults", kind="status", status=500, path="/v1/balance_transactions*")
    assert tasks.read() == 4  # what was read is booked although the provider fails now
    assert "500" in Cursor.objects.get().problem or Cursor.objects.get().problem
    tasks.read()
    assert BalanceTransaction.objects.count() == 7
    cursor.refresh_from_db()
    assert not cursor.page_after and cursor.since is not None
    assert balance("cost_of_payments") == sum(range(1, 8))


def test_only_one_reads_at_a_time_and_a_dead_reader_is_not_waited_for(standin: StandIn, clock: Any) -> None:
    clock.stop()
    assert fetch.lease()
    assert not fetch.lease()
    clock.advance(minutes=5)
    assert fetch.lease()


def test_a_refund_of_the_same_day_lowers_the_payout(standin: StandIn, outbox: Any) -> None:
    _order, payment = paid(outbox)
    paid(outbox)
    refunded(outbox, payment, 4_000)
    payout = pay_out(standin)
    assert payout.amount_minor == 2 * (PRICE - FEE) - 4_000
    on_the_bank(payout)
    assert balance("psp_clearing") == 0
    assert breaches() == []


def test_a_refund_that_comes_back_stands_as_the_customers_claim_again(standin: StandIn, outbox: Any) -> None:
    order, payment = paid(outbox)
    refund = refunded(outbox, payment)
    assert OrderAccount.objects.get(order=order).received_minor == 0
    standin.control("refunds/fail", refund=refund.psp_id)
    settle_refund(psp_id=refund.psp_id or "")
    outbox.drain()
    refund.refresh_from_db()
    assert (refund.state, bool(refund.came_back_at)) == ("failed", True)
    assert OrderAccount.objects.get(order=order).received_minor == PRICE
    assert balance("psp_clearing") == PRICE
    assert balance("receivable") == -PRICE
    payout = pay_out(standin)
    assert payout.amount_minor == PRICE - FEE
    on_the_bank(payout)
    assert balance("psp_clearing") == 0
    assert breaches() == []


def test_a_refund_that_came_back_goes_once_more_by_card(standin: StandIn, outbox: Any) -> None:
    order, payment = paid(outbox)
    refund = refunded(outbox, payment)
    standin.control("refunds/fail", refund=refund.psp_id)
    settle_refund(psp_id=refund.psp_id or "")
    outbox.drain()
    send_again(refund=Refund.objects.get(), by=None)
    send_refund(refund_id=refund.pk)
    outbox.drain()
    refund.refresh_from_db()
    assert refund.state == "succeeded"
    assert OrderAccount.objects.get(order=order).received_minor == 0
    tasks.read()
    assert not BalanceTransaction.objects.filter(booking="waiting").exists()
    assert balance("receivable") == 0
    assert balance("psp_clearing") == -FEE
    assert breaches() == []


def test_a_refund_that_came_back_goes_by_bank_transfer(standin: StandIn, outbox: Any) -> None:
    order, payment = paid(outbox)
    refund = refunded(outbox, payment)
    standin.control("refunds/fail", refund=refund.psp_id)
    settle_refund(psp_id=refund.psp_id or "")
    outbox.drain()
    send_again(refund=Refund.objects.get(), by=None, by_transfer=True)
    assert list(Refund.objects.to_transfer()) == [refund]
    assert not send_refund(refund_id=refund.pk)  # the card provider is not asked
    succeed(refund=Refund.objects.get(), reference="transfer 1")
    outbox.drain()
    assert OrderAccount.objects.get(order=order).received_minor == 0
    assert (balance("money_transit"), balance("psp_clearing")) == (-PRICE, PRICE)


def test_a_refund_that_never_arrived_is_booked_out_and_back(standin: StandIn, outbox: Any) -> None:
    _order, payment = paid(outbox, "pm_card_pendingRefund")
    refund = request_refund(payment=payment, amount_minor=PRICE, source="test", reason="test")
    send_refund(refund_id=refund.pk)
    refund.refresh_from_db()
    assert refund.state == "sent"
    standin.control("refunds/fail", refund=refund.psp_id)
    settle_refund(psp_id=refund.psp_id or "")
    outbox.drain()
    payout = pay_out(standin)
    assert payout.amount_minor == PRICE - FEE
    assert (balance("money_transit"), balance("receivable")) == (0, -PRICE)
    on_the_bank(payout)
    assert balance("psp_clearing") == 0
    assert breaches() == []


def open_dispute(standin: StandIn, payment: Payment) -> str:
    intent = client().v1.payment_intents.retrieve(payment.intent_id or "")
    return str(standin.control("disputes", charge=intent.latest_charge)["dispute"]["id"])


def test_a_dispute_that_is_lost_costs_the_money_and_its_fee(standin: StandIn, outbox: Any) -> None:
    _order, payment = paid(outbox)
    paid(outbox, price_minor=30_000)
    dispute = open_dispute(standin, payment)
    note_dispute(dispute_id=dispute)
    client().v1.disputes.close(dispute)
    note_dispute(dispute_id=dispute)
    outbox.drain()
    payout = pay_out(standin)
    assert payout.amount_minor == 30_000 - 475 - FEE - DISPUTE_FEE
    assert (balance("cost_of_disputes"), balance("cost_of_payments")) == (DISPUTE_FEE, FEE + 475)
    on_the_bank(payout)
    assert balance("psp_clearing") == 0
    assert breaches() == []


def test_a_dispute_that_is_won_brings_the_money_back_and_keeps_the_fee(standin: StandIn, outbox: Any) -> None:
    _order, payment = paid(outbox)
    dispute = open_dispute(standin, payment)
    note_dispute(dispute_id=dispute)
    client().v1.disputes.update(dispute, params={"evidence": {"uncategorized_text": "winning_evidence"}})
    standin.control("clock", advance=5)
    note_dispute(dispute_id=dispute)
    outbox.drain()
    payout = pay_out(standin)
    assert payout.amount_minor == PRICE - FEE - DISPUTE_FEE
    assert balance("cost_of_disputes") == DISPUTE_FEE
    on_the_bank(payout)
    assert (balance("psp_clearing"), balance("receivable")) == (0, -PRICE)
    assert breaches() == []


def test_a_fee_of_a_dispute_that_comes_later_is_a_cost_of_disputes(standin: StandIn, outbox: Any) -> None:
    order, payment = paid(outbox)
    dispute = open_dispute(standin, payment)
    note_dispute(dispute_id=dispute)
    outbox.drain()
    standin.control(
        "balance", amount=0, fee=1_500, category="dispute", source=dispute, description="countered"
    )
    tasks.read()
    later = BalanceTransaction.objects.get(fee_minor=1_500)
    assert (later.booking, later.order_number) == ("booked", order.number)
    assert balance("cost_of_disputes") == DISPUTE_FEE + 1_500
    assert breaches() == []


def test_a_payout_that_comes_back_is_part_of_the_next_one(standin: StandIn, outbox: Any) -> None:
    paid(outbox)
    first = pay_out(standin)
    standin.control("payouts/fail", payout=first.psp_id)
    paid(outbox, price_minor=20_000)
    second = pay_out(standin)
    first.refresh_from_db()
    assert (first.provider_status, first.is_open) == ("failed", False)
    assert "closed" in first.failure_text
    assert second.amount_minor == (PRICE - FEE) + (20_000 - 325)
    assert [row.kind for row in explained(second).movements] == ["payout_failure", "charge"]
    on_the_bank(second)
    assert (balance("psp_clearing"), balance("unexplained")) == (0, 0)
    assert breaches() == []


def test_a_debt_at_the_provider_is_taken_from_the_bank(standin: StandIn, outbox: Any) -> None:
    standin.control("balance", amount=-1_200, type="stripe_fee", description="monthly fee")
    payout = pay_out(standin, negative=True)
    assert (payout.amount_minor, payout.is_explained) == (-1_200, True)
    assert balance("cost_of_payments") == 1_200
    assert explained(payout).unexplained_minor == 0


def test_a_fee_given_back_lowers_the_costs(standin: StandIn, outbox: Any) -> None:
    standin.control("balance", amount=-300, type="stripe_fee")
    standin.control("balance", amount=100, type="stripe_fee")
    tasks.read()
    assert balance("cost_of_payments") == 200
    assert breaches() == []


def test_money_nobody_knows_waits_a_while_then_is_listed_explained_and_taken_back(
    standin: StandIn, outbox: Any, clock: Any
) -> None:
    clock.stop()
    order, _payment = paid(outbox)
    standin.control("balance", amount=777, type="adjustment", description="correction")
    tasks.read()
    assert not UnmatchedMoney.objects.exists()
    clock.advance(minutes=20)
    tasks.read()
    money = UnmatchedMoney.objects.get()
    assert (money.amount_minor, money.is_open, balance("unexplained")) == (777, True, -777)
    person = make_staff()
    with pytest.raises(unmatched.CannotExplain):
        unmatched.explain(money=money, kind=Explanation.GIVE_BACK, why="x", by=person)
    with pytest.raises(unmatched.CannotExplain):
        unmatched.explain(money=money, kind=Explanation.ACCOUNT, account_number="nope", why="x", by=person)
    first = unmatched.explain(money=money, kind=Explanation.ORDER, order=order, why="paid twice", by=person)
    assert (balance("unexplained"), money.is_open) == (0, False)
    assert OrderAccount.objects.get(order=order).received_minor == PRICE + 777
    with pytest.raises(unmatched.CannotExplain):
        unmatched.explain(money=money, kind=Explanation.ORDER, order=order, why="again", by=person)
    unmatched.undo(explanation=first, why="wrong order", by=person)
    assert OrderAccount.objects.get(order=order).received_minor == PRICE
    money.refresh_from_db()
    assert (balance("unexplained"), money.is_open) == (-777, True)
    account = Account.objects.get(role="interest_income")
    unmatched.explain(
        money=money, kind=Explanation.ACCOUNT, account_number=account.number, why="income", by=person
    )
    assert balance("unexplained") == 0
    assert breaches() == []


def test_a_charge_of_nobody_is_given_back_through_the_provider(
    standin: StandIn, outbox: Any, clock: Any
) -> None:
    clock.stop()
    intent = client().v1.payment_intents.create(
        {"amount": 5_000, "currency": "eur", "automatic_payment_methods": {"enabled": True}}
    )
    pay(intent.id)
    tasks.read()
    clock.advance(minutes=20)
    tasks.read()
    money = UnmatchedMoney.objects.get()
    assert (money.reference, money.amount_minor) == (intent.id, 5_000)
    made = unmatched.explain(money=money, kind=Explanation.GIVE_BACK, why="not ours", by=make_staff())
    assert balance("unexplained") == -5_000  # until the provider took it
    assert breaches() == []
    standin.control("faults", kind="status", status=500, path="/v1/refunds")
    tasks.read()
    assert balance("unexplained") == -5_000
    tasks.read()
    tasks.read()
    assert (balance("unexplained"), balance("psp_clearing")) == (0, -100)
    assert not BalanceTransaction.objects.filter(booking="waiting").exists()
    with pytest.raises(unmatched.CannotExplain):
        unmatched.undo(explanation=made, why="x", by=None)
    assert breaches() == []


def test_a_difference_of_a_cent_becomes_visible(standin: StandIn, outbox: Any) -> None:
    paid(outbox)
    fetch.read_movements()
    row = BalanceTransaction.objects.get()
    BalanceTransaction.objects.filter(pk=row.pk).update(amount_minor=PRICE - 1, net_minor=PRICE - 1 - FEE)
    assert booking.book(row.pk)
    assert balance("unexplained") == 1
    money = UnmatchedMoney.objects.get()
    assert money.amount_minor == -1
    assert "laut Anbieter 99,99 €, laut unseren Büchern 100,00 €" in money.note.replace("\xa0", " ")
    assert breaches() == []


def test_each_check_finds_what_it_is_for(standin: StandIn, outbox: Any, clock: Any) -> None:
    paid(outbox)
    payout = pay_out(standin)
    on_the_bank(payout)
    charge = BalanceTransaction.objects.get(kind="charge")
    BalanceTransaction.objects.filter(pk=charge.pk).update(fee_entry=None)
    assert verify.movements_are_booked_in_full()
    assert verify.payouts_end_at_zero()
    BalanceTransaction.objects.filter(pk=charge.pk).update(payout=None)
    assert verify.payouts_are_what_they_consist_of()
    BalanceTransaction.objects.filter(pk=charge.pk).update(booking="waiting")
    clock.advance(days=2)
    assert verify.nothing_waits_for_ever()
    unmatched.put_on_list(
        source="x", reference="pi_x", amount_minor=5, currency="EUR", note="", moment=timezone.now()
    )
    assert verify.open_money_is_unexplained_in_the_books()
