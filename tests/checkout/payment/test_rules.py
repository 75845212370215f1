"""Who may buy on account: rows of rules, read with what the customer owes already."""

from __future__ import annotations

from typing import Any

import pytest

from checkout.order.actions import cancel, note_dispatch
from checkout.payment.actions import NoCardNow, card_for_invoice
from checkout.payment.minimums import card_minimums
from checkout.payment.models import CustomerCredit, MethodRule
from checkout.payment.rules import Case, check
from checkout.payment.standin.errors import ApiError
from checkout.payment.standin.params import CURRENCIES, amount
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


@pytest.mark.parametrize("total_minor, allowed", [(1, False), (49, False), (50, True)])
def test_a_card_is_offered_from_the_providers_minimum_on(total_minor: int, allowed: bool) -> None:
    card = check("card", Case(total_minor, "DE", "DE"))
    assert card.allowed is allowed
    assert bool(card.reason) is not allowed
    assert check("prepayment", Case(total_minor, "DE", "DE")).allowed


def test_the_minimum_is_that_of_the_currency() -> None:
    assert not check("card", Case(249, "DK", "DK", currency="DKK")).allowed
    assert check("card", Case(250, "DK", "DK", currency="DKK")).allowed
    assert check("card", Case(1, "IS", "IS", currency="ISK")).allowed, "the provider names none"


def test_the_stand_in_refuses_what_our_table_says() -> None:
    """Two tables, read by two programs: what we offer, the provider takes."""
    assert card_minimums() == {code.upper(): least for code, (_n, _s, least) in CURRENCIES.items()}
    with pytest.raises(ApiError) as refused:
        amount({"amount": "49"}, "eur")
    assert refused.value.body["code"] == "amount_too_small"
    assert amount({"amount": "50"}, "eur") == 50


def test_over_nothing_every_choice_is_answered_by_nothing_to_pay() -> None:
    for method in ("card", "prepayment", "invoice", ""):
        offer = check(method, Case(0, "DE", "DE"))
        assert (offer.method, offer.allowed) == ("nothing", True)
    assert not check("nothing", Case(1, "DE", "DE")).allowed


def test_an_open_rest_too_small_for_a_card_is_said_before_anything_is_asked_of_the_provider() -> None:
    order = place_order((make_variant(), 1), method="invoice", user=make_user())
    with pytest.raises(NoCardNow, match=r"0[.,]50"):
        card_for_invoice(order=order, invoice_number="R2026-000001", amount_minor=49)
