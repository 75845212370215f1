"""What stands beside a price by law stands there wherever goods are listed: the unit price (§ 4 PAngV) and the lowest
price of the 30 days before a reduction (§ 11 PAngV). Read in the HTML: that a card knows them shows them to nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from catalogue.models import BoughtTogether, Product
from shop.legal.reading import read
from shop.pages.actions import write_home, write_landing
from tests.factories.people import make_user
from tests.factories.range import make_category, make_product, variants

pytestmark = pytest.mark.django_db
PRICE, PER_UNIT, BEFORE = "8,95 €", "119,33 € je 1 l", "Niedrigster Preis der 30 Tage davor: 9,95 €"


@pytest.fixture
def wax() -> Product:
    """Sold by volume, and reduced."""
    return make_product(
        "Wachs",
        category=make_category("Pflege"),
        price_minor=895,
        reference_minor=995,
        content_amount=75,
        content_unit="ml",
        sizes=("",),
    )


def _home(*blocks: tuple[str, dict[str, Any]]) -> str:
    body = {"body": list(blocks)} if blocks else {}
    write_home(texts={"de": {"title": "Kontor", **body}, "en": {"title": "Kontor", **body}})
    return "/"


def _landing(*blocks: tuple[str, dict[str, Any]]) -> str:
    write_home(texts={"de": {"title": "Kontor"}, "en": {"title": "Kontor"}})
    text = {"slug": "herbst", "title": "Herbst", "body": list(blocks)}
    write_landing(texts={"de": text, "en": text})
    return "/herbst/"


def _beside(wax: Product) -> str:
    other = make_product("Bürste")
    BoughtTogether.objects.create(product=other, other=wax, orders=5)
    return str(other.get_absolute_url())


def _wish(client: Client, wax: Product) -> str:
    client.force_login(make_user())
    client.post(f"/wishes/add/?product={variants(wax)[0].product_id}")
    return "/wishes/"


def _category(wax: Product) -> str:
    found = wax.categories.get()
    return f"/catalogue/category/{found.slug}_{found.pk}/"


#: Where goods are listed, and how one gets there.
PLACES: dict[str, Callable[[Client, Product], str]] = {
    "the whole range": lambda client, wax: "/catalogue/",
    "a category": lambda client, wax: _category(wax),
    "what is on offer": lambda client, wax: f"{_category(wax)}?offer=1",
    "a search": lambda client, wax: "/catalogue/search/?q=wachs",
    "a search that finds nothing": lambda client, wax: "/catalogue/search/?q=gibtesnicht",
    "home": lambda client, wax: _home(),
    "goods on a written page": lambda client, wax: _landing(("products", {"title": "Neu", "products": [wax]})),
    "a range on a written page": lambda client, wax: _landing(
        ("range", {"title": "Neu", "category": None, "order": "newest", "number": "4"})
    ),
    "a teaser": lambda client, wax: _landing(
        ("teaser", {"title": "Glänzt", "text": "Lange", "product": wax})
    ),
    "bought together": lambda client, wax: _beside(wax),
    "the wish list": _wish,
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_what_belongs_beside_a_price_is_read_there(client: Client, wax: Product, place: str) -> None:
    answer = client.get(PLACES[place](client, wax))
    words = read(answer.content.decode()).words
    assert answer.status_code == 200 and words.count(PRICE) == 1, "the article is not listed there"
    for said in (PER_UNIT, BEFORE):
        assert said.casefold() in words.partition(PRICE)[2][:120], f"{place}: {said}"
