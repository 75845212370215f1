"""Pick-up in the store: what lies there, when all of it is ready, and where the store is."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from catalogue.partner.models import StockRecord
from checkout.order.actions import confirm
from checkout.order.models import AcceptedSummary, Order
from checkout.shipping.pickup import Store, working_day
from fulfilment.warehouse.picking.models import CutOff
from fulfilment.warehouse.stock.models import SHOP_FLOOR, Bin, BinStock, Site
from shop.notifications.models import OutgoingMail
from shop.pages import queries
from tests.checkout.test_steps import CONTACT, go_to_summary, order_button, put_in_basket
from tests.factories.shopping import make_variant

pytestmark = pytest.mark.django_db


def test_pick_up_says_what_lies_in_the_store_and_when_all_is_ready(client: Client, clock: Any) -> None:
    clock.stop(timezone.make_aware(dt.datetime(2026, 11, 26, 10)))  # a Thursday
    store = Site.objects.create(
        code="laden", name="Laden", street="Deichstr. 1", postcode="20459", city="Hamburg"
    )
    shelf = Bin.objects.create(site=store, code="V1", kind=SHOP_FLOOR)
    here, away = make_variant(title="Elbschuh"), make_variant(title="Fährschuh")
    BinStock.objects.create(bin=shelf, stockrecord=here, quantity=5)
    put_in_basket(client, here)
    client.post(reverse("checkout:contact"), CONTACT)
    page = client.get(reverse("checkout:delivery"))
    assert page.context["fetching"].to_bring == []
    assert page.context["fetching"].ready_on == dt.date(2026, 11, 26)
    text = page.content.decode()
    assert text.count("Deichstr. 1") == 1 and "Alles liegt dort bereit" in text
    pick_up = text[text.index('value="pickup"') : text.index("Alles liegt dort bereit")]
    assert "Werktag" not in pick_up, "the day itself is named"
    put_in_basket(client, away, quantity=2)
    page = client.get(reverse("checkout:delivery"))
    [(title, wanted, there)] = page.context["fetching"].to_bring
    assert (title.startswith("Fährschuh"), wanted, there) == (True, 2, 0)
    assert page.context["fetching"].ready_on == dt.date(2026, 11, 27)
    StockRecord.objects.filter(pk=here.pk).update(num_allocated=10)
    assert len(client.get(reverse("checkout:delivery")).context["fetching"].to_bring) == 2, (
        "promised to others"
    )


@pytest.mark.parametrize(("hour", "ready"), [(10, 26), (19, 27), (23, 27)])
def test_what_is_ordered_after_the_stores_last_cut_off_is_not_ready_the_same_day(
    client: Client, clock: Any, hour: int, ready: int
) -> None:
    clock.stop(timezone.make_aware(dt.datetime(2026, 11, 26, hour)))
    store = Site.objects.create(
        code="laden", name="Laden", street="Deichstr. 1", postcode="20459", city="Hamburg"
    )
    shelf = Bin.objects.create(site=store, code="V1", kind=SHOP_FLOOR)
    CutOff.objects.create(site=store, carrier="pickup", time=dt.time(18))
    record = make_variant()
    BinStock.objects.create(bin=shelf, stockrecord=record, quantity=5)
    put_in_basket(client, record)
    client.post(reverse("checkout:contact"), CONTACT)
    page = client.get(reverse("checkout:delivery"))
    assert page.context["fetching"].ready_on == dt.date(2026, 11, ready)


def test_without_a_store_pick_up_promises_nothing_more(client: Client) -> None:
    put_in_basket(client, make_variant())
    client.post(reverse("checkout:contact"), CONTACT)
    assert client.get(reverse("checkout:delivery")).context["fetching"] is None


@pytest.mark.parametrize(
    ("day", "days", "ready"),
    [
        ((2026, 11, 28), 0, (2026, 11, 30)),
        ((2026, 12, 24), 1, (2026, 12, 28)),
        ((2025, 10, 31), 0, (2025, 11, 3)),  # Reformation Day: the store in Hamburg is closed
    ],
)
def test_weekends_and_holidays_are_no_days_to_fetch(day: Any, days: int, ready: Any) -> None:
    assert working_day(dt.date(*day), days) == dt.date(*ready)


def test_the_summary_names_the_store_and_so_does_what_was_agreed(client: Client) -> None:
    store = Site.objects.create(
        code="laden", name="Laden", street="Deichstr. 1", postcode="20459", city="Hamburg"
    )
    Bin.objects.create(site=store, code="V1", kind=SHOP_FLOOR)
    put_in_basket(client, make_variant())
    at_home = go_to_summary(client).content.decode()
    assert "Deichstr. 1" not in at_home
    client.post(reverse("checkout:delivery"), {"delivery": "pickup"})
    page = client.get(reverse("checkout:summary"))
    named = "<dd>Abholung im Laden: Laden, Deichstr. 1, 20459 Hamburg</dd>"
    assert named in page.content.decode()
    assert client.post(reverse("checkout:summary"), order_button(page)).status_code == 302
    assert named in AcceptedSummary.objects.get().html


def test_the_page_of_the_order_and_its_confirmation_name_the_store(client: Client, outbox: Any) -> None:
    store = Site.objects.create(
        code="laden", name="Laden", street="Deichstr. 1", postcode="20459", city="Hamburg"
    )
    Bin.objects.create(site=store, code="V1", kind=SHOP_FLOOR)
    put_in_basket(client, make_variant())
    go_to_summary(client)
    client.post(reverse("checkout:delivery"), {"delivery": "pickup"})
    placed = client.post(
        reverse("checkout:summary"), order_button(client.get(reverse("checkout:summary")))
    ).headers["location"]
    order = Order.objects.get()
    page = reverse("orders:detail", args=[order.number])
    assert placed == page

    queries.forget()
    first = statements(client, page)
    text = client.get(page).content.decode()
    assert "<address>Laden<br>Deichstr. 1<br>20459 Hamburg</address>" in text
    asked = [sql for sql in first if "stock_site" in sql]
    assert len(asked) == 1, "one query more"
    assert len(statements(client, page)) < len(first), "and none while it is remembered"

    confirm(order=order)
    outbox.drain()
    mail = OutgoingMail.objects.get(order=order, kind="order_confirmed")
    for body in (mail.text, mail.html):
        assert "Deichstr. 1" in body and "20459 Hamburg" in body


def test_a_store_that_has_moved_is_named_by_the_next_page_of_the_order(client: Client, settings: Any) -> None:
    settings.PARTS_KEPT_S, settings.SHARED_CHECKED_S = 60, 0
    store = Site.objects.create(code="laden", name="Laden", street="Deichstr. 1")
    Bin.objects.create(site=store, code="V1", kind=SHOP_FLOOR)
    put_in_basket(client, make_variant())
    go_to_summary(client)
    client.post(reverse("checkout:delivery"), {"delivery": "pickup"})
    client.post(reverse("checkout:summary"), order_button(client.get(reverse("checkout:summary"))))
    page = reverse("orders:detail", args=[Order.objects.get().number])
    assert "Deichstr. 1" in client.get(page).content.decode()
    Site.objects.filter(pk=store.pk).update(street="Hafenweg 7")
    assert "Hafenweg 7" in client.get(page).content.decode()


def test_an_order_that_is_sent_asks_for_no_store(client: Client) -> None:
    store = Site.objects.create(code="laden", name="Laden", street="Deichstr. 1")
    Bin.objects.create(site=store, code="V1", kind=SHOP_FLOOR)
    put_in_basket(client, make_variant())
    client.post(reverse("checkout:summary"), order_button(go_to_summary(client)))
    queries.forget()
    page = reverse("orders:detail", args=[Order.objects.get().number])
    assert not [sql for sql in statements(client, page) if "stock_site" in sql]
    assert "Deichstr. 1" not in client.get(page).content.decode()


@pytest.mark.parametrize(
    ("of_store", "rows"),
    [
        (Store("Laden", "Deichstr. 1", "20459", "Hamburg", {}), ["Laden", "Deichstr. 1", "20459 Hamburg"]),
        (Store("Laden", "", "", "Hamburg", {}), ["Laden", "Hamburg"]),
        (Store("Laden", "", "", "", {}), ["Laden"]),
    ],
)
def test_of_a_store_is_said_what_is_known(of_store: Store, rows: list[str]) -> None:
    assert of_store.address == rows


def statements(client: Client, page: str) -> list[str]:
    """What is asked of the database for one page."""
    with CaptureQueriesContext(connection) as seen:
        assert client.get(page).status_code == 200
    return [query["sql"] for query in seen.captured_queries]
