"""What every engine of the search port does with words: others for the same, slips, stars, what is suggested."""

from __future__ import annotations

import pytest
from django.test import Client

from catalogue.models import Product
from catalogue.search import synonyms
from catalogue.search.models import Synonym
from shop.pages.actions import write_home, write_page
from tests.catalogue.search.asking import options, search, titles
from tests.factories.range import make_category, make_product
from tests.support.search import Index


def say(words: str, *, one_way: bool = False) -> None:
    """What marketing writes counts at once in this test."""
    Synonym.objects.create(words=words, one_way=one_way)
    synonyms.forget()


def test_other_words_for_the_same_find_all_ways_or_one_and_nothing_once_taken_away(
    client: Client, index: Index
) -> None:
    make_product("Sneaker Kai")
    make_product("Laufschuh Geest")
    make_product("Sandale")
    index.hear()
    assert titles(search(client, "treter")) == []
    say("Treter, Sneaker, Schuhe zum Laufen")
    say("Flitzer, Laufschuh", one_way=True)
    for typed in ("treter", "Schuhe zum Laufen"):
        assert sorted(titles(search(client, typed))) == ["Laufschuh Geest", "Sneaker Kai"], typed
    assert titles(search(client, "flitzer")) == ["Laufschuh Geest"]
    assert titles(search(client, "treter kai")) == ["Sneaker Kai"], "each word must still be found"
    assert options(search(client, "treter"), "colour") == {"navy": 2}, "counted by the same words"
    Synonym.objects.all().delete()
    synonyms.forget()
    assert titles(search(client, "treter")) == []


def test_few_results_propose_the_word_that_may_be_meant_and_show_what_was_typed(
    client: Client, index: Index
) -> None:
    make_product("Kork")
    for _ in range(3):
        make_product("Korb", description="ohne")
    make_product("Sohle", description="aus korx")
    index.build()
    page = search(client, "korx")
    assert (titles(page), page.context["meant"], page.context["shown_for"]) == (["Sohle"], "korb", "")
    assert "korb" in page.content.decode().partition('id="results"')[0], "and the page says it"
    assert search(client, "korb").context["meant"] == "", "of what is written right nothing is meant"


@pytest.mark.parametrize(
    ("typed", "shown_for"),
    [
        ("Reegnstiefel", "regenstiefel"),
        ("fjelgang", "fjellgang"),
        ("stifel nord", "stiefel nord"),
        ("hausboot", ""),
    ],
)
def test_a_slip_is_put_right_in_long_words_brands_and_beside_others(
    client: Client, index: Index, typed: str, shown_for: str
) -> None:
    make_product("Stiefel Nord", brand="Fjellgang")
    make_product("Regenstiefel", brand="Fjellgang")
    index.build()
    page = search(client, typed)
    assert page.context["shown_for"] == shown_for
    assert bool(page.context["total"]) is bool(shown_for)


def test_stars_are_counted_from_so_many_on_and_narrow_the_list(client: Client, index: Index) -> None:
    good, fair, none = make_product("Gut"), make_product("Mittel"), make_product("Ohne")
    index.hear()
    assert options(search(client), "rating") == {}
    Product.objects.filter(pk=good.pk).update(rating=4.5)
    Product.objects.filter(pk=fair.pk).update(rating=2.5)
    index.hear()
    assert options(search(client), "rating") == {"4": 1, "3": 1, "2": 2, "1": 2}
    assert titles(search(client, rating="4")) == ["Gut"]
    both = search(client, rating="2", sort="name")
    assert titles(both) == ["Gut", "Mittel"]
    assert options(both, "rating") == {"4": 1, "3": 1, "2": 2, "1": 2}, "not narrowed by its own choice"
    assert none.title in titles(search(client))


def test_categories_products_and_written_pages_are_suggested_while_typing(
    client: Client, index: Index
) -> None:
    write_home(texts={"de": {"title": "Start", "headline": "Moin"}})
    write_page(texts={"de": {"slug": "stiefel", "title": "Stiefel richtig pflegen", "body": "<p>Wachs</p>"}})
    shelf = make_category("Stiefel")
    boot = make_product("Regenstiefel Priel", category=shelf)
    make_product("Elbschuh", category=make_category("Schuhe"))
    index.hear()
    found = client.get("/catalogue/search/suggestions/", {"q": "stief"}).context["suggestions"]
    assert [(one.title, one.url) for one in found.categories] == [("Stiefel", shelf.get_absolute_url())]
    assert [one.url for one in found.products] == [boot.get_absolute_url()]
    assert [(one.title, one.url) for one in found.pages] == [("Stiefel richtig pflegen", "/stiefel/")]
    nothing = client.get("/catalogue/search/suggestions/", {"q": "hausboot"}).context["suggestions"]
    assert not nothing.any
    say("Galoschen, Regenstiefel")
    others = client.get("/catalogue/search/suggestions/", {"q": "galoschen"}).context["suggestions"]
    assert [one.url for one in others.products] == [boot.get_absolute_url()]
