"""Twelve buyers, forty offers with three uses each: three orders take all of them, nobody gets more, none is in the
way of another for good."""

from __future__ import annotations

from collections import Counter

import pytest
from oscar.apps.offer.models import ConditionalOffer

from checkout.basket.offers import apply_offers
from checkout.order.actions.place import Placement, PriceChanged, place
from checkout.order.models import Order, OrderDiscount
from tests.factories.offers import make_offer
from tests.factories.shopping import make_basket, make_placement, make_user, make_variant
from tests.races.crowd import all_at_once

pytestmark = [pytest.mark.both_databases]
BUYERS, USES, OFFERS = 12, 3, 40


def test_no_offer_is_given_more_often_than_it_may_be(fresh_database: None) -> None:
    for number in range(OFFERS):
        make_offer(f"Angebot {number}", percent=1, max_global_applications=USES)
    shoe, crowd = make_variant(stock=BUYERS, price_minor=10_000), list[Placement]()
    for _buyer in range(BUYERS):
        person = make_user()
        basket = make_basket((shoe, 1), owner=person)
        apply_offers(basket, person)
        crowd.append(make_placement(basket, user=person, shipping_minor=0))
    assert {one.totals.total_minor for one in crowd} == {6_000}
    answers = all_at_once([lambda p=placement: place(p) for placement in crowd])  # type: ignore[misc]
    strange = [a for a in answers if not isinstance(a, Order | PriceChanged)]
    assert not strange, strange[:3]
    assert Counter(isinstance(answer, Order) for answer in answers) == {True: USES, False: BUYERS - USES}
    assert OrderDiscount.objects.count() == USES * OFFERS
    found = ConditionalOffer.objects.values_list("num_applications", "num_orders", "total_discount", "status")
    assert set(found) == {(USES, USES, 3, ConditionalOffer.CONSUMED)}
