"""The same credit in two tabs, and an order that two cancel: it is spent once, and comes back once."""

from __future__ import annotations

import pytest

from checkout.order.actions import CreditChanged, cancel
from checkout.order.models import Order
from checkout.store_credit import actions, verify
from checkout.store_credit.models import CreditAccount
from checkout.store_credit.queries import balance_minor
from tests.factories.credit import give_credit
from tests.factories.shopping import make_basket, make_placement, make_user, make_variant, place
from tests.races.crowd import all_at_once

pytestmark = [pytest.mark.both_databases]


def test_without_the_comparison_the_same_credit_would_be_spent_twice(fresh_database: None) -> None:
    """The race exists: who reads the balance first and writes afterwards spends what is gone."""
    user = make_user()
    actions.put(user_id=user.pk, amount_minor=3_000, currency="EUR", kind="refunded", cause="x")
    mine = CreditAccount.objects.filter(user=user)
    first, second = mine.get(), mine.get()
    for seen in (first, second):
        assert seen.balance_minor >= 3_000
        mine.update(balance_minor=seen.balance_minor - 3_000)
    assert balance_minor(user) == 0, "6000 were spent of 3000, and nothing refused it"


def test_of_six_who_spend_the_same_credit_one_does(fresh_database: None) -> None:
    user = make_user()
    give_credit(user, 3_000)
    placements = [
        make_placement(
            make_basket((make_variant(price_minor=3_000), 1), owner=user),
            user=user,
            shipping_minor=0,
            credit_minor=3_000,
        )
        for _n in range(6)
    ]
    answers = all_at_once([lambda one=one: place(one) for one in placements])
    orders = [one for one in answers if isinstance(one, Order)]
    assert len(orders) == 1, answers
    assert all(isinstance(one, CreditChanged) for one in answers if one not in orders), answers
    assert balance_minor(user) == 0
    again = all_at_once([lambda: cancel(order=Order.objects.get(pk=orders[0].pk), why="twice")] * 4)
    assert balance_minor(user) == 3_000, again
    assert [text for _name, check in verify.CHECKS for text in check()] == []
