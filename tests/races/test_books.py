"""Finance in a crowd: payment and invoice of one order in the same moment, one receipt for too many, one fact twice."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from checkout.payment.events import PaymentCaptured
from fulfilment.finance.invoicing.actions import book_capture, cancel_invoice, credit_note, issue_for_parcel
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.ledger import triggers
from fulfilment.finance.ledger.actions import PeriodClosed, close_month, post, seal
from fulfilment.finance.ledger.chain import first_breach
from fulfilment.finance.ledger.models import Account, Entry, EntryLine, SealLink
from fulfilment.finance.ledger.postings import Posting
from fulfilment.finance.reconciliation.actions import NotEnoughLeft, assign, record
from fulfilment.finance.reconciliation.models import Receipt
from shop.kernel.clock import frozen, now, today
from tests.fulfilment.finance.books import problems
from tests.fulfilment.finance.orders import Wish, make_order, order_lines
from tests.races.crowd import all_at_once

pytestmark = [pytest.mark.both_databases]
DAY = dt.date(2026, 11, 20)
PAIR = [Posting("bank", debit_minor=500), Posting("receivable", credit_minor=500)]


def failures(answers: list[object]) -> list[object]:
    return [answer for answer in answers if isinstance(answer, Exception)]


def test_one_fact_posted_by_twelve_at_once_is_one_entry(fresh_database: None) -> None:
    answers = all_at_once([lambda: post(source="fact:1", kind="manual", lines=PAIR).pk] * 12)
    assert failures(answers) == []
    assert len(set(answers)) == Entry.objects.count() == 1


def test_a_payment_and_its_invoice_in_the_same_moment_find_each_other(fresh_database: None) -> None:
    orders = [make_order(method="card") for _ in range(8)]
    deeds: list[Callable[[], Any]] = []
    for order in orders:
        payment, line = order.payments.get(), order_lines(order)[0]
        type(payment).objects.filter(pk=payment.pk).update(state="captured")
        event = PaymentCaptured(payment.pk, order.pk, order.number, "card", payment.amount_minor, "EUR", "pi")
        deeds.append(lambda event=event: book_capture(captured=event))  # type: ignore[misc]
        deeds.append(
            lambda order=order, line=line: issue_for_parcel(  # type: ignore[misc]
                parcel_id=order.pk, order_id=order.pk, quantities={line.pk: 1}, dispatched_on=DAY
            )
        )
    assert failures(all_at_once(deeds)) == []
    assert set(Invoice.objects.values_list("state", flat=True)) == {"paid"}
    assert problems() == []


def test_the_numbers_of_a_crowd_have_no_gap(fresh_database: None) -> None:
    orders = [make_order() for _ in range(12)]
    deeds = [
        lambda order=order: issue_for_parcel(  # type: ignore[misc]
            parcel_id=order.pk, order_id=order.pk, quantities={order.lines.get().pk: 1}, dispatched_on=DAY
        )
        for order in orders
    ]
    assert failures(all_at_once(deeds)) == []
    numbers = sorted(Invoice.objects.values_list("number", flat=True))
    assert [int(number[-6:]) for number in numbers] == list(range(1, 13))
    assert problems() == []


def test_one_receipt_for_three_invoices_of_its_amount_pays_one(fresh_database: None) -> None:
    orders = [make_order() for _ in range(3)]
    for order in orders:
        issue_for_parcel(
            parcel_id=order.pk, order_id=order.pk, quantities={order.lines.get().pk: 1}, dispatched_on=DAY
        )
    receipt = record(booked_on=DAY, amount_minor=11_900, reference="1/1")
    deeds = [
        lambda order=order: assign(  # type: ignore[misc]
            receipt=Receipt.objects.get(pk=receipt.pk),
            order=order,
            invoice=order.invoices.get(),
            amount_minor=11_900,
        )
        for order in orders
    ]
    answers = all_at_once(deeds)
    assert [type(answer) for answer in failures(answers)] == [NotEnoughLeft, NotEnoughLeft]
    assert Invoice.objects.filter(state="paid").count() == 1
    assert problems() == []


def test_credit_notes_and_a_cancellation_at_once_take_back_no_more_than_there_was(
    fresh_database: None,
) -> None:
    order = make_order(Wish(4, 10_000))
    invoice = issue_for_parcel(
        parcel_id=1, order_id=order.pk, quantities={order.lines.get().pk: 4}, dispatched_on=DAY
    )
    line = invoice.lines.get()
    deeds: list[Callable[[], Any]] = [
        lambda at=at: credit_note(  # type: ignore[misc]
            invoice=invoice, source=f"r:{at}", reason="x", quantities={line.pk: 2}
        )
        for at in range(5)
    ]
    deeds.append(lambda: cancel_invoice(invoice=Invoice.objects.get(pk=invoice.pk), reason="x"))
    answers = all_at_once(deeds)
    assert all(isinstance(answer, ValueError) for answer in failures(answers))
    taken = sum(document.gross_minor for document in Invoice.objects.exclude(kind="invoice"))
    assert taken == 10_000
    assert problems() == []


def test_no_line_slips_in_beside_the_posting(fresh_database: None) -> None:
    """The reason for FOR SHARE in the line's trigger: without it a line may join an entry that is being posted."""
    for _ in range(6):
        entry = Entry.objects.create(source=f"slip:{now()}", kind="manual", booked_on=DAY)
        bank = Account.objects.get(role="bank")
        for side in ("debit_minor", "credit_minor"):
            EntryLine.objects.create(entry=entry, account=bank, **{side: 100})

        def publish(pk: int = entry.pk) -> None:
            with transaction.atomic():
                Entry.objects.filter(pk=pk).update(posted_at=now())

        def slip(pk: int = entry.pk) -> None:
            with transaction.atomic():
                EntryLine.objects.create(entry_id=pk, account=bank, debit_minor=7)

        answers = all_at_once([publish, slip])
        entry.refresh_from_db()
        sides = entry.lines.values_list("debit_minor", "credit_minor")
        off = sum(debit - credit for debit, credit in sides)
        assert [type(answer) for answer in failures(answers)] == [IntegrityError], answers
        if entry.posted_at is not None:
            assert off == 0
            assert str(failures(answers)[0]).startswith(triggers.LINES_KEPT)
        else:
            assert str(failures(answers)[0]).startswith(triggers.BALANCED)
            EntryLine.objects.filter(entry=entry).delete()
            Entry.objects.filter(pk=entry.pk)._raw_delete("default")


def test_nobody_slips_into_a_month_while_it_is_closed(fresh_database: None) -> None:
    """Who is posting when somebody closes the month is through, or is told; nothing is posted after it was closed."""
    september = dt.date(2026, 9, 15)
    pair = [Posting("bank", debit_minor=500), Posting("retained", credit_minor=500)]
    facts: dict[str, Any] = {"kind": "manual", "lines": pair, "booked_on": september}
    post(source="fact:first", **facts)

    def slow(at: int) -> Callable[[], str]:
        def work() -> str:
            with transaction.atomic():
                post(source=f"fact:{at}", only_on_its_day=True, **facts)
                time.sleep(0.3)  # the transaction ends long after the trigger looked at the period
            return "posted"

        return work

    def close() -> int:
        time.sleep(0.1)
        close_month(month=september, why="VAT return", by=None)
        return Entry.objects.count()

    answers = all_at_once([*(slow(at) for at in range(4)), close])
    assert [type(answer) for answer in failures(answers)] in ([], [PeriodClosed] * len(failures(answers)))
    assert answers[-1] == Entry.objects.count() == 1 + answers.count("posted")


def test_two_who_seal_at_once_seal_once(fresh_database: None) -> None:
    with frozen(now() - dt.timedelta(days=1)):
        for at in range(5):
            pair = [Posting("bank", debit_minor=500), Posting("retained", credit_minor=500)]
            post(source=f"fact:{at}", kind="manual", lines=pair)
    yesterday = today() - dt.timedelta(days=1)
    answers = all_at_once([lambda: seal(day=yesterday).number] * 4)
    assert answers == [1, 1, 1, 1]
    assert SealLink.objects.count() == 5
    assert first_breach() == ""
