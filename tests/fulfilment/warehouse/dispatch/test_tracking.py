"""Tracking states: pushed or asked for, doubled, late, unknown; each moves its parcel once or becomes a question."""

from __future__ import annotations

import copy
import datetime as dt
import json
import time
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import override
from PIL import ImageFile

from checkout.order.models import Order
from fulfilment.warehouse.dispatch import actions, labels, tracking
from fulfilment.warehouse.dispatch import dhl as dhl_interface
from fulfilment.warehouse.dispatch.dhl import DhlParcel
from fulfilment.warehouse.dispatch.door import HEADER
from fulfilment.warehouse.dispatch.errors import DispatchError
from fulfilment.warehouse.dispatch.events import ParcelDelivered, ParcelLost, ParcelReturned
from fulfilment.warehouse.dispatch.models import Label, Parcel, TrackingState
from fulfilment.warehouse.dispatch.standin.control import sign
from fulfilment.warehouse.dispatch.standin.process import CarrierStandIn
from shop.customers.models import User
from shop.kernel.clock import now
from shop.kernel.models import InboxMessage
from shop.notifications.models import OutgoingMail
from shop.pages.timeline import order_page
from tests.support.helpers import Clock, Outbox

from .conftest import Pack

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
DOOR = "/carriers/dhl/webhook"


@pytest.fixture
def parcel(dhl: CarrierStandIn, pack: Pack, staff: User) -> Parcel:
    """A parcel that has left with the carrier."""
    made = pack()
    labels.work_due()
    made.refresh_from_db()
    actions.dispatch(parcel=made, by=staff)
    return made


def knock(dhl: CarrierStandIn, body: bytes, *, at: float | None = None, secret: str = "") -> Any:
    header = sign(body, secret or dhl.webhook_secret, int(at or time.time()))
    return Client().post(DOOR, data=body, content_type="application/json", headers={HEADER: header})


def happen(dhl: CarrierStandIn, parcel: Parcel, what: str, hours_ago: float = 0) -> bytes:
    """Something happens at the carrier; what it would push."""
    at = time.time() - hours_ago * 3600
    said = dhl.control("event", shipment=parcel.tracking_number, what=what, at=at)
    return str(said["message"]).encode()


@pytest.mark.parametrize(
    ("what", "event", "words", "title"),
    [
        ("delivered", ParcelDelivered, "zugestellt", "Parcel delivered"),
        ("lost", ParcelLost, "verloren", "Parcel lost: we take care of it"),
        ("returned", ParcelReturned, "kommt zu uns zurück", "Parcel comes back to us"),
    ],
)
def test_a_pushed_state_moves_the_parcel_and_is_told(
    dhl: CarrierStandIn, parcel: Parcel, outbox: Outbox, what: str, event: Any, words: str, title: str
) -> None:
    answer = knock(dhl, happen(dhl, parcel, what))
    assert (answer.status_code, answer.json()) == (200, {"received": True, "new": True})
    parcel.refresh_from_db()
    assert parcel.state == "dispatched", "stored first, understood later"
    outbox.drain()
    assert outbox.failures() == []
    parcel.refresh_from_db()
    assert parcel.state == what
    (told,) = outbox.events(event)
    assert (told.parcel_id, told.tracking_number) == (parcel.pk, parcel.tracking_number)
    mail = OutgoingMail.objects.get(kind=f"parcel_{what}")
    assert words in mail.subject + mail.text and parcel.tracking_number in mail.text
    with override("en"):
        titles = [str(one["title"]) for one in order_page(Order.objects.get())["timeline"]]
    assert title in titles


def test_a_state_told_twice_and_asked_for_as_well_moves_once(
    dhl: CarrierStandIn, parcel: Parcel, outbox: Outbox
) -> None:
    body = happen(dhl, parcel, "delivered")
    assert knock(dhl, body).json()["new"] is True
    assert knock(dhl, body).json()["new"] is False
    assert tracking.ask_carriers() == 1
    outbox.drain()
    assert len(outbox.events(ParcelDelivered)) == 1
    assert TrackingState.objects.filter(outcome="applied").count() == 1
    assert TrackingState.objects.count() == 1


def test_polling_alone_brings_it_home_and_asks_no_more_than_needed(
    dhl: CarrierStandIn, parcel: Parcel, outbox: Outbox, clock: Clock
) -> None:
    happen(dhl, parcel, "posted", hours_ago=5)
    assert tracking.ask_carriers() == 1
    assert tracking.ask_carriers() == 0, "at most once an hour"
    outbox.drain()
    parcel.refresh_from_db()
    assert parcel.state == "dispatched"
    happen(dhl, parcel, "delivered", hours_ago=1)
    clock.advance(hours=2)
    assert tracking.ask_carriers() == 1
    outbox.drain()
    parcel.refresh_from_db()
    assert parcel.state == "delivered"
    clock.advance(hours=2)
    assert tracking.ask_carriers() == 0, "it has arrived"


def test_a_carrier_that_does_not_answer_is_asked_again_later(
    dhl: CarrierStandIn, parcel: Parcel, outbox: Outbox
) -> None:
    happen(dhl, parcel, "delivered")
    dhl.control("faults", kind="status", status=503, path="*tracking*")
    assert tracking.ask_carriers() == 0
    assert tracking.ask_carriers() == 1


def test_a_late_and_older_state_moves_nothing(dhl: CarrierStandIn, parcel: Parcel, outbox: Outbox) -> None:
    older = happen(dhl, parcel, "lost", hours_ago=30)
    newer = happen(dhl, parcel, "delivered", hours_ago=2)
    for body in (newer, older):
        knock(dhl, body)
        outbox.drain()
    parcel.refresh_from_db()
    assert parcel.state == "delivered" and outbox.events(ParcelLost) == []
    assert TrackingState.objects.get(meaning="lost").outcome == "older"


def test_a_lost_parcel_that_arrives_after_all_is_delivered(
    dhl: CarrierStandIn, parcel: Parcel, outbox: Outbox
) -> None:
    for body in (happen(dhl, parcel, "lost", 30), happen(dhl, parcel, "delivered", 2)):
        knock(dhl, body)
        outbox.drain()
    parcel.refresh_from_db()
    assert parcel.state == "delivered"
    assert len(outbox.events(ParcelLost)) == len(outbox.events(ParcelDelivered)) == 1


def test_unknown_parcels_and_states_become_questions(
    dhl: CarrierStandIn, parcel: Parcel, outbox: Outbox, desk: Client, staff: User
) -> None:
    foreign = json.loads(happen(dhl, parcel, "delivered")) | {
        "id": "f1",
        "shipmentNo": "00340000000000000000",
    }
    knock(dhl, json.dumps(foreign).encode())
    knock(dhl, happen(dhl, parcel, "odd"))
    knock(dhl, b'{"id": "u1", "code": "ZU"}')
    knock(dhl, b"not even JSON")
    outbox.drain()
    assert outbox.failures() == []
    assert sorted(TrackingState.objects.values_list("outcome", flat=True)) == [
        "no_parcel",
        "not_understood",
        "unreadable",
        "unreadable",
    ]
    page = desk.get(reverse("warehouse:tracking")).content.decode()
    for words in ("00340000000000000000", "Something that nobody knows", "not even JSON"):
        assert words in page
    state = TrackingState.objects.get(outcome="no_parcel")
    desk.post(reverse("warehouse:tracking-settle", args=[state.pk]), {"note": "of the old shop"})
    state.refresh_from_db()
    assert (state.settled_by, state.note) == (staff, "of the old shop")
    with override("en"), pytest.raises(DispatchError, match="already"):
        tracking.settle(state=state, by=staff)
    assert "00340000000000000000" not in desk.get(reverse("warehouse:tracking")).content.decode()


def test_a_state_before_our_books_say_so_waits_and_counts_when_it_leaves(
    dhl: CarrierStandIn, pack: Pack, staff: User, outbox: Outbox
) -> None:
    parcel = pack()
    labels.work_due()
    parcel.refresh_from_db()
    knock(dhl, happen(dhl, parcel, "delivered"))
    outbox.drain()
    assert TrackingState.objects.get().outcome == "not_left"
    actions.dispatch(parcel=parcel, by=staff)
    outbox.drain()
    parcel.refresh_from_db()
    assert parcel.state == "delivered" and TrackingState.objects.get().outcome == "applied"


def test_nobody_without_the_secret_gets_in(dhl: CarrierStandIn, parcel: Parcel, settings: Any) -> None:
    body = happen(dhl, parcel, "delivered")
    assert knock(dhl, body, secret="guessed").status_code == 400
    assert knock(dhl, body, at=time.time() - 3600).status_code == 400, "a replay"
    assert Client().post(DOOR, data=body, content_type="application/json").status_code == 400
    header = sign(body, dhl.webhook_secret, int(time.time()))
    changed = body.replace(b"delivered", b"deliverea")
    answer = Client().post(DOOR, data=changed, content_type="application/json", headers={HEADER: header})
    assert answer.status_code == 400
    assert knock(dhl, b"x" * 100_001).status_code == 413
    assert knock(dhl, b"\xff\xfe").status_code == 400
    assert knock(dhl, b'"\x00"').status_code == 400
    assert Client().get(DOOR).status_code == 405
    settings.CARRIER_WEBHOOK_SECRET = ""
    assert knock(dhl, body).status_code == 404
    assert not InboxMessage.objects.filter(source="carrier").exists()


def test_what_staff_note_is_told_as_well(parcel: Parcel, staff: User, outbox: Outbox) -> None:
    actions.note_outcome(parcel=parcel, outcome="returned", by=staff, why="lies in the yard")
    (told,) = outbox.events(ParcelReturned)
    assert told.order_number == parcel.order.number
    assert dt.datetime.fromisoformat(told.at) <= now()


def test_a_state_of_a_label_that_was_given_back_moves_no_parcel(
    dhl: CarrierStandIn, pack: Pack, staff: User, outbox: Outbox
) -> None:
    parcel = pack()
    labels.work_due()
    parcel.refresh_from_db()
    first = happen(dhl, parcel, "delivered")
    knock(dhl, first)
    outbox.drain()
    Label.objects.update(stage="cancelled")
    Parcel.objects.update(tracking_number="")
    labels.want_again(parcel=parcel, by=staff)
    labels.work_due()
    parcel.refresh_from_db()
    actions.dispatch(parcel=parcel, by=staff)
    outbox.drain()
    parcel.refresh_from_db()
    assert parcel.state == "dispatched", "it travels under another number"
    assert TrackingState.objects.get().outcome == "no_parcel"


@pytest.mark.parametrize(
    "change",
    [
        {"id": "a\x00b"},
        {"id": "\ud800"},
        {"shipmentNo": "00\x0034"},
        {"code": "\ud800"},
        {"text": "\ud800 \x00"},
        {"at": "9999-12-31T23:59:59-14:00"},
        {"at": "2999-01-01T00:00:00+00:00"},
        {"at": "0001-01-01T00:00:00+14:00"},
    ],
)
def test_odd_but_signed_messages_are_kept_and_end_nowhere_silently(
    dhl: CarrierStandIn, parcel: Parcel, outbox: Outbox, change: dict[str, str]
) -> None:
    body = json.loads(happen(dhl, parcel, "delivered")) | change
    assert knock(dhl, json.dumps(body).encode()).status_code == 200
    outbox.drain()
    assert outbox.failures() == []
    state = TrackingState.objects.get()
    assert state.outcome == ("unreadable" if {"shipmentNo", "code", "at"} & set(change) else "applied")


def test_deep_nonsense_is_answered(dhl: CarrierStandIn, outbox: Outbox) -> None:
    assert knock(dhl, b"[" * 90_000).status_code == 200
    outbox.drain()
    assert TrackingState.objects.get().outcome == "unreadable"


def test_one_moment_that_cannot_be_read_does_not_stop_the_asking(
    dhl: CarrierStandIn, parcel: Parcel, outbox: Outbox, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    happen(dhl, parcel, "delivered", hours_ago=1)
    pieces = DhlParcel._pieces

    def odd(self: DhlParcel, asked: Any) -> list[Any]:
        found = pieces(self, asked)
        (event,) = [one for one in found[0].iter("data") if one.get("name") == "piece-event"]
        strange = copy.deepcopy(event)
        strange.set("event-timestamp", "yesterday")
        event.addprevious(strange)
        return found

    monkeypatch.setattr(DhlParcel, "_pieces", odd)
    assert tracking.ask_carriers() == 1
    outbox.drain()
    parcel.refresh_from_db()
    assert parcel.state == "delivered"
    question = TrackingState.objects.get(outcome="not_understood")
    assert "yesterday" in question.text


def test_a_parcel_that_had_our_own_label_first_is_asked_about(
    dhl: CarrierStandIn, parcel: Parcel, outbox: Outbox
) -> None:
    Label.objects.create(
        parcel=parcel, reference="OLD-0001-L0", connector="own", stage="cancelled", state="done"
    )
    happen(dhl, parcel, "delivered")
    assert tracking.ask_carriers() == 1
    outbox.drain()
    parcel.refresh_from_db()
    assert parcel.state == "delivered"


def test_a_shopper_reads_no_code_of_ours(pack: Pack, staff: User) -> None:
    parcel = pack()
    Parcel.objects.update(carrier="own")
    actions.dispatch(parcel=parcel, by=staff)
    with override("en"):
        texts = [str(one.get("text", "")) for one in order_page(Order.objects.get())["timeline"]]
    assert f"Tracking number {parcel.tracking_number}" in texts


def test_the_carriers_library_lets_no_broken_picture_into_the_process(dhl: CarrierStandIn) -> None:
    """It tells Pillow to take pictures that break off; uploads of shoppers are checked in the same process."""
    dhl_interface._karrio()
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False
