"""Links to orders: one-time links open once, whatever asks."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from checkout.order import access
from checkout.order.models import OrderLink
from shop.kernel.clock import now
from tests.factories.shopping import make_variant, place_order

pytestmark = pytest.mark.django_db


def test_a_used_link_opens_nothing_by_head_either(client: Client) -> None:
    order = place_order((make_variant(), 1))
    link = OrderLink.objects.create(order=order, nonce="once", expires_at=now() + dt.timedelta(hours=1))
    address = reverse("orders:open", kwargs={"token": access.token(order, nonce=link.nonce)})
    page = reverse("orders:detail", kwargs={"number": order.number})
    assert client.head(address).status_code == 302  # a mail scanner looked first
    assert client.get(page).status_code == 302
    assert client.get(address).url == page
    assert client.get(page).status_code == 200
    stranger = Client()
    stranger.head(address)
    assert stranger.get(page).status_code == 302
    assert stranger.get(address).status_code == 410
