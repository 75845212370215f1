"""Who may buy on account: rows of rules, read with what the customer owes already."""

from __future__ import annotations

from typing import Any

import pytest

from checkout.order.actions import cancel, note_dispatch
from checkout.payment.models import CustomerCredit, MethodRule
from checkout.payment.rules import Case, check
from tests.factories.shopping import make_user, make_variant, place_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def regular() -> Any:
    """A customer who has paid once before."""
    user = make_user()
    CustomerCredit.objects.create(user=user, paid_orders=1)
    return user


def may_buy(user: Any, total_minor: int) -> bool:
    return check("invoice", Case(total_minor, "DE", "DE", user)).allowed


def test_orders_that_are_not_invoiced_yet_count_towards_the_limit(regular: Any) -> None:
    MethodRule.objects.filter(method="invoice").update(exposure_limit_minor=80_000)
    assert may_buy(regular, 40_000)
    first = place_order((make_variant(price_minor=25_000), 2), method="invoice", user=regular)
    assert not may_buy(regular, 40_000)
    assert may_buy(regular, 30_000)
    # One of two pieces left: its half is an open item of finance from here on.
    note_dispatch(order=first, lines={first.lines.get().pk: 1})
    assert may_buy(regular, 50_000)
    CustomerCredit.objects.filter(user=regular).update(open_items_minor=25_490)
    assert not may_buy(regular, 50_000)


def test_a_cancelled_order_and_those_of_others_count_nothing(regular: Any) -> None:
    MethodRule.objects.filter(method="invoice").update(exposure_limit_minor=80_000)
    shoe = make_variant(price_minor=50_000)
    place_order((shoe, 1), method="invoice", user=make_user())
    cancel(order=place_order((shoe, 1), method="invoice", user=regular), why="customer called")
    assert may_buy(regular, 45_000)


def test_a_blocked_customer_is_refused_whatever_the_limit_is(regular: Any) -> None:
    CustomerCredit.objects.filter(user=regular).update(blocked=True)
    MethodRule.objects.filter(method="invoice").update(exposure_limit_minor=None)
    assert not may_buy(regular, 1_000)
    assert check("prepayment", Case(1_000, "DE", "DE", regular)).allowed
