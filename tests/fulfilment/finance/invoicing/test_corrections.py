"""Credit notes and cancellations: they add up, happen once, and the money follows."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import transaction

from checkout.payment.events import DisputeWon, PaymentDisputed, RefundSucceeded
from fulfilment.finance.invoicing.actions import (
    AlreadyCancelled,
    CreditTooLarge,
    cancel_invoice,
    credit_note,
    issue_for_parcel,
)
from fulfilment.finance.invoicing.einvoice import totals
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.invoicing.queries import einvoice_for
from fulfilment.finance.ledger.queries import balance_minor
from shop.kernel.outbox import record
from tests.fulfilment.finance.books import problems
from tests.fulfilment.finance.orders import Wish, capture, dispatch, make_order, order_lines
from tests.support.helpers import Outbox

pytestmark = pytest.mark.django_db


def invoiced(outbox: Outbox, *wishes: Wish, method: str = "invoice", shipping_minor: int = 0) -> Invoice:
    order = make_order(*wishes, method=method, shipping_minor=shipping_minor)
    if method == "card":
        capture(order)
    dispatch(order)
    outbox.drain()
    return Invoice.objects.get(order=order)


def test_three_equal_credit_notes_add_up_to_the_invoice(outbox: Outbox) -> None:
    invoice = invoiced(outbox, Wish(3, 10_000))
    line = invoice.lines.get()
    notes = [
        credit_note(invoice=invoice, source=f"return:{at}", reason="returned", quantities={line.pk: 1})
        for at in range(3)
    ]
    assert sum(note.gross_minor for note in notes) == 10_000
    assert sum(note.vat_minor for note in notes) == invoice.vat_minor
    invoice.refresh_from_db()
    assert (invoice.state, invoice.open_minor) == ("paid", 0)
    assert (balance_minor("receivable"), balance_minor("revenue_19"), balance_minor("vat_19")) == (0, 0, 0)
    assert [note.number[-6:] for note in notes] == ["000001", "000002", "000003"]
    assert problems() == []


def test_goodwill_is_spread_over_the_rates_and_the_last_takes_the_rest(outbox: Outbox) -> None:
    invoice = invoiced(outbox, Wish(1, 9_999), Wish(1, 3_333, 700), shipping_minor=490)
    for at in range(3):
        credit_note(
            invoice=invoice, source=f"goodwill:{at}", reason="sorry", amount_minor=invoice.gross_minor // 3
        )
    rest = invoice.gross_minor % 3
    if rest:
        credit_note(invoice=invoice, source="goodwill:rest", reason="sorry", amount_minor=rest)
    assert {balance_minor(role) for role in ("revenue_19", "vat_19", "revenue_7", "vat_7", "receivable")} == {
        0
    }
    assert problems() == []


def test_a_credit_note_told_twice_is_issued_once(outbox: Outbox) -> None:
    invoice = invoiced(outbox)
    first = credit_note(invoice=invoice, source="return:1", reason="returned", amount_minor=100)
    assert credit_note(invoice=invoice, source="return:1", reason="returned", amount_minor=100) == first


def test_more_than_is_left_is_refused_and_no_number_used(outbox: Outbox) -> None:
    invoice = invoiced(outbox)
    line = invoice.lines.get()
    credit_note(invoice=invoice, source="a", reason="sorry", amount_minor=11_000)
    with pytest.raises(CreditTooLarge) as caught:
        credit_note(invoice=invoice, source="b", reason="sorry", amount_minor=901)
    assert caught.value.left_minor == 900
    with pytest.raises(CreditTooLarge):
        credit_note(invoice=invoice, source="c", reason="returned", quantities={line.pk: 1})
    assert problems() == []


def test_shipping_is_credited_once(outbox: Outbox) -> None:
    invoice = invoiced(outbox, Wish(1, 5_000), shipping_minor=490)
    note = credit_note(invoice=invoice, source="a", reason="late", with_shipping=True)
    assert note.gross_minor == 490
    assert totals(einvoice_for(note)).gross_minor == 490
    with pytest.raises(CreditTooLarge):
        credit_note(
            invoice=invoice,
            source="b",
            reason="returned",
            quantities={invoice.lines.get().pk: 1},
            with_shipping=True,
        )
    assert problems() == []


def test_a_credit_note_needs_a_reason_and_something_to_credit(outbox: Outbox) -> None:
    invoice = invoiced(outbox)
    for bad in (
        {"reason": " ", "amount_minor": 5},
        {"reason": "x"},
        {"reason": "x", "quantities": {999_999: 1}},
    ):
        with pytest.raises(ValueError):
            credit_note(invoice=invoice, source="s", **bad)  # type: ignore[arg-type]


def test_a_cancellation_takes_back_everything_once_and_names_the_invoice(outbox: Outbox) -> None:
    invoice = invoiced(outbox, Wish(3, 9_999), Wish(1, 777, 700), shipping_minor=490)
    document = cancel_invoice(invoice=invoice, reason="wrong address")
    assert cancel_invoice(invoice=invoice, reason="again") == document
    assert (document.number[:2], document.gross_minor, document.corrects) == (
        "RS",
        invoice.gross_minor,
        invoice,
    )
    assert einvoice_for(document).preceding.number == invoice.number  # type: ignore[union-attr]
    assert (invoice.state, invoice.open_minor) == ("cancelled", 0)
    assert balance_minor("receivable") == 0
    assert problems() == []


def test_a_cancelled_invoice_frees_its_payment_and_its_pieces(outbox: Outbox) -> None:
    order = make_order(Wish(3, 10_000), method="card")
    capture(order)
    dispatch(order, {order_lines(order)[0].pk: 2})
    outbox.drain()
    invoice = Invoice.objects.get()
    cancel_invoice(invoice=invoice, reason="wrong address")
    order.account.refresh_from_db()
    assert order.account.available_minor == 10_000
    again = issue_for_parcel(
        parcel_id=10**6,
        order_id=order.pk,
        quantities={order_lines(order)[0].pk: 3},
        dispatched_on=dt.date(2026, 11, 3),
    )
    assert (again.gross_minor, again.state) == (10_000, "paid")
    assert problems() == []


def test_an_invoice_with_credit_notes_is_not_cancelled(outbox: Outbox) -> None:
    invoice = invoiced(outbox)
    credit_note(invoice=invoice, source="a", reason="sorry", amount_minor=100)
    with pytest.raises(AlreadyCancelled):
        cancel_invoice(invoice=invoice, reason="wrong")
    with pytest.raises(ValueError):
        cancel_invoice(invoice=Invoice.objects.get(kind="credit_note"), reason="wrong")


def test_a_refund_takes_the_credit_note_money_not_the_payment_of_the_invoice(outbox: Outbox) -> None:
    invoice = invoiced(outbox, method="card")
    credit_note(invoice=invoice, source="return:1", reason="returned", amount_minor=4_000)
    _refund(invoice, 4_000)
    outbox.drain()
    invoice.refresh_from_db()
    assert (invoice.state, invoice.open_minor) == ("paid", 0)
    assert (balance_minor("psp_clearing"), balance_minor("receivable")) == (7_900, 0)
    assert problems() == []


def test_a_refund_without_a_credit_note_opens_the_invoice_again(outbox: Outbox) -> None:
    invoice = invoiced(outbox, method="card")
    _refund(invoice, 4_000)
    outbox.drain()
    invoice.refresh_from_db()
    assert (invoice.state, invoice.open_minor) == ("part_paid", 4_000)
    assert problems() == []


def test_a_refund_told_before_its_capture_ends_in_the_same_books(outbox: Outbox) -> None:
    order = make_order(method="card")
    dispatch(order)
    outbox.drain()
    invoice = Invoice.objects.get()
    _refund(invoice, 4_000)
    outbox.drain()
    capture(order)
    outbox.drain()
    invoice.refresh_from_db()
    assert (invoice.paid_minor, invoice.open_minor) == (7_900, 4_000)
    assert problems() == []


def test_a_dispute_opens_the_invoice_again_and_costs_a_fee(outbox: Outbox) -> None:
    invoice = invoiced(outbox, method="card")
    payment = invoice.order.payments.get()
    for _ in range(2):
        with transaction.atomic():
            record(
                PaymentDisputed(
                    payment.pk, invoice.order_id, invoice.order_number, 11_900, 2_000, "EUR", "dp_1"
                )
            )
        outbox.drain()
    invoice.refresh_from_db()
    assert (invoice.state, invoice.open_minor) == ("issued", 11_900)
    assert (balance_minor("cost_of_disputes"), balance_minor("psp_clearing")) == (2_000, -2_000)
    assert problems() == []


def test_a_dispute_that_is_won_pays_the_invoice_again_and_only_the_fee_is_lost(outbox: Outbox) -> None:
    invoice = invoiced(outbox, method="card")
    payment = invoice.order.payments.get()
    facts = (payment.pk, invoice.order_id, invoice.order_number)
    with transaction.atomic():
        record(PaymentDisputed(*facts, 11_900, 2_000, "EUR", "dp_1"))
    outbox.drain()
    for _ in range(2):
        with transaction.atomic():
            record(DisputeWon(*facts, 11_900, "EUR", "dp_1"))
        outbox.drain()
    invoice.refresh_from_db()
    assert (invoice.state, invoice.open_minor) == ("paid", 0)
    assert (balance_minor("cost_of_disputes"), balance_minor("psp_clearing")) == (2_000, 11_900 - 2_000)
    assert problems() == []


def test_pieces_are_not_credited_beyond_what_their_rate_has_left(outbox: Outbox) -> None:
    """Half of both rates went as goodwill; the whole 19 % line would take back more VAT than was charged at 19 %."""
    invoice = invoiced(outbox, Wish(1, 10_000), Wish(1, 10_000, 700))
    credit_note(invoice=invoice, source="goodwill:1", reason="sorry", amount_minor=10_000)
    line, left_of_vat = invoice.lines.get(rate_bp=1900), balance_minor("vat_19")
    with pytest.raises(CreditTooLarge) as refused:
        credit_note(invoice=invoice, source="return:1", reason="returned", quantities={line.pk: 1})
    assert (refused.value.wanted_minor, refused.value.left_minor) == (10_000, 5_000)
    assert balance_minor("vat_19") == left_of_vat < 0


def _refund(invoice: Invoice, amount_minor: int) -> None:
    payment = invoice.order.payments.get()
    with transaction.atomic():
        record(
            RefundSucceeded(
                1, payment.pk, invoice.order_id, invoice.order_number, "card", amount_minor, "EUR", "re_1"
            )
        )
