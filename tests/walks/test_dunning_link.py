"""A customer who was dunned follows the link of the mail: sees what is owed, pays it by card, and hears no more."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
import stripe
from django.test import Client
from django.urls import reverse

from checkout.payment.actions import NoCardNow
from checkout.payment.models import CARD, Payment
from checkout.payment.standin.process import StandIn
from fulfilment.finance.dunning.actions import card_payment, open_claims_minor, run
from fulfilment.finance.dunning.models import DunningNotice
from fulfilment.finance.invoicing.models import Invoice
from shop.notifications.models import OutgoingMail
from tests.checkout.payment.shopper import pay, try_to_pay
from tests.factories.finance import invoice_for, pay_invoice
from tests.factories.shopping import make_user

pytestmark = pytest.mark.django_db
LAST = dt.date(2026, 10, 23)  #: the second notice, with interest and costs, has gone out


@pytest.fixture
def link(standin: StandIn, clock: Any, outbox: Any) -> str:
    """Out of the mail of the second notice."""
    clock.on(dt.date(2026, 9, 1))
    invoice_for(make_user("anna@example.org"), price_minor=100_000)
    for offset in range(40):
        day = dt.date(2026, 9, 14) + dt.timedelta(days=offset)
        clock.on(day)
        run(day=day)
    outbox.drain()
    notice = DunningNotice.objects.get(level=2)
    mail = OutgoingMail.objects.get(source=f"dunning_notice:{notice.pk}")
    found = re.search(r"https?://[^/\s]+(/open-items/[^\s\"<]+)", mail.text)
    assert found, mail.text
    clock.on(LAST)
    return found[1]


def the_invoice() -> Invoice:
    return Invoice.objects.get()


def start(client: Client, link: str) -> Payment:
    """Press "pay by card" and land on the card fields."""
    number = the_invoice().number
    answer = client.post(reverse("dunning-pay:start-card", args=[link.split("/")[2], number]), follow=True)
    assert answer.status_code == 200
    assert answer.context["payment"].amount_minor == the_invoice().open_minor + open_claims_minor(
        the_invoice().pk
    )
    return Payment.objects.get(pk=answer.context["payment"].pk)


def come_back(client: Client, link: str, payment: Payment) -> str:
    answer = client.get(reverse("dunning-pay:back", args=[link.split("/")[2], payment.pk]), follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_from_the_mail_to_the_end_of_the_claim(link: str, outbox: Any) -> None:
    client, claims = Client(), open_claims_minor(the_invoice().pk)
    page = client.get(link)
    assert page.context["total_minor"] == the_invoice().gross_minor + claims
    assert claims > 0
    payment = start(client, link)
    assert pay(str(payment.intent_id)) == "succeeded"
    come_back(client, link, payment)
    outbox.drain()
    assert (the_invoice().state, open_claims_minor(the_invoice().pk)) == ("paid", 0)
    assert client.get(link).context["total_minor"] == 0
    assert run(day=dt.date(2026, 12, 14)).written == 0
    assert outbox.failures() == []


def test_a_declined_card_may_be_tried_again_on_the_same_payment(link: str, outbox: Any) -> None:
    client = Client()
    payment = start(client, link)
    assert try_to_pay(str(payment.intent_id), "pm_card_chargeDeclined") == "card_declined"
    come_back(client, link, payment)
    assert start(client, link) == payment
    pay(str(payment.intent_id))
    come_back(client, link, payment)
    outbox.drain()
    assert the_invoice().state == "paid"


def test_a_transfer_meanwhile_closes_the_first_card_payment_at_the_provider(link: str, outbox: Any) -> None:
    client = Client()
    first = start(client, link)
    pay_invoice(the_invoice(), 40_000)
    second = start(client, link)
    first.refresh_from_db()
    assert first.state == "cancelled"
    assert second.amount_minor == first.amount_minor - 40_000
    with pytest.raises(
        stripe.InvalidRequestError
    ):  # a tab that is still open cannot pay the old amount any more
        pay(str(first.intent_id))
    pay(str(second.intent_id))
    come_back(client, link, second)
    outbox.drain()
    assert (the_invoice().state, open_claims_minor(the_invoice().pk)) == ("paid", 0)


def test_a_card_that_was_charged_in_another_tab_is_not_charged_twice(link: str, outbox: Any) -> None:
    client = Client()
    first = start(client, link)
    pay(str(first.intent_id))  # and the browser never came back
    pay_invoice(the_invoice(), 40_000)
    with pytest.raises(NoCardNow):
        card_payment(invoice=the_invoice())
    first.refresh_from_db()
    assert first.state == "captured"
    assert Payment.objects.filter(method=CARD).count() == 1
    outbox.drain()
    assert (the_invoice().state, open_claims_minor(the_invoice().pk)) == ("paid", 0)
