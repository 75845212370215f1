"""What stands beside a price by law stands there wherever goods are listed: the unit price (§ 4 PAngV) and the lowest
price of the 30 days before a reduction (§ 11 PAngV). Read in the HTML: that a card knows them shows them to nobody.

The basket and the way to the order announce no reduction: there the unit price stands beside the price alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from catalogue.models import BoughtTogether, Product
from shop.legal.reading import read
from shop.pages.actions import write_home, write_landing
from tests.checkout.test_steps import CONTACT, go_to_summary, put_in_basket
from tests.factories.orders import make_order
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


def _basket(client: Client, wax: Product) -> str:
    put_in_basket(client, variants(wax)[0], quantity=2)
    return "/basket/"


def _later(client: Client, wax: Product) -> str:
    lines = client.get(_basket(client, wax)).context["lines"]
    client.post(f"/basket/lines/{lines[0].id}/later/", {"mark": lines[0].mark})
    return "/basket/"


def _again(client: Client, wax: Product) -> str:
    person = make_user()
    client.force_login(person)
    return f"/account/orders/{make_order((variants(wax)[0], 2), user=person).number}/again/"


def _steps(client: Client, wax: Product) -> str:
    _basket(client, wax)
    client.post("/checkout/", CONTACT)
    return "/checkout/delivery/"


def _summary(client: Client, wax: Product) -> str:
    _basket(client, wax)
    return str(go_to_summary(client).wsgi_request.path)


#: Where goods stand that somebody wants, and how one gets there.
WANTED: dict[str, Callable[[Client, Product], str]] = {
    "the basket": _basket,
    "kept for later": _later,
    "order again": _again,
    "beside the steps of the checkout": _steps,
    "the summary": _summary,
}


@pytest.mark.parametrize("place", WANTED)
def test_the_unit_price_is_read_beside_what_somebody_is_about_to_buy(
    client: Client, wax: Product, place: str
) -> None:
    brush = make_product("Bürste", price_minor=495, sizes=("",))
    if place in ("the basket", "the summary"):
        put_in_basket(client, variants(brush)[0])
    answer = client.get(WANTED[place](client, wax))
    page = answer.content.decode().replace("\xa0", " ")
    assert answer.status_code == 200
    lines = {name: _line(page, name) for name in ("Wachs", "Bürste")}
    assert PRICE in lines["Wachs"], "the article does not stand there"
    assert PER_UNIT in lines["Wachs"] and page.count(PER_UNIT) == 1
    assert "je 1" not in lines["Bürste"], "sold by the piece"


def _line(page: str, name: str) -> str:
    """What is to be read in the line of an article."""
    rows = [part.partition("</li>")[0] for part in page.split('<li class="line-item')[1:]]
    return " ".join(read(row).text for row in rows if name in row)
