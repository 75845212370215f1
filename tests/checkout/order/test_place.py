"""Placing an order: one transaction, once per basket, nothing changed when refused."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from oscar.apps.voucher.models import Voucher

from catalogue.partner.models import InsufficientStock, Reservation
from checkout.basket.offers import apply_offers
from checkout.order.actions import BasketGone, PriceChanged, place
from checkout.order.models import Order
from checkout.payment.models import Payment
from shop.kernel.models import Message
from tests.factories.offers import make_offer, make_voucher
from tests.factories.shopping import make_basket, make_placement, make_variant, place_order

pytestmark = pytest.mark.django_db


def test_an_order_has_lines_reservation_payment_row_and_is_told() -> None:
    shoe = make_variant(price_minor=11_900, stock=3)
    order = place_order((shoe, 2), shipping_minor=490)
    assert order.status == "awaiting_payment"
    assert order.total_minor == 2 * 11_900 + 490
    line = order.lines.get()
    assert (line.gross_minor, line.vat_rate_bp, line.quantity) == (23_800, 1900, 2)
    shoe.refresh_from_db()
    assert (shoe.num_in_stock, shoe.num_allocated) == (3, 2)
    assert Reservation.objects.get(order_line_id=line.pk).quantity_left == 2
    payment = Payment.objects.get(order=order)
    assert (payment.state, payment.amount_minor) == ("created", order.total_minor)
    assert Message.objects.filter(name="OrderPlaced", payload__order_id=order.pk).count() == 1
    assert not Message.objects.filter(name="OrderConfirmed").exists()


def test_on_account_is_confirmed_at_once() -> None:
    order = place_order((make_variant(), 1), method="invoice")
    assert order.status == "confirmed"
    assert Message.objects.filter(name="OrderConfirmed", payload__order_id=order.pk).count() == 1
    assert Reservation.objects.get(order_id=order.pk).expires_at is None


def test_a_second_click_gets_the_same_order_back() -> None:
    placement = make_placement(make_basket((make_variant(), 1)))
    first = place(placement)
    assert place(placement).pk == first.pk
    assert Order.objects.count() == 1


def test_when_one_line_is_sold_out_nothing_is_taken_and_the_message_names_it() -> None:
    plenty, scarce = make_variant(stock=10), make_variant(stock=2)
    placement = make_placement(make_basket((plenty, 1), (scarce, 1)))
    type(scarce).objects.filter(pk=scarce.pk).update(num_allocated=2)
    with pytest.raises(InsufficientStock) as caught:
        place(placement)
    assert (caught.value.sku, caught.value.left) == (scarce.partner_sku, 0)
    plenty.refresh_from_db()
    placement.basket.refresh_from_db()
    assert plenty.num_allocated == 0
    assert placement.basket.status == "Open"
    assert not Order.objects.exists()
    assert not Message.objects.exists()


def test_a_price_that_changed_since_the_page_is_asked_again() -> None:
    placement = make_placement(make_basket((make_variant(), 1)), seen_total_minor=1)
    with pytest.raises(PriceChanged):
        place(placement)
    assert not Order.objects.exists()


def test_an_empty_basket_is_no_order() -> None:
    with pytest.raises(BasketGone):
        place(make_placement(make_basket()))


def test_a_voucher_for_one_order_is_used_once_by_two_who_order_at_the_same_time() -> None:
    voucher = make_voucher("EINMAL", usage=Voucher.SINGLE_USE, percent=50)
    shoe = make_variant(price_minor=10_000)
    placements = []
    for _ in range(2):  # both have seen their summary before either orders
        basket = make_basket((shoe, 1))
        basket.vouchers.add(voucher)
        apply_offers(basket, AnonymousUser())
        placements.append(make_placement(basket))
    assert place(placements[0]).total_minor == 5_490
    with pytest.raises(PriceChanged):
        place(placements[1])
    voucher.refresh_from_db()
    assert (Order.objects.count(), voucher.num_orders) == (1, 1)
    shoe.refresh_from_db()
    assert shoe.num_allocated == 1


def test_a_voucher_with_two_offers_counts_as_used_once() -> None:
    voucher = make_voucher("DOPPELT", percent=10)
    voucher.offers.add(make_offer("Dazu", offer_type="Voucher", percent=10))
    first, second = voucher.offers.all()
    first.combinations.add(second)
    basket = make_basket((make_variant(price_minor=10_000), 2))
    basket.vouchers.add(voucher)
    apply_offers(basket, AnonymousUser())
    place(make_placement(basket))
    voucher.refresh_from_db()
    assert voucher.num_orders == 1


@pytest.mark.parametrize("lines", [1, 20])
def test_placing_takes_the_same_few_queries_for_one_and_twenty_lines(
    lines: int, django_assert_max_num_queries
) -> None:  # type: ignore[no-untyped-def]
    placement = make_placement(make_basket(*[(make_variant(), 1) for _ in range(lines)]))
    with django_assert_max_num_queries(26):
        place(placement)


def test_an_offer_counts_every_use_and_closes_at_its_limit() -> None:
    from oscar.apps.offer.models import ConditionalOffer

    limited = make_offer("Nur zweimal", percent=10)
    open_ended = make_offer("Immer", percent=5)
    by_amount = make_offer("Bis zehn Euro", percent=10)
    ConditionalOffer.objects.filter(pk=limited.pk).update(max_global_applications=2)
    ConditionalOffer.objects.filter(pk=by_amount.pk).update(max_discount=10)
    for turn in (1, 2):
        basket = make_basket((make_variant(price_minor=6_000), 1))
        apply_offers(basket, AnonymousUser())
        stale = [found["offer"] for found in basket.offer_applications]
        ConditionalOffer.objects.filter(pk=open_ended.pk).update(
            num_applications=10 * turn
        )  # another order's
        place(make_placement(basket))
        assert stale
        open_ended.refresh_from_db()
        assert (open_ended.num_applications, open_ended.num_orders, open_ended.status) == (
            10 * turn + 1,
            turn,
            "Open",
        )
    limited.refresh_from_db()
    by_amount.refresh_from_db()
    assert (limited.num_applications, limited.status) == (2, "Consumed")
    assert by_amount.total_discount >= 10 and by_amount.status == "Consumed"
