"""The card page and the way back: every answer of Stripe leads the shopper on, none leads in a circle."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from checkout.order.models import Order
from checkout.payment import stripe_client
from checkout.payment.actions import start_card_payment
from checkout.payment.models import MethodRule, Payment
from checkout.payment.stripe_client import ProviderRefused
from shop.kernel.states import move
from tests.factories.shopping import make_user, make_variant, place_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(client: Client) -> Order:
    """A card order of the person who is signed in."""
    user = make_user()
    client.force_login(user)
    return place_order((make_variant(), 1), user=user)


def url(name: str, order: Order) -> str:
    return reverse(name, kwargs={"number": order.number})


@pytest.mark.parametrize("page", ["checkout:pay", "checkout:return"])
@pytest.mark.parametrize("status", ["processing", "canceled"])
def test_a_slow_or_cancelled_payment_ends_at_the_order(
    status: str, page: str, order: Order, client: Client, standin: Any, monkeypatch: Any
) -> None:
    intent = start_card_payment(payment=Payment.objects.get(order=order))
    answer = dataclasses.replace(intent, status=status)
    monkeypatch.setattr(stripe_client, "retrieve_intent", lambda intent_id: answer)
    last = client.get(url(page, order), follow=True)
    assert last.redirect_chain[-1][0] == url("orders:detail", order)
    assert last.status_code == 200


def test_coming_back_without_having_paid_says_so_and_offers_the_card_again(
    order: Order, client: Client, standin: Any
) -> None:
    start_card_payment(payment=Payment.objects.get(order=order))
    last = client.get(url("checkout:return", order), follow=True)
    assert last.request["PATH_INFO"] == url("checkout:pay", order)
    assert "nicht abgeschlossen" in last.content.decode()


def test_an_order_whose_payment_was_cancelled_at_stripe_can_be_paid_anew(
    order: Order, client: Client, standin: Any
) -> None:
    move(Payment.objects.get(order=order), to="cancelled", why="cancelled at Stripe")
    page = client.get(url("orders:detail", order)).content.decode()
    assert url("checkout:pay-otherwise", order) in page
    answer = client.post(url("checkout:pay-otherwise", order), {"payment": "card"})
    assert answer.url == url("checkout:pay", order)
    assert client.get(answer.url).status_code == 200


def test_a_way_to_pay_that_is_not_offered_is_not_taken_afterwards_either(
    order: Order, client: Client
) -> None:
    MethodRule.objects.filter(method="prepayment").update(enabled=False)
    answer = client.post(url("checkout:pay-otherwise", order), {"payment": "prepayment"})
    assert answer.url == url("orders:detail", order)
    order.refresh_from_db()
    assert order.payment_method == "card"


def test_when_stripe_refuses_our_key_the_change_is_refused_with_words(
    order: Order, client: Client, monkeypatch: Any
) -> None:
    def refuse(intent_id: str) -> None:
        raise ProviderRefused("Stripe does not accept our key", "auth")

    Payment.objects.filter(order=order).update(intent_id="pi_1")
    monkeypatch.setattr(stripe_client, "cancel_intent", refuse)
    monkeypatch.setattr(stripe_client, "retrieve_intent", refuse)
    answer = client.post(url("checkout:pay-otherwise", order), {"payment": "prepayment"})
    assert answer.url == url("orders:detail", order)
