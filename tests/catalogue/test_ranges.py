"""One rule for ranges: as Oscar has it, in memory, in SQL, and in what the worker takes for one."""

from __future__ import annotations

import random

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from oscar.apps.offer.models import Range

from catalogue import ranges
from catalogue.models import Product, ProductClass
from catalogue.partner.models import StockRecord
from tests.factories.offers import make_range
from tests.factories.range import make_category, make_product, variants

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def random_shop(chance: random.Random) -> list[Range]:
    """Products on shelves and below them (one is hidden), in ranges of all kinds."""
    roots = [make_category(f"W{i}") for i in range(3)]
    shelves = roots + [make_category(f"Z{i}", parent=one, is_public=bool(i)) for i, one in enumerate(roots)]
    kinds = [ProductClass.objects.create(name=f"K{i}", slug=f"k{i}") for i in range(2)]
    for i in range(8):
        make_product(f"P{i}", category=chance.choice([None, *shelves]), product_class=chance.choice(kinds))
    every = list(Product.objects.all())
    found = []
    for i in range(6):
        one = make_range(f"R{i}", includes_all_products=chance.random() < 0.4)
        for product in chance.sample(every, 3):
            one.included_products.through.objects.create(range=one, product=product)
        out = chance.sample(every, 3)
        # Oscar forgets the variants of a product that is left out of everything; here they are out as well.
        out += [child for product in out for child in product.children.all()]
        one.excluded_products.add(*out)
        one.included_categories.add(*chance.sample(shelves, chance.randint(0, 2)))
        one.excluded_categories.add(*chance.sample(shelves, chance.randint(0, 2)))
        one.classes.add(*chance.sample(kinds, chance.randint(0, 1)))
        found.append(one)
    return found


@pytest.mark.parametrize("seed", range(8))
def test_all_say_what_oscar_says(seed: int) -> None:
    found = random_shop(random.Random(seed))
    records = list(StockRecord.objects.select_related("product__parent"))
    products = [record.product for record in records]
    known = ranges.facts([one.pk for one in found], products)
    in_memory = ranges.members(found, products, known)
    for one in found:
        oscars = {product.pk for product in products if one.contains_product(product)}
        assert in_memory[one.pk] == oscars, one
        in_sql = StockRecord.objects.filter(ranges.holding([one.pk])).values_list("product_id", flat=True)
        assert sorted(in_sql) == sorted(oscars), one
        pages = set(ranges.pages_of([one]).values_list("pk", flat=True))
        held = {product.parent_id for product in products if product.pk in oscars}
        assert held <= pages, one
        assert ranges.pages_holding([one.pk]) == tuple(sorted(held)), one
    together = StockRecord.objects.filter(ranges.holding([one.pk for one in found]))
    assert set(together.values_list("product_id", flat=True)) == set().union(*in_memory.values())
    pages = set(ranges.pages_holding([one.pk for one in found]))
    assert pages == set(together.values_list("product__parent_id", flat=True))


def test_a_range_of_thousands_is_asked_for_the_articles_in_question_alone() -> None:
    one, shoe = make_range("Viele", includes_all_products=False), make_product("Elbschuh")
    for number in range(5):
        one.add_product(make_product(f"P{number}"))
    products = [record.product for record in variants(shoe)]
    with CaptureQueriesContext(connection) as seen:
        known = ranges.facts([one.pk], products)
    assert len(seen) == 1
    assert known.ranges[one.pk]["named"] == set()
