"""Search and lists answered by the index: what is found by which words, how filters count, what changes are heard."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from catalogue.actions import refresh_search_text
from catalogue.models import Category, Colour, Maker, Product, ProductCategory
from catalogue.partner.actions import give_back, take
from catalogue.partner.models import StockRecord
from catalogue.partner.prices import set_price
from catalogue.search import finding
from catalogue.search.port import SearchUnavailable
from tests.catalogue.search.asking import BUDGET, options, queries_of, search, titles
from tests.factories.range import make_category, make_many, make_product, variants
from tests.support.search import Index


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("Regenstiefel", "the word itself"),
        ("regenstiefeln", "another case"),
        ("STIEFEL", "what a compound is a kind of"),
        ("regen", "what a compound has to do with"),
        ("grüne stiefel", "an umlaut, in a colour"),
        ("gruene stiefel", "the umlaut written out"),
        ("grun stiefel", "the umlaut left out"),
        ("stiefel für regen", "words that say nothing are left out"),
        ("rain boots", "the plural, in the other language"),
        ("rain boot priel", "both languages and the name"),
        ("fjellgang", "the brand"),
        ("stiefel fjell", "the beginning of a word, where nothing else is found"),
    ],
)
def test_it_is_found_by(client: Client, search_index: Index, typed: str, why: str) -> None:
    make_product("Regenstiefel Priel", en="Rain boot Priel", brand="Fjellgang", colours=("Grün",))
    make_product("Handschuh Elbe", en="Glove Elbe", colours=("sand",))
    search_index.hear()
    assert titles(search(client, typed)) == ["Regenstiefel Priel"], why


def test_a_compound_is_found_where_its_parts_stand_alone(client: Client, search_index: Index) -> None:
    make_product("Stiefel für Regen und Matsch")
    make_product("Stiefel aus Wolle")
    search_index.hear()
    assert titles(search(client, "Regenstiefel")) == ["Stiefel für Regen und Matsch"]


def test_what_it_is_stands_before_what_it_has_to_do_with(client: Client, search_index: Index) -> None:
    make_product("Elbschuh")
    make_product("Schuhcreme")
    make_product("Wachs", description="Für jeden Schuh")
    make_product("Handschuh")
    search_index.hear()
    assert titles(search(client, "schuhe"))[0] == "Elbschuh"
    assert "Handschuh" not in titles(search(client, "schuhe"))


def test_what_can_be_bought_stands_before_what_is_sold_out(client: Client, search_index: Index) -> None:
    make_product("Stiefel Nord", stock=3)
    make_product("Stiefel West", stock=0)
    search_index.hear()
    assert titles(search(client, "stiefel")) == ["Stiefel Nord", "Stiefel West"]


def test_an_article_number_is_found_whole_and_by_its_beginning(client: Client, search_index: Index) -> None:
    shoe = make_product("Elbschuh")
    make_product("Priel")
    search_index.hear()
    sku = variants(shoe)[0].partner_sku
    assert titles(search(client, sku.lower())) == ["Elbschuh"]
    assert titles(search(client, sku.rpartition("-")[0])) == ["Elbschuh"]


def test_every_word_must_be_found(client: Client, search_index: Index) -> None:
    make_product("Elbschuh")
    search_index.hear()
    assert titles(search(client, "elbschuh hausboot")) == []


@pytest.mark.parametrize(
    "q", ["%", "_", "'", '"', "\\", "<script>", "ß", "🥾", "a" * 5000, " ", "İ", "(((", "*", "AND",
          "a OR (", "title:x", "und"]
)  # fmt: skip
def test_odd_searches_break_nothing(client: Client, search_index: Index, q: str) -> None:
    make_product("Elbschuh")
    search_index.hear()
    search(client, q)


def test_filters_count_exactly_what_they_would_leave(client: Client, search_index: Index) -> None:
    shoes = make_category("Schuhe")
    boots = make_category("Stiefel", parent=shoes)
    make_product("A", category=shoes, colours=("navy", "sand"), sizes=("41", "42"), brand="Tidewerk")
    make_product("B", category=boots, colours=("navy",), sizes=("42",), stock=0, brand="Fjellgang")
    make_product(
        "C", category=boots, colours=("sand",), sizes=("41",), price_minor=2_000, reference_minor=4_000
    )
    search_index.hear()
    page = search(client)
    assert options(page, "colour") == {"navy": 2, "sand": 2}
    assert options(page, "size") == {"41": 2, "42": 2}
    assert options(page, "available") == {"1": 2}
    assert options(page, "offer") == {"1": 1}
    assert options(page, "category") == {str(shoes.pk): 3}
    assert options(page, "price") == {"0-2500": 1, "5000-10000": 2}
    chosen = search(client, colour=["navy", "sand"], size="42")
    assert titles(chosen) == ["B", "A"]
    assert options(chosen, "size") == {"41": 2, "42": 2}  # A counts once, with both its colours
    assert options(chosen, "colour") == {"navy": 2, "sand": 1}
    assert options(chosen, "available") == {"1": 1}
    below = search(client, category=str(shoes.pk))
    assert options(below, "category") == {str(shoes.pk): 3, str(boots.pk): 2}
    assert titles(search(client, category=[str(boots.pk)], available="1")) == ["C"]


def test_colour_and_size_must_hold_for_the_same_variant(client: Client, search_index: Index) -> None:
    mixed = make_product("Gemischt", colours=("navy",), sizes=("41",))
    stranger = variants(make_product("Anders", colours=("sand",), sizes=("42",)))[0].product
    Product.objects.filter(pk=stranger.pk).update(parent=mixed)
    search_index.hear()
    assert titles(search(client, colour="navy", size="42")) == []
    assert titles(search(client, colour="navy", size="41")) == ["Gemischt"]
    assert options(search(client, colour="navy"), "size") == {"41": 1}


def test_stars_are_a_filter_where_there_are_any(client: Client, search_index: Index) -> None:
    shoe = make_product("Gut")
    make_product("Ohne")
    search_index.hear()
    assert options(search(client), "rating") == {}
    Product.objects.filter(pk=shoe.pk).update(rating=4.5)
    search_index.hear()
    assert options(search(client), "rating") == {"4": 1, "3": 1, "2": 1, "1": 1}
    assert titles(search(client, rating="4")) == ["Gut"]


def test_lists_are_sorted_and_paged_by_the_index(client: Client, search_index: Index) -> None:
    for title, price in (("Bark", 5_000), ("Alster", 9_000), ("Dock", 7_000)):
        make_product(title, price_minor=price)
    search_index.hear()
    assert titles(search(client, sort="price")) == ["Bark", "Dock", "Alster"]
    assert titles(search(client, sort="-price")) == ["Alster", "Dock", "Bark"]
    assert titles(search(client, sort="name")) == ["Alster", "Bark", "Dock"]
    assert titles(search(client)) == ["Dock", "Alster", "Bark"]
    make_many(30)
    search_index.hear()
    last = search(client, page="99")
    assert (last.context["total"], last.context["page_obj"].number, len(titles(last))) == (33, 2, 9)


def test_prices_and_stock_of_the_page_come_from_the_database(client: Client, search_index: Index) -> None:
    shoe = make_product("Elbschuh", price_minor=9_990, sizes=("41",), stock=1)
    search_index.hear()
    [record] = variants(shoe)
    set_price(stockrecord=record, gross_minor=7_700)
    take(record, 1)
    [card] = search(client, "elbschuh").context["cards"]  # the index has heard of neither
    assert (card.price_minor, card.available) == (7_700, False)


def _stock(shoe: Product) -> None:
    for record in variants(shoe):
        take(record, record.available)


def _price(shoe: Product) -> None:
    for record in variants(shoe):
        set_price(stockrecord=record, gross_minor=1_000)


def _offer(shoe: Product) -> None:
    for record in variants(shoe):
        set_price(stockrecord=record, gross_minor=9_990)
        set_price(stockrecord=record, gross_minor=8_000, reduced=True)


def _name(shoe: Product) -> None:
    Product.objects.filter(pk=shoe.pk).update(title="Deichschuh")
    refresh_search_text(products=[shoe.pk])


def _category(shoe: Product) -> None:
    Category.objects.filter(name="Halbschuhe").update(name="Deichschuh")


def _shelf(shoe: Product) -> None:
    ProductCategory.objects.create(product=shoe, category=make_category("Deichschuh"))


def _sku(shoe: Product) -> None:
    StockRecord.objects.filter(product__parent=shoe).update(partner_sku="deich-1")


CHANGES = [
    (_sku, {"q": "deich-1"}, 0, 1),
    (lambda shoe: Maker.objects.update(brand="Deichschuh"), {"q": "deichschuhe"}, 0, 1),
    (lambda shoe: Colour.objects.update(name="Deichgrau", texts={}), {"q": "deichgrau"}, 0, 1),
    (lambda shoe: Colour.objects.filter(code="navy").update(code="see"), {"colour": "see"}, 0, 1),
    (lambda shoe: Product.objects.filter(pk=shoe.pk).update(material="Filz"), {"q": "filz"}, 0, 1),
    (lambda shoe: Product.objects.filter(pk=shoe.pk).update(upc="4006381333931"), {"q": "4006381333931"}, 0, 1),
    (lambda shoe: Product.objects.filter(pk=shoe.pk).update(texts={"en": {"title": "Dyke"}}), {"q": "dyke"}, 0, 1),
    (_stock, {"available": "1"}, 1, 0),
    (_price, {"price": "0-2500"}, 0, 1),
    (_offer, {"offer": "1"}, 0, 1),
    (_name, {"q": "deichschuhe"}, 0, 1),
    (_category, {"q": "deichschuhe"}, 0, 1),
    (_shelf, {"q": "deichschuhe"}, 0, 1),
    (lambda shoe: Product.objects.filter(pk=shoe.pk).update(is_public=False), {"q": "elbschuh"}, 1, 0),
    (lambda shoe: Product.objects.filter(pk=shoe.pk).delete(), {"q": "elbschuh"}, 1, 0),
]  # fmt: skip


@pytest.mark.both_databases
def test_the_index_hears_of_a_shelf_whose_row_is_written_over(client: Client, search_index: Index) -> None:
    """Of both: what it was taken from, and what it was given to."""
    shoes, dyke = make_category("Halbschuhe"), make_category("Deichware")
    first, second = make_product("Elbschuh", category=shoes), make_product("Priel")
    search_index.hear()
    row = ProductCategory.objects.filter(product=first)
    row.update(category=dyke)
    assert search_index.hear() == 1
    assert titles(search(client, "deichware")) == ["Elbschuh"]
    assert titles(search(client, "halbschuhe")) == []
    row.update(product=second)
    assert search_index.hear() == 2
    assert titles(search(client, "deichware")) == ["Priel"]


@pytest.mark.both_databases
@pytest.mark.parametrize(("change", "asked", "before", "after"), CHANGES, ids=range(len(CHANGES)))
def test_the_index_hears_every_change(
    client: Client, search_index: Index, change: Any, asked: dict[str, str], before: int, after: int
) -> None:
    shoe = make_product("Elbschuh", category=make_category("Halbschuhe"), sizes=("41",))
    search_index.hear()
    assert search(client, **asked).context["total"] == before
    change(shoe)
    assert search_index.hear() >= 1
    assert search(client, **asked).context["total"] == after
    assert search_index.hear() == 0


def test_stock_that_does_not_turn_says_nothing(search_index: Index) -> None:
    [record] = variants(make_product("Elbschuh", sizes=("41",), stock=5))
    search_index.hear()
    take(record, 4)
    give_back(record, 1)
    assert search_index.hear() == 0


@pytest.mark.django_db
def test_without_an_index_the_database_answers_with_a_notice(
    client: Client, settings: Any, tmp_path: Any
) -> None:
    settings.SEARCH_DIR = tmp_path / "none"
    shoe = make_product("Elbschuh", category=make_category("Halbschuhe"))
    for q in ("elbschuh", variants(shoe)[0].partner_sku):
        response = client.get("/catalogue/search/", {"q": q})
        assert titles(response) == ["Elbschuh"]
        assert response.context["search_notice"] in response.content.decode()


@pytest.mark.django_db
@pytest.mark.both_databases
@pytest.mark.parametrize("language", ["", "/en"])
def test_without_an_index_the_name_of_a_category_finds_what_stands_in_it_and_below(
    client: Client, settings: Any, tmp_path: Any, language: str
) -> None:
    settings.SEARCH_DIR = tmp_path / "none"
    top = make_category("Gartenware", en="Outdoors")
    make_product("Elbschuh", category=make_category("Gummizeug", parent=top, en="Rubbers"))
    make_product("Priel", category=make_category("TV"))
    hidden = make_category("Verborgenes", is_public=False)
    make_product("Watt", category=hidden)

    def found(q: str) -> list[str]:
        return titles(client.get(f"{language}/catalogue/search/", {"q": q}))

    for q in ("gartenware", "GUMMIZEUG", "outdoors", "rubber", "gartenware rubber elbschuh", "elbschuh"):
        assert found(q) == ["Elbschuh"], q
    assert found("tv") == ["Priel"]
    for q in ("gartenware priel", "gartenware tv", "verborgenes", "iz"):
        assert found(q) == [], q


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "words"), [("", "in Namen, Beschreibungen, Kategorien"), ("/en", "categories")]
)
def test_the_notice_says_where_words_are_looked_for(
    client: Client, settings: Any, tmp_path: Any, language: str, words: str
) -> None:
    settings.SEARCH_DIR = tmp_path / "none"
    assert words in client.get(f"{language}/catalogue/search/", {"q": "deich"}).context["search_notice"]


def test_an_engine_that_broke_is_left_alone_for_a_while(
    client: Client, search_index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_product("Elbschuh")
    search_index.hear()
    asked = []

    def broken(*args: Any, **kwargs: Any) -> None:
        asked.append(1)
        raise SearchUnavailable("it takes too long")

    monkeypatch.setattr(type(search_index.engine), "page", broken)
    for _ in range(3):
        response = client.get("/catalogue/search/", {"q": "elbschuh"})
        assert titles(response) == ["Elbschuh"]
        assert response.context["search_notice"]
    assert len(asked) == 1
    monkeypatch.undo()
    finding.forget()
    search(client, "elbschuh")


def test_a_list_costs_the_same_few_queries_for_few_and_many_products(
    client: Client, search_index: Index
) -> None:
    shoes = make_category("Schuhe")
    make_product("Schuh A", category=shoes)
    make_product("Schuh B", category=shoes)
    search_index.hear()
    urls = [
        f"/catalogue/category/{shoes.slug}_{shoes.pk}/", "/catalogue/search/?q=schuh", "/catalogue/",
        f"/catalogue/search/?q=schuh&colour=navy&colour=moss&size=36&size=37&available=1&sort=price&category={shoes.pk}",
    ]  # fmt: skip
    few = [queries_of(client, url) for url in urls]
    make_many(200, category=shoes, sizes=3)
    search_index.hear()
    many = [queries_of(client, url) for url in urls]
    assert few[:3] == many[:3]
    assert max(many) <= BUDGET
