"""Which visit of the carrier a new pick list can still make."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from checkout.shipping.models import HOME, PICKUP, DeliveryMethod
from fulfilment.warehouse.picking import actions
from fulfilment.warehouse.picking.models import CutOff, PickList
from fulfilment.warehouse.stock.actions import default_site
from tests.factories.orders import make_order
from tests.factories.stock import make_stockrecord
from tests.support.helpers import Clock, Outbox

pytestmark = pytest.mark.django_db


def local(day: int, hour: int, month: int = 11) -> dt.datetime:
    return timezone.make_aware(dt.datetime(2026, month, day, hour))


def cut_off(hour: int, carrier: str = "", weekdays: str = "12345") -> CutOff:
    return CutOff.objects.create(site=default_site(), carrier=carrier, weekdays=weekdays, time=dt.time(hour))


def due(after: dt.datetime, carrier: str = "own") -> dt.datetime | None:
    return actions.next_cut_off(site_id=default_site().pk, carrier=carrier, after=after)


def test_without_cut_offs_nothing_is_due() -> None:
    assert due(local(25, 9)) is None


def test_the_next_visit_counts_and_a_missed_one_means_the_next_day() -> None:
    cut_off(15)
    cut_off(11)
    assert due(local(25, 9)) == local(25, 11)
    assert due(local(25, 11)) == local(25, 15)
    assert due(local(25, 16)) == local(26, 11)


def test_weekends_and_holidays_are_left_out() -> None:
    cut_off(15)
    assert due(local(27, 16)) == local(30, 15)  # Friday afternoon: Monday
    assert due(local(24, 16, month=12)) == local(28, 15, month=12)  # Christmas on Friday, then a weekend
    cut_off(12, weekdays="6")
    assert due(local(27, 16)) == local(28, 12)


def test_times_of_the_carrier_itself_count_before_those_of_every_carrier() -> None:
    cut_off(15)
    cut_off(18, carrier="fast")
    assert due(local(25, 9), "fast") == local(25, 18)
    assert due(local(25, 9), "other") == local(25, 15)


def test_a_list_knows_its_carrier_and_cut_off_when_it_is_made(outbox: Outbox, clock: Clock) -> None:
    clock.stop(local(25, 9))
    cut_off(15)
    DeliveryMethod.objects.update_or_create(
        code="home", defaults={"kind": HOME, "name": "Paket", "carrier": "fast"}
    )
    DeliveryMethod.objects.update_or_create(code="store", defaults={"kind": PICKUP, "name": "Abholung"})
    record = make_stockrecord(bins={"A-01": 9})
    for code, carrier in (("home", "fast"), ("store", "pickup"), ("unknown", "own")):
        order = make_order((record, 1), shipping_code=code)
        outbox.drain()
        pick_list = PickList.objects.get(order=order)
        assert (pick_list.carrier, pick_list.due_at) == (carrier, local(25, 15))
