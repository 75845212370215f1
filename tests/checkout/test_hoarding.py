"""Who places many orders and pays none does not empty the shelf."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from catalogue.partner.models import StockRecord
from checkout import hoarding
from checkout.order.actions import cancel
from checkout.order.models import Order
from tests.checkout.test_steps import go_to_summary, order_button, put_in_basket
from tests.factories.shopping import make_user, make_variant

pytestmark = pytest.mark.django_db
WORDS = "noch nicht bezahlt"


def order(client: Client, record: StockRecord, *, email: str = "erika@example.org", quantity: int = 1) -> Any:
    """One more order from this browser; the page after the button."""
    put_in_basket(client, record, quantity=quantity)
    return client.post(
        reverse("checkout:summary"), order_button(go_to_summary(client, email=email)), follow=True
    )


def test_after_some_unpaid_orders_no_more_goods_are_kept_until_one_is_paid_or_cancelled() -> None:
    shoe = make_variant(stock=100)
    for _ in range(hoarding.ORDERS_MAX):
        assert WORDS not in order(Client(), shoe).content.decode()
    late = Client()
    answer = order(late, shoe, email="Erika@Example.ORG")
    assert WORDS in answer.content.decode()
    assert Order.objects.count() == hoarding.ORDERS_MAX
    shoe.refresh_from_db()
    assert shoe.num_allocated == hoarding.ORDERS_MAX
    cancel(order=Order.objects.order_by("pk")[0], why="changed their mind")
    page = late.get(reverse("checkout:summary"))
    assert page.status_code == 200, "the basket is still there"
    late.post(reverse("checkout:summary"), order_button(page))
    assert Order.objects.count() == hoarding.ORDERS_MAX + 1


def test_a_member_is_counted_by_account_whatever_address_they_type() -> None:
    shoe, anna = make_variant(stock=100), make_user("anna@example.org")
    for number in range(hoarding.ORDERS_MAX + 1):
        client = Client()
        client.force_login(anna)
        answer = order(client, shoe, email=f"anna{number}@example.org")
    assert WORDS in answer.content.decode()
    assert Order.objects.count() == hoarding.ORDERS_MAX


def test_pieces_count_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hoarding, "PIECES_MAX", 6)
    shoe = make_variant(stock=100)
    assert "machen Ihnen ein Angebot" in order(Client(), shoe, quantity=7).content.decode()
    assert WORDS not in order(Client(), shoe, quantity=4).content.decode()
    assert WORDS in order(Client(), shoe, quantity=3).content.decode()
    assert WORDS not in order(Client(), shoe, quantity=2).content.decode()
    assert Order.objects.count() == 2


def test_who_pays_after_the_goods_came_keeps_none_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    from checkout.payment.models import CustomerCredit

    monkeypatch.setattr(hoarding, "PIECES_MAX", 1)
    anna = make_user("anna@example.org")
    CustomerCredit.objects.create(user=anna, paid_orders=1)
    client, shoe = Client(), make_variant(stock=100)
    client.force_login(anna)
    put_in_basket(client, shoe, quantity=3)
    page = go_to_summary(client, "invoice", email="anna@example.org")
    client.post(reverse("checkout:summary"), order_button(page))
    assert Order.objects.get().payment_method == "invoice"


def test_one_place_with_ever_new_addresses_is_limited_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hoarding, "ORDERS_OF_PLACE_MAX", 2)
    shoe = make_variant(stock=100)
    for number in range(3):
        visitor = Client(REMOTE_ADDR="93.184.216.34")
        answer = order(visitor, shoe, email=f"kunde{number}@example.org")
    assert WORDS in answer.content.decode()
    assert Order.objects.count() == 2
    elsewhere = order(Client(REMOTE_ADDR="93.184.216.35"), shoe, email="kunde9@example.org")
    assert WORDS not in elsewhere.content.decode()


def test_a_basket_keeps_nothing_from_others() -> None:
    shoe = make_variant(stock=3)
    for _ in range(4):
        put_in_basket(Client(), shoe, quantity=3)
    shoe.refresh_from_db()
    assert shoe.num_allocated == 0
