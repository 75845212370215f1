"""Bank receipts by hand: recorded, assigned, undone; the books after each."""

from __future__ import annotations

import datetime as dt

import pytest

from checkout.order.models import Order
from checkout.payment.models import CustomerCredit, Payment
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.ledger.actions import PeriodClosed
from fulfilment.finance.ledger.models import Entry
from fulfilment.finance.ledger.queries import balance_minor
from fulfilment.finance.reconciliation.actions import (
    TOLERANCE_MINOR,
    AlreadyRecorded,
    NotEnoughLeft,
    WrongMoney,
    assign,
    assign_dunning_costs,
    record,
    reopen,
    undo,
    withdraw,
)
from fulfilment.finance.reconciliation.models import Receipt
from fulfilment.finance.reconciliation.queries import number_tokens, suggestions, unexplained_minor
from tests.fulfilment.finance.books import closed, problems
from tests.fulfilment.finance.orders import Wish, dispatch, make_order, make_user, order_lines
from tests.support.helpers import Outbox

pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 11, 20)


def invoiced(outbox: Outbox, *wishes: Wish, user: object = None) -> Invoice:
    order = make_order(*wishes, user=user)
    dispatch(order)
    outbox.drain()
    return Invoice.objects.get(order=order)


def receipt(amount_minor: int = 11_900, reference: str = "12/3", text: str = "", payer: str = "") -> Receipt:
    return record(booked_on=DAY, amount_minor=amount_minor, reference=reference, text=text, payer=payer)


def test_a_receipt_is_unexplained_until_it_is_assigned() -> None:
    receipt()
    assert unexplained_minor() == 11_900
    assert (balance_minor("bank"), balance_minor("receivable")) == (11_900, 0)


def test_the_same_line_of_the_statement_is_recorded_once() -> None:
    first = receipt()
    with pytest.raises(AlreadyRecorded) as caught:
        receipt(amount_minor=1)
    assert caught.value.receipt == first
    assert unexplained_minor() == 11_900


def test_an_exact_payment_pays_the_invoice(outbox: Outbox) -> None:
    invoice, money = invoiced(outbox), receipt()
    assign(receipt=money, order=invoice.order, invoice=invoice, amount_minor=11_900)
    invoice.refresh_from_db()
    assert (invoice.state, money.state, unexplained_minor()) == ("paid", "assigned", 0)
    assert balance_minor("receivable") == 0
    assert problems() == []


def test_a_partial_payment_leaves_the_rest_open(outbox: Outbox) -> None:
    invoice, money = invoiced(outbox), receipt(5_000)
    assign(receipt=money, order=invoice.order, invoice=invoice, amount_minor=5_000)
    invoice.refresh_from_db()
    assert (invoice.state, invoice.open_minor) == ("part_paid", 6_900)
    assert problems() == []


def test_one_transfer_pays_several_invoices(outbox: Outbox) -> None:
    first, second, money = invoiced(outbox), invoiced(outbox, Wish(1, 5_000)), receipt(16_900)
    assign(receipt=money, order=first.order, invoice=first, amount_minor=11_900)
    assert money.state == "partly_assigned"
    assign(receipt=money, order=second.order, invoice=second, amount_minor=5_000)
    assert set(Invoice.objects.values_list("state", flat=True)) == {"paid"}
    assert money.state == "assigned"
    assert problems() == []


def test_one_invoice_is_paid_by_several_transfers(outbox: Outbox) -> None:
    invoice = invoiced(outbox)
    for at, amount in enumerate((1_900, 10_000)):
        assign(receipt=receipt(amount, f"1/{at}"), order=invoice.order, invoice=invoice, amount_minor=amount)
    invoice.refresh_from_db()
    assert invoice.state == "paid"
    assert problems() == []


def test_an_overpayment_stays_as_the_customers_credit_and_pays_the_next_invoice(outbox: Outbox) -> None:
    order = make_order(Wish(2, 10_000))
    line = order_lines(order)[0]
    dispatch(order, {line.pk: 1})
    outbox.drain()
    first = Invoice.objects.get()
    assign(receipt=receipt(8_000), order=order, invoice=first, amount_minor=8_000)
    first.refresh_from_db()
    assert (first.state, order.account.available_minor) == ("paid", 3_000)
    assert problems() == []
    dispatch(order, {line.pk: 1})
    outbox.drain()
    second = Invoice.objects.exclude(pk=first.pk).get()
    assert (second.state, second.open_minor, second.prepaid_minor) == ("part_paid", 2_000, 3_000)
    assert problems() == []


def test_more_than_the_receipt_has_cannot_be_assigned(outbox: Outbox) -> None:
    invoice, money = invoiced(outbox), receipt(5_000)
    with pytest.raises(NotEnoughLeft) as caught:
        assign(receipt=money, order=invoice.order, invoice=invoice, amount_minor=5_001)
    assert caught.value.left_minor == 5_000
    assert problems() == []


def test_an_invoice_of_another_order_is_refused(outbox: Outbox) -> None:
    invoice, other = invoiced(outbox), make_order()
    with pytest.raises(WrongMoney):
        assign(receipt=receipt(), order=other, invoice=invoice, amount_minor=11_900)


@pytest.mark.parametrize(
    ("short", "state"), [(1, "paid"), (TOLERANCE_MINOR, "paid"), (TOLERANCE_MINOR + 1, "part_paid")]
)
def test_a_few_cents_short_are_a_rounding_difference_within_tolerance(
    outbox: Outbox, short: int, state: str
) -> None:
    invoice, money = invoiced(outbox), receipt(11_900 - short)
    assign(
        receipt=money,
        order=invoice.order,
        invoice=invoice,
        amount_minor=11_900 - short,
        accept_difference=True,
    )
    invoice.refresh_from_db()
    assert invoice.state == state
    assert balance_minor("rounding") == (short if state == "paid" else 0)
    assert problems() == []


def test_without_a_word_a_few_cents_stay_open(outbox: Outbox) -> None:
    invoice = invoiced(outbox)
    assign(receipt=receipt(11_899), order=invoice.order, invoice=invoice, amount_minor=11_899)
    invoice.refresh_from_db()
    assert (invoice.state, invoice.open_minor) == ("part_paid", 1)


def test_undo_opens_receipt_and_invoice_again_by_reversal(outbox: Outbox) -> None:
    invoice, money = invoiced(outbox), receipt(11_897)
    assignment = assign(
        receipt=money, order=invoice.order, invoice=invoice, amount_minor=11_897, accept_difference=True
    )
    entries = Entry.objects.count()
    undo(assignment=assignment, why="wrong customer")
    invoice.refresh_from_db()
    money.refresh_from_db()
    assert (invoice.state, invoice.open_minor, money.state) == ("issued", 11_900, "open")
    assert (unexplained_minor(), balance_minor("rounding")) == (11_897, 0)
    assert Entry.objects.count() == entries + 2
    undo(assignment=assignment, why="again")
    assert Entry.objects.count() == entries + 2
    assert problems() == []


def test_after_undo_the_receipt_may_pay_another_invoice(outbox: Outbox) -> None:
    wrong, right, money = invoiced(outbox), invoiced(outbox), receipt()
    assign(receipt=money, order=wrong.order, invoice=wrong, amount_minor=11_900)
    assert reopen(receipt=money, why="wrong customer") == 1
    assign(receipt=money, order=right.order, invoice=right, amount_minor=11_900)
    right.refresh_from_db()
    wrong.refresh_from_db()
    assert (wrong.state, right.state) == ("issued", "paid")
    assert problems() == []


def test_a_receipt_typed_wrongly_is_withdrawn_and_may_be_recorded_again(outbox: Outbox) -> None:
    invoice, money = invoiced(outbox), receipt(1_190)
    assign(receipt=money, order=invoice.order, invoice=invoice, amount_minor=1_190)
    withdraw(receipt=money, why="one zero too few")
    assert (balance_minor("bank"), unexplained_minor(), money.state) == (0, 0, "withdrawn")
    again = receipt(11_900)
    assign(receipt=again, order=invoice.order, invoice=invoice, amount_minor=11_900)
    invoice.refresh_from_db()
    assert invoice.state == "paid"
    assert problems() == []


def test_a_prepayment_in_two_transfers_confirms_its_order_with_the_second(outbox: Outbox) -> None:
    order = make_order(method="prepayment", status="awaiting_payment")
    assign(receipt=receipt(1_900, "1/1"), order=order, amount_minor=1_900)
    order.refresh_from_db()
    assert order.status == "awaiting_payment"
    assign(receipt=receipt(10_000, "1/2"), order=order, amount_minor=10_000)
    order.refresh_from_db()
    assert (order.status, Payment.objects.get(order=order).state) == ("confirmed", "captured")
    dispatch(order)
    outbox.drain()
    invoice = Invoice.objects.get()
    assert (invoice.state, invoice.prepaid_minor) == ("paid", 11_900)
    assert Entry.objects.filter(kind="card_captured").count() == 0
    assert problems() == []


def test_a_prepayment_a_few_cents_short_confirms_when_the_difference_is_given_up() -> None:
    order = make_order(method="prepayment", status="awaiting_payment")
    assign(receipt=receipt(11_898), order=order, amount_minor=11_898, accept_difference=True)
    order.refresh_from_db()
    assert order.status == "confirmed"
    assert problems() == []


def test_a_paid_invoice_on_account_captures_the_payment_and_frees_the_limit(outbox: Outbox) -> None:
    user = make_user()
    invoice = invoiced(outbox, user=user)
    assign(receipt=receipt(), order=invoice.order, invoice=invoice, amount_minor=11_900)
    outbox.drain()
    assert Payment.objects.get(order=invoice.order).state == "captured"
    credit = CustomerCredit.objects.get(user=user)  # type: ignore[misc]
    assert (credit.open_items_minor, credit.paid_orders) == (0, 1)
    assert [failure for failure in outbox.failures() if failure.startswith("finance.")] == []


def test_dunning_costs_are_income_when_paid(outbox: Outbox) -> None:
    invoice, money = invoiced(outbox), receipt(12_500)
    assign(receipt=money, order=invoice.order, invoice=invoice, amount_minor=11_900)
    costs = assign_dunning_costs(receipt=money, order=invoice.order, fee_minor=250, interest_minor=350)
    assert (balance_minor("dunning_income"), balance_minor("interest_income")) == (-250, -350)
    assert (money.state, unexplained_minor()) == ("assigned", 0)
    assert problems() == []
    undo(assignment=costs, why="waived")
    assert (balance_minor("dunning_income"), unexplained_minor()) == (0, 600)
    assert problems() == []


def test_a_receipt_of_a_closed_period_is_refused() -> None:
    closed(dt.date(2026, 11, 1), dt.date(2026, 11, 30))
    with pytest.raises(PeriodClosed):
        receipt()
    assert not Receipt.objects.exists()


def test_an_invoice_number_in_the_text_is_suggested_first_with_its_open_amount(outbox: Outbox) -> None:
    other, wanted = invoiced(outbox), invoiced(outbox, Wish(1, 5_000))
    items = suggestions(text=f"Danke RNr {wanted.number.lower()}!", amount_minor=11_900)
    assert [item.number for item in items] == [wanted.number, other.number]
    assert [item.amount_minor for item in items] == [11_900, 0]
    assert [len(item.reasons) for item in items] == [1, 1]


def test_two_numbers_in_the_text_share_the_money(outbox: Outbox) -> None:
    first, second = invoiced(outbox), invoiced(outbox, Wish(1, 5_000))
    items = suggestions(text=f"{first.number} und {second.number}", amount_minor=16_900)
    assert sorted(item.amount_minor for item in items) == [5_000, 11_900]


def test_the_only_exact_amount_is_proposed_but_never_a_guess_between_two(outbox: Outbox) -> None:
    invoiced(outbox)
    assert [item.amount_minor for item in suggestions(amount_minor=11_900)] == [11_900]
    invoiced(outbox)
    assert [item.amount_minor for item in suggestions(amount_minor=11_900)] == [0, 0]


def test_a_waiting_prepayment_is_suggested_by_its_order_number() -> None:
    order = make_order(method="prepayment", status="awaiting_payment")
    [item] = suggestions(text=f"Bestellung {order.number}", amount_minor=11_900)
    assert (item.target, item.open_minor, item.amount_minor) == (f"order:{order.pk}", 11_900, 11_900)


def test_numbers_are_found_with_the_blanks_a_bank_puts_in() -> None:
    assert "R2026-000017" in number_tokens("RECHNUNG R 2026 - 000017")
    assert "R2026-000017" in number_tokens("r2026000017")
    assert number_tokens("") == set()


def test_orders_of_other_customers_keep_their_money(outbox: Outbox) -> None:
    mine, theirs = invoiced(outbox), invoiced(outbox)
    assign(receipt=receipt(20_000), order=mine.order, invoice=mine, amount_minor=20_000)
    theirs.refresh_from_db()
    assert theirs.state == "issued"
    assert Order.objects.get(pk=mine.order_id).account.available_minor == 8_100
