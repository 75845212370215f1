"""Order again from the account."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalogue.partner.models import StockRecord
from shop.customers.models import User
from tests.factories.orders import make_order
from tests.factories.shopping import make_user, make_variant

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> User:
    return make_user()


@pytest.fixture
def member(client: Client, person: User) -> Client:
    client.force_login(person)
    return client


def in_basket(client: Client) -> list[tuple[int, int]]:
    return [(line.product_id, line.quantity) for line in client.get("/basket/").context["lines"]]


def test_one_click_puts_what_is_there_into_the_basket_and_the_rest_is_said(
    member: Client, person: User
) -> None:
    same, dearer, cheaper, fewer, gone, out = (make_variant(price_minor=5_000) for _ in range(6))
    order = make_order((same, 2), (dearer, 1), (cheaper, 1), (fewer, 3), (gone, 1), (out, 1), user=person)
    StockRecord.objects.update(num_allocated=0)
    StockRecord.objects.filter(pk=dearer.pk).update(price="60.00")
    StockRecord.objects.filter(pk=cheaper.pk).update(price="40.00")
    StockRecord.objects.filter(pk=fewer.pk).update(num_in_stock=2)
    StockRecord.objects.filter(pk=out.pk).update(num_in_stock=0)
    type(gone.product).objects.filter(pk=gone.product_id).update(is_public=False)
    page = member.get(f"/account/orders/{order.number}/again/")
    notes = [row.note for row in page.context["rows"]]
    assert notes[0] == ""
    assert "Teurer als damals: 60,00" in notes[1].replace("\xa0", " ") and "50,00" in notes[1]
    assert (
        "Günstiger" in notes[2] and "2" in notes[3] and "nicht mehr" in notes[4] and "ausverkauft" in notes[5]
    )
    assert page.context["total_minor"] == 2 * 5_000 + 6_000 + 4_000 + 2 * 5_000
    answer = member.post(f"/account/orders/{order.number}/again/", follow=True)
    assert answer.redirect_chain[-1][0] == "/basket/"
    wanted = [(same.product_id, 2), (dearer.product_id, 1), (cheaper.product_id, 1), (fewer.product_id, 2)]
    assert in_basket(member) == wanted
    assert "4 Artikel" in " ".join(map(str, answer.context["messages"]))


def test_a_full_basket_says_so_and_keeps_what_it_had(member: Client, person: User) -> None:
    record = make_variant(stock=2)
    order = make_order((record, 2), user=person)
    StockRecord.objects.update(num_allocated=0)
    member.post("/basket/add/", {"product_id": record.product_id, "quantity": 2})
    answer = member.post(f"/account/orders/{order.number}/again/", follow=True)
    assert in_basket(member) == [(record.product_id, 2)]
    assert "schon in Ihrem Warenkorb" in " ".join(map(str, answer.context["messages"]))


def test_a_second_click_puts_nothing_in_twice(member: Client, person: User) -> None:
    one, two = make_variant(), make_variant()
    order = make_order((one, 2), (two, 1), user=person)
    StockRecord.objects.update(num_allocated=0, num_in_stock=20)
    member.post("/basket/add/", {"product_id": two.product_id, "quantity": 3})
    for _click in range(2):
        member.post(f"/account/orders/{order.number}/again/")
    assert sorted(in_basket(member)) == sorted([(one.product_id, 2), (two.product_id, 3)])


def test_nothing_to_be_had_says_so_and_leads_on(member: Client, person: User) -> None:
    record = make_variant()
    order = make_order((record, 1), user=person)
    StockRecord.objects.update(num_in_stock=0, num_allocated=0)
    page = member.get(f"/account/orders/{order.number}/again/")
    assert page.context["there"] == [] and "/catalogue/" in page.content.decode()
    assert "nichts" in member.post(f"/account/orders/{order.number}/again/", follow=True).content.decode()


def test_a_product_that_is_no_longer_on_file_is_said_to_be_gone(member: Client, person: User) -> None:
    order = make_order((make_variant(), 1), user=person)
    order.lines.update(product=None)
    page = member.get(f"/account/orders/{order.number}/again/")
    assert page.status_code == 200 and page.context["there"] == []


def test_only_ones_own_sales_can_be_ordered_again(member: Client, client: Client) -> None:
    foreign, guests = make_order((make_variant(), 1), user=make_user()), make_order((make_variant(), 1))
    for number in (foreign.number, guests.number, "NIX", "9" * 100):
        assert member.get(f"/account/orders/{number}/again/").status_code == 404
        assert member.post(f"/account/orders/{number}/again/").status_code == 404


def test_the_list_of_orders_leads_there(member: Client, person: User) -> None:
    order = make_order((make_variant(), 1), user=person)
    for page in ("/account/", "/account/orders/"):
        assert f"/account/orders/{order.number}/again/" in member.get(page).content.decode()
    form = member.get(f"/account/orders/{order.number}/again/").content.decode()
    assert '<a href="/account/orders/" aria-current="page">' in form, "the row of the account says where"


def test_the_page_costs_the_same_for_one_and_twenty_lines(member: Client, person: User) -> None:
    costs = []
    for lines in (1, 1, 20):
        order = make_order(*((make_variant(), 1) for _ in range(lines)), user=person)
        with CaptureQueriesContext(connection) as seen:
            assert member.get(f"/account/orders/{order.number}/again/").status_code == 200
        costs.append(len(seen))
    assert costs[1] == costs[2] <= 8
