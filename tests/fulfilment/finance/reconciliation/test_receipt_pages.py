"""Staff pages of bank receipts: recorded, assigned, withdrawn, undone; refunds by transfer."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.test import Client
from django.urls import reverse

from checkout.payment.actions import request_refund
from checkout.payment.models import Payment, Refund
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.ledger.models import Entry
from fulfilment.finance.ledger.queries import balance_minor
from fulfilment.finance.reconciliation.actions import assign, record
from fulfilment.finance.reconciliation.models import Receipt
from tests.fulfilment.finance.books import problems
from tests.fulfilment.finance.filled import DAY, busy, invoiced
from tests.fulfilment.finance.orders import dispatch, make_order
from tests.support.helpers import Outbox

pytestmark = pytest.mark.django_db


def test_a_receipt_is_recorded_and_assigned_in_one_go(outbox: Outbox, desk: Client) -> None:
    invoice = invoiced(outbox)
    form = {
        "booked_on": "2026-11-20", "amount": "119,00", "payer": "Hanna Petersen", "reference": "47/3",
        "text": f"Rechnung {invoice.number}", "step": "find",
    }  # fmt: skip
    page = desk.post(reverse("finance:record-receipt"), form)
    assert f'value="invoice:{invoice.pk}"' in page.content.decode()
    assert re.search(rf'id="t-invoice:{invoice.pk}" checked', page.content.decode())
    assert not Receipt.objects.exists()
    form |= {"step": "record", "target": f"invoice:{invoice.pk}", f"amount:invoice:{invoice.pk}": "119,00"}
    response = desk.post(reverse("finance:record-receipt"), form)
    receipt = Receipt.objects.get()
    assert response["Location"] == reverse("finance:receipt", args=[receipt.pk])
    invoice.refresh_from_db()
    assert (invoice.state, receipt.state) == ("paid", "assigned")
    assert problems() == []


def test_the_same_receipt_twice_names_the_first_and_keeps_what_was_typed(
    outbox: Outbox, desk: Client
) -> None:
    form = {"booked_on": "2026-11-20", "amount": "5,00", "reference": "47/3", "step": "record"}
    desk.post(reverse("finance:record-receipt"), form)
    response = desk.post(reverse("finance:record-receipt"), form | {"payer": "Somebody Else"})
    assert response.status_code == 409
    text = response.content.decode()
    assert "Somebody Else" in text
    assert reverse("finance:receipt", args=[Receipt.objects.get().pk]) in text


@pytest.mark.parametrize(
    "bad",
    [
        {"amount": "abc"},
        {"amount": "-5"},
        {"amount": "0,001"},
        {"booked_on": "2099-01-01"},
        {"booked_on": "31.02.2026"},
        {"reference": ""},
        {"target": "invoice:999999999", "amount:invoice:999999999": "1"},
        {"target": "invoice:" + "9" * 30, "amount:x": "1"},
        {"target": "order:1; DROP", "amount:x": "1"},
        {"target": "order:999999", "amount:order:999999": "1000"},
    ],
)
def test_a_wrong_receipt_is_refused_in_words_and_nothing_is_booked(desk: Client, bad: dict[str, str]) -> None:
    form = {"booked_on": "2026-11-20", "amount": "5,00", "reference": "47/3", "step": "record"} | bad
    response = desk.post(reverse("finance:record-receipt"), form)
    assert response.status_code == 400
    assert not Receipt.objects.exists()
    assert not Entry.objects.exists()


def test_nul_bytes_are_refused_not_stored(desk: Client) -> None:
    form = {"booked_on": "2026-11-20", "amount": "5,00", "reference": "4\x007/3", "step": "record"}
    assert desk.post(reverse("finance:record-receipt"), form).status_code == 400


def test_undoing_asks_for_a_reason_and_opens_the_invoice_again(outbox: Outbox, desk: Client) -> None:
    invoice = busy(outbox)
    assignment = Receipt.objects.latest("pk").assignments.get()
    address = reverse("finance:undo-assignment", args=[assignment.pk])
    assert desk.post(address, {"reason": ""}).status_code == 400
    assert desk.post(address, {"reason": "wrong customer"}).status_code == 302
    invoice.refresh_from_db()
    assert invoice.open_minor == invoice.gross_minor
    assert problems() == []
    assert desk.get(address).status_code == 200


def test_a_withdrawn_receipt_leaves_the_bank_account(outbox: Outbox, desk: Client) -> None:
    busy(outbox)
    receipt = Receipt.objects.latest("pk")
    desk.post(reverse("finance:withdraw-receipt", args=[receipt.pk]), {"reason": "typed wrongly"})
    assert balance_minor("bank") == 0
    assert problems() == []


def test_a_refund_by_transfer_is_noted_as_sent_and_booked_from_the_bank(outbox: Outbox, desk: Client) -> None:
    order = make_order(method="prepayment", status="awaiting_payment")
    receipt = record(booked_on=DAY, amount_minor=11_900, reference="1/1", payer="Hanna Petersen")
    assign(receipt=receipt, order=order, amount_minor=11_900)
    payment = Payment.objects.get(order=order)
    request_refund(payment=payment, amount_minor=11_900, source="test", reason="changed her mind")
    page = desk.get(reverse("finance:transfers"))
    assert "Hanna Petersen" in page.content.decode()
    refund = Refund.objects.get()
    assert (
        desk.post(reverse("finance:note-sent", args=[refund.pk]), {"reference": "SEPA 1"}).status_code == 302
    )
    outbox.drain()
    assert (balance_minor("bank"), balance_minor("receivable")) == (0, 0)
    assert problems() == []


def test_a_double_click_assigns_a_part_of_a_receipt_once(desk: Client, outbox: Outbox) -> None:
    order = make_order()
    dispatch(order)
    outbox.drain()
    invoice = Invoice.objects.get(order=order)
    receipt = record(
        booked_on=dt.date(2026, 11, 20), amount_minor=30_000, reference="9/9", text=invoice.number
    )
    address, target = reverse("finance:receipt", args=[receipt.pk]), f"invoice:{invoice.pk}"
    seen = re.search(r'name="seen" value="(\d+)"', desk.get(address).content.decode())
    assert seen
    sent = {"target": target, f"amount:{target}": "119,00", "step": "assign", "seen": seen[1]}
    assert desk.post(address, sent).status_code == 302
    again = desk.post(address, sent)
    assert again.status_code == 409
    receipt.refresh_from_db()
    assert receipt.assigned_minor == 11_900
