"""What search engines and link previews read: one address per page, its languages, sitemaps, facts, moved addresses."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree import ElementTree

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape
from wagtail.contrib.redirects.models import Redirect

from catalogue.models import Category, Product
from fulfilment.finance.invoicing.merchant import ensure
from shop.dashboard.roles import sync_roles
from shop.pages import sitemaps
from shop.pages.actions import write_home, write_page
from shop.pages.models import ContentPage
from tests.factories.offers import make_offer
from tests.factories.range import make_category, make_many, make_product, variants
from tests.factories.shopping import make_user, make_variant, place_order

pytestmark = pytest.mark.django_db
SITE = settings.SITE_URL
MAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
XHTML = "{http://www.w3.org/1999/xhtml}"
HOSTILE = "</script><script>alert(1)</script>\"'&\u2028 ]]> <b>"
#: What each kind must say, by the search engines' own documentation; of a product the rest where there is any.
REQUIRED = {
    "Product": {"name", "url"},
    "Offer": {"price", "priceCurrency", "availability", "url"},
    "BreadcrumbList": {"itemListElement"},
    "ListItem": {"position", "name"},
    "Organization": {"name", "url", "address"},
    "PostalAddress": {"streetAddress", "postalCode", "addressLocality", "addressCountry"},
    "Brand": {"name"},
    "AggregateRating": {"ratingValue", "reviewCount"},
}


def facts(html: str) -> dict[str, Any]:
    """The JSON-LD of a page by kind; every part of it has what its kind needs."""
    texts = re.findall(r'<script type="application/ld\+json">(.*?)</script>', html, re.DOTALL)
    found = {}
    for data in map(json.loads, texts):
        assert data["@context"] == "https://schema.org"
        check(data)
        found[data["@type"]] = data
    return found


def check(data: Any) -> None:
    if isinstance(data, list):
        for one in data:
            check(one)
    elif isinstance(data, dict):
        assert REQUIRED[data["@type"]] <= data.keys(), data
        assert all(value not in ("", None, [], {}) for value in data.values()), data
        for value in data.values():
            if isinstance(value, dict | list) and value and not isinstance(value, str):
                check(
                    [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)]
                )


def meta(html: str) -> dict[str, str]:
    from html import unescape

    pairs = re.findall(r'<meta property="([^"]+)" content="([^"]*)">', html)
    return {name: unescape(value) for name, value in pairs}


def test_a_product_says_what_it_costs_and_whether_it_can_be_had(client: Client) -> None:
    shoes = make_category("Schuhe")
    product = make_product("Elbschuh", category=shoes, price_minor=9_990, sizes=("41", "42"))
    record = variants(product)[1]
    url = f"{product.get_absolute_url()}?v={record.product_id}"
    found = facts(client.get(url).content.decode())
    offer = found["Product"]["offers"]
    assert (offer["price"], offer["priceCurrency"]) == ("99.90", "EUR")
    assert offer["availability"] == "https://schema.org/InStock"
    assert offer["url"] == f"{SITE}{url}"
    assert found["Product"]["sku"] == record.partner_sku
    assert found["Product"]["description"] == "Elbschuh, für nasse Wege."
    assert [one.startswith(f"{SITE}/media/images/products/") for one in found["Product"]["image"]] == [True]
    record.num_in_stock = 0
    record.save()
    assert "OutOfStock" in facts(client.get(url).content.decode())["Product"]["offers"]["availability"]
    record.backorderable = True
    record.save()
    assert "BackOrder" in facts(client.get(url).content.decode())["Product"]["offers"]["availability"]
    trail = found["BreadcrumbList"]["itemListElement"]
    assert [one["position"] for one in trail] == [1, 2, 3]
    assert trail[1]["item"] == f"{SITE}/catalogue/category/schuhe_{shoes.pk}/"


def test_a_product_says_nothing_of_what_it_does_not_have(client: Client) -> None:
    bare = make_product("Rohling", sizes=(), pictures=0, description="<p> </p>", maker=None)
    html = client.get(bare.get_absolute_url()).content.decode()
    assert facts(html)["Product"].keys() == {"@context", "@type", "@id", "name", "url"}
    assert '<meta name="description"' not in html


def test_entities_of_stored_texts_are_words_wherever_a_text_stands_without_its_marks(client: Client) -> None:
    """Escaped once for the page, not once more for what was stored."""
    rich, words = "<p>Nadel &amp; Faden</p><p>f&uuml;r&nbsp;alle</p>", "Nadel & Faden für alle"
    shelf = make_category("Nähzeug", description=rich)
    product = make_product("Nadel", category=shelf, description=rich)
    make_offer("Herbst", percent=10, description=rich)
    of_product = client.get(product.get_absolute_url()).content.decode()
    of_shelf = client.get(shelf.get_absolute_url()).content.decode()
    assert facts(of_product)["Product"]["description"] == words
    for html in (of_product, of_shelf):
        assert meta(html)["og:description"] == words
        assert f'<meta name="description" content="{escape(words)}">' in html
    assert f'<p class="lead">{escape(words)}</p>' in of_shelf
    assert f"Herbst</strong> {escape(words)}" in of_product


@pytest.mark.parametrize("nothing", ["", None, [], {}])
def test_an_empty_value_is_seen(nothing: Any) -> None:
    with pytest.raises(AssertionError):
        check({"@type": "Product", "name": "Elbschuh", "url": "/", "image": nothing})


def test_the_home_page_says_who_sells(client: Client) -> None:
    ensure()
    found = facts(client.get("/").content.decode())["Organization"]
    assert found["address"]["addressCountry"] == "DE" and found["url"] == f"{SITE}/"


def test_hostile_names_stay_names(client: Client) -> None:
    category = make_category(HOSTILE, slug="x")
    product = make_product(HOSTILE, category=category, slug="y")
    html = client.get(product.get_absolute_url()).content.decode()
    found = facts(html)
    assert found["Product"]["name"] == HOSTILE
    assert found["BreadcrumbList"]["itemListElement"][1]["name"] == HOSTILE
    assert "<script>alert" not in html
    assert meta(html)["og:title"] == HOSTILE
    assert "<script>alert" not in client.get(f"/catalogue/category/x_{category.pk}/").content.decode()


def test_previews_of_a_link_show_title_picture_price_and_language(client: Client) -> None:
    product = make_product("Elbschuh", en="Elbe shoe", price_minor=9_990)
    german = meta(client.get(product.get_absolute_url()).content.decode())
    assert (german["og:title"], german["og:locale"], german["og:type"]) == ("Elbschuh", "de_DE", "product")
    assert german["product:price:amount"] == "99.90"
    assert german["og:image"].startswith(f"{SITE}/media/")
    assert meta(client.get(f"/en{product.get_absolute_url()}").content.decode())["og:title"] == "Elbe shoe"
    home = meta(client.get("/").content.decode())
    assert home["og:url"] == f"{SITE}/"


def tree_of(answer: Any) -> Any:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return ElementTree.fromstring(content)


def test_the_sitemaps_name_every_page_in_every_language(client: Client) -> None:
    write_home(texts={"de": {"title": "Start"}, "en": {"title": "Home"}})
    texts = {
        "de": {"slug": "impressum", "title": "Impressum", "body": "<p>x</p>"},
        "en": {"slug": "imprint", "title": "Imprint", "body": "<p>x</p>"},
    }
    write_page(key="imprint", texts=texts)
    write_page(texts={"de": {"slug": "entwurf", "title": "E", "body": "<p>x</p>"}}, publish=False)
    shoes = make_category("Schuhe")
    product = make_product("Elbschuh", category=shoes)
    make_product("Geheim", is_public=False)
    index = tree_of(client.get("/sitemap.xml"))
    parts = [one.findtext(f"{MAP}loc") for one in index]
    assert index[0].findtext(f"{MAP}lastmod") and index[-1].findtext(f"{MAP}lastmod")
    found: dict[str, set[tuple[str, str]]] = {}
    for url in parts:
        for one in tree_of(client.get(url.removeprefix(SITE))):
            links = {(link.get("hreflang"), link.get("href")) for link in one.findall(f"{XHTML}link")}
            found[one.findtext(f"{MAP}loc")] = links
    paths = [f"/catalogue/category/schuhe_{shoes.pk}/", product.get_absolute_url()]
    wanted = {f"{SITE}{prefix}{path}" for path in paths for prefix in ("", "/en")}
    wanted |= {
        f"{SITE}{path}"
        for path in ("/", "/en/", "/impressum/", "/en/imprint/", "/catalogue/", "/en/catalogue/")
    }
    assert set(found) == wanted
    for url, links in found.items():
        assert {code for code, _href in links} == {"de", "en", "x-default"}, url
        assert {href for _code, href in links} <= wanted, "each language names the others"
        assert client.get(url.removeprefix(SITE)).status_code == 200, url


def test_a_large_range_is_parted_and_each_part_is_one_query(client: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr(sitemaps, "PART", 50)
    make_many(60, sizes=1)
    parts = sitemaps.product_parts()
    assert len(parts) >= 2
    rows = 0
    for number, changed in parts:
        with CaptureQueriesContext(connection) as seen:
            rows += len(tree_of(client.get(f"/sitemap-products-{number}.xml")))
        assert len(seen) <= 1 and changed
    assert rows == 2 * Product.objects.filter(parent=None, is_public=True).count()
    with CaptureQueriesContext(connection) as seen:
        client.get("/sitemap.xml")
    assert len(seen) <= 3


@pytest.mark.parametrize(
    "part", ["products-99999", f"products-{'9' * 30}", "orders-0", "pages-1", "categories-7", "x-1"]
)
def test_parts_that_do_not_exist_are_not_found(client: Client, part: str) -> None:
    make_product()
    assert client.get(f"/sitemap-{part}.xml").status_code == 404


def test_robots_are_told_what_is_private_and_where_the_sitemap_is(client: Client) -> None:
    text = client.get("/robots.txt").content.decode()
    assert f"Sitemap: {SITE}/sitemap.xml" in text
    for path in ("/basket/", "/en/checkout/", "/dashboard/", "/catalogue/search/"):
        assert f"Disallow: {path}" in text.splitlines()
    product = make_product().get_absolute_url()
    rules = [line.removeprefix("Disallow: ") for line in text.splitlines() if line.startswith("Disallow")]
    assert not any(product.startswith(rule) for rule in rules)


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_pages_that_are_not_for_search_engines_say_so_and_what_they_are(
    client: Client, prefix: str, standin: Any
) -> None:
    """Lighthouse judges their words as it does of every page; scripts/judge leaves out only that they are kept out."""
    person = make_user("erika@example.org")
    client.force_login(person)
    waits, by_card = (
        place_order((make_variant(), 1), user=person, method=how) for how in ("prepayment", "card")
    )
    pages = ("catalogue/search/?q=schuh", f"orders/{waits.number}/", f"checkout/pay/{by_card.number}/")
    of_account = (
        "account/",
        "accounts/email/",
        "account/addresses/new/",
        f"account/orders/{waits.number}/again/",
    )
    for page in (*pages, *of_account):
        answer = client.get(f"{prefix}/{page}")
        assert answer.status_code == 200
        named = dict(
            re.findall(r'<meta name="(robots|description)" content="([^"]+)">', answer.content.decode())
        )
        assert "noindex" in named["robots"] and len(named["description"]) > 40, page


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_a_moved_product_or_category_leads_straight_to_its_address(client: Client, prefix: str) -> None:
    shoes = make_category("Schuhe")
    product = make_product("Elbschuh", category=shoes)
    old = [f"{prefix}/catalogue/elbschuh_{product.pk}/", f"{prefix}/catalogue/category/schuhe_{shoes.pk}/"]
    for slug in ("erst", "dann"):
        Product.objects.filter(pk=product.pk).update(slug=slug)
        category = Category.objects.get(pk=shoes.pk)
        category.slug = slug
        category.save()
        old += [url.replace("elbschuh", slug).replace("schuhe", slug) for url in old[:2]]
    for url in old[:4]:
        answer = client.get(f"{url}?colour=navy", follow=True)
        assert answer.status_code == 200
        assert [status for _url, status in answer.redirect_chain] == [301]
        assert answer.redirect_chain[0][0].endswith("?colour=navy") and "dann_" in answer.redirect_chain[0][0]


def test_a_renamed_page_leaves_its_former_addresses_behind_without_chains(
    client: Client, django_capture_on_commit_callbacks: Any
) -> None:
    def rename(page: ContentPage, slug: str) -> None:
        page.slug = slug
        with django_capture_on_commit_callbacks(execute=True):
            page.save_revision().publish()

    write_home(texts={"de": {"title": "Start"}, "en": {"title": "Home"}})
    texts = {
        "de": {"slug": "impressum", "title": "Impressum", "body": "<p>Wir</p>"},
        "en": {"slug": "imprint", "title": "Imprint", "body": "<p>We</p>"},
    }
    write_page(key="imprint", texts=texts)
    for language, slugs in (("de", ("wer-wir-sind", "ueber-uns")), ("en", ("who-we-are", "about-us"))):
        for slug in slugs:
            page = ContentPage.objects.get(key="imprint", locale__language_code=language)
            rename(page, slug)
    for old, new in (
        ("/impressum/", "/ueber-uns/"),
        ("/wer-wir-sind/", "/ueber-uns/"),
        ("/en/imprint/", "/en/about-us/"),
        ("/en/who-we-are/", "/en/about-us/"),
    ):
        answer = client.get(old, follow=True)
        assert [(url.removeprefix(SITE), status) for url, status in answer.redirect_chain] == [(new, 301)], (
            old
        )
        assert answer.status_code == 200
    rename(ContentPage.objects.get(slug="ueber-uns"), "impressum")  # and back again: no circle
    assert client.get("/impressum/").status_code == 200
    assert [status for _url, status in client.get("/ueber-uns/", follow=True).redirect_chain] == [301]


def test_marketing_sees_moved_addresses_and_says_where_those_of_gone_products_lead(client: Client) -> None:
    sync_roles()
    person = make_user("marketing@example.org", is_staff=True)
    person.groups.add(Group.objects.get(name="marketing"))
    staff = Client()
    staff.force_login(person)
    product = make_product("Elbschuh", is_public=False)
    old = product.get_absolute_url()
    Redirect.add_redirect(old, "/catalogue/", is_permanent=True)
    html = staff.get(reverse("wagtailredirects:index")).content.decode()
    assert old.rstrip("/") in html
    assert reverse("wagtailredirects:index") in staff.get(reverse("dashboard:index")).content.decode()
    answer = client.get(old, follow=True)
    assert [status for _url, status in answer.redirect_chain] == [301] and answer.status_code == 200
    for odd in ("/gibt-es-nicht/", "/" + "x" * 3000 + "/", "/%F0%9F%92%B6/", "/%ff/"):
        assert client.get(odd).status_code in (400, 404), odd
