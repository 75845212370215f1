"""The basket in the browser: add, change, take out, count, merge, vouchers."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from checkout.basket.models import Basket, Line
from shop.legal.reading import read
from tests.factories.offers import make_offer, make_voucher
from tests.factories.range import make_product, variants
from tests.factories.shopping import make_user

pytestmark = pytest.mark.django_db
BUDGET = 8


def add(client: Client, variant_id: object, quantity: object = 1, **more: Any) -> Any:
    return client.post("/basket/add/", {"product_id": variant_id, "quantity": quantity, **more})


def told(response: Any) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def in_basket(client: Client) -> list[tuple[str, int]]:
    return [(line.title, line.quantity) for line in client.get("/basket/").context["lines"]]


def test_what_is_added_is_in_the_basket_with_its_sum(client: Client) -> None:
    record = variants(make_product("Elbschuh", price_minor=9_990))[0]
    assert add(client, record.product_id, 2)["Location"] == "/basket/"
    context = client.get("/basket/").context
    assert [(line.title, line.quantity, line.total_minor) for line in context["lines"]] == [
        ("Elbschuh", 2, 19_980)
    ]
    assert (context["total_minor"], context["vat_minor"]) == (19_980, 3_190)


def test_an_empty_basket_says_what_to_do(client: Client) -> None:
    response = client.get("/basket/")
    assert response.context["empty"] is True
    assert b'class="empty' in response.content


def test_never_more_than_is_there(client: Client) -> None:
    record = variants(make_product(stock=2))[0]
    response = client.post("/basket/add/", {"product_id": record.product_id, "quantity": 3}, follow=True)
    assert in_basket(client) == []
    assert "2" in told(response)
    add(client, record.product_id, 2)
    response = client.post("/basket/add/", {"product_id": record.product_id, "quantity": 1}, follow=True)
    assert [quantity for _title, quantity in in_basket(client)] == [2]
    line = client.get("/basket/").context["lines"][0]
    client.post(f"/basket/lines/{line.id}/update/", {"quantity": 3})
    assert [quantity for _title, quantity in in_basket(client)] == [2]


def test_a_sold_out_variant_is_refused_with_words(client: Client) -> None:
    record = variants(make_product(stock=0))[0]
    response = client.post("/basket/add/", {"product_id": record.product_id, "quantity": 1}, follow=True)
    assert told(response)
    assert in_basket(client) == []


def test_a_backorderable_variant_may_be_wished_without_stock(client: Client) -> None:
    record = variants(make_product(stock=0))[0]
    record.backorderable = True
    record.save()
    add(client, record.product_id, 4)
    assert [quantity for _title, quantity in in_basket(client)] == [4]


@pytest.mark.parametrize("quantity", ["", "abc", "-1", "1.5", "NaN", "1e3", "9" * 30, "²", "💶", "1;DROP"])
def test_a_junk_quantity_is_a_400_with_words(client: Client, quantity: str) -> None:
    record = variants(make_product())[0]
    response = add(client, record.product_id, quantity)
    assert response.status_code == 400
    assert "<h1" in response.content.decode()
    assert Line.objects.count() == 0


@pytest.mark.parametrize("quantity", ["0", "100", "999999999999999999"])
def test_impossible_quantities_are_refused_with_words(client: Client, quantity: str) -> None:
    record = variants(make_product(stock=5))[0]
    assert told(
        client.post("/basket/add/", {"product_id": record.product_id, "quantity": quantity}, follow=True)
    )
    assert Line.objects.count() == 0


NO_VARIANT = {"": 400, "abc": 400, "-5": 400, "0": 404, "99999999": 404, "9" * 18: 404, "9" * 40: 400}


@pytest.mark.parametrize(("variant", "status"), NO_VARIANT.items())
def test_unknown_variants_are_4xx(client: Client, variant: str, status: int) -> None:
    assert add(client, variant).status_code == status


def test_parents_hidden_products_and_products_without_price_cannot_be_added(client: Client) -> None:
    parent = make_product()
    hidden = make_product(is_public=False)
    assert add(client, parent.pk).status_code == 404
    assert add(client, variants(hidden)[0].product_id).status_code == 404


def test_reading_addresses_refuse_to_write(client: Client) -> None:
    for url in (
        "/basket/add/",
        "/basket/lines/1/update/",
        "/basket/lines/1/remove/",
        "/basket/vouchers/add/",
    ):
        assert client.get(url).status_code == 405


def test_a_line_of_another_basket_does_not_exist(client: Client) -> None:
    record = variants(make_product())[0]
    stranger = Client()
    add(stranger, record.product_id, 1)
    line = Line.objects.get()
    add(client, record.product_id, 1)
    for url in (
        f"/basket/lines/{line.pk}/update/",
        f"/basket/lines/{line.pk}/remove/",
        f"/basket/lines/{10**30}/remove/",
    ):
        assert client.post(url, {"quantity": "1"}).status_code == 404
    assert [quantity for _title, quantity in in_basket(stranger)] == [1]


def test_what_was_taken_out_can_be_put_back(client: Client) -> None:
    record = variants(make_product("Elbschuh"))[0]
    add(client, record.product_id, 3)
    line = client.get("/basket/").context["lines"][0]
    response = client.post(f"/basket/lines/{line.id}/remove/", follow=True)
    undo = response.context["undo"]
    assert response.context["empty"] and "Elbschuh" in undo["title"]
    add(client, undo["product_id"], undo["quantity"])
    assert in_basket(client) == [("Elbschuh", 3)]


JUNK_UNDO = [
    "removed=abc&quantity=1",
    "removed=1&quantity=-1",
    f"removed={10**30}&quantity=1",
    "removed=77777",
    "removed=77777&quantity=1",
]


@pytest.mark.parametrize("query", JUNK_UNDO)
def test_junk_in_the_undo_address_is_ignored(client: Client, query: str) -> None:
    assert client.get(f"/basket/?{query}").status_code == 200


def test_quantity_zero_takes_the_line_out(client: Client) -> None:
    record = variants(make_product())[0]
    add(client, record.product_id, 3)
    line = client.get("/basket/").context["lines"][0]
    client.post(f"/basket/lines/{line.id}/update/", {"quantity": "0"})
    assert in_basket(client) == []


def test_after_adding_one_stays_where_one_was_but_never_leaves_the_shop(client: Client) -> None:
    record = variants(make_product())[0]
    assert add(client, record.product_id, next="/catalogue/?size=41")["Location"] == "/catalogue/?size=41"
    for foreign in ("https://evil.example/", "//evil.example", "javascript:alert(1)"):
        assert add(client, record.product_id, next=foreign)["Location"] == "/basket/"


def test_the_header_counts_pieces_without_asking_the_database(client: Client) -> None:
    product = make_product(stock=9)
    add(client, variants(product)[0].product_id, 2)
    add(client, variants(product)[1].product_id, 3)
    client.get(product.get_absolute_url())
    with CaptureQueriesContext(connection) as seen:
        response = client.get(product.get_absolute_url())
    assert 'basket-count__number" aria-hidden="true">5<' in response.content.decode()
    assert not [one for one in seen if "basket_" in one["sql"]]


@pytest.mark.parametrize("forged", ["-1", "abc", "9" * 30, "²", "<b>"])
def test_a_forged_count_is_harmless(client: Client, forged: str) -> None:
    record = variants(make_product())[0]
    add(client, record.product_id)
    client.cookies["basket_count"] = forged
    assert client.get("/catalogue/").status_code == 200


def test_a_forged_basket_cookie_opens_nobodys_basket(client: Client) -> None:
    record = variants(make_product())[0]
    add(client, record.product_id)
    basket_id = Basket.objects.get().pk
    forger = Client()
    forger.cookies["oscar_open_basket"] = f"{basket_id}:forged"
    assert forger.get("/basket/").context["empty"] is True


def test_signing_in_brings_the_guests_basket_along_and_counts_it(client: Client) -> None:
    person = make_user()
    product = make_product(stock=9)
    first, second = variants(product)
    at_home = Client()
    at_home.force_login(person)
    add(at_home, first.product_id, 1)
    add(client, first.product_id, 3)
    add(client, second.product_id, 2)
    client.post("/accounts/login/", {"login": person.email, "password": "test-password"})
    assert sorted(quantity for _title, quantity in in_basket(client)) == [2, 3]  # the larger wish of each
    assert 'aria-hidden="true">5<' in client.get("/catalogue/").content.decode()
    assert client.cookies["basket_count"].value == ""


def test_a_basket_that_became_an_order_counts_nothing(client: Client) -> None:
    record = variants(make_product())[0]
    add(client, record.product_id, 2)
    Basket.objects.update(status=Basket.SUBMITTED)
    assert client.get("/basket/").context["empty"] is True
    assert "basket-count__number" not in client.get("/catalogue/").content.decode()


def test_a_line_whose_last_piece_went_to_another_is_marked_and_the_rest_kept(client: Client) -> None:
    gone, kept = variants(make_product(stock=2))
    add(client, gone.product_id, 2)
    add(client, kept.product_id, 1)
    gone.num_allocated = 2
    gone.save()
    context = client.get("/basket/").context
    assert [bool(line.problem) for line in context["lines"]] == [True, False]
    assert context["has_problem"]


def test_a_changed_price_is_said(client: Client) -> None:
    record = variants(make_product(price_minor=9_990))[0]
    add(client, record.product_id)
    record.price = Decimal("89.90")
    record.save()
    line = client.get("/basket/").context["lines"][0]
    assert "99,90" in line.note and "89,90" in line.note
    assert line.total_minor == 8_990


def test_a_voucher_takes_off_and_can_be_taken_off(client: Client) -> None:
    make_voucher("MOIN10", percent=10)
    record = variants(make_product(price_minor=9_990))[0]
    add(client, record.product_id, 1)
    client.post("/basket/vouchers/add/", {"code": " moin10 "})
    context = client.get("/basket/").context
    assert (context["discount_minor"], context["total_minor"]) == (999, 8_991)
    assert context["vouchers"] == [{"code": "MOIN10", "name": "MOIN10", "used": True}]
    client.post("/basket/vouchers/remove/", {"code": "MOIN10"})
    assert client.get("/basket/").context["discount_minor"] == 0


def test_an_offer_is_taken_off_the_sum_and_strikes_no_price_of_an_article(client: Client) -> None:
    """§ 11 PAngV: a struck price announces a reduction and needs the lowest price of 30 days beside it."""
    make_offer("Sommer", percent=10)
    make_voucher("MOIN10", percent=10)
    product = make_product(price_minor=9_990, sizes=("42",))
    add(client, variants(product)[0].product_id, 2)
    client.post("/basket/vouchers/add/", {"code": "MOIN10"})
    answer = client.get("/basket/")
    html = answer.content.decode()
    assert answer.context["discount_minor"] >= 1_998
    assert "<s " not in html and "<s>" not in html and "<del" not in html
    prices = re.findall(r'<p class="line-item__price">(.*?)</p>', html)
    assert [" ".join(re.sub("<[^>]+>", "", one).split()) for one in prices] == ["199,80 €"]
    words = read(html).words
    assert "waren 199,80 €" in words, "the goods add up to their lines"
    assert re.search("rabatt ?sommer −", words), "by name"


@pytest.mark.parametrize("code", ["", "GIBTESNICHT", "9" * 500, "' OR 1=1", "💶"])
def test_unknown_vouchers_are_refused_with_words(client: Client, code: str) -> None:
    add(client, variants(make_product())[0].product_id)
    response = client.post("/basket/vouchers/add/", {"code": code}, follow=True)
    assert told(response).strip()
    assert response.context["vouchers"] == []


def test_expired_and_personal_vouchers_are_refused_with_the_reason(client: Client) -> None:
    make_voucher("ALT", percent=10, days_ago=(20, 10))
    make_voucher("EINMAL", percent=10, usage="Once per customer")
    add(client, variants(make_product())[0].product_id)
    for code in ("ALT", "EINMAL"):
        assert told(client.post("/basket/vouchers/add/", {"code": code}, follow=True))
        assert client.get("/basket/").context["vouchers"] == []


def cost(client: Client) -> int:
    client.get("/basket/")
    cache.clear()
    with CaptureQueriesContext(connection) as seen:
        assert client.get("/basket/").status_code == 200
    return len(seen)


def test_a_basket_costs_the_same_few_queries_for_one_and_twenty_lines_and_many_offers(client: Client) -> None:
    make_offer("Sommer", percent=5)
    make_offer("Herbst", percent=3)
    make_voucher("MOIN10", percent=10)
    records = [record for _ in range(10) for record in variants(make_product(stock=9))]
    add(client, records[0].product_id)
    client.post("/basket/vouchers/add/", {"code": "MOIN10"})
    one = cost(client)
    for record in records[1:20]:
        add(client, record.product_id)
    assert Line.objects.count() == 20
    make_offer("Winter", percent=2)
    assert one == cost(client) <= BUDGET


def test_a_basket_of_a_signed_in_customer_stays_in_the_budget(client: Client) -> None:
    client.force_login(make_user())
    make_offer("Sommer", percent=5)
    for record in variants(make_product(stock=9)):
        add(client, record.product_id)
    assert cost(client) <= BUDGET


def test_after_an_order_the_next_thing_a_guest_chooses_is_not_lost(client: Client) -> None:
    """The cookie names the basket that became the order; adding begins another, whose cookie must reach the browser."""
    first, second = variants(make_product(sizes=("41", "42")))
    add(client, first.product_id)
    Basket.objects.update(status=Basket.SUBMITTED)
    add(client, second.product_id)
    assert [n for _title, n in in_basket(client)] == [1]
    assert client.cookies["basket_count"].value == "1"
