"""A voucher and an offer are used by an order that stands; what was cancelled gives its uses back."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from oscar.apps.offer.models import ConditionalOffer
from oscar.apps.voucher.models import Voucher

from checkout.basket import actions as basket_actions
from checkout.basket.offers import apply_offers
from checkout.order.actions.life import cancel, revive
from checkout.order.actions.place import PriceChanged, place
from checkout.order.models import Order
from checkout.payment.actions.capture import capture
from checkout.payment.models import Payment, Refund
from checkout.payment.tasks import expire
from tests.factories.offers import make_offer, make_voucher
from tests.factories.shopping import make_basket, make_placement, make_user, make_variant, place_order

pytestmark = pytest.mark.django_db


def filled(person: Any, code: str = "") -> Any:
    """A basket over 100.00, with the voucher where one is named; the offers are on it."""
    basket = make_basket((make_variant(price_minor=10_000), 1), owner=person)
    if code:
        basket_actions.add_voucher(basket=basket, code=code, user=person)
    apply_offers(basket, person)
    return basket


def ordered(person: Any, code: str = "") -> Order:
    """An order of such a basket, which waits for its card payment."""
    return place(make_placement(filled(person, code), user=person, shipping_minor=0))


def discount(person: Any, code: str = "") -> Any:
    """What is taken off a new basket now."""
    return filled(person, code).total_discount


@pytest.mark.parametrize("usage", [Voucher.SINGLE_USE, Voucher.ONCE_PER_CUSTOMER])
def test_a_voucher_of_an_order_nobody_paid_can_be_used_again(usage: str, clock: Any) -> None:
    make_voucher("GUT-20", minor=2_000, usage=usage)
    person = make_user()
    order = ordered(person, "GUT-20")
    with pytest.raises(basket_actions.Refused):
        filled(person, "GUT-20")
    clock.advance(minutes=31)
    expire()
    order.refresh_from_db()
    assert order.status == "cancelled"
    assert discount(person, "GUT-20") == 20
    again = ordered(person, "GUT-20")
    assert again.total_minor == 8_000
    with pytest.raises(basket_actions.Refused, match="eingelöst"):
        filled(person, "GUT-20")


def test_a_revived_order_has_its_voucher_again() -> None:
    make_voucher("GUT-20", minor=2_000, usage=Voucher.SINGLE_USE)
    person = make_user()
    order = ordered(person, "GUT-20")
    cancel(order=order, why="not paid in time", expired=True)
    revive(order=order, why="paid after it had expired")
    with pytest.raises(basket_actions.Refused, match="eingelöst"):
        filled(person, "GUT-20")


@pytest.mark.parametrize("signed_in", [True, False])
def test_late_money_does_not_bring_back_an_order_whose_voucher_was_used_meanwhile(
    signed_in: bool, clock: Any
) -> None:
    make_voucher("GUT-20", minor=2_000, usage=Voucher.SINGLE_USE)
    person: Any = make_user() if signed_in else None
    buyer = person or AnonymousUser()
    first_basket = make_basket((make_variant(price_minor=10_000), 1), owner=person)
    basket_actions.add_voucher(basket=first_basket, code="GUT-20", user=buyer)
    first = place(make_placement(first_basket, user=person, shipping_minor=0))
    clock.advance(minutes=31)
    expire()
    second_basket = make_basket((make_variant(price_minor=10_000), 1), owner=person)
    basket_actions.add_voucher(basket=second_basket, code="GUT-20", user=buyer)
    place(make_placement(second_basket, user=person, shipping_minor=0))
    payment = Payment.objects.get(order=first)
    capture(payment=payment, reference="late", why="the bank was slow")
    first.refresh_from_db()
    assert first.status == "cancelled"
    assert Refund.objects.get(payment=payment).amount_minor == 8_000


def test_an_offer_once_per_customer_counts_orders_that_stand() -> None:
    offer = make_offer("Einmal", percent=10)
    ConditionalOffer.objects.filter(pk=offer.pk).update(max_user_applications=1)
    person = make_user()
    order = ordered(person)
    assert order.total_minor == 9_000 and discount(person) == 0
    cancel(order=order, why="changed her mind")
    assert discount(person) == 10


def test_unpaid_orders_do_not_close_an_offer_for_the_first_orders() -> None:
    offer = make_offer("Die ersten zwei", percent=10)
    ConditionalOffer.objects.filter(pk=offer.pk).update(max_global_applications=2)
    orders = [ordered(make_user()), ordered(make_user())]
    offer.refresh_from_db()
    assert (offer.num_applications, offer.num_orders, offer.status) == (2, 2, "Consumed")
    cancel(order=orders[0], why="not paid in time", expired=True)
    offer.refresh_from_db()
    assert (offer.num_applications, offer.num_orders, offer.status) == (1, 1, "Open")
    assert offer.total_discount == 10
    revive(order=orders[0], why="paid after it had expired")
    offer.refresh_from_db()
    assert (offer.num_applications, offer.status, offer.total_discount) == (2, "Consumed", 20)


def test_an_offer_somebody_suspended_stays_suspended() -> None:
    offer = make_offer("Pause", percent=10)
    order = ordered(make_user())
    ConditionalOffer.objects.filter(pk=offer.pk).update(status=ConditionalOffer.SUSPENDED)
    cancel(order=order, why="changed her mind")
    offer.refresh_from_db()
    assert (offer.status, offer.num_applications, offer.total_discount) == ("Suspended", 0, 0)


def test_an_order_without_discounts_is_cancelled_as_before() -> None:
    order = place_order((make_variant(), 1))
    assert cancel(order=order, why="changed her mind") and not cancel(order=order, why="twice")


def test_of_two_orders_reckoned_at_once_only_one_gets_the_last_use_of_an_offer() -> None:
    offer = make_offer("Die erste", percent=10)
    ConditionalOffer.objects.filter(pk=offer.pk).update(max_global_applications=1)
    both = [
        make_placement(filled(person), user=person, shipping_minor=0) for person in (make_user(), make_user())
    ]
    assert [placement.totals.total_minor for placement in both] == [9_000, 9_000]
    place(both[0])
    with pytest.raises(PriceChanged):
        place(both[1])
    offer.refresh_from_db()
    assert (offer.num_applications, offer.status, Order.objects.count()) == (1, "Consumed", 1)


def test_an_offer_whose_money_was_given_away_takes_nothing_off_an_order_that_was_reckoned_before() -> None:
    offer = make_offer("Bis 15 Euro", percent=10)
    ConditionalOffer.objects.filter(pk=offer.pk).update(max_discount=15)
    three = [
        make_placement(filled(person), user=person, shipping_minor=0)
        for person in (make_user(), make_user(), make_user())
    ]
    for placement in three[:2]:  # the second goes beyond the limit and closes it
        place(placement)
    with pytest.raises(PriceChanged):
        place(three[2])
