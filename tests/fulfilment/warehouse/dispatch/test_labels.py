"""Labels at a carrier: booked once whatever happens on the way, given back, asked for anew."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from checkout.order import actions as orders
from checkout.order.models import AddressCorrection, BillingAddress, Order
from fulfilment.warehouse.dispatch import actions, labels, papers, queries
from fulfilment.warehouse.dispatch.errors import DispatchError
from fulfilment.warehouse.dispatch.models import Label, Parcel
from fulfilment.warehouse.dispatch.standin.process import CarrierStandIn
from shop.customers.models import User
from shop.kernel.attempts import ATTEMPTS_MAX
from tests.support.helpers import Clock, Outbox, Queue

from .conftest import Pack

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def booked(dhl: CarrierStandIn) -> list[dict[str, Any]]:
    return [one for one in dhl.control("shipments") if not one["cancelled"]]


def requests(dhl: CarrierStandIn, method: str = "POST") -> int:
    return list(dhl.control("requests")).count(f"{method} /parcel/de/shipping/v2/orders")


def fresh(parcel: Parcel) -> Parcel:
    return Parcel.objects.select_related("order", "pick_list").get(pk=parcel.pk)


def test_packing_asks_no_network_and_a_worker_books(
    dhl: CarrierStandIn, pack: Pack, queue: Queue, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        parcel = pack(weight_g=2350)
    label = Label.objects.get()
    assert (label.stage, label.is_at_work, parcel.tracking_number) == ("wanted", True, "")
    assert ("dispatch.work_label", (label.pk,), {}) in queue.asked
    assert booked(dhl) == []
    assert labels.work_due() == 1
    (shipment,) = booked(dhl)
    parcel = fresh(parcel)
    label.refresh_from_db()
    assert (label.stage, label.state) == ("booked", "done")
    assert parcel.tracking_number == label.tracking_number == shipment["number"]
    assert (shipment["reference"], shipment["weight_kg"]) == (label.reference, 2.35)
    assert (shipment["consignee"]["postalCode"], shipment["consignee"]["addressStreet"]) == (
        "20457",
        "Am Sandtorkai",
    )
    assert labels.work_due() == 0 and len(booked(dhl)) == 1


def test_the_carriers_own_label_is_printed_in_both_forms(dhl: CarrierStandIn, pack: Pack) -> None:
    parcel = pack()
    labels.work_due()
    parcel = fresh(parcel)
    text = PdfReader(io.BytesIO(papers.label(parcel))).pages[0].extract_text()
    assert parcel.tracking_number in text and "not for dispatch" in text
    zpl = papers.label_for_printer(parcel).decode()
    assert re.search(r"\^BCN[^^]*\^FD" + parcel.tracking_number + r"\^FS", zpl)


def test_a_booking_whose_answer_was_lost_is_found_again_and_not_booked_twice(
    dhl: CarrierStandIn, pack: Pack, clock: Clock
) -> None:
    pack()
    dhl.control("faults", kind="answer_lost", method="POST", path="*/orders")
    assert labels.work_due() == 0
    label = Label.objects.get()
    assert label.stage == "wanted" and "no answer" in label.last_error and len(booked(dhl)) == 1
    clock.advance(minutes=5)
    assert labels.work_due() == 1
    label.refresh_from_db()
    (shipment,) = booked(dhl)
    assert label.tracking_number == shipment["number"]
    assert requests(dhl, "POST") == 1
    assert label.files.filter(form="pdf").exists()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"status": 429}, "429"),
        ({"status": 503}, "503"),
        ({"status": 401, "times": 2, "path": "*/orders"}, "sign-in"),
    ],
)
def test_what_may_pass_is_tried_again_later(
    dhl: CarrierStandIn, pack: Pack, clock: Clock, fault: dict[str, Any], words: str
) -> None:
    pack()
    dhl.control("faults", kind="status", **fault)
    assert labels.work_due() == 0
    label = Label.objects.get()
    assert (label.stage, label.attempts) == ("wanted", 1) and words in label.last_error
    assert labels.work_due() == 0, "not before its time"
    clock.advance(minutes=5)
    assert labels.work_due() == 1
    assert Label.objects.get().stage == "booked" and len(booked(dhl)) == 1


def test_a_token_that_was_refused_once_is_renewed(dhl: CarrierStandIn, pack: Pack) -> None:
    pack()
    dhl.control("faults", kind="status", status=401, path="*/orders")
    assert labels.work_due() == 1
    assert len(booked(dhl)) == 1


def test_a_slow_carrier_does_not_hold_the_worker(dhl: CarrierStandIn, pack: Pack, settings: Any) -> None:
    settings.CARRIER_TIMEOUT_S = 0.3
    pack()
    dhl.control("faults", kind="slow", ms=1500, path="*/orders", method="POST")
    assert labels.work_due() == 0
    assert "no answer" in Label.objects.get().last_error


def test_a_silent_carrier_is_asked_once_a_sweep(dhl: CarrierStandIn, pack: Pack) -> None:
    pack()
    pack()
    dhl.control("faults", kind="status", status=503, times=-1)
    assert labels.work_due() == 0
    assert sorted(Label.objects.values_list("attempts", flat=True)) == [0, 1]


def test_after_the_last_try_a_person_sees_it_and_asks_again(
    dhl: CarrierStandIn, pack: Pack, clock: Clock, desk: Client
) -> None:
    parcel = pack()
    # More than there are tries: one that is asked a second time within a try must not find the fault used up.
    dhl.control("faults", kind="status", status=500, times=ATTEMPTS_MAX * 3)
    for _try in range(ATTEMPTS_MAX):
        labels.work_due()
        clock.advance(hours=2)
    dhl.control("reset")
    label = Label.objects.get()
    assert label.is_stuck
    listed = desk.get(reverse("warehouse:labels")).content.decode()
    assert parcel.number in listed and "given up" in listed
    with pytest.raises(DispatchError, match="not booked yet"):
        actions.dispatch(parcel=parcel, by=label.wanted_by)
    assert desk.post(reverse("warehouse:label-retry", args=[label.pk])).status_code == 302
    assert labels.work_due() == 1
    assert fresh(parcel).tracking_number


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ({"postcode": "2045"}, "2045 is no postcode of Germany"),
        ({"line1": ""}, "Street and number is missing"),
        ({"first_name": "", "last_name": ""}, "Name is missing"),
        ({"line4": "H" * 41}, "at most 40 fit"),
    ],
)
def test_an_address_that_cannot_be_right_is_refused_before_anybody_is_asked(
    dhl: CarrierStandIn, pack: Pack, address: dict[str, str], words: str
) -> None:
    pack(**address)
    label = Label.objects.get()
    assert (label.stage, label.about) == ("refused", "address") and words in label.reason
    assert dhl.control("requests") == []


def test_a_refused_address_is_corrected_and_booked_by_itself(
    dhl: CarrierStandIn, pack: Pack, outbox: Outbox, staff: User, desk: Client
) -> None:
    parcel = pack(postcode="00123")
    label = Label.objects.get()
    assert label.stage == "refused"
    number = parcel.order.number
    assert "label refused" in desk.get(reverse("warehouse:packing")).content.decode()
    orders.correct_address(order=parcel.order, by=staff, why="customer called", postcode="20457")
    outbox.drain()
    assert outbox.failures() == []
    assert labels.work_due() == 1
    label.refresh_from_db()
    assert (label.stage, label.recipient["postcode"]) == ("booked", "20457")
    kept = AddressCorrection.objects.get(order__number=number)
    assert (kept.old["postcode"], kept.new["postcode"], kept.by, kept.why) == (
        "00123",
        "20457",
        staff,
        "customer called",
    )
    assert BillingAddress.objects.get(order=parcel.order).postcode == "20457"
    assert "label refused" not in desk.get(reverse("warehouse:packing")).content.decode()


def test_what_only_the_carrier_knows_is_its_reason(dhl: CarrierStandIn, pack: Pack) -> None:
    """Our rules let it pass: the carrier's word is what staff read."""
    parcel = pack(weight_g=31_500)
    Parcel.objects.filter(pk=parcel.pk).update(weight_g=31_500)
    dhl.control("faults", kind="status", status=400, path="*/orders")
    assert labels.work_due() == 1
    label = Label.objects.get()
    assert (label.stage, label.reason) == ("refused", "A fault on order.")


def test_too_heavy_for_the_carrier_is_said_when_packing(dhl: CarrierStandIn, pack: Pack) -> None:
    pack(weight_g=40_000)
    label = Label.objects.get()
    assert (label.stage, label.about) == ("refused", "parcel") and "31500" in label.reason


def test_a_label_is_cancelled_at_the_carrier_before_the_parcel_leaves(
    dhl: CarrierStandIn, pack: Pack, staff: User
) -> None:
    parcel = pack()
    labels.work_due()
    labels.cancel(parcel=fresh(parcel), by=staff, why="wrong carton")
    parcel = fresh(parcel)
    assert parcel.tracking_number == "" and Label.objects.get().stage == "cancelling"
    with pytest.raises(DispatchError, match="has no label"):
        actions.dispatch(parcel=parcel, by=staff)
    assert labels.work_due() == 1
    assert Label.objects.get().stage == "cancelled" and booked(dhl) == []
    again = labels.want_again(parcel=parcel, by=staff)
    assert labels.work_due() == 1
    again.refresh_from_db()
    assert again.stage == "booked" and again.reference.endswith("-L2")
    assert actions.dispatch(parcel=fresh(parcel), by=staff) is True
    with pytest.raises(DispatchError, match="already left"):
        labels.cancel(parcel=fresh(parcel), by=staff)


def test_a_label_that_cannot_be_taken_back_stays_booked_and_says_why(
    dhl: CarrierStandIn, pack: Pack, staff: User
) -> None:
    parcel = pack()
    labels.work_due()
    number = fresh(parcel).tracking_number
    dhl.control("event", shipment=number, what="posted")
    labels.cancel(parcel=fresh(parcel), by=staff)
    assert labels.work_due() == 1
    label = Label.objects.get()
    assert label.stage == "booked" and "already on its way" in label.reason
    assert fresh(parcel).tracking_number == number


def test_unpacking_gives_the_label_back(dhl: CarrierStandIn, pack: Pack, staff: User) -> None:
    parcel = pack()
    labels.work_due()
    actions.unpack(parcel=fresh(parcel), by=staff, why="wrong carton")
    assert fresh(parcel).tracking_number == ""
    assert labels.work_due() == 1
    assert booked(dhl) == []


def test_unpacking_while_the_answer_is_lost_cancels_what_was_booked(
    dhl: CarrierStandIn, pack: Pack, staff: User
) -> None:
    parcel = pack()
    dhl.control("faults", kind="answer_lost", method="POST", path="*/orders")
    labels.work_due()
    assert len(booked(dhl)) == 1
    actions.unpack(parcel=fresh(parcel), by=staff)
    assert labels.work_due() == 1
    assert booked(dhl) == [] and Label.objects.get().stage == "cancelled"


def test_a_parcel_unpacked_while_the_carrier_is_being_asked_leaves_no_booking_behind(
    dhl: CarrierStandIn, pack: Pack, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fulfilment.warehouse.dispatch.dhl import DhlParcel

    parcel = pack()
    book = DhlParcel.book

    def meanwhile(self: DhlParcel, shipment: Any) -> Any:
        answer = book(self, shipment)
        actions.unpack(parcel=fresh(parcel), by=staff)
        return answer

    monkeypatch.setattr(DhlParcel, "book", meanwhile)
    assert labels.work_due() == 0
    label = Label.objects.get()
    assert label.stage == "cancelling" and label.tracking_number
    assert labels.work_due() == 1
    assert booked(dhl) == [] and fresh(parcel).tracking_number == ""


def test_a_corrected_address_replaces_a_label_that_was_booked(
    dhl: CarrierStandIn, pack: Pack, outbox: Outbox, staff: User
) -> None:
    parcel = pack()
    labels.work_due()
    first = fresh(parcel).tracking_number
    orders.correct_address(order=parcel.order, by=staff, why="moved", line1="Neuer Wall 5", postcode="20354")
    outbox.drain()
    assert fresh(parcel).tracking_number == "", "nobody sends it to the old address"
    labels.work_due()
    labels.work_due()
    (shipment,) = booked(dhl)
    assert shipment["number"] != first and shipment["consignee"]["postalCode"] == "20354"
    assert fresh(parcel).tracking_number == shipment["number"]


def test_own_labels_follow_a_correction_without_any_carrier(pack: Pack, outbox: Outbox, staff: User) -> None:
    parcel = pack(postcode="123")
    assert Label.objects.get().stage == "refused" and parcel.tracking_number == ""
    orders.correct_address(order=parcel.order, by=staff, why="typo", postcode="20457")
    outbox.drain()
    labels.work_due()
    assert fresh(parcel).tracking_number.startswith("KT")


def test_a_correction_needs_a_reason_a_change_and_fresh_eyes(pack: Pack, staff: User) -> None:
    order = pack().order
    for fields, words in (
        ({"why": " ", "postcode": "20354"}, "say why"),
        ({"why": "x"}, "Nothing was changed"),
        ({"why": "x", "line4": " "}, "must not be empty"),
        ({"why": "x", "country": "XX"}, "do not deliver"),
        ({"why": "x", "line2": "y" * 256}, "too long"),
        ({"why": "x", "postcode": "20354", "seen": 3}, "in the meantime"),
    ):
        with pytest.raises(orders.AddressNotCorrected, match=words):
            orders.correct_address(order=order, by=staff, **fields)
    assert not AddressCorrection.objects.exists()
    Order.objects.filter(pk=order.pk).update(status="completed")
    with pytest.raises(orders.AddressNotCorrected, match="nothing of it leaves"):
        orders.correct_address(order=order, by=staff, why="x", postcode="20354")


def test_booking_waits_for_no_transaction(dhl: CarrierStandIn, pack: Pack) -> None:
    from django.db import transaction

    from shop.kernel.transactions import InTransaction

    pack()
    label = Label.objects.get()
    with transaction.atomic(), pytest.raises(InTransaction):
        from fulfilment.warehouse.dispatch.dhl import DhlParcel

        DhlParcel().find(label.reference, timezone.now())


def test_a_label_of_an_unpacked_parcel_that_was_not_taken_back_is_seen_and_asked_again(
    dhl: CarrierStandIn, pack: Pack, staff: User, desk: Client
) -> None:
    parcel = pack()
    labels.work_due()
    dhl.control("faults", kind="status", status=400, method="DELETE", path="*/orders")
    actions.unpack(parcel=fresh(parcel), by=staff)
    labels.work_due()
    label = Label.objects.get()
    assert label.stage == "booked" and len(booked(dhl)) == 1, "the carrier still wants to be paid for it"
    assert parcel.number in desk.get(reverse("warehouse:labels")).content.decode()
    desk.post(reverse("warehouse:label-retry", args=[label.pk]))
    labels.work_due()
    label.refresh_from_db()
    assert label.stage == "cancelled" and booked(dhl) == []
    assert not queries.waiting_labels().exists()


def test_an_address_corrected_while_the_label_is_being_given_back_gets_a_new_one(
    dhl: CarrierStandIn, pack: Pack, staff: User, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fulfilment.warehouse.dispatch.dhl import DhlParcel

    parcel = pack()
    labels.work_due()
    cancel = DhlParcel.cancel

    def meanwhile(self: DhlParcel, tracking_number: str) -> None:
        cancel(self, tracking_number)
        orders.correct_address(order=parcel.order, by=staff, why="moved", postcode="20354")
        outbox.drain()

    monkeypatch.setattr(DhlParcel, "cancel", meanwhile)
    labels.cancel(parcel=fresh(parcel), by=staff)
    labels.work_due()
    monkeypatch.undo()
    dhl_label = Label.objects.order_by("-pk").first()
    assert dhl_label is not None and dhl_label.stage in ("wanted", "booked")
