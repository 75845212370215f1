"""Offers decided in memory give what Oscar's own applicator gives, at a constant cost; totals add up."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test.utils import CaptureQueriesContext
from oscar.apps.offer.applicator import Applicator

from catalogue.partner.strategy import GrossStrategy
from checkout.basket.models import Basket
from checkout.basket.offers import apply_offers
from checkout.basket.queries import shown_basket
from checkout.basket.totals import totals
from shop.kernel.money import vat_from_gross
from tests.factories.offers import make_offer, make_range, make_voucher
from tests.factories.range import make_category, make_product, variants

pytestmark = pytest.mark.django_db


def fresh(basket: Basket) -> Basket:
    """The same basket as another request would load it."""
    again = Basket.objects.get(pk=basket.pk)
    again.strategy = GrossStrategy()
    return again


def filled(*wanted: tuple[Any, int]) -> Basket:
    basket = Basket.objects.create()
    basket.strategy = GrossStrategy()
    for record, quantity in wanted:
        basket.add_product(record.product, quantity)
    return fresh(basket)


def discounts(basket: Basket, how: Any) -> list[Any]:
    how(basket)
    return [line.discount_value for line in basket.all_lines()]


def both_ways(basket: Basket) -> tuple[list[Any], list[Any]]:
    ours = discounts(fresh(basket), lambda found: apply_offers(found, AnonymousUser()))
    oscars = discounts(fresh(basket), lambda found: Applicator().apply(found, AnonymousUser()))
    return ours, oscars


def test_ranges_mean_the_same_as_in_oscar() -> None:
    shoes = make_category("Schuhe")
    boots = make_category("Stiefel", parent=shoes)
    in_shoes, in_boots = make_product("A", category=shoes), make_product("B", category=boots)
    named, outside = make_product("C"), make_product("D")
    records = [variants(product)[0] for product in (in_shoes, in_boots, named, outside)]
    basket = filled(*((record, 1) for record in records))
    by_category = make_range("Kategorie", includes_all_products=False)
    by_category.included_categories.add(shoes)
    by_product = make_range("Genannt", includes_all_products=False)
    by_product.add_product(named)
    without = make_range("Alles außer Stiefel")
    without.excluded_categories.add(boots)
    by_class = make_range("Klasse", includes_all_products=False)
    by_class.classes.add(in_shoes.product_class)
    excluded = make_range("Ausgenommen", includes_all_products=False)
    excluded.included_categories.add(shoes)
    excluded.excluded_products.add(in_boots)
    expected = {by_category: 2, by_product: 1, without: 3, by_class: 4, excluded: 1}
    for of, lines in expected.items():
        offer = make_offer(f"Angebot {of.name}", percent=10, of=of)
        ours, oscars = both_ways(basket)
        assert ours == oscars, of.name
        assert sum(1 for value in ours if value) == lines, of.name
        offer.delete()


@pytest.mark.parametrize("seed", range(12))
def test_random_offers_on_random_baskets_take_off_what_oscar_takes_off(seed: int) -> None:
    chance = random.Random(seed)
    shoes, care = make_category("Schuhe"), make_category("Pflege")
    products = [
        make_product(
            f"P{i}", category=chance.choice([shoes, care]), price_minor=chance.randint(101, 30_000), stock=50
        )
        for i in range(4)
    ]
    records = [record for product in products for record in variants(product)]
    basket = filled(
        *((record, chance.randint(1, 4)) for record in chance.sample(records, chance.randint(1, 6)))
    )
    offers = []
    for i in range(chance.randint(1, 3)):
        of = make_range(f"R{i}", includes_all_products=False)
        of.included_categories.add(*chance.choice([[shoes], [care], [shoes, care]]))
        value = (
            {"percent": chance.randint(1, 60)}
            if chance.random() < 0.6
            else {"minor": chance.randint(50, 5_000)}
        )
        offers.append(
            make_offer(
                f"O{i}",
                of=of,
                at_least=chance.randint(1, 3),
                exclusive=chance.random() < 0.4,
                priority=i,
                **value,
            )
        )
    for one, other in itertools.combinations(offers, 2):
        if chance.random() < 0.4:
            one.combinations.add(other)
    ours, oscars = both_ways(basket)
    assert ours == oscars


def test_a_fixed_amount_is_taken_off_once_and_spread_to_the_cent() -> None:
    records = [variants(make_product(price_minor=price))[0] for price in (3_333, 3_333, 3_334)]
    basket = filled(*((record, 1) for record in records))
    make_offer("Zehner", minor=1_000)
    apply_offers(basket, AnonymousUser())
    sums = totals(basket.all_lines(), country="DE")
    assert sums.discount_minor == 1_000
    assert sums.goods_minor == sum(line.gross_minor for line in sums.lines) == 9_000


def test_totals_are_whole_cents_and_vat_is_inside_each_line() -> None:
    standard = variants(make_product(price_minor=9_999))[0]
    book = variants(make_product(price_minor=1_999, vat_class="reduced"))[0]
    basket = filled((standard, 3), (book, 1))
    make_offer("Rabatt", percent=7)
    shown = shown_basket(basket, user=AnonymousUser())
    sums = shown.totals
    assert sums.goods_before_minor == 3 * 9_999 + 1_999
    assert sums.total_minor == sums.goods_before_minor - sums.discount_minor
    for rate in (1900, 700):
        of_rate = [line.gross_minor for line in sums.lines if line.vat_rate_bp == rate]
        assert sums.vat[rate] == sum(vat_from_gross(gross, rate) for gross in of_rate) > 0
    assert [line.total_minor for line in shown.lines] == [line.gross_minor for line in sums.lines]


def test_the_destination_changes_the_vat_but_never_the_price() -> None:
    from catalogue.partner import vat
    from catalogue.partner.models import VatRate

    VatRate.objects.get_or_create(
        country="AT",
        vat_class="standard",
        valid_from="2000-01-01",
        defaults={"rate_bp": 2000, "source": "§ 10 UStG 1994"},
    )
    vat.forget()
    basket = filled((variants(make_product(price_minor=11_900))[0], 1))
    at_home, abroad = (totals(basket.all_lines(), country=country) for country in ("DE", "AT"))
    assert at_home.total_minor == abroad.total_minor == 11_900
    assert (at_home.vat_minor, abroad.vat_minor) == (1_900, 1_983)


def test_shipping_has_the_rate_of_the_goods_with_the_largest_share() -> None:
    shoe = variants(make_product(price_minor=1_000))[0]
    book = variants(make_product(price_minor=5_000, vat_class="reduced"))[0]
    basket = filled((shoe, 1), (book, 1))
    assert totals(basket.all_lines(), country="DE", shipping_minor=490).shipping_rate_bp == 700
    assert totals([], country="DE", shipping_minor=490).shipping_rate_bp == 1900


def test_offers_cost_at_most_three_queries_whatever_their_number() -> None:
    basket = filled(*((record, 1) for record in variants(make_product())))
    make_voucher("MOIN", percent=10)
    for i in range(8):
        of = make_range(f"R{i}", includes_all_products=False)
        of.included_categories.add(make_category(f"K{i}"))
        make_offer(f"O{i}", percent=3, of=of)
    list(basket.all_lines())
    with CaptureQueriesContext(connection) as seen:
        apply_offers(basket, AnonymousUser())
    assert len(seen) <= 4  # with the read of the range's tree, which is remembered for a minute


def test_applying_twice_takes_off_once() -> None:
    basket = filled((variants(make_product(price_minor=10_000))[0], 1))
    make_offer("Rabatt", percent=10)
    for _ in range(2):
        apply_offers(basket, AnonymousUser())
    assert totals(basket.all_lines(), country="DE").discount_minor == 1_000
