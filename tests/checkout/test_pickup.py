"""Pick-up in the store: what lies there, when all of it is ready, and where the store is."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalogue.partner.models import StockRecord
from checkout.order.models import AcceptedSummary
from checkout.shipping.pickup import working_day
from fulfilment.warehouse.picking.models import CutOff
from fulfilment.warehouse.stock.models import SHOP_FLOOR, Bin, BinStock, Site
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
