"""Any number of the shop's offers may be limited: what each has left is read with the lines of the basket, in the same
statement, and counts as it is at this moment."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from oscar.apps.offer.models import ConditionalOffer

from catalogue.partner.strategy import GrossStrategy
from checkout.basket.kept_products import bring_lines
from checkout.basket.models import Basket
from checkout.basket.offers import apply_offers
from checkout.order.models import Order, OrderDiscount
from checkout.vouchers.usage import claim_uses, give_back
from shop.kernel import sharing
from tests.checkout.test_steps import go_to_summary, order_button, put_in_basket
from tests.factories.offers import make_offer
from tests.factories.orders import make_order
from tests.factories.shopping import make_user, make_variant

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
MANY = 60


@pytest.fixture(autouse=True)
def _kept(settings: Any) -> None:
    settings.PARTS_KEPT_S, settings.SHARED_CHECKED_S = 60, 3600
    sharing.forget()


def discount_minor(client: Client) -> int:
    return int(client.get(reverse("basket:summary")).context["discount_minor"])


def offers(**limits: Any) -> list[ConditionalOffer]:
    """Sixty that take one per cent off each."""
    return [make_offer(f"Angebot {number}", percent=1, **limits) for number in range(MANY)]


def change(some: list[ConditionalOffer], **fields: Any) -> None:
    """As orders of others do: no trigger tells it."""
    ConditionalOffer.objects.filter(pk__in=[one.pk for one in some]).update(**fields)


def used_by(person: Any, some: list[ConditionalOffer], times: int) -> Order:
    order = make_order((make_variant(), 1), user=person)
    OrderDiscount.objects.bulk_create(
        OrderDiscount(order=order, offer_id=one.pk, offer_name=one.name, frequency=times, amount=1)
        for one in some
    )
    return order


def test_limited_offers_cost_no_question_more_and_none_that_is_longer() -> None:
    client = Client()
    put_in_basket(client, make_variant(price_minor=10_000))
    make_offer("Immer", percent=5)
    limits = {"max_global_applications": 9, "max_user_applications": 9, "max_discount": 900}
    there, asked = 0, []
    for limited in (0, 1, 12, 13, MANY):
        for number in range(there, limited):
            make_offer(f"Angebot {number}", percent=1, **limits)
        there = limited
        sharing.forget()
        discount_minor(client)
        with CaptureQueriesContext(connection) as seen:
            discount_minor(client)
        asked.append([one["sql"] for one in seen.captured_queries])
    assert {len(one) for one in asked} == {len(asked[0])}
    longest = [max(map(len, one)) for one in asked[1:]]
    assert max(longest) - min(longest) < 20  # of numbers with one digit or two


def test_of_each_of_many_is_counted_what_it_has_left() -> None:
    client, guest, person = Client(), Client(), make_user()
    client.force_login(person)
    many = offers(max_global_applications=7, max_user_applications=2, max_discount=Decimal("0.30"))
    variant = make_variant(price_minor=10_000)
    for one in (client, guest):
        put_in_basket(one, variant)
        assert discount_minor(one) == MANY * 100
    change(many[:10], num_applications=7)
    change(many[5:20], total_discount=Decimal("0.30"))
    change(many[20:30], num_applications=6, total_discount=Decimal("0.29"))  # something is left
    assert [discount_minor(one) for one in (client, guest)] == [4_000, 4_000]
    used_by(person, many[20:25], 2)
    used_by(person, many[25:35], 1)
    again = used_by(person, many[30:33], 1)  # two orders with one use each are two uses
    used_by(make_user("other@example.org"), many[40:], 2)
    assert [discount_minor(one) for one in (client, guest)] == [3_200, 4_000]
    Order.objects.filter(pk=again.pk).update(status="cancelled")
    assert [discount_minor(one) for one in (client, guest)] == [3_500, 4_000]


@pytest.mark.parametrize("is_known", [True, False])
def test_remembered_or_read_the_same_is_taken_off_several_lines(is_known: bool) -> None:
    person = make_user()
    many = offers(max_user_applications=2, max_discount=Decimal("99.99"))
    change(many[:7], total_discount=Decimal("100"))
    used_by(person, many[7:20], 3)
    basket = Basket.objects.create(owner=person if is_known else None)
    basket.strategy = GrossStrategy()
    for minor in (1_990, 5_000, 12_345):
        basket.add_product(make_variant(price_minor=minor).product, 2)

    def taken_off(*, kept: bool) -> list[Decimal]:
        again = Basket.objects.get(pk=basket.pk)
        again.strategy = GrossStrategy()
        bring_lines(again)
        apply_offers(again, person if is_known else AnonymousUser(), kept=kept)
        return [line.discount_value for line in again.all_lines()]

    remembered = taken_off(kept=True)
    assert remembered == taken_off(kept=True) == taken_off(kept=False)
    whole = 2 * (Decimal("19.90") + 50 + Decimal("123.45"))
    assert sum(remembered) == whole * (40 if is_known else 53) / 100


def test_an_offer_that_is_gone_or_closed_since_it_was_remembered_is_read_anew() -> None:
    client = Client()
    many = offers(max_global_applications=7)
    put_in_basket(client, make_variant(price_minor=10_000))
    assert discount_minor(client) == 6_000
    many[0].delete()
    change(many[1:3], status=ConditionalOffer.CONSUMED)
    assert discount_minor(client) == 5_700


def test_a_guests_uses_are_those_of_the_person_they_sign_in_as() -> None:
    """The basket of the guest goes into that of the person, with what they used before."""
    person, client = make_user(), Client()
    many = offers(max_user_applications=1)
    used_by(person, many[:20], 1)
    put_in_basket(client, make_variant(price_minor=10_000))
    assert discount_minor(client) == 6_000
    client.force_login(person)
    assert [discount_minor(client) for _visit in range(2)] == [4_000, 4_000]


def test_of_many_offers_none_is_given_that_went_to_another_order() -> None:
    client = Client()
    many = offers(max_global_applications=3)
    put_in_basket(client, make_variant(price_minor=10_000))
    page = go_to_summary(client)
    change(many[:20], num_applications=3)
    for expected in (6_000, 4_000):
        assert page.context["quote"].totals.discount_minor == expected
        with CaptureQueriesContext(connection) as seen:
            answer = client.post(reverse("checkout:summary"), order_button(page))
        said = [one["sql"] for one in seen.captured_queries]  # the next page begins them anew
        page = client.get(reverse("checkout:summary"))
    assert "/orders/" in answer["Location"]
    assert OrderDiscount.objects.count() == 40
    uses = ConditionalOffer.objects.filter(pk__in=[one.pk for one in many])
    assert sorted(uses.values_list("num_applications", flat=True)) == [1] * 40 + [3] * 20
    claims = [sql for sql in said if sql.startswith("UPDATE") and "offer_conditionaloffer" in sql[:40]]
    assert [len(sql) < 4_000 for sql in claims] == [True], [sql[:90] for sql in said]


def test_what_several_discounts_of_many_offers_took_off_is_counted_and_given_back() -> None:
    """An offer may stand twice on an order, by two vouchers; one that has been suspended stays so."""
    person, many = make_user(), offers(max_global_applications=9, max_discount=100)
    order = used_by(person, many, 2)
    given = list(OrderDiscount.objects.filter(order=order))
    again = [OrderDiscount(order=order, offer_id=one.pk, frequency=3, amount=Decimal("0.25")) for one in many]
    given += OrderDiscount.objects.bulk_create(again[:10])
    change(many[:5], num_applications=4)
    change(many[10:12], num_applications=7, status=ConditionalOffer.SUSPENDED)
    assert claim_uses(order, given)

    def counted() -> list[tuple[int, Decimal, int, str]]:
        found = ConditionalOffer.objects.filter(pk__in=[one.pk for one in many]).order_by("pk")
        return list(found.values_list("num_applications", "total_discount", "num_orders", "status"))

    twice, once = Decimal("1.25"), Decimal("1.00")
    assert counted() == (
        [(9, twice, 2, "Consumed")] * 5
        + [(5, twice, 2, "Open")] * 5
        + [(9, once, 1, "Suspended")] * 2
        + [(2, once, 1, "Open")] * 48
    )
    assert not claim_uses(order, given), "twelve of them are used up"
    change(many, num_applications=9, total_discount=1, status=ConditionalOffer.CONSUMED)
    give_back(order)
    assert counted()[4:6] == [(4, Decimal(0), 0, "Open")] * 2
    assert counted()[-1] == (7, Decimal(0), 1, "Open")
