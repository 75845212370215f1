"""A firm on its way to the contract: what it types, what it pays, and what the order remembers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from checkout.order.models import Order
from checkout.vat_ids.models import VatIdCheck
from shop.kernel.money import net_from_gross
from tests.checkout.test_steps import CONTACT, go_to_summary, order_button, put_in_basket
from tests.factories.shopping import make_variant
from tests.support.vies import Register

pytestmark = pytest.mark.django_db

FRENCH = "FR40303265045"
LYON = {
    "billing-line1": "12 rue de la Paix",
    "billing-postcode": "69001",
    "billing-line4": "Lyon",
    "billing-country": "FR",
    "company": "Le Cordonnier SARL",
    "vat_id": "FR 40 303 265 045",
}


def ordered(client: Client, **changes: str) -> Order:
    page = go_to_summary(client, **changes)
    answer = client.post(reverse("checkout:summary"), order_button(page))
    assert answer.status_code == 302, answer.content.decode()[:500]
    return Order.objects.latest("pk")


def shipping_to(client: Client) -> int:
    """The gross charge for the parcel abroad, as everybody sees it."""
    client.post(reverse("checkout:contact"), CONTACT | LYON | {"company": "", "vat_id": ""})
    page = client.get(reverse("checkout:delivery"))
    return next(way.gross_minor for way in page.context["quote"].options if way.code == "home")


def test_a_proved_firm_abroad_buys_at_net_prices(client: Client, register: Register) -> None:
    register.valid = {FRENCH}
    put_in_basket(client, make_variant(price_minor=8_990), quantity=2)
    gross_shipping = shipping_to(client)
    page = go_to_summary(client, **LYON)
    text = page.content.decode()
    assert "innergemeinschaftliche Lieferung" in text
    assert not re.search(r"enthält [\d, %\xa0]*MwSt", text)
    assert FRENCH in text
    order = ordered(client, **LYON)
    line = order.lines.get()
    goods, shipping = 2 * net_from_gross(8_990, 1900), net_from_gross(gross_shipping, 1900)
    assert (line.gross_minor, line.vat_rate_bp, line.vat_category) == (goods, 0, "K")
    assert (order.shipping_minor, order.shipping_rate_bp, order.shipping_vat_category) == (shipping, 0, "K")
    assert order.total_minor == goods + shipping
    assert order.total_excl_tax == order.total_incl_tax
    assert (order.company, order.vat_id, order.vat_country) == ("Le Cordonnier SARL", FRENCH, "FR")
    assert order.vat_check == VatIdCheck.objects.get()
    assert len(register.asked) == 1
    assert FRENCH in order.accepted_summary.html


@pytest.mark.parametrize("mode", ["answer", "away", "broken"])
def test_a_firm_that_is_not_proved_pays_vat_and_is_told(
    client: Client, register: Register, mode: str
) -> None:
    register.mode = mode
    put_in_basket(client, make_variant(price_minor=8_990))
    answer = client.post(reverse("checkout:contact"), CONTACT | LYON, follow=True)
    said = answer.content.decode()
    assert ("nicht als gültige" in said) if mode == "answer" else ("antwortet" in said)
    order = ordered(client, **LYON)
    line = order.lines.get()
    assert (line.gross_minor, line.vat_rate_bp, line.vat_category) == (8_990, 2000, "")
    assert order.vat_id == FRENCH
    assert order.vat_check is not None
    assert order.vat_check.outcome == ("invalid" if mode == "answer" else "unanswered")


def test_goods_that_stay_here_are_taxed(client: Client, register: Register) -> None:
    register.valid = {FRENCH}
    put_in_basket(client, make_variant(price_minor=8_990))
    stays = LYON | {
        "other_delivery": "on",
        "shipping-first_name": "Erika",
        "shipping-last_name": "Beispiel",
        "shipping-line1": "Musterweg 1",
        "shipping-postcode": "20457",
        "shipping-line4": "Hamburg",
        "shipping-country": "DE",
    }
    line = ordered(client, **stays).lines.get()
    assert (line.gross_minor, line.vat_rate_bp, line.vat_category) == (8_990, 1900, "")


def test_a_proof_that_is_gone_asks_once_more_before_the_order(
    client: Client, register: Register, clock: Any
) -> None:
    """The page was left open over night: the price with VAT is shown before anybody is bound by it."""
    register.valid = {FRENCH}
    put_in_basket(client, make_variant(price_minor=8_990))
    page = go_to_summary(client, **LYON)
    clock.advance(days=2)
    answer = client.post(reverse("checkout:summary"), order_button(page), follow=True)
    assert not Order.objects.exists()
    assert "enthält 20 % MwSt" in " ".join(
        answer.content.decode().split()
    )  # France's rate, said before the button


@pytest.mark.parametrize(
    "changes",
    [
        {"vat_id": "FR41303265045"},
        {"vat_id": "💥"},
        {"vat_id": "9" * 5000},
        {"company": "", "vat_id": "DE123456788"},
        {"buyer_reference": "991-03730-18"},
        {"buyer_reference": "x" * 3000},
        {"company": "y" * 3000},
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(
    client: Client, register: Register, changes: dict[str, str]
) -> None:
    put_in_basket(client, make_variant())
    answer = client.post(reverse("checkout:contact"), CONTACT | LYON | changes)
    assert answer.status_code == 422
    assert answer.context["firm"].errors
    assert register.asked == [], "nobody is asked about nonsense"


def test_a_public_body_gives_its_leitweg_id(client: Client) -> None:
    put_in_basket(client, make_variant())
    order = ordered(client, company="Stadt Hamburg", buyer_reference=" 991-03730-19 ")
    assert (order.company, order.buyer_reference, order.vat_id) == ("Stadt Hamburg", "991-03730-19", "")
    assert order.vat_check is None
