"""Parcels leave by scan, and stand on one manifest."""

from __future__ import annotations

import io
import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from checkout.shipping.models import DeliveryMethod
from fulfilment.warehouse.dispatch import actions, leaving, manifest_paper, manifests
from fulfilment.warehouse.dispatch.errors import DispatchError
from fulfilment.warehouse.dispatch.models import Manifest, Parcel
from shop.customers.models import User
from tests.support.helpers import Outbox

from .conftest import Pack

pytestmark = pytest.mark.django_db


def test_the_scanned_label_lets_its_parcel_leave(pack: Pack, staff: User, desk: Client) -> None:
    parcel, other = pack(), pack()
    answer = desk.post(reverse("warehouse:leaving"), {"code": f" {parcel.tracking_number} "}, follow=True)
    page = answer.content.decode()
    assert 'data-scan-result="good"' in page and "1 parcel is still here" in page
    parcel.refresh_from_db()
    assert (parcel.state, parcel.dispatched_by) == ("dispatched", staff)
    again = desk.post(reverse("warehouse:leaving"), {"code": parcel.tracking_number})
    assert again.status_code == 409 and "had left already" in again.content.decode()
    desk.post(reverse("warehouse:leaving"), {"code": other.number.lower()})
    other.refresh_from_db()
    assert other.state == "dispatched"


def test_what_may_not_leave_says_why(pack: Pack, staff: User, desk: Client) -> None:
    refused, unpacked = pack(postcode="1"), pack()
    actions.unpack(parcel=unpacked, by=staff)
    for code, words in (
        ("nonsense", "no parcel has the number nonsense"),
        ("", "Please scan"),
        ("x" * 201, "Please scan"),
        ("x" * 150, "no parcel"),
        (refused.number, "does not take parcel"),
        (unpacked.number, "unpacked again"),
    ):
        answer = desk.post(reverse("warehouse:leaving"), {"code": code})
        assert answer.status_code == 409 and words in answer.content.decode(), code


def test_what_is_fetched_in_the_store_leaves_with_no_carrier(pack: Pack, staff: User) -> None:
    DeliveryMethod.objects.update_or_create(code="home", defaults={"kind": "pickup", "name": "Abholung"})
    parcel = pack()
    with pytest.raises(DispatchError, match="fetched in the store"):
        leaving.scan(code=parcel.number, by=staff)


def leave(pack: Pack, staff: User, count: int) -> list[Parcel]:
    parcels = [pack(weight_g=1000 + n) for n in range(count)]
    for parcel in parcels:
        actions.dispatch(parcel=parcel, by=staff)
    return parcels


def test_a_manifest_holds_what_left_and_nothing_else(pack: Pack, staff: User, desk: Client) -> None:
    gone, here = leave(pack, staff, 2), pack()
    carrier = here.carrier
    page = desk.get(reverse("warehouse:manifests")).content.decode()
    assert "holds 2 parcels that have left, 2001 g" in page and "1 parcel is still here" in page
    answer = desk.post(reverse("warehouse:manifests"), {"carrier": carrier, "seen": 2}, follow=True)
    made = Manifest.objects.get()
    assert (made.parcel_count, made.weight_g, made.closed_by) == (2, 2001, staff)
    assert set(made.parcels.all()) == set(gone)
    page = answer.content.decode()
    assert all(parcel.number in page for parcel in gone) and here.number not in page
    text = " ".join(
        one.extract_text() for one in PdfReader(io.BytesIO(manifest_paper.manifest(made, "en"))).pages
    )
    for words in (made.number, *(p.tracking_number for p in gone), "2 parcels, 2.001 kg", "signature"):
        assert words in text, words
    assert desk.get(reverse("warehouse:manifest-pdf", args=[made.pk])).status_code == 200
    assert (
        gone[0].number
        in desk.get(reverse("warehouse:manifest", args=[made.pk]) + "?format=csv").content.decode()
    )


def test_nothing_is_closed_twice_or_unseen(pack: Pack, staff: User, desk: Client) -> None:
    (parcel,) = leave(pack, staff, 1)
    url = reverse("warehouse:manifests")
    late = desk.post(url, {"carrier": parcel.carrier, "seen": 0})
    assert late.status_code == 409 and "Meanwhile it is 1 parcels" in late.content.decode()
    assert not Manifest.objects.exists()
    manifests.close(carrier=parcel.carrier, by=staff, seen=1)
    again = desk.post(url, {"carrier": parcel.carrier, "seen": 1})
    assert again.status_code == 409 and "that is not on a manifest" in again.content.decode()
    for data in ({}, {"carrier": "own", "seen": "x"}, {"carrier": "y" * 50, "seen": 1}):
        assert desk.post(url, data).status_code == 409
    assert Manifest.objects.count() == 1


def test_a_lost_click_later_the_parcel_still_stands_on_it(pack: Pack, staff: User) -> None:
    """A parcel that was delivered or lost before the manifest was closed left with the carrier all the same."""
    first, second = leave(pack, staff, 2)
    actions.note_outcome(parcel=first, outcome="lost", by=staff)
    assert set(manifests.close(carrier=first.carrier, by=staff).parcels.all()) == {first, second}


@pytest.mark.both_databases
def test_two_who_close_at_the_same_moment_write_one_manifest(
    fresh_database: None, outbox: Outbox, pack: Pack, staff: User
) -> None:
    (parcel,) = leave(pack, staff, 1)
    refused: list[str] = []

    def work() -> None:
        try:
            manifests.close(carrier=parcel.carrier, by=staff)
        except DispatchError as error:
            refused.append(str(error))
        connection.close()

    threads: list[Any] = [threading.Thread(target=work) for _n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Manifest.objects.count() == 1 and len(refused) == 2
    assert Parcel.objects.get().manifest == Manifest.objects.get()
