"""What was given up is no money: nobody gets it back, nothing else is paid with it; and money that comes again by any
way pays what is owed first, and then what was given up."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import transaction

from checkout.order.models import Order
from checkout.payment.events import DisputeWon, PaymentDisputed, RefundFailed, RefundSucceeded
from fulfilment.finance.dunning.actions import CannotWriteOff, lost_minor, write_off
from fulfilment.finance.dunning.models import Recovery
from fulfilment.finance.dunning.verify import CHECKS as DUNNING
from fulfilment.finance.invoicing.actions import (
    GivenUp,
    NotReplaced,
    cancel_invoice,
    credit_note,
    replace_invoice,
)
from fulfilment.finance.invoicing.actions.replace import Correction
from fulfilment.finance.invoicing.models import Invoice, OrderAccount
from fulfilment.finance.ledger.queries import balance_minor
from fulfilment.finance.reconciliation.actions import assign, record, undo
from shop.kernel.outbox import record as tell
from tests.fulfilment.finance.books import problems
from tests.fulfilment.finance.orders import Wish, capture, dispatch, make_order, order_lines
from tests.support.helpers import Outbox

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def hear(outbox: Outbox, happened: Any) -> None:
    with transaction.atomic():
        tell(happened)
    outbox.drain()
    assert outbox.failures() == []


def by_card(outbox: Outbox) -> tuple[Order, Any, Invoice]:
    """An order over 119.00 that was paid by card, sent and invoiced."""
    order = make_order(method="card")
    payment = capture(order)
    dispatch(order)
    outbox.drain()
    return order, payment, Invoice.objects.get(order=order)


def two_invoices(outbox: Outbox) -> tuple[Order, Invoice, Invoice]:
    """An order on account over 100.00 and 50.00, in two parcels."""
    order = make_order(Wish(1, 10_000), Wish(1, 5_000))
    for line in order_lines(order):
        dispatch(order, {line.pk: 1})
        outbox.drain()
    first, second = Invoice.objects.filter(order=order).order_by("pk")
    return order, first, second


def give_up(invoice: Invoice, amount_minor: int | None = None) -> None:
    invoice.refresh_from_db()
    amount = amount_minor or invoice.open_minor
    write_off(invoice=invoice, amount_minor=amount, reason_code="uncollectable", reason="gone")


def transfer(order: Order, amount_minor: int, reference: str = "1") -> Any:
    receipt = record(booked_on=dt.date(2026, 11, 19), amount_minor=amount_minor, reference=reference)
    return assign(receipt=receipt, order=order, amount_minor=amount_minor)


def books_are_right() -> None:
    assert problems() == []
    assert [words for _title, check in DUNNING for words in check()] == []


def test_a_refund_that_comes_back_pays_its_invoice_again(outbox: Outbox) -> None:
    """119.00 paid, 40.00 sent back, the bank did not take it: nothing is open, and nobody is reminded."""
    order, payment, invoice = by_card(outbox)
    facts = (7, payment.pk, order.pk, order.number)
    hear(outbox, RefundSucceeded(*facts, "card", 4_000, "EUR", "re_1"))
    invoice.refresh_from_db()
    assert invoice.open_minor == 4_000
    hear(outbox, RefundFailed(*facts, 4_000, "EUR", "re_1", "closed"))
    invoice.refresh_from_db()
    assert (invoice.state, invoice.open_minor) == ("paid", 0)
    assert OrderAccount.objects.get(order=order).available_minor == 0
    books_are_right()


def test_of_two_refunds_one_that_comes_back_leaves_the_other(outbox: Outbox) -> None:
    order, payment, invoice = by_card(outbox)
    for at, amount in ((7, 4_000), (8, 1_000)):
        facts = (at, payment.pk, order.pk, order.number)
        hear(outbox, RefundSucceeded(*facts, "card", amount, "EUR", f"re_{at}"))
    hear(outbox, RefundFailed(7, payment.pk, order.pk, order.number, 4_000, "EUR", "re_7", "closed"))
    invoice.refresh_from_db()
    assert invoice.open_minor == 1_000
    books_are_right()


def test_money_that_goes_back_is_not_taken_from_what_was_given_up(outbox: Outbox) -> None:
    """100.00 given up, 50.00 paid, then these 50.00 go back: the second invoice asks again, the first stays lost."""
    order, first, second = two_invoices(outbox)
    paid = transfer(order, 5_000)
    undo(assignment=paid, why="another order's")
    receipt = paid.receipt
    assert receipt is not None
    assign(receipt=receipt, order=order, amount_minor=5_000, invoice=second)
    give_up(first)
    hear(
        outbox,
        RefundSucceeded(9, order.payments.get().pk, order.pk, order.number, "invoice", 5_000, "EUR", "t"),
    )
    for invoice in (first, second):
        invoice.refresh_from_db()
    assert (first.state, first.open_minor, second.open_minor) == ("written_off", 0, 5_000)
    books_are_right()


def test_more_went_back_than_came_and_a_claim_is_given_up_all_the_same(outbox: Outbox) -> None:
    order, first, second = two_invoices(outbox)
    hear(
        outbox,
        RefundSucceeded(9, order.payments.get().pk, order.pk, order.number, "invoice", 700, "EUR", "t"),
    )
    give_up(first)
    for invoice in (first, second):
        invoice.refresh_from_db()
    assert (first.state, first.open_minor, second.open_minor) == ("written_off", 0, 5_000)
    assert balance_minor("receivable") == 5_700
    books_are_right()


def test_a_dispute_that_is_won_after_the_write_off_is_money_for_it(outbox: Outbox) -> None:
    """Lost as it seemed, written off with its VAT, and won after all: the claim stands, and its VAT with it."""
    order, payment, invoice = by_card(outbox)
    vat = balance_minor("vat_19")
    hear(outbox, PaymentDisputed(payment.pk, order.pk, order.number, 11_900, 2_000, "EUR", "du_1"))
    give_up(invoice)
    assert balance_minor("vat_19") == vat + invoice.vat_minor
    hear(outbox, DisputeWon(payment.pk, order.pk, order.number, 11_900, "EUR", "du_1"))
    invoice.refresh_from_db()
    assert (invoice.state, invoice.open_minor, lost_minor(invoice)) == ("paid", 0, 0)
    assert (balance_minor("vat_19"), balance_minor("receivable")) == (vat, 0)
    books_are_right()


def test_all_that_lies_free_pays_what_was_given_up_and_each_recovery_is_of_its_money(outbox: Outbox) -> None:
    """A transfer comes, then a refund comes back: each brings its part, and undoing the transfer takes only its own."""
    order, payment, invoice = by_card(outbox)
    facts = (7, payment.pk, order.pk, order.number)
    hear(outbox, RefundSucceeded(*facts, "card", 11_900, "EUR", "re_1"))
    give_up(invoice)
    part = transfer(order, 2_000)
    outbox.drain()
    assert lost_minor(invoice) == 9_900
    hear(outbox, RefundFailed(*facts, 11_900, "EUR", "re_1", "closed"))
    invoice.refresh_from_db()
    assert (invoice.state, lost_minor(invoice)) == ("paid", 0)
    assert OrderAccount.objects.get(order=order).available_minor == 2_000
    assert Recovery.objects.filter(undone_at=None).count() == 2
    books_are_right()
    undo(assignment=part, why="another order's")
    outbox.drain()
    books_are_right()
    invoice.refresh_from_db()
    assert (invoice.open_minor, balance_minor("receivable")) == (0, 0)


def test_what_came_after_all_and_went_away_again_is_given_up_once_more(outbox: Outbox) -> None:
    """Given up, won back, disputed anew: the claim is open, and its VAT is corrected once in the end."""
    order, payment, invoice = by_card(outbox)
    vat = balance_minor("vat_19")
    facts = (payment.pk, order.pk, order.number, 11_900)
    hear(outbox, PaymentDisputed(*facts, 2_000, "EUR", "du_1"))
    give_up(invoice, 7_777)
    hear(outbox, DisputeWon(*facts, "EUR", "du_1"))
    hear(outbox, PaymentDisputed(*facts, 2_000, "EUR", "du_2"))
    give_up(invoice)
    invoice.refresh_from_db()
    assert (invoice.state, invoice.open_minor, lost_minor(invoice)) == ("written_off", 0, 11_900)
    assert (balance_minor("vat_19"), balance_minor("receivable")) == (vat + invoice.vat_minor, 0)
    books_are_right()


def test_no_more_is_given_up_than_credit_notes_left_of_the_invoice_and_it_is_said_in_words(
    outbox: Outbox,
) -> None:
    """119.00 paid, 40.00 credited and sent back, then the bank takes 119.00: 40.00 of it have no invoice and no VAT."""
    order, payment, invoice = by_card(outbox)
    credit_note(invoice=invoice, source="c1", reason="goodwill", amount_minor=4_000)
    hear(outbox, RefundSucceeded(7, payment.pk, order.pk, order.number, "card", 4_000, "EUR", "re_1"))
    hear(outbox, PaymentDisputed(payment.pk, order.pk, order.number, 11_900, 2_000, "EUR", "du_1"))
    invoice.refresh_from_db()
    assert invoice.open_minor == 11_900
    with pytest.raises(CannotWriteOff, match=r"79[.,]00"):
        give_up(invoice)
    give_up(invoice, 7_900)
    invoice.refresh_from_db()
    assert (invoice.open_minor, lost_minor(invoice), balance_minor("receivable")) == (4_000, 7_900, 4_000)
    books_are_right()


def test_what_other_money_has_paid_meanwhile_is_not_given_up_again(outbox: Outbox) -> None:
    """Undone and paid by another line before anybody heard of it: the claim stands and is paid."""
    order, first, _second = two_invoices(outbox)
    give_up(first)
    wrong = transfer(order, 15_000)
    outbox.drain()
    undo(assignment=wrong, why="another order's")
    transfer(order, 15_000, "2")
    outbox.drain()
    first.refresh_from_db()
    assert (first.state, lost_minor(first), balance_minor("receivable")) == ("paid", 0, 0)
    books_are_right()


def test_what_was_given_up_is_neither_cancelled_nor_credited_nor_replaced(outbox: Outbox) -> None:
    """Its VAT was corrected with the write-off; the loss would lie there as the customer's money otherwise."""
    order, first, second = two_invoices(outbox)
    give_up(first, 1_000)
    for refused in (
        lambda: cancel_invoice(invoice=first, reason="wrong"),
        lambda: credit_note(invoice=first, source="x", reason="back", amount_minor=9_000),
    ):
        with pytest.raises(GivenUp):
            refused()
    with pytest.raises(NotReplaced):
        replace_invoice(
            invoice=first, correction=Correction(buyer={"street": "Neuer Weg 1"}), reason="address"
        )
    second.refresh_from_db()
    assert (second.open_minor, Invoice.objects.filter(order=order).count()) == (5_000, 2)
    books_are_right()
