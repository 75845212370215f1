"""A carrier's label for the way back: a choice beside our slip, booked once, its parcel on its way when told."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from checkout.order import access
from fulfilment.customer_service.returns import labels, postage
from fulfilment.customer_service.returns.models import Authorisation, CarrierLabel
from fulfilment.customer_service.returns.sending import note_sent
from fulfilment.warehouse.dispatch import dhl_returns
from fulfilment.warehouse.dispatch.carriers import CarrierDown, for_returns
from fulfilment.warehouse.dispatch.models import TrackingState
from fulfilment.warehouse.dispatch.standin.process import CarrierStandIn
from fulfilment.warehouse.receiving import actions as dock
from fulfilment.warehouse.receiving.models import Return
from shop.kernel import inbox
from shop.notifications.attachments import fetch
from shop.notifications.models import OutgoingMail
from tests.factories.cases import make_case
from tests.factories.orders import make_country
from tests.factories.people import make_staff
from tests.factories.range import ensure_vat
from tests.factories.returns import dock_bins
from tests.support.standins import emptied

from .test_settlements import sent, withdraw

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture(autouse=True)
def dhl(carrier_process: CarrierStandIn, settings: Any, db: None) -> CarrierStandIn:
    """The carrier; only what comes back goes with it."""
    settings.CARRIER_DHL_URL = emptied(carrier_process)
    settings.CARRIER_TIMEOUT_S = 2
    settings.CARRIER_DHL_RETURN_RECEIVER = "deu"
    make_country()
    ensure_vat()
    dock_bins()
    return carrier_process


def faulty(outbox: Any) -> Return:
    """A return whose postage is ours, explained to its customer."""
    order = sent(outbox, 1)
    dock.announce(order_id=order.pk, cause=f"case:{make_case(order=order).number}")
    outbox.drain()
    return Return.objects.select_related("order", "authorisation").get()


def hear(outbox: Any) -> None:
    """What is in the inbox is understood."""
    labels.ask_where()
    inbox.drain()
    outbox.drain()


def test_the_customer_gets_the_label_by_a_click_and_by_mail(outbox: Any, client: Client, dhl: Any) -> None:
    returning = faulty(outbox)
    page = reverse("orders:detail", args=[returning.order.number])
    url = reverse("orders:return-label", args=[returning.order.number, returning.number])
    assert client.get(url).status_code == client.post(url).status_code == 404, "a stranger"
    client.get(access.link(returning.order, base=""))
    assert url in client.get(page).content.decode() and client.get(url).status_code == 404
    assert client.post(url).status_code == client.post(url).status_code == 302
    assert "wird gerade erstellt" in client.get(page).content.decode()
    assert labels.work_due() == 1 and labels.work_due() == 0
    outbox.drain()
    label = CarrierLabel.objects.get()
    assert [one["reference"] for one in dhl.control("shipments")] == [returning.number]
    returning.refresh_from_db()
    assert returning.tracking_number == label.tracking_number == dhl.control("shipments")[0]["number"]
    words = client.get(page).content.decode()
    assert label.tracking_number in words and "Porto" in words
    assert client.get(url).content.startswith(b"%PDF")
    code = reverse("orders:return-label-code", args=[returning.order.number, returning.number])
    assert client.get(code).content.startswith(b"\x89PNG") and client.delete(url).status_code == 405
    mail = OutgoingMail.objects.get(source__contains="label")
    assert {fetch(file).body[1:4] for file in mail.attachments.all()} == {b"PDF", b"PNG"}
    assert outbox.failures() == []


def test_who_pays_stays_as_it_is_so_only_our_own_postage_has_a_label(outbox: Any, settings: Any) -> None:
    order = sent(outbox, 1)
    withdraw(order)
    outbox.drain()
    theirs = Return.objects.select_related("order", "authorisation").get()
    assert postage.payer_for("withdrawal")[0] == "customer"
    assert not labels.offered(theirs, theirs.authorisation) and labels.want(returning=theirs) is None
    settings.CARRIER_DHL_RETURN_RECEIVER = ""
    assert for_returns("DE") is None, "no return recipient with the carrier"
    settings.CARRIER_DHL_RETURN_RECEIVER = "deu"
    assert for_returns("DE") is not None and for_returns("AT") is None
    settings.CARRIER_DHL_URL = ""
    assert for_returns("DE") is None


def test_a_carrier_that_is_down_is_asked_again_and_given_up_with_our_slip_left(
    outbox: Any,
    client: Client,
    clock: Any,
    dhl: Any,
) -> None:
    returning = faulty(outbox)
    dhl.control("faults", kind="status", status=503, path="*/returns/*", times=-1)
    label = labels.want(returning=returning)
    assert label is not None and not labels.work(label.pk)
    label.refresh_from_db()
    assert (label.state, label.attempts) == ("pending", 1) and not labels.work(label.pk), "not due yet"
    for _again in range(11):
        CarrierLabel.objects.update(next_attempt_at=label.wanted_at)
        labels.work(label.pk)
    label.refresh_from_db()
    assert label.state == "dead" and label.has_failed and not label.is_there
    client.get(access.link(returning.order, base=""))
    words = client.get(reverse("orders:detail", args=[returning.order.number])).content.decode()
    assert "unseren Schein" in words and "slip.pdf" in words


def test_an_answer_that_was_lost_costs_nothing_and_the_second_label_counts(outbox: Any, dhl: Any) -> None:
    returning = faulty(outbox)
    dhl.control("faults", kind="answer_lost", path="*/returns/*")
    label = labels.want(returning=returning)
    assert label is not None and not labels.work(label.pk)
    CarrierLabel.objects.update(next_attempt_at=label.wanted_at)
    assert labels.work(label.pk)
    label.refresh_from_db()
    assert label.tracking_number == dhl.control("shipments")[1]["number"]


def test_what_the_carrier_refuses_is_said_and_not_asked_again(outbox: Any, settings: Any) -> None:
    returning = faulty(outbox)
    settings.CARRIER_DHL_RETURN_RECEIVER = "nobody"
    label = labels.want(returning=returning)
    assert label is not None and labels.work(label.pk) and labels.work_due() == 0
    label.refresh_from_db()
    assert label.has_failed and "unknown" in label.refused
    again = labels.want(returning=returning)
    assert again is not None and again.pk == label.pk


@pytest.mark.parametrize(
    ("what", "state"), [("posted", "in_transit"), ("odd", "authorised"), ("announced", "authorised")]
)
def test_the_return_is_on_its_way_when_the_carrier_tells(
    outbox: Any,
    dhl: Any,
    what: str,
    state: str,
) -> None:
    returning = faulty(outbox)
    label = labels.want(returning=returning)
    assert label is not None and labels.work(label.pk)
    label.refresh_from_db()
    dhl.control("event", shipment=label.tracking_number, what=what)
    hear(outbox)
    returning.refresh_from_db()
    assert returning.state == state
    assert not TrackingState.objects.filter(outcome=TrackingState.NO_PARCEL).exists(), (
        "no question for people"
    )
    assert labels.ask_where() == 0, "not twice within the hour"


def booked(outbox: Any) -> CarrierLabel:
    returning = faulty(outbox)
    label = labels.want(returning=returning)
    assert label is not None and labels.work(label.pk)
    label.refresh_from_db()
    return label


def test_a_label_that_was_made_is_no_parcel_on_its_way_until_it_is_handed_over(
    outbox: Any, dhl: Any, clock: Any
) -> None:
    label = booked(outbox)
    hear(outbox)
    assert TrackingState.objects.get().code == "VA", "told by the carrier when the label is made"
    assert Authorisation.objects.get().sent_at is None
    clock.advance(minutes=61)
    dhl.control("event", shipment=label.tracking_number, what="posted")
    hear(outbox)
    assert Return.objects.get().state == "in_transit"
    assert Authorisation.objects.get().sent_at is not None


@pytest.mark.parametrize("is_down", [False, True])
def test_carriers_are_asked_about_the_label_they_were_not_asked_about_longest(
    outbox: Any, dhl: Any, clock: Any, monkeypatch: Any, is_down: bool
) -> None:
    label = booked(outbox)
    other = booked_beside(outbox, label)
    monkeypatch.setattr(labels, "BATCH", 1)
    if is_down:
        dhl.control("faults", kind="status", status=503, path="*/tracking/*", times=-1)
    for _round in range(2):
        labels.ask_where()
        clock.advance(minutes=61)
    for one in (label, other):
        one.refresh_from_db()
        assert one.asked_at is not None


def booked_beside(outbox: Any, label: CarrierLabel) -> CarrierLabel:
    """A second return with its own label."""
    order = sent(outbox, 1)
    dock.announce(order_id=order.pk, cause=f"case:{make_case(key='other', order=order).number}")
    outbox.drain()
    second = Return.objects.select_related("order", "authorisation").exclude(pk=label.returning_id).get()
    return CarrierLabel.objects.create(
        returning=second, connector="dhl", tracking_number="00340434000000000009", state="done"
    )


@pytest.mark.parametrize("meanwhile", ["sent", "called off", "while the carrier is asked"])
def test_a_label_that_comes_late_leaves_the_number_of_the_parcel_alone(
    outbox: Any, dhl: Any, monkeypatch: Any, meanwhile: str
) -> None:
    returning = faulty(outbox)
    label = labels.want(returning=returning)
    assert label is not None

    def leave() -> None:
        note_sent(returning=Return.objects.get(), carrier="Hermes", tracking_number="H123456789")

    if meanwhile == "called off":
        dock.expire(returning=returning, why="called off")
    elif meanwhile == "sent":
        leave()
    else:
        weight = labels._weight_g
        monkeypatch.setattr(labels, "_weight_g", lambda one: (leave(), weight(one))[1])
    labels.work(label.pk)
    label.refresh_from_db()
    returning.refresh_from_db()
    assert (label.state, label.tracking_number, label.is_there) == ("done", "", False)
    assert label.refused
    assert returning.tracking_number == ("" if meanwhile == "called off" else "H123456789")
    asked = len(dhl.control("shipments"))
    assert asked == (1 if meanwhile == "while the carrier is asked" else 0)
    assert not OutgoingMail.objects.filter(source__contains="label").exists()


def test_news_of_a_return_that_is_here_moves_nothing(outbox: Any) -> None:
    returning = faulty(outbox)
    label = labels.want(returning=returning)
    assert label is not None and labels.work(label.pk)
    label.refresh_from_db()
    dock.note_on_its_way(returning=returning, by=make_staff())
    assert labels.note_news(label.tracking_number, "delivered")
    assert not labels.note_news("", "delivered") and not labels.note_news("other", "delivered")
    assert Return.objects.get().state == "in_transit"


@pytest.mark.parametrize(
    "answer",
    [{}, {"shipmentNo": "1"}, {"shipmentNo": "1", "label": None}, {"shipmentNo": "1", "label": {"b64": "?"}},
     {"shipmentNo": "1", "label": {"b64": "aGVsbG8="}}, {"shipmentNo": "", "label": {"b64": "JVBERg=="}}],
)  # fmt: skip
def test_an_answer_without_a_label_is_asked_for_again(answer: Any) -> None:
    with pytest.raises(CarrierDown):
        dhl_returns.read(answer)
