"""Which address a page of a list names as its own: the page that is shown, the same in every language, no filters."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.test import Client

from catalogue.filters import PER_PAGE
from catalogue.models import Product
from catalogue.reviews.models import ProductReview
from catalogue.reviews.states import PUBLISHED
from shop.kernel.clock import now
from shop.pages import reviews
from tests.factories.range import make_category, make_many, make_product

pytestmark = pytest.mark.django_db
SITE = settings.SITE_URL
PAGES = 3
#: What is asked for, and what the page says that it is: there are three of them.
ASKED = [("", ""), ("?page=1", ""), ("?page=2", "?page=2"), ("?page=02", "?page=2"), ("?page=3", "?page=3")]
ASKED += [(f"?page={number}", "?page=3") for number in (4, 99_999, 999_999_999)]
ASKED += [(f"?page={junk}", "") for junk in ("x", "²", "-1", "0", "<b>", "", "9" * 40)]
ASKED += [
    ("?utm_source=letter&page=2", "?page=2"),
    ("?sort=newest&page=2", "?page=2"),
    ("?v=1&page=2", "?page=2"),
]
#: Narrowed or in another order the second page shows other things than the list's own second page.
ASKED += [
    (f"?{chosen}&page=2", "") for chosen in ("colour=navy", "sort=price", "sort=name", "q=schuh", "offer=1")
]


def named(client: Client, url: str) -> tuple[str, dict[str, str]]:
    """The canonical address and those in each language that a page names."""
    answer = client.get(url)
    assert answer.status_code == 200, url
    html = answer.content.decode()
    (canonical,) = re.findall(r'<link rel="canonical" href="([^"]*)">', html)
    links = re.findall(r'<link rel="alternate" hreflang="([^"]*)" href="([^"]*)">', html)
    assert len(links) == len(dict(links)), "each language once"
    return canonical, dict(links)


@pytest.fixture
def shoes() -> str:
    """The address of a category with three pages of products, which are the whole range."""
    category = make_category("Schuhe")
    make_many(PER_PAGE * (PAGES - 1) + 1, category=category, sizes=1)
    return category.get_absolute_url()


def test_each_page_of_a_list_names_itself_in_every_language(client: Client, shoes: str) -> None:
    for path in ("/catalogue/", shoes):
        for query, further in ASKED:
            wanted = {"de": f"{SITE}{path}{further}", "en": f"{SITE}/en{path}{further}"}
            wanted["x-default"] = wanted["de"]
            assert named(client, f"{path}{query}") == (wanted["de"], wanted), query
            assert named(client, f"/en{path}{query}") == (wanted["en"], wanted), query


def test_a_list_without_products_has_one_page(client: Client) -> None:
    path = make_category("Leer").get_absolute_url()
    canonical, links = named(client, f"{path}?page=3")
    assert canonical == links["de"] == f"{SITE}{path}"


def test_a_page_that_is_no_list_has_no_further_pages(client: Client) -> None:
    product = make_product("Elbschuh").get_absolute_url()
    for path in ("/", product):
        canonical, links = named(client, f"{path}?page=2")
        assert canonical == links["de"] == f"{SITE}{path}"


def test_each_page_of_reviews_names_itself(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reviews, "PER_PAGE", 1)
    product = make_product("Elbschuh")
    for score in (4, 5):
        ProductReview.objects.create(
            product=product, score=score, title="Gut", body="Sitzt gut.", state=PUBLISHED, written_at=now()
        )
    Product.objects.filter(pk=product.pk).update(review_count=2, rating=4.5)
    path = f"/reviews/product/{product.pk}/"
    for query, further in (
        ("", ""),
        ("?page=2", "?page=2"),
        ("?page=7", "?page=2"),
        ("?sort=best&page=2", ""),
    ):
        canonical, links = named(client, f"{path}{query}")
        assert canonical == links["de"] == f"{SITE}{path}{further}", query
        assert links["en"] == f"{SITE}/en{path}{further}", query


def test_a_page_that_is_not_there_has_no_address(client: Client) -> None:
    for url in ("/catalogue/gibt-es-nicht_999/", "/catalogue/category/gibt-es-nicht_999/", "/gibt-es-nicht/"):
        answer = client.get(url)
        html = answer.content.decode()
        assert answer.status_code == 404
        assert 'rel="canonical"' not in html and "hreflang" not in html.partition("<body")[0]
        assert "og:url" not in html
