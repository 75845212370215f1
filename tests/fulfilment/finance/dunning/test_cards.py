"""An invoice is paid by card behind the letter's link: itself, its interest and costs, to the cent in the books."""

from __future__ import annotations

from typing import Any

import pytest

from checkout.order.models import Order
from checkout.payment.actions import NoCardNow, refuse_open_card
from checkout.payment.actions.capture import capture
from checkout.payment.actions.refunds import refundable_minor
from checkout.payment.events import DisputeWon, PaymentCaptured, PaymentDisputed
from checkout.payment.models import CARD, INVOICE, Payment
from checkout.payment.verify import CHECKS as PAYMENT
from checkout.payment.verify import captured_has_one_order_of_equal_amount
from fulfilment.finance.dunning.actions import card_payment, open_claims_minor, open_parts, waive
from fulfilment.finance.dunning.models import ClaimPayment, DunningClaim
from fulfilment.finance.dunning.verify import CHECKS as DUNNING
from fulfilment.finance.invoicing.models import Invoice, OrderAccount
from fulfilment.finance.invoicing.verify import CHECKS as INVOICING
from fulfilment.finance.ledger.models import EntryLine
from fulfilment.finance.ledger.verify import CHECKS as LEDGER
from fulfilment.finance.reconciliation.actions import assign, record
from shop.kernel import outbox as told
from shop.kernel.models import Delivery
from shop.kernel.money import split
from shop.kernel.outbox import deliver
from shop.kernel.transactions import retrying
from tests.factories.finance import invoice_for

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def balance(role: str) -> int:
    lines = EntryLine.objects.filter(account__role=role).values_list("debit_minor", "credit_minor")
    return sum(debit - credit for debit, credit in lines)


def books_are_right() -> None:
    checks = [check for title, check in (*DUNNING, *INVOICING, *LEDGER, *PAYMENT) if "parcel" not in title]
    assert [words for check in checks for words in check()] == []


def order_of(invoice: Invoice, status: str = "completed") -> Order:
    Order.objects.filter(pk=invoice.order_id).update(status=status)
    return Order.objects.get(pk=invoice.order_id)


def pay_by_card(invoice: Invoice, outbox: Any) -> Payment:
    payment = card_payment(invoice=Invoice.objects.get(pk=invoice.pk))
    Payment.objects.filter(pk=payment.pk).update(intent_id=f"pi_{payment.pk}")
    assert capture(payment=payment, reference=f"pi_{payment.pk}", why="paid by card")
    outbox.drain()
    return payment


@pytest.mark.parametrize("status", ["completed", "in_fulfilment"])
def test_a_card_pays_invoice_interest_and_costs_of_any_open_invoice(
    status: str, debt: Invoice, outbox: Any
) -> None:
    order = order_of(debt, status)
    debt.refresh_from_db()
    owed = open_parts(debt)
    assert min(owed.costs_minor, owed.interest_minor) > 0
    payment = pay_by_card(debt, outbox)
    debt.refresh_from_db()
    order.refresh_from_db()
    assert payment.amount_minor == debt.gross_minor + owed.claims_minor
    assert (debt.state, open_claims_minor(debt.pk), order.status) == ("paid", 0, status)
    assert (-balance("dunning_income"), -balance("interest_income")) == (
        owed.costs_minor,
        owed.interest_minor,
    )
    assert (balance("psp_clearing"), balance("receivable")) == (payment.amount_minor, 0)
    books_are_right()


def test_the_purchase_on_account_is_over_and_only_the_card_can_be_refunded(
    debt: Invoice, outbox: Any
) -> None:
    order = order_of(debt)
    payment = pay_by_card(debt, outbox)
    payment.refresh_from_db()
    account = Payment.objects.get(order=order, method=INVOICE)
    assert account.state == "cancelled"
    assert (refundable_minor(account), refundable_minor(payment)) == (0, debt.gross_minor)


def test_a_transfer_before_and_a_card_for_the_rest_give_back_no_more_than_came(
    debt: Invoice, outbox: Any
) -> None:
    order = order_of(debt)
    debt.refresh_from_db()
    receipt = record(booked_on=debt.due_on, amount_minor=40_000, reference="8/1")
    assign(receipt=receipt, order=order, invoice=debt, amount_minor=40_000)
    payment = pay_by_card(debt, outbox)
    account = Payment.objects.get(order=order, method=INVOICE)
    payment.refresh_from_db()
    assert account.state == "captured"
    assert refundable_minor(account) + refundable_minor(payment) == debt.gross_minor
    assert refundable_minor(account) == 40_000
    books_are_right()
    Payment.objects.filter(pk=payment.pk).update(amount_minor=order.total_minor * 2)
    assert len(captured_has_one_order_of_equal_amount()) == 1


def test_asked_twice_it_is_the_same_payment_and_another_amount_closes_the_first(debt: Invoice) -> None:
    debt.refresh_from_db()
    first = card_payment(invoice=debt)
    assert card_payment(invoice=debt) == first
    waive(claim=DunningClaim.objects.filter(invoice=debt).order_by("pk")[0], why="goodwill", by=None)
    second = card_payment(invoice=debt)
    first.refresh_from_db()
    assert (first.state, second.state) == ("cancelled", "created")
    assert second.amount_minor < first.amount_minor


def test_an_open_card_payment_of_an_invoice_stands_in_nobodys_way(debt: Invoice) -> None:
    """Given up half-way, it must neither hold the order's own payments nor be taken for one of them."""
    order = order_of(debt, "in_fulfilment")
    debt.refresh_from_db()
    card_payment(invoice=debt)
    refuse_open_card(order=order)
    assert Payment.objects.of_order(order).get().method == INVOICE
    assert Payment.objects.filter(order=order, method=CARD).count() == 1


def test_what_was_waived_while_the_customer_paid_is_their_credit(debt: Invoice, outbox: Any) -> None:
    debt.refresh_from_db()
    payment = card_payment(invoice=debt)
    Payment.objects.filter(pk=payment.pk).update(intent_id="pi_1")
    for claim in DunningClaim.objects.filter(invoice=debt):
        waive(claim=claim, why="goodwill", by=None)
    capture(payment=payment, reference="pi_1", why="paid by card")
    outbox.drain()
    debt.refresh_from_db()
    account = OrderAccount.objects.get(order=debt.order_id)
    assert debt.state == "paid"
    assert account.available_minor == payment.costs_minor + payment.interest_minor > 0
    assert (balance("dunning_income"), balance("interest_income")) == (0, 0)
    books_are_right()


def test_told_twice_it_is_booked_once(debt: Invoice, outbox: Any) -> None:
    payment = pay_by_card(debt, outbox)
    [happened] = outbox.events(PaymentCaptured)
    retrying(lambda: told.record(happened))
    outbox.drain()
    assert ClaimPayment.objects.filter(card=payment).count() == DunningClaim.objects.count()
    books_are_right()


def test_a_dispute_opens_invoice_interest_and_costs_again_and_winning_it_pays_them(
    debt: Invoice, outbox: Any
) -> None:
    payment = pay_by_card(debt, outbox)
    owed = payment.costs_minor + payment.interest_minor
    facts = (payment.pk, debt.order_id, debt.order_number, payment.amount_minor)
    Payment.objects.filter(pk=payment.pk).update(state="disputed")
    retrying(lambda: told.record(PaymentDisputed(*facts, 2_000, "EUR", "dp_1")))
    outbox.drain()
    debt.refresh_from_db()
    assert (debt.open_minor, open_claims_minor(debt.pk)) == (debt.gross_minor, owed)
    assert balance("dunning_income") + balance("interest_income") == 0
    assert OrderAccount.objects.get(order=debt.order_id).available_minor == 0
    books_are_right()
    Payment.objects.filter(pk=payment.pk).update(state="captured")
    retrying(lambda: told.record(DisputeWon(*facts, "EUR", "dp_1")))
    outbox.drain()
    debt.refresh_from_db()
    assert (debt.state, open_claims_minor(debt.pk)) == ("paid", 0)
    assert -balance("dunning_income") - balance("interest_income") == owed
    assert OrderAccount.objects.get(order=debt.order_id).available_minor == 0
    books_are_right()


def told_of(kind: Any, payment: Payment, debt: Invoice, outbox: Any, amount_minor: int, name: str) -> None:
    facts = (payment.pk, debt.order_id, debt.order_number, amount_minor)
    fee = (2_000,) if kind is PaymentDisputed else ()
    Payment.objects.filter(pk=payment.pk).update(state="disputed" if fee else "captured")
    retrying(lambda: told.record(kind(*facts, *fee, "EUR", name)))
    outbox.drain()
    assert outbox.failures() == []
    debt.refresh_from_db()


@pytest.mark.parametrize("taken", ["a cent", "a third", "all but a cent"])
def test_a_dispute_of_a_part_opens_interest_and_costs_by_their_share(
    taken: str, debt: Invoice, outbox: Any
) -> None:
    payment = pay_by_card(debt, outbox)
    amount = {"a cent": 1, "a third": payment.amount_minor // 3}.get(taken, payment.amount_minor - 1)
    goods, costs, interest = split(amount, [payment.goods_minor, payment.costs_minor, payment.interest_minor])
    told_of(PaymentDisputed, payment, debt, outbox, amount, "dp_1")
    owed = open_parts(debt)
    assert (owed.principal_minor, owed.costs_minor, owed.interest_minor) == (goods, costs, interest)
    assert owed.principal_minor + owed.claims_minor == amount, (
        "what the bank took is open again, no cent more"
    )
    assert -balance("dunning_income") == payment.costs_minor - costs
    assert -balance("interest_income") == payment.interest_minor - interest
    books_are_right()
    told_of(PaymentDisputed, payment, debt, outbox, amount, "dp_1")  # heard twice
    assert open_parts(debt) == owed
    books_are_right()
    told_of(DisputeWon, payment, debt, outbox, amount, "dp_1")
    assert (debt.state, open_claims_minor(debt.pk)) == ("paid", 0)
    assert -balance("dunning_income") == payment.costs_minor
    assert -balance("interest_income") == payment.interest_minor
    assert OrderAccount.objects.get(order=debt.order_id).available_minor == 0
    books_are_right()


def test_two_disputes_of_parts_one_won_one_lost_leave_open_what_was_lost(debt: Invoice, outbox: Any) -> None:
    payment = pay_by_card(debt, outbox)
    part = payment.amount_minor // 3
    told_of(PaymentDisputed, payment, debt, outbox, part, "dp_1")
    told_of(DisputeWon, payment, debt, outbox, part, "dp_1")
    told_of(PaymentDisputed, payment, debt, outbox, part, "dp_2")
    owed = open_parts(debt)
    assert owed.principal_minor + owed.claims_minor == part and owed.claims_minor > 0
    books_are_right()


def test_what_has_just_come_is_not_paid_again_before_it_is_booked(debt: Invoice, outbox: Any) -> None:
    payment = card_payment(invoice=Invoice.objects.get(pk=debt.pk))
    Payment.objects.filter(pk=payment.pk).update(intent_id="pi_1")
    capture(payment=payment, reference="pi_1", why="paid by card")
    with pytest.raises(NoCardNow):
        card_payment(invoice=Invoice.objects.get(pk=debt.pk))
    assert Payment.objects.of_invoices(debt.order_id).count() == 1
    for subscriber in ("finance.book_capture", "dunning.pay_claims_by_card"):
        deliver(Delivery.objects.get(subscriber=subscriber).pk)
        with pytest.raises(NoCardNow):  # at first its interest and costs, then because nothing is open
            card_payment(invoice=Invoice.objects.get(pk=debt.pk))


def test_nothing_open_is_nothing_to_pay(debt: Invoice, outbox: Any) -> None:
    pay_by_card(debt, outbox)
    with pytest.raises(NoCardNow):
        card_payment(invoice=Invoice.objects.get(pk=debt.pk))


def test_an_invoice_before_any_letter_is_paid_by_card_as_it_is(debt: Invoice, outbox: Any) -> None:
    other = invoice_for(debt.user)
    payment = pay_by_card(other, outbox)
    other.refresh_from_db()
    assert (other.state, payment.amount_minor) == ("paid", other.gross_minor)
    books_are_right()
