"""The pages of an order on the phone: who and what is found, lists, bad input, what is dropped or forgotten."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from oscar.apps.address.models import UserAddress

from checkout.basket.models import Basket
from checkout.order.models import Order
from checkout.phone_orders import actions
from checkout.phone_orders.models import PhoneOrder
from checkout.phone_orders.tasks import sweep_phone_orders
from fulfilment.warehouse.stock.models import Barcode
from shop.customers.actions import close
from shop.customers.models import User
from tests.factories.shopping import make_user, make_variant, place_order
from tests.shop.dashboard.phone_orders import ADDRESS, NEW, at, begin, place, put_in, ready

pytestmark = pytest.mark.django_db


def test_who_is_on_the_phone_is_found_by_name_address_phone_postcode_and_order(service: Client) -> None:
    person = make_user("hanna@example.org", first_name="Hanna", last_name="Hafen", phone="040 777")
    make_user("otto@example.org", first_name="Otto", last_name="Ort")
    UserAddress.objects.create(user=person, line1="Kai 1", postcode="22767", line4="Hamburg", country_id="DE")
    order = place_order((make_variant(), 1), user=person)
    for words in ("hafen", "HANNA@", "777", "22767", order.number, "hanna 22767"):
        page = service.get(reverse("dashboard:phone-order-new"), {"q": words})
        assert [one.pk for one in page.context["people"]] == [person.pk], words
    assert not service.get(reverse("dashboard:phone-order-new"), {"q": "niemand"}).context["people"]


def test_the_usual_address_is_there_already_else_that_of_the_last_order(service: Client) -> None:
    person = make_user("hanna@example.org", first_name="Hanna", last_name="Hafen")
    place_order((make_variant(), 1), user=person)
    assert begin(service, person).draft.billing["line1"] == "Musterweg 1"
    UserAddress.objects.create(
        user=person, first_name="H", last_name="H", line1="Kai 1", postcode="22767", line4="Hamburg",
        country_id="DE", is_default_for_billing=True,
    )  # fmt: skip
    assert begin(service, person).draft.billing["line1"] == "Kai 1"


def test_articles_are_found_by_sku_barcode_name_and_size(service: Client) -> None:
    record = make_variant(sku="ELB-42", title="Deichstiefel", size="47")
    Barcode.objects.create(stockrecord=record, code="4006381333931", kind="gtin")
    make_variant(sku="MOOR-1", title="Moorschuh", size="38")
    row = begin(service, make_user("erika@example.org"))
    for words in ("elb-4", "4006381333931", "deich", "deich 47"):
        assert [one.pk for one in service.get(at(row), {"q": words}).context["articles"]] == [record.pk], (
            words
        )
    assert service.get(at(row), {"q": "\x00%_'"}).status_code in (200, 400)


def test_a_dropped_order_leaves_nothing_behind(service: Client) -> None:
    row = begin(service, make_user("erika@example.org"))
    put_in(service, row, make_variant())
    service.post(at(row, "-drop"))
    assert not PhoneOrder.objects.exists() and not Basket.objects.filter(pk=row.basket_id).exists()
    assert service.get(at(row)).status_code == 404


def test_placing_and_dropping_at_once_lets_one_of_them_win(service: Client) -> None:
    row = ready(service, make_user("erika@example.org"), make_variant(), "prepayment")
    stale = PhoneOrder.objects.select_related("basket").get(pk=row.pk)
    place(service, row)
    with pytest.raises(actions.Closed):
        actions.drop(phone_order=stale, by=None)
    with pytest.raises(actions.Closed):
        actions.change(phone_order=stale, by=None, phone="1")


@pytest.mark.parametrize(
    ("part", "data"),
    [
        ("-add", {"product_id": "x"}),
        ("-add", {"product_id": "1", "quantity": "-3"}),
        ("-add", {"product_id": "9" * 18, "quantity": "1"}),
        ("-voucher", {"code": "\x00" * 9}),
        ("-address", {}),
        ("-address", ADDRESS | {"billing-country": "XX", "email": "a\r\nBcc: b@example.org"}),
        ("-address", ADDRESS | {"billing-postcode": "1", "phone": "<script>"}),
        ("-way", {"delivery": "moon", "payment": "card"}),
        ("-way", {"delivery": "home", "payment": "gold"}),
        ("-check", {"agreed": "on", "total_minor": "x", "seen": "y"}),
    ],
)
def test_bad_input_gets_words_and_never_an_error(service: Client, part: str, data: dict[str, str]) -> None:
    row = ready(service, make_user("erika@example.org"), make_variant(), "prepayment")
    assert service.post(at(row, part), data).status_code in (302, 400, 422)
    assert not Order.objects.exists()


def test_the_list_is_searched_filtered_sorted_and_downloaded(service: Client) -> None:
    first = make_user("hanna@example.org", first_name="Hanna", last_name="Hafen")
    order = place(service, ready(service, first, make_variant(), "prepayment"))
    waiting = begin(service, make_user("otto@example.org", first_name="Otto", last_name="Ort"))
    address = reverse("dashboard:phone-orders")

    def rows(**query: str) -> list[int]:
        return [row.pk for row in service.get(address, query).context["page"]]

    assert rows(state="open") == [waiting.pk] and len(rows()) == 2
    assert rows(q="hafen") == rows(state="placed") == rows(q=order.number)
    assert rows(mine="yes", sort="begun") == sorted(rows())
    assert service.get(address, {"state": "x"}).status_code == 400
    text = service.get(address, {"format": "csv"}).content.decode()
    assert order.number in text and "Otto Ort" in text


def test_pages_ask_the_database_a_constant_number_of_times(service: Client) -> None:
    row = ready(service, make_user("erika@example.org"), make_variant(title="Deich"), "prepayment")

    def count(address: str, **query: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert service.get(address, query).status_code == 200
        return len(queries)

    count(at(row))  # what is remembered for a minute
    before = [count(at(row), q="deich"), count(at(row, "-check")), count(reverse("dashboard:phone-orders"))]
    for _ in range(3):
        put_in(service, row, make_variant(title="Deich"))
        begin(service, make_user())
    after = [count(at(row), q="deich"), count(at(row, "-check")), count(reverse("dashboard:phone-orders"))]
    assert after == before and max(after) <= 25, (before, after)


@pytest.mark.parametrize("kind", ["account", "guest"])
def test_the_address_of_a_merged_account_leads_to_the_one_that_stays(service: Client, kind: str) -> None:
    kept = make_user("hanna@example.org", first_name="Hanna", last_name="Hafen")
    gone = make_user("neu@example.org")
    User.objects.filter(pk=gone.pk).update(is_active=False, merged_into=kept)
    page = service.post(reverse("dashboard:phone-order-new"), NEW | {"kind": kind}).content.decode()
    assert reverse("dashboard:phone-order-begin", args=[kept.pk]) in page and "Hanna Hafen" in page
    assert begin(service, gone).user == kept  # also from an old page


def test_of_a_closed_account_it_is_said_that_it_is_closed_and_no_button_leads_nowhere(
    service: Client,
) -> None:
    closed = make_user("neu@example.org", last_name="Neu")
    close(person=closed, why="Missbrauch", by=None)
    page = service.post(reverse("dashboard:phone-order-new"), NEW).content.decode()
    assert reverse("dashboard:phone-order-begin", args=[closed.pk]) not in page
    assert "geschlossen: Missbrauch" in page and reverse("dashboard:customer", args=[closed.pk]) in page


def test_what_nobody_places_is_forgotten_after_a_week(service: Client, clock: Any) -> None:
    clock.stop(dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC))
    left = begin(service, make_user("a@example.org"))
    placed = begin(service, make_user("b@example.org"))
    Basket.objects.filter(pk=placed.basket_id).update(status=Basket.SUBMITTED)
    clock.advance(days=6)
    young = begin(service, make_user("c@example.org"))
    assert actions.sweep() == 0
    clock.advance(days=1)
    page = service.get(reverse("dashboard:phone-orders")).content.decode()
    assert "binnen 7 Tagen" in page
    sweep_phone_orders()
    assert set(PhoneOrder.objects.values_list("pk", flat=True)) == {placed.pk, young.pk}
    assert not Basket.objects.filter(pk=left.basket_id).exists()
