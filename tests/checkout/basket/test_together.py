"""The basket and its lines in one query at each step of the checkout; whatever else has to be done with baskets is done
as ever."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from catalogue.partner.strategy import GrossStrategy
from checkout.basket.models import Basket
from checkout.order.models import Order
from tests.checkout.test_steps import go_to_summary, order_button, put_in_basket
from tests.factories.credit import give_credit
from tests.factories.offers import make_voucher
from tests.factories.shopping import make_user, make_variant

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
DELIVERY = "checkout:delivery"


def asked_of_baskets(client: Client) -> list[str]:
    with CaptureQueriesContext(connection) as seen:
        assert client.get(reverse(DELIVERY)).status_code == 200
    tables = ('FROM "basket_basket" ', 'FROM "basket_line" ', 'FROM "store_credit_creditaccount" ')
    return [one["sql"] for one in seen.captured_queries if any(table in one["sql"] for table in tables)]


@pytest.mark.parametrize("is_member", [False, True])
def test_a_step_asks_once_for_basket_lines_vouchers_and_credit(is_member: bool) -> None:
    client = Client()
    if is_member:
        person = make_user()
        give_credit(person, 500)
        client.force_login(person)
    put_in_basket(client, make_variant(price_minor=8_990), make_variant(price_minor=1_000))
    page = go_to_summary(client)
    assert len(asked_of_baskets(client)) == 1
    assert page.context["quote"].credit_there_minor == (500 if is_member else 0)
    assert [line.product.title_local for line in page.context["quote"].lines]
    placed = client.post(reverse("checkout:summary"), order_button(page))
    assert "/orders/" in placed["Location"] or "/pay/" in placed["Location"]
    sale = Order.objects.latest("pk")
    assert sale.total_minor == page.context["quote"].totals.total_minor


def _second_basket(person: Any, *, with_goods: bool) -> Basket:
    basket = Basket.objects.create(owner=person)
    if with_goods:
        basket.strategy = GrossStrategy()
        basket.add_product(make_variant(price_minor=2_000).product, 1)
    return basket


@pytest.mark.parametrize("with_goods", [False, True])
def test_two_open_baskets_of_a_person_are_one_for_the_step(with_goods: bool) -> None:
    """Two windows made them in one moment."""
    person, client = make_user(), Client()
    client.force_login(person)
    put_in_basket(client, make_variant(price_minor=8_990))
    go_to_summary(client)
    other = _second_basket(person, with_goods=with_goods)
    page = client.get(reverse(DELIVERY))
    assert len(page.context["quote"].lines) == 1 + with_goods
    assert not other.lines.exists()


def test_what_a_guest_chose_comes_along_at_the_very_step(client: Client) -> None:
    """Signed in by another way than the form, which brings it along itself: the cookie of the guest is still there."""
    person = make_user()
    theirs = Client()
    theirs.force_login(person)
    put_in_basket(theirs, make_variant(price_minor=8_990))
    go_to_summary(theirs)
    put_in_basket(client, make_variant(price_minor=1_000))
    theirs.cookies["oscar_open_basket"] = client.cookies["oscar_open_basket"].value
    page = theirs.get(reverse(DELIVERY))
    assert len(page.context["quote"].lines) == 2


def test_nobody_gets_the_basket_of_somebody_else(client: Client) -> None:
    """A guest's cookie names a basket that has become a person's, or was ordered."""
    put_in_basket(client, make_variant(price_minor=8_990))
    page = go_to_summary(client)
    basket = page.context["quote"].basket
    for change in ({"owner": make_user()}, {"owner": None, "status": Basket.SUBMITTED}):
        Basket.objects.filter(pk=basket.pk).update(**change)
        assert client.get(reverse(DELIVERY))["Location"] == reverse("basket:summary")
        client.cookies["oscar_open_basket"] = page.wsgi_request.COOKIES["oscar_open_basket"]


@pytest.mark.parametrize("cookie", ["", "7", "7:forged", "x:y"])
def test_a_cookie_that_we_did_not_sign_is_an_empty_basket(client: Client, cookie: str) -> None:
    client.cookies["oscar_open_basket"] = cookie
    assert client.get(reverse(DELIVERY))["Location"] == reverse("basket:summary")


def test_an_empty_basket_leads_to_the_basket_from_every_step(client: Client) -> None:
    put_in_basket(client, make_variant())
    go_to_summary(client)
    Basket.objects.get().lines.all().delete()
    for step in ("start", "contact", "delivery", "payment", "summary"):
        assert client.get(reverse(f"checkout:{step}"))["Location"] == reverse("basket:summary")


def test_a_voucher_can_be_put_on_with_the_click_that_brings_the_guests_basket_along(client: Client) -> None:
    """Also where another window has brought it along in this moment."""
    make_voucher("ZEHN", percent=10)
    person = make_user()
    theirs = Client()
    theirs.force_login(person)
    put_in_basket(theirs, make_variant(price_minor=8_000))
    put_in_basket(client, make_variant(price_minor=2_000))
    guests = client.cookies["oscar_open_basket"].value
    for _click in range(2):
        theirs.cookies["oscar_open_basket"] = guests
        theirs.post(reverse("basket:voucher_add"), {"code": "ZEHN"})
        page = theirs.get(reverse("basket:summary"))
        assert (page.context["discount_minor"], len(page.context["lines"])) == (1_000, 2)


def test_no_more_vouchers_than_a_basket_takes(client: Client) -> None:
    put_in_basket(client, make_variant(price_minor=10_000))
    for number in range(4):
        make_voucher(f"V{number}", percent=1)
        client.post(reverse("basket:voucher_add"), {"code": f"V{number}"})
        client.post(reverse("basket:voucher_add"), {"code": f"V{number}"})
    page = client.get(reverse("basket:summary"))
    assert sorted(one["code"] for one in page.context["vouchers"]) == ["V0", "V1", "V2"]
