"""What every engine of the search port must do, asked through the pages of the shop."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from catalogue.models import Product
from catalogue.search import actions, tasks
from catalogue.search.models import Boost, Changed, Rebuild
from catalogue.search.port import Ask, Only, SearchUnavailable, Sought
from tests.catalogue.search.asking import options, search, titles
from tests.factories.range import make_category, make_many, make_product, variants
from tests.support.helpers import Queue
from tests.support.search import Index


def test_words_in_both_languages_compounds_umlauts_and_numbers(client: Client, index: Index) -> None:
    boot = make_product("Regenstiefel Priel", en="Rain boot Priel", brand="Fjellgang", colours=("Grün",))
    make_product("Handschuh Elbe", en="Glove Elbe", colours=("sand",))
    make_product("Stiefel für Regen", en="Boot")
    index.hear()
    sku = variants(boot)[0].partner_sku
    for q in (
        "gruene regenstiefel",
        "grün stiefeln",
        "rain boots priel",
        "fjellgang",
        sku,
        sku[:-3],
        "priel regenst",
    ):
        assert titles(search(client, q)) == ["Regenstiefel Priel"], q
    assert titles(search(client, "regenstiefel")) == ["Regenstiefel Priel", "Stiefel für Regen"]
    assert titles(search(client, "schuhe")) == []


def test_filters_and_exact_counts_on_variants(client: Client, index: Index) -> None:
    shoes = make_category("Schuhe")
    first = make_product("A", category=shoes, colours=("navy", "sand"), sizes=("41", "42"), brand="Tidewerk")
    other = make_product("B", category=shoes, colours=("navy",), sizes=("42",), stock=0, brand="Fjellgang")
    tide, fjell = str(first.maker_id), str(other.maker_id)
    make_product("C", colours=("sand",), sizes=("41",), price_minor=2_000, reference_minor=4_000)
    index.hear()
    page = search(client)
    assert options(page, "colour") == {"navy": 2, "sand": 2}
    assert options(page, "offer") == {"1": 1}
    assert options(page, "category") == {str(shoes.pk): 2}
    assert options(page, "brand") == {tide: 2, fjell: 1}
    assert options(page, "price") == {"0-2500": 1, "5000-10000": 2}
    chosen = search(client, colour=["navy", "sand"], size="42")
    assert titles(chosen) == ["B", "A"]
    assert options(chosen, "size") == {"41": 2, "42": 2}
    assert options(chosen, "available") == {"1": 1}
    assert options(chosen, "brand") == {tide: 1, fjell: 1}
    assert options(chosen, "price") == {"5000-10000": 2}, "C has the colour, but not in this size"
    narrowed = search(client, brand=tide, price="0-2500")
    assert options(narrowed, "brand") == {tide: 1}, "what the price leaves"
    assert options(narrowed, "price") == {"0-2500": 1, "5000-10000": 1}, "what the brand leaves"
    assert titles(search(client, colour="sand", size="41", available="1", price="0-2500")) == ["C"]


def test_order_and_pages(client: Client, index: Index) -> None:
    for title, price in (("Bark", 5_000), ("Alster", 9_000), ("Dock", 7_000)):
        make_product(title, price_minor=price)
    index.hear()
    assert titles(search(client, sort="price")) == ["Bark", "Dock", "Alster"]
    assert titles(search(client, sort="-price")) == ["Alster", "Dock", "Bark"]
    assert titles(search(client, sort="name")) == ["Alster", "Bark", "Dock"]
    assert titles(search(client)) == ["Dock", "Alster", "Bark"]
    make_many(30)
    index.hear()
    last = search(client, page="99")
    assert (last.context["total"], last.context["page_obj"].number, len(titles(last))) == (33, 2, 9)


def test_slips_of_the_finger(client: Client, index: Index) -> None:
    make_product("Stiefel Nord", brand="Fjellgang")
    index.build()
    assert search(client, "stifel").context["shown_for"] == "stiefel"
    make_product("Gamasche", brand="Fjellgang")
    index.hear()
    assert (
        search(client, "gamashce").context["shown_for"] == "gamasche"
    )  # a word that came after the building


def test_marketing_lifts_products_and_categories_for_a_while(
    client: Client, index: Index, clock: Any
) -> None:
    """The order of what is found, never what is found; by relevance alone."""
    clock.on(dt.date(2026, 11, 10))
    shelf = make_category("Winter")
    make_product("Stiefel Stiefel")
    lined = make_product("Halbhoch", description="ein Stiefel", category=make_category("Warm", parent=shelf))
    plain = make_product("Nord", description="ein Stiefel", stock=0)
    make_product("Sandale")
    index.hear()

    def order() -> list[str]:
        return titles(search(client, "stiefel"))

    assert order() == ["Stiefel Stiefel", "Halbhoch", "Nord"]
    of_shelf = Boost.objects.create(category=shelf, strength=Boost.CLEARLY)
    assert order() == ["Halbhoch", "Stiefel Stiefel", "Nord"]
    of_plain = Boost.objects.create(
        product=plain,
        strength=Boost.FIRST,
        first_day=dt.date(2026, 11, 11),
        last_day=dt.date(2026, 11, 12),
    )
    assert order() == ["Halbhoch", "Stiefel Stiefel", "Nord"]
    clock.on(dt.date(2026, 11, 11))
    assert order() == ["Nord", "Halbhoch", "Stiefel Stiefel"]
    part = client.get("/catalogue/search/suggestions/", {"q": "stiefel"}).context["suggestions"]
    assert [one.title for one in part.products] == ["Nord", "Halbhoch", "Stiefel Stiefel"]
    assert titles(search(client, "stiefel", sort="name")) == ["Halbhoch", "Nord", "Stiefel Stiefel"]
    assert titles(search(client, "sandale")) == ["Sandale"]
    clock.on(dt.date(2026, 11, 13))
    assert order() == ["Halbhoch", "Stiefel Stiefel", "Nord"]
    of_shelf.strength = Boost.LITTLE
    of_shelf.save()
    of_plain.delete()
    assert lined.title in order()
    Boost.objects.all().delete()
    assert order() == ["Stiefel Stiefel", "Halbhoch", "Nord"]


def test_what_is_hidden_or_gone_leaves_and_a_new_index_takes_over(client: Client, index: Index) -> None:
    hidden, gone = make_product("Hidden"), make_product("Gone")
    make_product("Stay")
    index.hear()
    assert index.engine.size() == 3
    Product.objects.filter(pk=hidden.pk).update(is_public=False)
    Product.objects.filter(pk=gone.pk).delete()
    index.hear()
    assert index.engine.size() == 1
    index.build()
    assert titles(search(client, "stay")) == ["Stay"]
    dropped = index.engine.builder()
    dropped.drop()
    assert index.engine.size() == 1


def test_an_index_made_by_other_code_is_read_and_built_anew_by_itself(
    client: Client, index: Index, monkeypatch: pytest.MonkeyPatch, queue: Queue
) -> None:
    make_product("Stay")
    index.build()
    assert not index.engine.outdated()
    tasks.look_at_once()
    tasks.take_in()
    assert queue.names() == []
    for plug in ("embedded_fields", "elastic"):
        monkeypatch.setattr(f"catalogue.search.{plug}.shape", lambda *plug: "otherwords")
    assert index.engine.outdated()
    assert titles(search(client, "stay")) == ["Stay"], "it answers until the new one is there"
    tasks.look_at_once()
    tasks.take_in()
    assert queue.names() == ["search.build"]
    tasks.build()
    assert not index.engine.outdated()
    assert titles(search(client, "stay")) == ["Stay"]
    built = Rebuild.objects.count()
    tasks.build()  # asked for twice
    assert Rebuild.objects.count() == built


def test_what_a_killed_building_left_is_put_away_and_the_present_index_never(
    index: Index, clock: Any
) -> None:
    make_product("Stay")
    index.build()
    dead = index.engine.builder()
    row = Rebuild.objects.create(version=dead.version)
    Changed.objects.create(product_id=1, applied=True)
    assert actions.tidy() == 0
    clock.advance(minutes=6)
    assert actions.tidy() == 1
    row.refresh_from_db()
    assert (row.state, Changed.objects.count()) == (Rebuild.FAILED, 0)
    assert index.engine.size() == 1
    index.engine.drop(Rebuild.objects.get(state=Rebuild.DONE, done=1).version)  # the present one
    index.engine.drop("")
    assert index.engine.size() == 1
    for version in ("../..", "../products", dead.version):
        index.engine.drop(version)
    assert index.engine.size() == 1


def test_questions_that_ask_for_nothing(index: Index) -> None:
    make_product("Stay")
    index.hear()
    assert index.engine.counts(Sought(), [Ask("v_c", among=()), Ask("v_c", (Only("brand", ("x",)),))]) == [
        {},
        {},
    ]
    assert index.engine.counts(Sought(), []) == []
    assert index.engine.similar("zzzzzzzzz", 5) == []


def test_a_server_that_does_not_answer_is_said_so(settings: Any) -> None:
    from catalogue.search.elastic import ElasticEngine

    engine = ElasticEngine("http://127.0.0.1:9", "none")
    with pytest.raises(SearchUnavailable) as raised:
        engine.page(Sought(), (), sort="newest", language="de", offset=0, limit=1)
    assert not raised.value.can_be_built
