"""Stripe away, slow or mad: the order is kept, the shop is read and bought in, nothing is charged twice."""

from __future__ import annotations

import threading
import time
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from catalogue.partner.models import StockRecord
from checkout.order.models import Order
from checkout.payment import stripe_client
from checkout.payment.actions import settle, start_card_payment
from checkout.payment.models import Payment
from checkout.payment.standin.process import StandIn
from checkout.payment.stripe_client import ProviderDown
from tests.checkout.payment.shopper import pay
from tests.faults.conftest import within
from tests.faults.shopper import buy, read, visitor
from tests.faults.wire import Wire, http

TIMEOUT_S = 0.4


@pytest.fixture
def stripe(wire: Wire, settings: Any) -> Wire:
    """The shop asks for payments at the end of the wire."""
    settings.STRIPE_API_BASE = f"http://127.0.0.1:{wire.port}"
    settings.STRIPE_TIMEOUT_S, settings.STRIPE_MAX_RETRIES = TIMEOUT_S, 0
    return wire


def says_so_and_keeps_the_order(shoe: StockRecord) -> tuple[Client, Order]:
    """The payment page in words, the stock still reserved, another way to pay offered and taken."""
    client = visitor()
    read(client, shoe)
    order = buy(client, shoe, method="card")
    page = client.get(reverse("checkout:pay", kwargs={"number": order.number}))
    text = page.content.decode()
    assert page.status_code in (200, 503), page.status_code
    assert "30 Minuten" in text and "nichts abgebucht" in text
    shoe.refresh_from_db()
    assert shoe.num_allocated == 1
    payment = Payment.objects.get(order=order)
    assert (order.status, payment.state) == ("awaiting_payment", "created")
    return client, order


def another_way_works(shoe: StockRecord) -> None:
    assert buy(visitor(), shoe, method="prepayment").status == "awaiting_payment"


@pytest.mark.cell("Stripe", "down")
@pytest.mark.parametrize("manner", ["refuse", "cut", "reset"])
def test_without_it_the_page_says_so_and_other_ways_are_open(
    manner: str, stripe: Wire, shoe: StockRecord
) -> None:
    getattr(stripe, manner)()
    says_so_and_keeps_the_order(shoe)
    another_way_works(shoe)


def test_one_that_hangs_up_late_is_paid_at_as_always(
    standin: StandIn, shoe: StockRecord, settings: Any
) -> None:
    address = urlsplit(standin.url)
    with Wire((str(address.hostname), int(address.port or 0))) as slow:
        slow.close_slowly(TIMEOUT_S)
        settings.STRIPE_API_BASE = f"http://127.0.0.1:{slow.port}"
        order = buy(visitor(), shoe, method="card")
        payment = Payment.objects.get(order=order)
        pay(start_card_payment(payment=payment).id)
        assert settle(payment_id=payment.pk).state == "captured"
        assert slow.requests > 0


@pytest.mark.cell("Stripe", "slow")
def test_a_silent_one_is_as_down_after_the_time_limit(stripe: Wire, shoe: StockRecord) -> None:
    stripe.silence()
    says_so_and_keeps_the_order(shoe)


@pytest.mark.cell("Stripe", "slow")
def test_only_a_part_of_the_threads_waits_for_a_silent_one(stripe: Wire, settings: Any) -> None:
    settings.STRIPE_PLACE_WAIT_S, settings.STRIPE_TIMEOUT_S = 0.05, 20
    stripe.silence()
    ended: list[Exception] = []

    def ask() -> None:
        try:
            stripe_client.retrieve_intent("pi_1")
        except ProviderDown as down:
            ended.append(down)

    waiting = [threading.Thread(target=ask) for _ in range(settings.STRIPE_AT_ONCE)]
    for thread in waiting:
        thread.start()
    while stripe.requests < len(waiting):
        time.sleep(0.01)
    with within(5.0, "whoever finds no place"):
        ask()
    stripe.refuse()
    assert "others are still waiting" in str(ended[0])
    for thread in waiting:
        thread.join(5)
    assert len(ended) == len(waiting) + 1


@pytest.mark.cell("Stripe", "errors")
@pytest.mark.parametrize("status", ["409 Conflict", "429 Too Many Requests", "500 Oops", "502 Bad Gateway"])
def test_what_may_pass_is_as_down(status: str, stripe: Wire, shoe: StockRecord) -> None:
    stripe.say(http(b'{"error": {"message": "not now", "type": "api_error"}}', status))
    says_so_and_keeps_the_order(shoe)


@pytest.mark.cell("Stripe", "wrong answer")
@pytest.mark.parametrize(
    "body",
    [
        b"<html>Welcome to nginx</html>",
        b"",
        b"[]",
        b"null",
        b"{}",
        b'{"id": "pi_1", "object": "payment_intent"}',
        b'{"id": "pi_1", "object": "payment_intent", "status": "succeeded", "amount": "lots", "currency": 7}',
    ],
)
def test_an_answer_that_cannot_be_read_is_as_down(body: bytes, stripe: Wire, shoe: StockRecord) -> None:
    stripe.say(http(body))
    _client, order = says_so_and_keeps_the_order(shoe)
    payment = Payment.objects.get(order=order)
    with pytest.raises(ProviderDown):
        start_card_payment(payment=payment)
    Payment.objects.filter(pk=payment.pk).update(intent_id="pi_1")
    with pytest.raises(ProviderDown):
        settle(payment_id=payment.pk)
