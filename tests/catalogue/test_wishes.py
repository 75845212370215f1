"""The wish list, what was bought together, and what was recently seen."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from oscar.apps.wishlists.models import Line, WishList

from catalogue.models import BoughtTogether, Product
from checkout.order.models import Line as OrderLine
from checkout.order.models import Order
from checkout.order.together import count_together
from shop.kernel.clock import now
from tests.factories.orders import make_country, make_order
from tests.factories.people import make_user
from tests.factories.range import make_category, make_product, variants

pytestmark = pytest.mark.django_db


@pytest.fixture
def member(client: Client) -> Client:
    client.force_login(make_user())
    return client


def wish(client: Client, pk: Any) -> Any:
    return client.post(f"/wishes/add/?product={pk}")


def test_an_article_is_kept_with_todays_price_and_taken_off_again(member: Client) -> None:
    record = variants(make_product(sizes=("41", "42")))[1]
    assert member.get("/wishes/").status_code == 200
    for _twice in range(2):
        assert wish(member, record.product_id)["Location"] == "/wishes/"
    record.price = "59.90"
    record.save()
    html = member.get("/wishes/").content.decode()
    assert "59,90" in html and f'name="product_id" value="{record.product_id}"' in html
    line = Line.objects.get()
    other = Client()
    other.force_login(make_user("andere@example.org"))
    assert other.post(f"/wishes/{line.pk}/remove/").status_code == 404
    member.post(f"/wishes/{line.pk}/remove/")
    assert not Line.objects.exists()


def test_whoever_is_not_signed_in_comes_back_and_looking_writes_nothing(client: Client) -> None:
    product = make_product()
    answer = wish(client, product.pk)
    assert answer["Location"] == f"/accounts/login/?next=/wishes/add/%3Fproduct%3D{product.pk}"
    client.force_login(make_user())
    assert client.get(f"/wishes/add/?product={product.pk}").status_code == 200
    assert not WishList.objects.exists()


@pytest.mark.parametrize("pk", ["", "abc", "0", "²", "9" * 30, "-1"])
def test_what_is_not_offered_cannot_be_wished_for(member: Client, pk: str) -> None:
    assert wish(member, pk).status_code == 404
    assert wish(member, make_product(is_public=False).pk).status_code == 404


def test_a_link_shows_the_articles_and_no_name_until_it_is_ended(member: Client) -> None:
    person = make_user()
    person.first_name = "Friederike"
    person.save()
    product = make_product("Geheimschuh")
    wish(member, product.pk)
    member.post("/wishes/share/", {"step": "start"})
    url = member.get("/wishes/").context["shared_url"].removeprefix("http://testserver")
    html = Client().get(url).content.decode()
    assert "Geheimschuh" in html and "Friederike" not in html and "noindex" in html
    member.post("/wishes/share/", {"step": "stop"})
    assert Client().get(url).status_code == 404
    member.post("/wishes/share/", {"step": "start"})
    assert Client().get(url).status_code == 404  # the next link is another
    for forged in ("x", url.removeprefix("/wishes/shared/")[:-3], "WzEsImEiXQ:abc"):
        assert Client().get(f"/wishes/shared/{forged}/").status_code == 404


def test_articles_that_are_gone_stay_on_the_list_in_words(member: Client) -> None:
    product = make_product("Weg")
    wish(member, product.pk)
    Product.objects.filter(pk=product.pk).update(is_public=False)
    html = member.get("/wishes/").content.decode()
    assert "Weg" in html and "nicht mehr angeboten" in html


def test_the_list_costs_the_same_however_long_it_is(member: Client) -> None:
    def cost() -> int:
        member.get("/wishes/")
        with CaptureQueriesContext(connection) as seen:
            member.get("/wishes/")
        return len(seen)

    wish(member, variants(make_product())[0].product_id)
    few = cost()
    for n in range(5):
        wish(member, variants(make_product(f"Schuh {n}"))[0].product_id)
    assert cost() == few


def bought(*products: Product, days_ago: int = 1, **fields: Any) -> Order:
    make_country()
    order = make_order(*[(variants(one)[0], 1) for one in products])
    Order.objects.filter(pk=order.pk).update(date_placed=now() - dt.timedelta(days=days_ago), **fields)
    return order


def pairs() -> dict[tuple[int, int], int]:
    return {(one.product_id, one.other_id): one.orders for one in BoughtTogether.objects.all()}


def test_what_is_bought_together_is_counted_over_orders_of_a_year(client: Client) -> None:
    shoe, wax, laces, sock = (make_product(name, stock=50) for name in ("Schuh", "Wachs", "Senkel", "Socke"))
    for _n in range(3):
        bought(shoe, wax)
    for _n in range(2):
        bought(shoe, laces)
    bought(shoe, sock)  # one order alone tells nothing
    bought(shoe, sock, days_ago=400)
    bought(shoe, sock, status="cancelled")
    dropped = bought(shoe, sock)
    OrderLine.objects.filter(order=dropped).update(quantity_cancelled=1)
    count_together()
    count_together()  # again: the same
    assert pairs() == {
        (shoe.pk, wax.pk): 3,
        (wax.pk, shoe.pk): 3,
        (shoe.pk, laces.pk): 2,
        (laces.pk, shoe.pk): 2,
    }
    shown = client.get(shoe.get_absolute_url())
    assert [card.title for card in shown.context["related"]] == ["Wachs", "Senkel"]
    assert "Wird oft zusammen gekauft" in shown.content.decode()


def test_counting_costs_the_same_for_any_number_of_orders() -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as seen:
            count_together()
        return len(seen)

    one, two = make_product(stock=50), make_product("Zwei", stock=50)
    bought(one, two)
    few = cost()
    for _n in range(6):
        bought(one, two)
    assert cost() == few


def test_without_orders_the_category_fills_the_place(client: Client) -> None:
    shoes = make_category()
    one, two = make_product(category=shoes), make_product("Zwei", category=shoes)
    context = client.get(one.get_absolute_url()).context
    assert [card.title for card in context["related"]] == [two.title]
    assert context["is_bought_together"] is False


def test_recently_seen_is_kept_by_the_browser_alone_and_only_when_asked_for(client: Client) -> None:
    html = client.get(make_product().get_absolute_url()).content.decode()
    section = html.partition("data-seen ")[2].partition("</section>")[0]
    assert section.startswith("hidden") and "data-seen-on" in section and "data-seen-off" in section
    script = (Path(django_settings.BASE_DIR) / "static/js/seen.js").read_text()
    assert "fetch(" not in script and "cookie" not in script and "innerHTML" not in script
    assert "€" not in section and "price" not in script  # a kept price would be an old one
