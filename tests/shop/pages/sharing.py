"""A shop whose pages are kept and shared, what can change in it, and what a look at it costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalogue.models import Category, Product
from catalogue.partner.models import StockRecord
from catalogue.partner.prices import set_price
from shop.pages import looks
from shop.pages.actions import write_home, write_landing
from tests.factories.range import make_category, make_product, variants


@pytest.fixture(autouse=True)
def kept(settings: Any) -> None:
    """Pages are kept, and compared at each visit: what would be within a quarter of a second is at once."""
    settings.SHARED_KEPT_S = settings.PARTS_KEPT_S = 60
    settings.SHARED_CHECKED_S = 0
    caches["pages"].clear()
    looks.forget()


class Shop(dict[str, Any]):
    """What is in the shop, and its pages by name. Pages of blocks are written when a test first asks for one."""

    def __missing__(self, page: str) -> str:
        if page not in BLOCKS:
            raise KeyError(page)
        blocks = [
            ("teaser", {"title": "Der Schuh", "product": self["shoe"]}),
            ("products", {"title": "Ausgesucht", "products": [self["shoe"]]}),
            ("range", {"title": "Neu", "category": self["node"], "order": "newest", "number": "4"}),
        ]
        plain = {language: {"title": "Kontor", "body": []} for language in ("de", "en")}
        if page == "home of blocks":
            write_home(texts={language: {**one, "body": blocks} for language, one in plain.items()})
            self[page] = "/"
            return "/"
        write_home(texts=plain)
        write_landing(texts={one: {"slug": "herbst", "title": "Herbst", "body": blocks} for one in plain})
        self[page] = "/herbst/"
        return "/herbst/"


@pytest.fixture
def shop() -> dict[str, Any]:
    category = make_category("Schuhe")
    shoe = make_product("Elbschuh", category=category, stock=5, price_minor=9_990)
    return Shop(
        {
            "shoe": shoe,
            "record": variants(shoe)[0],
            "product": shoe.get_absolute_url(),
            "category": f"/catalogue/category/{category.slug}_{category.pk}/",
            "node": category,
            "search": "/catalogue/search/?q=elbschuh",
            "range": "/catalogue/",
            "home": "/",
        }
    )


BLOCKS = ["landing", "home of blocks"]  #: their teasers, products and ranges show prices too
PAGES = ["product", "category", "search", "range", "home", *BLOCKS]


def queries_of(client: Client, url: str) -> list[str]:
    with CaptureQueriesContext(connection) as seen:
        assert client.get(url).status_code == 200
    return [one["sql"] for one in seen.captured_queries]


def text(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return str(answer.content.decode())


CHANGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "price": lambda shop: set_price(stockrecord=shop["record"], gross_minor=5_550),
    "price by an update past the model": lambda shop: StockRecord.objects.update(price="55.50"),
    "sold out": lambda shop: StockRecord.objects.update(num_in_stock=0),
    "reserved": lambda shop: StockRecord.objects.update(num_allocated=5),
    "title": lambda shop: Product.objects.filter(title="Elbschuh").update(title="Elbstiefel"),
    "hidden": lambda shop: Product.objects.filter(title="Elbschuh").update(is_public=False),
    "category": lambda shop: Category.objects.filter(pk=shop["node"].pk).update(name="Alle Schuhe"),
}
