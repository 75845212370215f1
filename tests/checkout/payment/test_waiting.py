"""More time to pay (WCAG 2.2.1), and not for ever."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from catalogue.partner.models import Reservation, StockRecord
from checkout.order.models import Order
from checkout.payment.models import Payment
from checkout.payment.tasks import expire
from tests.checkout.test_steps import go_to_summary, order_button, put_in_basket
from tests.factories.shopping import make_user, make_variant, place_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def begun(client: Client, standin: Any) -> Order:
    """A card order whose page stands open."""
    put_in_basket(client, make_variant(stock=1))
    client.post(reverse("checkout:summary"), order_button(go_to_summary(client, "card")))
    return Order.objects.get()


def test_the_time_to_pay_is_said_and_can_be_extended(client: Client, begun: Order, clock: Any) -> None:
    payment = Payment.objects.get()
    text = client.get(reverse("checkout:pay", args=[begun.number])).content.decode()
    assert "data-limit=" in text and reverse("checkout:longer", args=[begun.number]) in text
    english = client.get(f"/en/checkout/pay/{begun.number}/").content.decode()
    assert re.search(r"is kept for you until \d\d:\d\d\.<", english), "said as everywhere else in the shop"
    for _ in range(12):  # WCAG 2.2.1: at least ten times
        clock.advance(minutes=25)
        client.post(reverse("checkout:longer", args=[begun.number]))
        before, payment.expires_at = payment.expires_at, Payment.objects.get().expires_at
        assert dt.timedelta(minutes=25) <= payment.expires_at - before < dt.timedelta(minutes=26)
        assert Reservation.objects.get().expires_at == payment.expires_at
        assert expire() == 0
    clock.advance(minutes=31)
    assert expire() == 1
    assert StockRecord.objects.get().num_allocated == 0


def test_nobody_keeps_goods_for_ever_or_for_others(client: Client, begun: Order, clock: Any) -> None:
    until = Payment.objects.get().expires_at
    assert Client().post(reverse("checkout:longer", args=[begun.number])).status_code == 404
    assert client.get(reverse("checkout:longer", args=[begun.number])).status_code == 405
    clock.advance(minutes=31)
    page = client.post(reverse("checkout:longer", args=[begun.number]), follow=True)
    assert "nicht länger" in page.content.decode()
    assert Payment.objects.get().expires_at == until
    Payment.objects.update(expires_at=until + dt.timedelta(hours=20))
    clock.advance(hours=19, minutes=20)
    client.post(reverse("checkout:longer", args=[begun.number]))
    assert Payment.objects.get().expires_at == until + dt.timedelta(hours=20)


def test_a_prepayment_has_no_button_for_more_time_and_is_not_extended(client: Client) -> None:
    order = place_order((make_variant(), 1), method="prepayment", user=(person := make_user()))
    client.force_login(person)
    until = Payment.objects.get().expires_at
    client.post(reverse("checkout:longer", args=[order.number]))
    assert Payment.objects.get().expires_at == until
