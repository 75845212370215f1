"""The last piece is in somebody else's order that is not paid yet: said as it is, wherever a shopper meets it.

A basket keeps nothing from anybody, so no basket of others is ever the reason: an order is, half an hour for a card.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalogue.partner.models import Reservation, StockRecord
from checkout.order.models import Order
from tests.checkout.test_steps import go_to_summary, order_button, put_in_basket
from tests.factories.shopping import make_basket, make_user, make_variant, place_order

pytestmark = pytest.mark.django_db
SAID = {
    "": (
        "1 Stück steckt in einer anderen Bestellung, die noch nicht bezahlt ist, und ist vielleicht um 14:32 Uhr "
        "wieder frei.",
        "Gerade ist kein Stück frei.",
        "Der übrige Warenkorb bleibt, wie er ist.",
        "gekauft",
    ),
    "/en": (
        "1 piece is in another checkout and may be free again at 14:32.",
        "no piece is free right now.",
        "The rest of your basket is kept.",
        "sold to somebody",
    ),
}


@pytest.fixture
def last(clock: Any) -> StockRecord:
    """One piece, at two minutes past two."""
    clock.stop(timezone.make_aware(dt.datetime(2026, 11, 26, 14, 2)))
    return make_variant(stock=1)


def told(answer: Any) -> str:
    return " ".join(str(message) for message in answer.context["messages"])


@pytest.mark.parametrize("language", SAID)
def test_it_is_said_at_the_order_button_in_the_basket_and_when_it_is_put_in(
    client: Client, last: StockRecord, language: str
) -> None:
    held, free, kept, sold = SAID[language]
    summary = language + reverse("checkout:summary")  # the language of the last page stays active
    put_in_basket(client, last, make_variant())
    go_to_summary(client)
    form = order_button(client.get(summary))
    place_order((last, 1), method="card")
    answer = client.post(summary, form, follow=True)
    words = told(answer)
    assert held in words and free in words and kept in words and sold not in words
    assert not Order.objects.filter(guest_email="erika@example.org").exclude(payment_method="card").exists()
    lines = answer.context["lines"]
    assert [held in line.problem for line in lines] == [True, False]
    late = Client().post(
        f"{language}/basket/add/", {"product_id": last.product_id, "quantity": 1}, follow=True
    )
    assert held in told(late)


def test_a_basket_of_others_keeps_nothing_from_anybody(client: Client, last: StockRecord) -> None:
    make_basket((last, 1), owner=make_user())
    put_in_basket(Client(), last)
    put_in_basket(client, last)
    page = go_to_summary(client)
    assert "Stück" not in told(page)
    assert client.post(reverse("checkout:summary"), order_button(page))["Location"].startswith("/orders/")


def test_what_was_paid_is_called_sold(client: Client, last: StockRecord) -> None:
    put_in_basket(client, last)
    form = order_button(go_to_summary(client))
    place_order((last, 1), method="card")
    Reservation.objects.update(expires_at=None)
    words = told(client.post(reverse("checkout:summary"), form, follow=True))
    assert "gerade von jemand anderem gekauft" in words and "frei" not in words


def test_of_several_pieces_it_is_said_how_many_are_free_and_how_many_are_in_which_order(
    client: Client, clock: Any
) -> None:
    clock.stop(timezone.make_aware(dt.datetime(2026, 11, 26, 14, 2)))
    record = make_variant(stock=4)
    person = make_user()
    client.force_login(person)
    put_in_basket(client, record, quantity=3)
    form = order_button(go_to_summary(client))
    place_order((record, 2), method="card")
    own = place_order((record, 1), method="card", user=person)
    words = told(client.post(reverse("checkout:summary"), form, follow=True))
    assert "Gerade ist nur 1 Stück frei." in words
    assert f"1 Stück ist in Ihrer eigenen Bestellung {own.number}" in words
    assert "2 Stück stecken in anderen Bestellungen" in words and "14:32" in words


def test_nobody_reads_through_a_summary_that_cannot_be_ordered(client: Client, last: StockRecord) -> None:
    put_in_basket(client, last)
    go_to_summary(client)
    other = place_order((last, 1), method="card")
    page = client.get(reverse("checkout:summary"), follow=True)
    assert page.redirect_chain[-1][0] == reverse("basket:summary")
    assert SAID[""][0] in page.context["lines"][0].problem
    Reservation.objects.filter(order_id=other.pk).delete()
    StockRecord.objects.update(num_allocated=0)
    assert client.get(reverse("checkout:summary")).status_code == 200
