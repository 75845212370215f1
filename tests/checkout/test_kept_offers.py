"""Offers of the shop are remembered between pages: a change of any part of one is seen by the next page and by the
order button, nobody's basket marks what the others get, and what is used up with orders is read."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import Q
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from oscar.apps.offer.models import Benefit, Condition, ConditionalOffer, Range, RangeProduct
from oscar.apps.voucher.models import Voucher

from catalogue.models import Product, ProductCategory, ProductClass
from catalogue.partner.strategy import GrossStrategy
from checkout.basket.kept_products import bring_lines
from checkout.basket.models import Basket
from checkout.basket.offers import apply_offers
from checkout.order.models import Order
from shop.kernel import sharing
from tests.checkout.test_steps import go_to_summary, order_button, put_in_basket
from tests.factories.offers import make_offer, make_range, make_voucher
from tests.factories.range import make_category
from tests.factories.shopping import make_user, make_variant

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture(autouse=True)
def _kept(settings: Any) -> None:
    """Compared at each visit: what would be within a quarter of a second is at once."""
    settings.PARTS_KEPT_S, settings.SHARED_CHECKED_S = 60, 0


def discount_minor(client: Client) -> int:
    page = client.get(reverse("basket:summary"))
    return int(page.context["discount_minor"])


def other_offer(**fields: Any) -> Callable[[], Any]:
    return lambda: ConditionalOffer.objects.filter(name="Sommer").update(**fields)


#: What is changed (past the models, as another process would), and what is then taken off 100.00, where 10.00 was.
CHANGES: dict[str, tuple[Callable[[], Any], int]] = {
    "how much": (lambda: Benefit.objects.filter(offers__name="Sommer").update(value=Decimal(20)), 2_000),
    "from how many on": (lambda: Condition.objects.filter(offers__name="Sommer").update(value=5), 0),
    "suspended": (other_offer(status=ConditionalOffer.SUSPENDED), 0),
    "over": (other_offer(end_datetime="2020-01-01T00:00:00Z"), 0),
    "later": (other_offer(start_datetime="2100-01-01T00:00:00Z"), 0),
    "for voucher holders": (other_offer(offer_type=ConditionalOffer.VOUCHER), 0),
    "a limit that is reached": (other_offer(max_global_applications=3, num_applications=3), 0),
    "an amount that is reached": (other_offer(max_discount=5, total_discount=5), 0),
    "another range": (
        lambda: Range.objects.filter(name="Alles für Sommer").update(includes_all_products=False),
        0,
    ),
    "one more": (lambda: make_offer("Zweites", percent=10, priority=-1), 2_000),
    "deleted": (lambda: ConditionalOffer.objects.filter(name="Sommer").delete(), 0),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen_by_the_next_page(change: str) -> None:
    client, (deed, then) = Client(), CHANGES[change]
    make_offer("Sommer", percent=10)
    put_in_basket(client, make_variant(price_minor=10_000))
    assert [discount_minor(client) for _visit in range(2)] == [1_000, 1_000]
    deed()
    assert discount_minor(client) == then


def test_what_combines_and_what_is_exclusive_is_seen_by_the_next_page() -> None:
    client = Client()
    summer, winter = make_offer("Sommer", percent=10, priority=5), make_offer("Winter", percent=10)
    put_in_basket(client, make_variant(price_minor=10_000))
    found = [discount_minor(client)]
    other = make_offer("Herbst", percent=10, status=ConditionalOffer.SUSPENDED)
    ConditionalOffer.objects.filter(pk=other.pk).update(status=ConditionalOffer.SUSPENDED)
    links = summer.combinations.through.objects
    links.create(from_conditionaloffer=summer, to_conditionaloffer=other)  # and so with no other one
    found.append(discount_minor(client))
    links.filter(to_conditionaloffer=other).update(to_conditionaloffer=winter)
    found.append(discount_minor(client))
    links.all().delete()
    ConditionalOffer.objects.filter(pk=winter.pk).update(exclusive=True)
    found.append(discount_minor(client))
    assert found == [2_000, 1_000, 2_000, 1_000]


@pytest.mark.parametrize("way", ["by name", "by category"])
def test_an_article_that_comes_into_the_range_has_it_on_the_next_page(way: str) -> None:
    client, record, of = (
        Client(),
        make_variant(price_minor=10_000),
        make_range("Genannt", includes_all_products=False),
    )
    shoes = make_category("Schuhe")
    of.included_categories.add(shoes)
    make_offer("Sommer", percent=10, of=of)
    put_in_basket(client, record)
    assert discount_minor(client) == 0
    if way == "by name":
        RangeProduct.objects.create(range=of, product=record.product)
    else:
        ProductCategory.objects.create(product=record.product.own_or_parent, category=shoes)
    assert discount_minor(client) == 1_000
    Product.objects.filter(Q(pk=record.product_id) | Q(pk=record.product.parent_id)).update(
        is_discountable=False
    )
    assert discount_minor(client) == 0


#: What a shopper saw with the summary is not what is true at the button: then they look at it once more.
AT_THE_BUTTON: dict[str, Callable[[], Any]] = {
    "how much": lambda: Benefit.objects.filter(offers__name="Sommer").update(value=Decimal(5)),
    "suspended": other_offer(status=ConditionalOffer.SUSPENDED),
    "one more": lambda: make_offer("Zweites", percent=50, priority=9),
    "used up": other_offer(max_discount=5, total_discount=5),
}


@pytest.mark.parametrize("change", AT_THE_BUTTON)
def test_no_order_rests_on_an_offer_that_was_only_remembered(change: str, settings: Any) -> None:
    """The change comes between two looks, which are an hour apart here: the pages do not know it yet."""
    client = Client()
    make_offer("Sommer", percent=10)
    put_in_basket(client, make_variant(price_minor=8_990))
    settings.SHARED_CHECKED_S = 3600
    sharing.forget()
    page = go_to_summary(client)
    AT_THE_BUTTON[change]()
    again = client.get(reverse("checkout:summary"))
    assert again.context["seen"] == page.context["seen"], "nothing was kept"
    answer = client.post(reverse("checkout:summary"), order_button(page))
    assert answer.status_code == 302 and "/orders/" not in answer["Location"]
    assert not Order.objects.exists()


def test_an_offer_each_may_use_once_is_counted_for_each_person() -> None:
    make_offer("Einmal", percent=10, max_user_applications=1)
    person, client, other = make_user(), Client(), Client()
    client.force_login(person)
    for one in (client, other):
        put_in_basket(one, make_variant(price_minor=10_000))
        assert discount_minor(one) == 1_000
    person_orders = order_button(go_to_summary(client))
    assert "/orders/" in client.post(reverse("checkout:summary"), person_orders)["Location"]
    put_in_basket(client, make_variant(price_minor=10_000))
    assert discount_minor(client) == 0
    assert discount_minor(other) == 1_000


def two_for_150(name: str = "Zwei", **limits: Any) -> ConditionalOffer:
    offer = make_offer(name, percent=10, at_least=2, **limits)
    Benefit.objects.filter(pk=offer.benefit_id).update(type=Benefit.FIXED_PRICE, value=Decimal(150))
    return offer


@pytest.mark.parametrize("others", [0, 1, 60])
def test_how_often_an_offer_was_used_is_that_of_the_moment(others: int) -> None:
    """Uses change with orders and are noted by no trigger. With ``others`` limited ones beside, few and many."""
    for number in range(others):
        make_offer(f"Andere {number}", percent=1, at_least=99, max_global_applications=7, priority=-9)
    offer, client = two_for_150(max_global_applications=3), Client()
    put_in_basket(client, make_variant(price_minor=10_000), quantity=4)
    found = [discount_minor(client)]
    before = sharing.of(sharing.versions_now(), (sharing.RULES,))
    ConditionalOffer.objects.filter(pk=offer.pk).update(num_applications=2)
    assert sharing.of(sharing.versions_now(), (sharing.RULES,)) == before, "it was told, and proves nothing"
    found.append(discount_minor(client))
    ConditionalOffer.objects.filter(pk=offer.pk).update(num_applications=1)
    found.append(discount_minor(client))
    assert found == [10_000, 5_000, 10_000]


def test_uses_that_went_to_another_order_are_not_given_at_the_button() -> None:
    offer, client = two_for_150(max_global_applications=3), Client()
    put_in_basket(client, make_variant(price_minor=10_000), quantity=4)
    page = go_to_summary(client)
    ConditionalOffer.objects.filter(pk=offer.pk).update(num_applications=2)
    for expected in (10_000, 5_000):
        assert page.context["quote"].totals.discount_minor == expected
        answer = client.post(reverse("checkout:summary"), order_button(page))
        page = client.get(reverse("checkout:summary"))
    assert "/orders/" in answer["Location"]
    offer.refresh_from_db()
    assert (offer.num_applications, offer.status) == (3, ConditionalOffer.CONSUMED)


def test_a_basket_leaves_no_mark_on_what_the_next_one_gets() -> None:
    """One range holds the article of the first basket alone, the other that of the second."""
    first, second = make_variant(price_minor=10_000), make_variant(price_minor=20_000)
    for record in (first, second):
        of = make_range(f"von {record.pk}", includes_all_products=False)
        RangeProduct.objects.create(range=of, product=record.product)
        make_offer(f"Angebot {record.pk}", percent=10, of=of)
    clients = [Client(), Client()]
    for client, record in zip(clients, (first, second), strict=True):
        put_in_basket(client, record)
    assert [discount_minor(client) for _visit in range(2) for client in clients] == [1_000, 2_000] * 2


def test_pages_with_offers_and_a_voucher_ask_once_for_the_voucher_and_not_for_offers() -> None:
    client = Client()
    for number in range(3):
        make_offer(f"Angebot {number}", percent=10)
    make_voucher("ZEHN", percent=10)
    put_in_basket(client, make_variant(price_minor=10_000))
    client.post(reverse("basket:voucher_add"), {"code": "ZEHN"})
    discount_minor(client)
    with CaptureQueriesContext(connection) as seen:
        discount_minor(client)
    said = [one["sql"] for one in seen.captured_queries]
    assert sum('FROM "voucher_voucher_offers"' in sql for sql in said) == 1
    for table in (
        "offer_conditionaloffer",
        "voucher_voucher",
        "offer_rangeproduct",
        "offer_conditionaloffer_combinations",
    ):
        assert not [sql for sql in said if f'FROM "{table}" ' in sql], table


@pytest.mark.parametrize("usage", [Voucher.SINGLE_USE, Voucher.ONCE_PER_CUSTOMER, Voucher.MULTI_USE])
def test_a_voucher_takes_off_as_often_as_it_may(usage: str) -> None:
    voucher = make_voucher("EINMAL", usage=usage, percent=10)
    person, client = make_user(), Client()
    client.force_login(person)
    for round_number in range(2):
        put_in_basket(client, make_variant(price_minor=10_000))
        if round_number:  # past the page, which would refuse it
            Basket.open.get(owner=person).vouchers.add(voucher)
        else:
            client.post(reverse("basket:voucher_add"), {"code": "EINMAL"})
        takes_off = round_number == 0 or usage == Voucher.MULTI_USE
        assert discount_minor(client) == (1_000 if takes_off else 0)
        shown = client.get(reverse("basket:summary")).context["vouchers"]
        assert [(one["code"], one["used"]) for one in shown] == [("EINMAL", takes_off)]
        placed = client.post(reverse("checkout:summary"), order_button(go_to_summary(client)))
        assert "/orders/" in placed["Location"]
    voucher.refresh_from_db()
    uses = 2 if usage == Voucher.MULTI_USE else 1
    assert (voucher.num_orders, voucher.total_discount) == (uses, Decimal("10.00") * uses)
    assert voucher.applications.count() == uses


def test_a_voucher_whose_offer_was_taken_away_stays_on_the_basket_and_takes_nothing_off() -> None:
    client = Client()
    for code in ("LEER", "ZEHN"):
        make_voucher(code, percent=10)
    put_in_basket(client, make_variant(price_minor=10_000))
    for code in ("LEER", "ZEHN"):
        client.post(reverse("basket:voucher_add"), {"code": code})
    Voucher.objects.get(code="LEER").offers.clear()
    page = client.get(reverse("basket:summary"))
    assert {one["code"]: one["used"] for one in page.context["vouchers"]} == {"LEER": False, "ZEHN": True}
    assert page.context["discount_minor"] == 1_000


def test_remembered_or_read_the_same_is_taken_off(settings: Any) -> None:
    """Offers of several kinds, with and without a voucher, by what is remembered and by what is read."""
    records = [make_variant(price_minor=minor) for minor in (1_990, 5_000, 12_345)]
    of = make_range("Genannt", includes_all_products=False)
    RangeProduct.objects.create(range=of, product=records[1].product)
    make_offer("Alles", percent=7, priority=1)
    make_offer("Genannt", percent=20, of=of, priority=3, exclusive=True)
    make_offer("Betrag", minor=500, at_least=3)
    voucher = make_voucher("ZEHN", percent=10)
    basket = Basket.objects.create()
    basket.strategy = GrossStrategy()
    for record in records:
        basket.add_product(record.product, 2)
    for with_voucher in (False, True):
        if with_voucher:
            basket.vouchers.add(voucher)
        found = []
        for kept_s, kept in ((60, True), (60, True), (60, False), (0, True)):
            settings.PARTS_KEPT_S = kept_s
            again = Basket.objects.get(pk=basket.pk)
            again.strategy = GrossStrategy()
            apply_offers(again, AnonymousUser(), kept=kept)
            found.append([line.discount_value for line in again.all_lines()])
        assert found[0] == found[1] == found[2] == found[3]
        assert sum(found[0])


@pytest.mark.parametrize(
    "limit", ["max_basket_applications", "max_user_applications", "max_global_applications"]
)
def test_two_vouchers_with_one_offer_give_it_once_and_the_one_that_gave_it_is_used(limit: str) -> None:
    first = make_voucher("EINS", usage=Voucher.SINGLE_USE, percent=10, at_least=2)
    offer = first.offers.get()
    Benefit.objects.filter(pk=offer.benefit_id).update(type=Benefit.FIXED_PRICE, value=Decimal(150))
    ConditionalOffer.objects.filter(pk=offer.pk).update(**{limit: 1})
    second = make_voucher("ZWEI", usage=Voucher.SINGLE_USE, percent=10)
    second.offers.set([offer])
    person, client = make_user(), Client()
    client.force_login(person)
    put_in_basket(client, make_variant(price_minor=10_000), quantity=4)
    for code in ("EINS", "ZWEI"):
        client.post(reverse("basket:voucher_add"), {"code": code})
    assert discount_minor(client) == 5_000
    placed = client.post(reverse("checkout:summary"), order_button(go_to_summary(client)))
    assert "/orders/" in placed["Location"]
    uses = sorted(Voucher.objects.values_list("num_orders", "total_discount"))
    assert uses == [(0, Decimal(0)), (1, Decimal(50))]


@pytest.mark.parametrize("is_kept", [True, False])
@pytest.mark.parametrize("older", ["voucher", "offer"])
def test_of_two_exclusive_offers_of_equal_priority_the_older_one_is_given(
    older: str, is_kept: bool, settings: Any
) -> None:
    settings.PARTS_KEPT_S = 60 if is_kept else 0
    client = Client()
    make = [
        lambda: make_voucher("ZWANZIG", percent=20, exclusive=True),
        lambda: make_offer("Fünf", percent=5, exclusive=True),
    ]
    for deed in make if older == "voucher" else reversed(make):
        deed()
    put_in_basket(client, make_variant(price_minor=10_000))
    client.post(reverse("basket:voucher_add"), {"code": "ZWANZIG"})
    assert discount_minor(client) == (2_000 if older == "voucher" else 500)


def test_what_an_article_was_when_it_was_read_is_not_remembered_for_later() -> None:
    """A slow request read the article before it was put into another class, and reckons after."""
    record = make_variant(price_minor=10_000)
    page = record.product.own_or_parent
    of = make_range("Klasse", includes_all_products=False)
    of.classes.add(page.product_class)
    make_offer("Sommer", percent=10, of=of)
    basket = Basket.objects.create()
    basket.strategy = GrossStrategy()
    basket.add_product(record.product, 1)

    def found() -> Basket:
        again = Basket.objects.get(pk=basket.pk)
        again.strategy = GrossStrategy()
        bring_lines(again)
        return again

    def taken_off(one: Basket, *, kept: bool) -> Decimal:
        apply_offers(one, AnonymousUser(), kept=kept)
        return sum((line.discount_value for line in one.all_lines()), Decimal(0))

    slow = found()
    Product.objects.filter(pk=page.pk).update(product_class=ProductClass.objects.create(name="Andere"))
    sharing.versions_now()
    assert taken_off(slow, kept=True) == 10
    sharing.versions_now()
    assert taken_off(found(), kept=True) == taken_off(found(), kept=False) == 0
