"""Lists of the range: what is found, counted, sorted and paged, and at what cost."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalogue.filters import MAX_PAGE
from catalogue.models import Category, Product
from tests.factories.range import make_category, make_many, make_product, variants

pytestmark = pytest.mark.django_db
BUDGET = 8  #: SQL statements of a category page


def url_of(category: Category) -> str:
    return f"/catalogue/category/{category.slug}_{category.pk}/"


def titles(response: Any) -> list[str]:
    return [card.title for card in response.context["cards"]]


def options(response: Any, key: str) -> dict[str, int]:
    groups = {group["key"]: group for group in response.context["filters"]}
    return {option["title"]: option["count"] for option in groups[key]["options"]} if key in groups else {}


def test_a_category_shows_its_products_and_those_of_the_categories_below(client: Client) -> None:
    shoes = make_category("Schuhe")
    boots = make_category("Stiefel", parent=shoes)
    make_product("Elbschuh", category=shoes)
    make_product("Priel", category=boots)
    make_product("Bürste", category=make_category("Pflege"))
    assert sorted(titles(client.get(url_of(shoes)))) == ["Elbschuh", "Priel"]
    assert titles(client.get(url_of(boots))) == ["Priel"]


def test_hidden_products_categories_and_variants_without_price_are_not_listed(client: Client) -> None:
    shoes = make_category("Schuhe")
    make_product("Versteckt", category=shoes, is_public=False)
    priceless = make_product("Ohne Preis", category=shoes)
    for record in variants(priceless):
        record.price = None
        record.save()
    make_product("Da", category=shoes)
    assert titles(client.get(url_of(shoes))) == ["Da"]
    hidden = make_category("Geheim", is_public=False)
    assert client.get(url_of(hidden)).status_code == 404


def test_colour_and_size_must_hold_for_the_same_variant(client: Client) -> None:
    shoes = make_category("Schuhe")
    mixed = make_product("Gemischt", category=shoes, colours=("navy",), sizes=("41",))
    stranger = variants(make_product("Anders", category=shoes, colours=("sand",), sizes=("42",)))[0].product
    Product.objects.filter(pk=stranger.pk).update(
        parent=mixed
    )  # now navy 41 and sand 42 exist, navy 42 does not
    found = client.get(url_of(shoes), {"colour": "navy", "size": "42"})
    assert titles(found) == []
    assert titles(client.get(url_of(shoes), {"colour": "navy", "size": "41"})) == ["Gemischt"]


def test_several_values_of_a_filter_widen_and_several_filters_narrow(client: Client) -> None:
    shoes = make_category("Schuhe")
    make_product("A", category=shoes, sizes=("41",), brand="Tidewerk")
    make_product("B", category=shoes, sizes=("42",), brand="Fjellgang")
    make_product("C", category=shoes, sizes=("43",), brand="Tidewerk")
    assert sorted(titles(client.get(url_of(shoes), {"size": ["41", "42"]}))) == ["A", "B"]
    response = client.get(url_of(shoes), {"size": ["41", "42"]})
    assert options(response, "size") == {"41": 1, "42": 1, "43": 1}  # its own selection does not narrow it
    assert options(response, "brand") == {"Tidewerk": 1, "Fjellgang": 1}
    assert [one["title"] for one in response.context["applied"]] == ["41", "42"]


def test_products_are_counted_once_however_many_variants_match(client: Client) -> None:
    shoes = make_category("Schuhe")
    make_product("A", category=shoes, colours=("navy", "sand"), sizes=("41", "42", "43"))
    response = client.get(url_of(shoes))
    assert response.context["total"] == 1
    assert set(options(response, "colour").values()) == {1}
    assert options(response, "size") == {"41": 1, "42": 1, "43": 1}


def test_every_choice_of_a_filter_shows_how_many_it_leads_to_sizes_too(client: Client) -> None:
    shoes = make_category("Schuhe")
    make_product("A", category=shoes, colours=("navy", "sand"), sizes=("41", "42"))
    make_product("B", category=shoes, sizes=("42",), brand="Fjellgang")
    html = client.get(url_of(shoes)).content.decode()
    labels = re.findall(r'<label class="(?:chip|check)"><input id="f-(\w+)-.*?</label>', html, re.DOTALL)
    assert {"size", "colour", "brand"} <= set(labels)

    def said(key: str) -> list[str]:
        found = re.findall(rf'<input id="f-{key}-\d+"[^>]*>(.*?)</label>', html, re.DOTALL)
        return [" ".join(re.sub(r"<[^>]+>", " ", one).split()) for one in found]

    assert said("size") == ["41 (1)", "42 (2)"]
    assert sorted(said("colour")) == ["Navy 2", "Sand 1"]
    assert sorted(said("brand")) == ["Fjellgang 1", "Tidewerk 1"]


def test_available_and_reduced_are_filters_with_counts(client: Client) -> None:
    shoes = make_category("Schuhe")
    make_product("Da", category=shoes, stock=1)
    make_product("Weg", category=shoes, stock=0)
    make_product("Reduziert", category=shoes, stock=2, price_minor=8_000, reference_minor=10_000)
    assert sorted(titles(client.get(url_of(shoes), {"available": "1"}))) == ["Da", "Reduziert"]
    reduced = client.get(url_of(shoes), {"offer": "1"})
    assert titles(reduced) == ["Reduziert"]
    assert reduced.context["cards"][0].reduction_percent == 20
    assert list(options(client.get(url_of(shoes)), "available").values()) == [2]


def test_price_bands_meet_without_gap_or_overlap(client: Client) -> None:
    shoes = make_category("Schuhe")
    for price in (2_499, 2_500, 4_999, 5_000, 14_999, 15_000):
        make_product(f"P{price}", category=shoes, price_minor=price)
    counts = {
        group["key"]: {o["value"]: o["count"] for o in group["options"]}
        for group in client.get(url_of(shoes)).context["filters"]
    }["price"]
    assert counts == {"0-2500": 1, "2500-5000": 2, "5000-10000": 1, "10000-15000": 1, "15000-": 1}
    assert titles(client.get(url_of(shoes), {"price": "15000-"})) == ["P15000"]


def test_lists_are_sorted_as_the_address_says(client: Client) -> None:
    shoes = make_category("Schuhe")
    for title, price in (("B", 5_000), ("A", 9_000), ("C", 7_000)):
        make_product(title, category=shoes, price_minor=price)
    assert titles(client.get(url_of(shoes), {"sort": "price"})) == ["B", "C", "A"]
    assert titles(client.get(url_of(shoes), {"sort": "-price"})) == ["A", "C", "B"]
    assert titles(client.get(url_of(shoes), {"sort": "name"})) == ["A", "B", "C"]
    assert titles(client.get(url_of(shoes), {"sort": "newest"})) == ["C", "A", "B"]


def test_a_list_is_paged_and_a_page_past_the_end_is_the_last(client: Client) -> None:
    shoes = make_category("Schuhe")
    make_many(30, category=shoes, sizes=1)
    first, last = client.get(url_of(shoes)), client.get(url_of(shoes), {"page": "99"})
    assert (len(first.context["cards"]), len(last.context["cards"])) == (24, 6)
    assert last.context["page_obj"].number == 2
    assert not set(titles(first)) & set(titles(last))


def test_search_finds_every_word_in_titles_brands_skus_and_both_languages(client: Client) -> None:
    wanted = make_product("Regenstiefel Priel", en="Rain boot Priel", brand="Fjellgang")
    make_product("Elbschuh", en="Elbe shoe")
    for q in ("regenstiefel", "PRIEL fjell", "rain boot", variants(wanted)[0].partner_sku.lower()):
        assert titles(client.get("/catalogue/search/", {"q": q})) == ["Regenstiefel Priel"], q
    assert titles(client.get("/en/catalogue/search/", {"q": "elbe"})) == ["Elbe shoe"]
    assert titles(client.get("/catalogue/search/", {"q": "regenstiefel elbe"})) == []


def test_search_puts_titles_first(client: Client) -> None:
    make_product("Wachs", description="Für Stiefel aus Leder")
    make_product("Stiefel Nord")
    make_product("Creme", description="Auch für Stiefel")
    assert titles(client.get("/catalogue/search/", {"q": "stiefel"}))[0] == "Stiefel Nord"


@pytest.mark.parametrize(
    "q", ["%", "_", "'", '"', "\\", "<script>", "ß", "🥾", "a" * 5000, " ", "İ", "(((", "*"]
)
def test_odd_searches_find_nothing_and_break_nothing(client: Client, q: str) -> None:
    make_product("Elbschuh")
    response = client.get("/catalogue/search/", {"q": q})
    assert response.status_code == 200
    assert b"<script>" not in response.content.split(b"<main", 1)[1].replace(b"<script type", b"")


JUNK = [
    {"sort": "junk"}, {"page": "abc"}, {"page": "-1"}, {"page": "0"}, {"page": "1e9"}, {"page": "9" * 40},
    {"page": "²"}, {"price": "NaN"}, {"price": "10^30"}, {"price": "-5-"}, {"brand": "9" * 30}, {"brand": "x"},
    {"brand": "-1"}, {"colour": "../../etc"}, {"colour": "9" * 300}, {"size": "' OR 1=1 --"}, {"available": "maybe"},
    {"offer": "💶"}, {"colour": ["a"] * 500}, {"v": "9" * 50}, {"unknown": "1"},
]  # fmt: skip


@pytest.mark.parametrize("query", JUNK, ids=str)
def test_junk_in_the_address_counts_as_not_asked(client: Client, query: dict[str, Any]) -> None:
    shoes = make_category("Schuhe")
    make_product("Elbschuh", category=shoes)
    for url in (url_of(shoes), "/catalogue/", "/catalogue/search/"):
        assert client.get(url, query).status_code == 200


def test_a_nul_byte_is_refused_with_words(client: Client) -> None:
    response = client.get("/catalogue/search/?q=a%00b")
    assert response.status_code == 400
    assert b"Traceback" not in response.content


def test_unknown_categories_are_not_found_and_wrong_slugs_lead_to_the_right_address(client: Client) -> None:
    shoes = make_category("Schuhe")
    assert client.get("/catalogue/category/schuhe_999999/").status_code == 404
    assert client.get(f"/catalogue/category/schuhe_{10**30}/").status_code == 404
    moved = client.get(f"/catalogue/category/falsch_{shoes.pk}/?size=41")
    assert (moved.status_code, moved["Location"]) == (301, f"{url_of(shoes)}?size=41")


def test_filter_links_switch_one_value_and_begin_at_page_one(client: Client) -> None:
    shoes = make_category("Schuhe")
    make_product("A", category=shoes, sizes=("41", "42"))
    response = client.get(url_of(shoes), {"size": "41", "page": "3", "sort": "price"})
    sizes = next(group for group in response.context["filters"] if group["key"] == "size")["options"]
    links = {option["value"]: option["url"] for option in sizes}
    assert links == {"41": "?sort=price", "42": "?sort=price&size=41&size=42"}


def test_empty_lists_say_what_to_do(client: Client) -> None:
    shoes = make_category("Schuhe")
    make_product("A", category=shoes)
    response = client.get(url_of(shoes), {"size": "99"})
    assert response.context["total"] == 0
    assert b'class="empty' in response.content
    assert b'class="empty' in client.get("/catalogue/search/", {"q": "gibtesnicht"}).content


def queries_of(client: Client, url: str) -> int:
    client.get(url)  # fills what every page remembers: categories, legal links
    cache.clear()  # but not what this page alone does
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert client.get(url).status_code == 200
    return len(seen)


def test_a_list_costs_the_same_few_queries_for_few_and_many_products(client: Client) -> None:
    shoes = make_category("Schuhe")
    make_product("A", category=shoes)
    make_product("B", category=shoes)
    few = queries_of(client, url_of(shoes))
    make_many(200, category=shoes, sizes=3)
    many = queries_of(client, url_of(shoes))
    filtered = queries_of(client, f"{url_of(shoes)}?colour=navy&size=37&available=1&sort=price&page=2")
    assert few == many <= BUDGET
    assert filtered <= BUDGET
    assert queries_of(client, "/catalogue/search/?q=schuh") <= BUDGET


def test_what_is_reduced_and_gone_is_called_sold_out_in_a_list(client: Client) -> None:
    make_product("Rest", price_minor=5_000, reference_minor=10_000, stock=0)
    make_product("Da", price_minor=5_000, reference_minor=10_000)
    html = client.get("/catalogue/").content.decode()
    marks = {
        title: mark
        for mark, title in re.findall(
            r"product-card__mark[^>]*>([^<]+)<.*?<h3[^>]*><a[^>]*>([^<]+)<", html, re.S
        )
    }
    assert marks == {"Rest": "Ausverkauft", "Da": "−50 %"}


def test_prices_and_pages_are_in_the_language_of_the_address(client: Client) -> None:
    shoes = make_category("Schuhe", en="Shoes")
    make_product("Elbschuh", en="Elbe shoe", category=shoes, price_minor=123_456)
    german = client.get(url_of(shoes)).content.decode()
    english = client.get(f"/en{url_of(shoes)}").content.decode()
    assert "1.234,56\u00a0€" in german and 'lang="de"' in german
    assert "€1,234.56" in english and 'lang="en"' in english
    assert "Elbe shoe" in english and "<h1>Shoes</h1>" in english


def test_no_page_is_too_far(client: Client) -> None:
    assert client.get("/catalogue/", {"page": str(MAX_PAGE + 1)}).status_code == 200


def test_filters_of_a_very_long_list_offer_values_without_numbers(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    shoes = make_category("Schuhe")
    make_many(12, category=shoes)
    monkeypatch.setattr("catalogue.queries.EXACT_UP_TO", 10)
    response = client.get(url_of(shoes))
    assert response.context["total"] == 12
    assert set(options(response, "size").values()) == {""}


def test_counts_are_kept_a_while_but_products_and_their_number_are_not(client: Client) -> None:
    shoes = make_category("Schuhe")
    make_product("A", category=shoes, sizes=("41",))
    client.get(url_of(shoes))
    make_product("B", category=shoes, sizes=("41",))
    response = client.get(url_of(shoes))
    assert response.context["total"] == 2
    assert sorted(titles(response)) == ["A", "B"]
