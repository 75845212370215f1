"""Correcting an invoice in a crowd: two clerks, a cancellation and a payment in the same moment."""

from __future__ import annotations

import datetime as dt

import pytest

from checkout.payment.events import PaymentCaptured
from fulfilment.finance.invoicing.actions import (
    AlreadyCancelled,
    Correction,
    NotReplaced,
    book_capture,
    cancel_invoice,
    credit_note,
    issue_for_parcel,
    replace_invoice,
)
from fulfilment.finance.invoicing.models import Invoice
from tests.fulfilment.finance.books import problems
from tests.fulfilment.finance.orders import make_order, order_lines
from tests.races.crowd import all_at_once

pytestmark = [pytest.mark.both_databases]
DAY = dt.date(2026, 11, 20)


def issued(method: str = "invoice") -> Invoice:
    order = make_order(method=method)
    line = order_lines(order)[0]
    return issue_for_parcel(parcel_id=order.pk, order_id=order.pk, quantities={line.pk: 1}, dispatched_on=DAY)


def test_of_many_clerks_one_corrects_and_the_others_learn_of_it(fresh_database: None) -> None:
    old = issued()
    names = ["Anna GmbH", "Ben GmbH"] * 4
    answers = all_at_once(
        [
            lambda name=name: (
                replace_invoice(  # type: ignore[misc]
                    invoice=Invoice.objects.get(pk=old.pk),
                    correction=Correction({"name": name}),
                    reason="name",
                ).invoice.pk
            )
            for name in names
        ]
    )
    new = Invoice.objects.get(replaces=old)
    made = [answer for answer in answers if answer == new.pk]
    refused = [answer for answer in answers if isinstance(answer, NotReplaced)]
    assert len(made) == names.count(new.buyer["name"]) == 4, answers
    assert len(refused) == 4, answers
    assert Invoice.objects.count() == 3
    assert problems() == []


def test_a_correction_a_cancellation_and_a_credit_note_exclude_each_other(fresh_database: None) -> None:
    for _ in range(4):
        old = issued()
        answers = all_at_once(
            [
                lambda old=old: replace_invoice(  # type: ignore[misc]
                    invoice=Invoice.objects.get(pk=old.pk),
                    correction=Correction({"name": "Anna GmbH"}),
                    reason="name",
                ),
                lambda old=old: cancel_invoice(invoice=Invoice.objects.get(pk=old.pk), reason="wrong"),  # type: ignore[misc]
                lambda old=old: credit_note(  # type: ignore[misc]
                    invoice=Invoice.objects.get(pk=old.pk),
                    source=f"g:{old.pk}",
                    reason="sorry",
                    amount_minor=100,
                ),
            ]
        )
        unforeseen = [
            one
            for one in answers
            if isinstance(one, Exception) and not isinstance(one, NotReplaced | AlreadyCancelled)
        ]
        assert unforeseen == []
        assert Invoice.objects.filter(corrects=old).count() == 1
    assert problems() == []


def test_a_payment_in_the_moment_of_the_correction_pays_the_new_invoice(fresh_database: None) -> None:
    for _ in range(4):
        old = issued("card")
        payment = old.order.payments.get()
        type(payment).objects.filter(pk=payment.pk).update(state="captured")
        event = PaymentCaptured(
            payment.pk, old.order_id, old.order_number, "card", payment.amount_minor, "EUR", "pi"
        )
        answers = all_at_once(
            [
                lambda event=event: book_capture(captured=event),  # type: ignore[misc]
                lambda old=old: replace_invoice(  # type: ignore[misc]
                    invoice=Invoice.objects.get(pk=old.pk),
                    correction=Correction({"name": "Anna GmbH"}),
                    reason="name",
                ),
            ]
        )
        assert [one for one in answers if isinstance(one, Exception)] == []
        new = Invoice.objects.get(replaces=old)
        assert (new.state, new.open_minor) == ("paid", 0)
    assert problems() == []
