"""On offer by a campaign: which articles, counted and filtered exactly, to the second, in every engine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from oscar.apps.offer.models import Benefit, Condition, ConditionalOffer, Range

from catalogue.models import Category, Product
from catalogue.partner.models import StockRecord
from catalogue.search.models import Changed, ChangedMany
from shop.kernel.clock import now
from tests.catalogue.search.asking import options, search, titles
from tests.factories.offers import make_offer, make_range, make_voucher
from tests.factories.range import make_category, make_product, variants
from tests.support.search import Index

SECOND = dt.timedelta(seconds=1)


def on_offer(client: Client) -> set[str]:
    """The titles on offer; the count beside the filter says the same number."""
    page = search(client)
    found = set(titles(search(client, offer="1")))
    assert options(page, "offer") == ({"1": len(found)} if found else {})
    return found


def test_each_way_into_a_range_and_out_of_it(client: Client, index: Index) -> None:
    shoes = make_category("Schuhe")
    boots = make_category("Stiefel", parent=shoes)
    for title, shelf in (("A", shoes), ("B", boots), ("C", None), ("D", boots)):
        make_product(title, category=shelf)
    by_title = {product.title: product for product in Product.objects.filter(parent=None)}
    some = make_range("Etwas", includes_all_products=False)
    some.included_categories.add(shoes)
    make_offer("Ein Zehntel", percent=10, of=some)
    index.hear()
    assert on_offer(client) == {"A", "B", "D"}
    some.excluded_products.add(by_title["D"])
    some.add_product(variants(by_title["C"])[1].product)  # one size alone
    index.hear()
    assert on_offer(client) == {"A", "B", "C"}
    first, second = (record.product.size for record in variants(by_title["C"]))
    assert titles(search(client, offer="1", size=first)) == ["B", "A"]
    assert titles(search(client, offer="1", size=second)) == ["C", "B", "A"]
    assert options(search(client, size=first), "offer") == {"1": 2}
    assert options(search(client, offer="1"), "size") == {first: 2, second: 3}
    some.included_categories.remove(shoes)
    index.hear()
    assert on_offer(client) == {"C"}
    some.classes.add(by_title["A"].product_class)
    index.hear()
    assert on_offer(client) == {"A", "B", "C"}


def test_everything_but_a_shelf_and_what_is_reduced_besides_counts_once(client: Client, index: Index) -> None:
    care = make_category("Pflege")
    make_product("A", price_minor=8_000, reference_minor=10_000)
    make_product("B")
    make_product("Wachs", category=make_category("Wachs", parent=care))
    make_product("Creme", category=care, price_minor=800, reference_minor=1_000)
    make_product("Nie", is_discountable=True)
    Product.objects.filter(parent__title="Nie").update(is_discountable=False)
    every = make_range("Alles außer Pflege")
    every.excluded_categories.add(care)
    make_offer("Ein Zehntel", percent=10, of=every)
    make_offer("Fünf Euro", minor=500, of=every)
    index.hear()
    assert on_offer(client) == {"A", "B", "Creme"}
    assert options(search(client, offer="1"), "size") == {"41": 3, "42": 3}
    assert options(search(client, size="41", colour="navy"), "offer") == {"1": 3}
    Range.objects.filter(pk=every.pk).update(includes_all_products=False)
    index.hear()
    assert on_offer(client) == {"A", "Creme"}


def test_it_begins_and_ends_to_the_second_without_a_row_being_written(
    client: Client, index: Index, clock: Any
) -> None:
    clock.stop(dt.datetime(2026, 11, 27, 9, tzinfo=dt.UTC))
    make_product("A")
    begins = now() + dt.timedelta(hours=1)
    make_offer("Kurz", percent=10, start_datetime=begins, end_datetime=begins + SECOND)
    index.hear()
    heard = Changed.objects.count(), ChangedMany.objects.count()
    seen = []
    for moment in (begins - SECOND, begins, begins + SECOND, begins + 2 * SECOND):
        clock.stop(moment)
        seen.append(on_offer(client))
    assert seen == [set(), {"A"}, {"A"}, set()]
    assert (Changed.objects.count(), ChangedMany.objects.count()) == heard == (0, 0)


def test_what_is_nobodys_who_looks_at_a_shelf_is_not_on_offer(client: Client, index: Index) -> None:
    make_product("A")
    make_voucher("MOIN", percent=10)
    for kind in (ConditionalOffer.USER, ConditionalOffer.SESSION):
        make_offer(kind, percent=10, offer_type=kind)
    shipping = Benefit.objects.create(type=Benefit.SHIPPING_PERCENTAGE, value=50)
    ConditionalOffer.objects.filter(pk=make_offer("Versand", percent=10).pk).update(benefit=shipping)
    make_offer("Ruht", percent=10).suspend()
    make_offer("Nichts", percent=1)
    Benefit.objects.filter(offers__name="Nichts").update(value=0)
    make_offer("Weg", percent=10, max_global_applications=3)
    ConditionalOffer.objects.filter(name="Weg").update(num_applications=3)
    make_offer("Leer", percent=10, max_discount=Decimal(100))
    ConditionalOffer.objects.filter(name="Leer").update(total_discount=100)
    index.hear()
    assert on_offer(client) == set()
    ConditionalOffer.objects.filter(name="Weg").update(num_applications=2)
    index.hear()
    assert on_offer(client) == {"A"}


def test_the_articles_that_become_cheaper_are_on_offer_not_those_to_be_bought(
    client: Client, index: Index
) -> None:
    boots, socks = (make_range(name, includes_all_products=False) for name in ("Stiefel", "Socken"))
    boots.add_product(make_product("Stiefel"))
    socks.add_product(make_product("Socken"))
    offer = make_offer("Socken dazu", percent=50, of=socks)
    Condition.objects.filter(offers=offer).update(range=boots)
    index.hear()
    assert on_offer(client) == {"Socken"}
    # Of a fixed price for several it is the range of the condition that gets cheaper.
    Benefit.objects.filter(offers=offer).update(type=Benefit.FIXED_PRICE, range=None)
    index.hear()
    assert on_offer(client) == {"Stiefel"}


#: What is changed past the models, and who is on offer then. Before: "A" is named in the range, "B" stands on a shelf.
CHANGES: dict[str, tuple[Callable[[Any], Any], set[str]]] = {
    "the range of a benefit": (lambda s: Benefit.objects.update(range=s["other"]), {"B"}),
    "another benefit": (
        lambda s: ConditionalOffer.objects.update(
            benefit=Benefit.objects.create(type=Benefit.PERCENTAGE, value=5, range=s["other"])
        ),
        {"B"},
    ),
    "a name taken out": (lambda s: Range.included_products.through.objects.all().delete(), set()),
    "a name written over": (
        lambda s: Range.included_products.through.objects.update(product=s["b"]),
        {"B"},
    ),
    "a category put in": (lambda s: s["range"].included_categories.add(s["shelf"]), {"A", "B"}),
    "a category written over": (
        lambda s: (
            s["range"].included_categories.add(make_category("Leer")),
            Range.included_categories.through.objects.filter(range=s["range"]).update(category=s["shelf"]),
        ),
        {"A", "B"},
    ),
    "a shelf moved below": (
        lambda s: (
            s["range"].included_categories.add(s["above"]),
            Category.objects.get(pk=s["shelf"].pk).move(s["above"], "last-child"),
        ),
        {"A", "B"},
    ),
    "everything": (
        lambda s: Range.objects.filter(pk=s["range"].pk).update(includes_all_products=True),
        {"A", "B"},
    ),
    "no longer to be discounted": (
        lambda s: Product.objects.filter(parent=s["a"]).update(is_discountable=False),
        set(),
    ),
    "for nothing": (lambda s: StockRecord.objects.filter(product__parent=s["a"]).update(price=0), set()),
    "by voucher alone": (
        lambda s: ConditionalOffer.objects.update(offer_type=ConditionalOffer.VOUCHER),
        set(),
    ),
    "gone": (lambda s: ConditionalOffer.objects.all().delete(), set()),
    "its range gone": (lambda s: Range.objects.filter(pk=s["range"].pk).delete(), set()),
}


@pytest.mark.parametrize("change", CHANGES)
def test_it_hears_of(client: Client, index: Index, change: str) -> None:
    shelf, above = make_category("Regal"), make_category("Darüber")
    a, b = make_product("A"), make_product("B", category=shelf)
    named, other = (make_range(name, includes_all_products=False) for name in ("Genannt", "Anders"))
    named.add_product(a)
    other.included_categories.add(shelf)
    make_offer("Aktion", percent=10, of=named)
    index.hear()
    assert on_offer(client) == {"A"}
    do, expected = CHANGES[change]
    do({"a": a, "b": b, "range": named, "other": other, "shelf": shelf, "above": above})
    index.hear()
    assert on_offer(client) == expected


def test_one_that_is_over_leaves_the_index_and_comes_back_when_it_is_prolonged(
    client: Client, index: Index, clock: Any
) -> None:
    clock.stop(dt.datetime(2026, 11, 27, 9, tzinfo=dt.UTC))
    make_product("A")
    make_offer("Kurz", percent=10, end_datetime=now() + SECOND)
    clock.advance(hours=1)
    index.build()  # nothing of it is in there
    assert on_offer(client) == set()
    ConditionalOffer.objects.update(end_datetime=now() + SECOND)
    index.hear()
    assert on_offer(client) == {"A"}


def test_a_campaign_on_its_way_into_the_index_is_told_with_the_question(
    client: Client, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both plugs take a list of products beside what their entries say; a server takes it in parts."""
    monkeypatch.setattr("catalogue.search.elastic.TERMS_MAX", 2)
    shelf = make_category("Schuhe")
    for title in "ABC":
        make_product(title, category=shelf, colours=("navy", "sand"), sizes=("41",))
    make_product("D", colours=("navy",), reference_minor=99_900)
    make_product("E")
    of = make_range("Schuhe", includes_all_products=False)
    of.included_categories.add(shelf)
    index.hear()
    make_offer("Aktion", percent=10, of=of)
    for seconds_later in range(2):
        assert titles(search(client, offer="1", sort="name")) == ["A", "B", "C", "D"], seconds_later
        assert titles(search(client, offer="1", colour="sand", size="41", sort="name")) == ["A", "B", "C"]
        assert titles(search(client, offer="1", colour="gelb")) == []
        assert options(search(client), "offer") == {"1": 4}
        assert options(search(client, colour="sand"), "offer") == {"1": 3}
        sizes = options(search(client, offer="1", colour="sand"), "size")
        assert sizes == ({"41": 3} if seconds_later else {"41": ""})
        index.hear()
    of.included_categories.clear()
    assert titles(search(client, offer="1")) == ["D"]
    assert options(search(client), "offer") == {"1": 1}
