"""Asking the customer what a transfer was for: a mail in their language, once per wish, kept with the receipt."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.reconciliation.actions import AskedMeanwhile, ask_payer, assign, learn_payer
from fulfilment.finance.reconciliation.models import PayerQuestion, Receipt
from shop.notifications.models import OutgoingMail
from tests.fulfilment.finance.orders import dispatch, make_order, make_user
from tests.fulfilment.finance.reconciliation.bank_lines import told
from tests.support.helpers import Outbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("finance_addresses")]
IBAN = "DE02120300000000202051"


def unknown(amount_minor: int = 4_321) -> Receipt:
    found: Receipt = told(amount_minor, "Danke <b>fuer</b> alles", counterparty_iban=IBAN)
    return found


def asked(desk: Client, receipt: Receipt, **data: Any) -> Any:
    sent = {"email": "hanna@example.com", "name": "Hanna", "language": "de", "words": "", "seen": 0} | data
    return desk.post(reverse("finance:ask-payer", args=[receipt.pk]), sent)


@pytest.mark.parametrize(
    ("language", "subject"),
    [
        ("de", "Ihre Überweisung über 43,21 €: Wofür ist sie?"),
        ("en", "Your transfer of €43.21: what is it for?"),
    ],
)
def test_the_mail_is_in_their_language_and_says_what_they_need(
    outbox: Outbox, desk: Client, language: str, subject: str
) -> None:
    receipt = unknown()
    answer = asked(desk, receipt, language=language, words="Bitte bis Freitag <script>")
    assert answer.url == f"{reverse('finance:workbench')}?line=receipt-{receipt.pk}"
    outbox.drain()
    mail = OutgoingMail.objects.get(kind="payer_asked")
    assert (mail.recipient, mail.language, mail.subject) == ("hanna@example.com", language, subject)
    assert "Bitte bis Freitag" in mail.text
    assert "2051" in mail.text and IBAN not in mail.text, "whoever reads it may not be who sent the money"
    assert "<script>" not in mail.html and "<b>fuer" not in mail.html


def test_the_receipt_and_the_workbench_show_who_was_asked(desk: Client) -> None:
    receipt = unknown()
    asked(desk, receipt)
    question = PayerQuestion.objects.get()
    assert (question.number, question.asked_by_id is not None) == (1, True)
    for address in (
        reverse("finance:receipt", args=[receipt.pk]),
        reverse("finance:workbench") + f"?line=receipt-{receipt.pk}",
        reverse("finance:ask-payer", args=[receipt.pk]),
    ):
        assert "hanna@example.com" in desk.get(address).content.decode(), address


def test_a_double_click_asks_once_and_a_second_question_is_possible(outbox: Outbox, desk: Client) -> None:
    receipt = unknown()
    assert [asked(desk, receipt).status_code for _ in range(2)] == [302, 409]
    assert asked(desk, receipt, seen=1, email="erna@example.com").status_code == 302
    outbox.drain()
    assert OutgoingMail.objects.filter(kind="payer_asked").count() == 2


@pytest.mark.parametrize(
    "wrong",
    [{"email": "nobody"}, {"email": ""}, {"language": "xx"}, {"seen": "x"}, {"seen": -1}, {"words": "x" * 501},
     {"email": "a@example.com\nbcc: b@example.com"}],
)  # fmt: skip
def test_bad_input_is_refused_in_words(desk: Client, wrong: dict[str, Any]) -> None:
    assert asked(desk, unknown(), **wrong).status_code == 400
    assert not PayerQuestion.objects.exists()


def test_of_money_that_is_explained_nobody_is_asked(outbox: Outbox, desk: Client) -> None:
    order = make_order(method="prepayment", status="awaiting_payment")
    receipt = told(11_900, order.number)
    assign(receipt=receipt, order=order, amount_minor=11_900)
    assert asked(desk, receipt).status_code == 404
    with pytest.raises(AskedMeanwhile):
        ask_payer(receipt=receipt, email="a@example.com", seen=0)


def test_who_may_have_sent_it_is_suggested(outbox: Outbox, desk: Client) -> None:
    order = make_order(user=make_user(), language="en")
    dispatch(order)
    outbox.drain()
    invoice = Invoice.objects.get()
    receipt = told(100, f"part of {invoice.number}")
    page = desk.get(reverse("finance:ask-payer", args=[receipt.pk]))
    assert page.context["form"].initial["email"] == invoice.buyer["email"]
    assert page.context["form"].initial["language"] == "en"
    learn_payer(iban=IBAN, customer=f"user:{order.user_id}")
    silent = unknown(1)
    assert [
        one["email"] for one in desk.get(reverse("finance:ask-payer", args=[silent.pk])).context["people"]
    ]


def test_the_page_costs_the_same_for_many_orders_of_one_customer(outbox: Outbox, desk: Client) -> None:
    user = make_user()
    learn_payer(iban=IBAN, customer=f"user:{user.pk}")

    def cost() -> int:
        dispatch(make_order(user=user))
        outbox.drain()
        address = reverse("finance:ask-payer", args=[receipt.pk])
        desk.get(address)
        with CaptureQueriesContext(connection) as caught:
            assert desk.get(address).status_code == 200
        return len(caught)

    receipt = unknown()
    before = cost()
    assert [cost() for _ in range(3)][-1] == before <= 30
