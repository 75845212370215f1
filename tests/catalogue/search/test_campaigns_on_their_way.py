"""A campaign on thousands of articles takes the worker a while; what is on offer is true from the first moment on."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.cache import caches
from django.db.models import Q
from django.test import Client

from catalogue.models import Product
from catalogue.search import actions, finding, many
from catalogue.search.models import ChangedMany
from catalogue.search.port import SearchUnavailable
from shop.kernel import sharing
from shop.kernel.clock import now
from shop.pages import looks
from tests.catalogue.search.asking import BUDGET, options, queries_of, titles
from tests.factories.offers import make_offer, make_range
from tests.factories.range import make_category, make_many, make_product, variants
from tests.support.search import Index

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
OFFERS = "/catalogue/?offer=1&sort=name"


@pytest.fixture(autouse=True)
def _kept_and_slow(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages and parts are kept, and a second of the worker is enough for two products."""
    settings.SHARED_KEPT_S = settings.PARTS_KEPT_S = 60
    settings.SHARED_CHECKED_S = 0
    caches["pages"].clear()
    looks.forget()
    monkeypatch.setattr(many, "BATCH", 2)
    monkeypatch.setattr(actions, "SPREAD_S", 0.0)


def shown(url: str = OFFERS) -> list[str]:
    """A guest's list; the page was not kept from before."""
    caches["pages"].clear()
    return titles(Client().get(url))


def some_shoes() -> Any:
    shelf = make_category("Schuhe")
    for name in "ABCDE":
        make_product(name, category=shelf)
    make_product("Wachs")
    return shelf


def of_shelf(shelf: Any, name: str = "Schuhe") -> Any:
    of = make_range(name, includes_all_products=False)
    of.included_categories.add(shelf)
    return of


def is_counted() -> Any:
    """What stands beside the filter of a list that is not narrowed by it."""
    caches["pages"].clear()
    return options(Client().get("/catalogue/?sort=name"), "offer")


def test_all_articles_of_a_campaign_are_on_offer_before_the_index_knows_them(search_index: Index) -> None:
    of = of_shelf(some_shoes())
    search_index.hear()
    assert shown() == [] and is_counted() == {}
    make_offer("Aktion", percent=10, of=of)
    seconds = 0
    while ChangedMany.objects.exists():
        assert shown() == ["A", "B", "C", "D", "E"], seconds
        assert is_counted() == {"1": 5}
        actions.flush()
        seconds += 1
    assert seconds == 4, "two at a time, and the row goes when the last ones are written"
    assert shown() == ["A", "B", "C", "D", "E"] and is_counted() == {"1": 5}


def test_what_left_a_campaign_is_not_on_offer_before_the_index_knows(search_index: Index) -> None:
    shelf = some_shoes()
    of = of_shelf(shelf)
    leather = make_category("Leder")
    make_product("L", category=leather)
    of.included_categories.add(leather)
    make_offer("Aktion", percent=10, of=of)
    search_index.hear()
    assert shown() == ["A", "B", "C", "D", "E", "L"]
    of.included_categories.remove(shelf)
    assert shown() == ["L"] and is_counted() == {"1": 1}
    of.included_categories.clear()
    assert shown() == [] and is_counted() == {}
    search_index.hear()
    assert shown() == []


def test_what_is_reduced_or_in_another_campaign_stays_on_offer_meanwhile(search_index: Index) -> None:
    of = of_shelf(some_shoes())
    make_product("R", price_minor=8_000, reference_minor=10_000)
    alone = make_range("Allein", includes_all_products=False)
    alone.add_product(make_product("S"))
    make_offer("Schon da", percent=5, of=alone)
    search_index.hear()
    assert shown() == ["R", "S"]
    make_offer("Aktion", percent=10, of=of)
    assert shown() == ["A", "B", "C", "D", "E", "R", "S"] and is_counted() == {"1": 7}
    of.included_categories.add(
        make_category("Leer")
    )  # what the index says of this range is no longer believed
    assert shown() == ["A", "B", "C", "D", "E", "R", "S"] and is_counted() == {"1": 7}


def test_what_no_campaign_can_reduce_is_not_on_offer_meanwhile(search_index: Index) -> None:
    shelf = some_shoes()
    never = make_product("N", category=shelf)
    Product.objects.filter(Q(pk=never.pk) | Q(parent=never)).update(is_discountable=False)
    of = of_shelf(shelf)
    of.excluded_products.add(Product.objects.get(title="B"))
    search_index.hear()
    make_offer("Aktion", percent=10, of=of)
    assert shown() == ["A", "C", "D", "E"]
    search_index.hear()
    assert shown() == ["A", "C", "D", "E"]


def test_other_filters_and_words_hold_meanwhile(search_index: Index) -> None:
    shelf = some_shoes()
    make_product("Winterstiefel", category=shelf, sizes=("44", "45"))
    make_product("Sommerstiefel", sizes=("44",))
    of = of_shelf(shelf)
    search_index.hear()
    make_offer("Aktion", percent=10, of=of)
    assert shown("/catalogue/?offer=1&size=44") == ["Winterstiefel"]
    assert shown("/catalogue/?offer=1&size=46") == []
    page = Client().get("/catalogue/search/?q=stiefeln&offer=1")
    assert titles(page) == ["Winterstiefel"] and not page.context["search_notice"], "the index answers"
    assert set(options(page, "size")) == {"44", "45"} and set(options(page, "size").values()) == {""}
    assert "()" not in page.content.decode(), "no brackets around a number that is not said"
    assert options(Client().get("/catalogue/?size=44"), "offer") == {"1": 1}
    assert shown(f"/catalogue/category/{shelf.slug}_{shelf.pk}/?offer=1&sort=name")[-1] == "Winterstiefel"


def test_readers_are_told_until_the_last_ones_are_written(
    search_index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also between the database and the index, and where the index refuses to be written."""
    monkeypatch.setattr(many, "BATCH", 500)
    shelf = some_shoes()
    of = of_shelf(shelf)
    search_index.hear()
    make_offer("Aktion", percent=10, of=of)
    engine, seen = type(search_index.engine), []
    update = engine.update

    def watched(self: Any, *args: Any, **named: Any) -> None:
        sharing.touch(sharing.OFFER)  # somebody bought a last piece: all processes look again
        seen.append(shown())
        update(self, *args, **named)
        sharing.touch(sharing.OFFER)
        seen.append(shown())

    def refused(self: Any, *args: Any, **named: Any) -> None:
        raise SearchUnavailable("the disk is full")

    monkeypatch.setattr(engine, "update", refused)
    with pytest.raises(SearchUnavailable):
        actions.flush()
    sharing.touch(sharing.OFFER)
    assert shown() == ["A", "B", "C", "D", "E"]
    monkeypatch.setattr(engine, "update", watched)
    search_index.hear()
    assert seen == [["A", "B", "C", "D", "E"]] * 2 and shown() == ["A", "B", "C", "D", "E"]
    monkeypatch.setattr(engine, "update", refused)
    of.included_categories.remove(shelf)
    with pytest.raises(SearchUnavailable):
        actions.flush()
    assert shown() == []


def test_an_index_that_is_built_meanwhile_hears_of_all_of_them(search_index: Index) -> None:
    """It may have read the products before the campaign was made: rows of many wait until it is there."""
    shelf = some_shoes()
    of = of_shelf(shelf)
    seen = []

    def meanwhile(done: int, total: int) -> None:
        if not seen:
            make_offer("Aktion", percent=10, of=of)
        actions.flush()
        seen.append(shown())

    actions.rebuild(tell=meanwhile)
    seen.append(shown())
    assert ChangedMany.objects.exists(), "two were taken in after the building, the rest is to come"
    search_index.hear()
    assert [*seen, shown()] == [["A", "B", "C", "D", "E"]] * (len(seen) + 1)


def test_single_variants_are_told_apart_where_the_index_knows_them(search_index: Index) -> None:
    """A range that others come into does not make it forget what it knows of a campaign's own."""
    shoe = make_product("P", colours=("navy", "sand"))
    one = make_range("Nur blau", includes_all_products=False)
    navy = next(row.product for row in variants(shoe) if row.product.colour.code == "navy")
    one.add_product(navy)
    make_offer("Aktion", percent=10, of=one)
    search_index.hear()
    of_shelf(make_category("Leer"), "Entwurf")
    assert ChangedMany.objects.exists()
    assert shown("/catalogue/?offer=1&colour=sand") == [] and shown("/catalogue/?offer=1&colour=navy") == [
        "P"
    ]
    assert options(Client().get("/catalogue/?colour=sand"), "offer") == {}


def test_a_variant_that_no_campaign_reduces_puts_no_sister_on_offer_meanwhile(search_index: Index) -> None:
    shoe = make_product("P", colours=("navy", "sand"))
    navy = next(row.product for row in variants(shoe) if row.product.colour.code == "navy")
    Product.objects.filter(pk=navy.pk).update(is_discountable=False)
    one = make_range("Nur blau", includes_all_products=False)
    one.add_product(navy)
    search_index.hear()
    make_offer("Aktion", percent=10, of=one)
    assert shown() == []
    search_index.hear()
    assert shown() == []


def test_nothing_is_said_of_campaigns_that_do_not_run_yet(search_index: Index) -> None:
    shelf = some_shoes()
    make_offer("Heute", percent=10, of=of_shelf(shelf))
    search_index.hear()
    make_offer("Morgen", percent=20, start_datetime=now() + dt.timedelta(days=1))
    assert ChangedMany.objects.exists()
    assert shown() == ["A", "B", "C", "D", "E"] and is_counted() == {"1": 5}


def test_where_the_index_is_away_the_database_says_the_same_meanwhile(
    search_index: Index, settings: Any, tmp_path: Any
) -> None:
    of = of_shelf(some_shoes())
    search_index.hear()
    make_offer("Aktion", percent=10, of=of)
    settings.SEARCH_DIR = tmp_path / "none"
    finding.forget()
    assert shown() == ["A", "B", "C", "D", "E"]


def test_a_range_that_holds_nothing_is_through_at_once(search_index: Index) -> None:
    some_shoes()
    search_index.hear()
    make_offer("Nichts", percent=10, of=make_range("Leer", includes_all_products=False))
    assert ChangedMany.objects.exists() and shown() == []
    actions.flush()
    assert not ChangedMany.objects.exists() and shown() == []


def test_a_list_asks_no_more_of_the_database_than_it_may_meanwhile(
    search_index: Index, client: Client, settings: Any
) -> None:
    shelf = make_category("Schuhe")
    make_many(30, category=shelf)
    of = of_shelf(shelf)
    search_index.hear()
    for number in range(4):
        make_offer(f"Aktion {number}", percent=10, of=of if not number else of_shelf(shelf, f"R{number}"))
    of.included_categories.add(make_category("Leer"))
    settings.SHARED_KEPT_S, settings.SHARED_CHECKED_S = 0, 60
    for kept_s in (0, 60):
        settings.PARTS_KEPT_S = kept_s
        for url in (OFFERS, "/catalogue/?offer=1&colour=navy&size=41&sort=price", "/catalogue/"):
            assert queries_of(client, url) <= BUDGET, (kept_s, url)
