"""Delivery that costs nothing is said with one word wherever a customer reads its price: no page says 0,00 €."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from checkout.order.models import Order
from shop.notifications.tasks import send_due
from tests.checkout.test_steps import CONTACT, order_button, put_in_basket
from tests.factories.shopping import make_variant

pytestmark = pytest.mark.django_db
ABOVE = 12_000  #: from 100 EUR of goods on the delivery at home is free
WORDS = {"de": ("kostenlos", "0,00\xa0€"), "en": ("free", "€0.00")}


def says(page: Any, language: str, where: str) -> None:
    """The word and no figure stand on the page."""
    word, figure = WORDS[language]
    html = page if isinstance(page, str) else page.content.decode()
    text = re.sub(r"[ \t\n]+", " ", re.sub(r"<[^>]*>", " ", html))
    assert re.search(rf"\b{word}\b", text), f"{where} does not say {word}"
    assert not re.search(rf"(?<![\d.,]){re.escape(figure)}", text), f"{where} says {figure}"


@pytest.mark.parametrize("language", ["de", "en"])
def test_every_page_and_the_letter_say_the_same_word(client: Client, outbox: Any, language: str) -> None:

    def at(name: str, *args: str) -> str:
        with override(language):
            return reverse(name, args=args)

    with override(language):
        put_in_basket(client, make_variant(price_minor=ABOVE))
    client.post(at("basket:estimate"), {"country": "DE", "postcode": "20457"})
    says(client.get(at("basket:summary")), language, "the basket")
    client.post(at("checkout:contact"), CONTACT)
    says(client.get(at("checkout:delivery")), language, "the step of delivery")
    client.post(at("checkout:delivery"), {"delivery": "home"})
    says(client.get(at("checkout:payment")), language, "the step of payment")
    client.post(at("checkout:payment"), {"payment": "prepayment"})
    summary = client.get(at("checkout:summary"))
    says(summary, language, "the summary")
    says(client.post(at("checkout:summary"), order_button(summary), follow=True), language, "the order page")
    order = Order.objects.get()
    assert order.shipping_minor == 0
    says(order.accepted_summary.html, language, "what was agreed")
    for name in ("orders:change", "orders:agreed"):
        says(client.get(at(name, order.number)), language, name)
    outbox.drain()
    send_due()
    letters = [letter for letter in mail.outbox if order.number in letter.subject + str(letter.body)]
    assert letters
    says(str(letters[0].body), language, "the letter in plain words")
    says(str(letters[0].alternatives[0][0]), language, "the letter")  # type: ignore[attr-defined]
