"""What the shop did not take waits, visibly, until it is sent back to the customer or somebody says why not."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from fulfilment.warehouse.receiving import actions
from fulfilment.warehouse.receiving.models import Return
from fulfilment.warehouse.receiving.queries import to_give_back
from fulfilment.warehouse.stock.actions import StockError
from shop.customers.models import User
from tests.factories.people import make_staff
from tests.factories.returns import book, dock_bins, sent_order
from tests.factories.stock import make_stockrecord
from tests.support.helpers import Outbox

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def rejected(staff: User, outbox: Outbox) -> Return:
    """One of two pieces was not taken."""
    dock_bins()
    order = sent_order((make_stockrecord("SKU-1", bins={"A-01": 9}), 2), by=staff)
    found = actions.open_at_dock(order=order, by=staff)
    book(found, "SKU-1", 1, "a", "shelf", "A-01", by=staff)
    item = book(found, "SKU-1", 1, "defect", "quarantine", "QUAR-01", by=staff)
    actions.finish(returning=found, by=staff)
    actions.decide(item=item, accept=False, by=staff, why="worn")
    return Return.objects.get(pk=found.pk)


@pytest.fixture
def dock(client: Client) -> Client:
    permissions = ("receiving.view_returns", "receiving.receive_returns", "order.view_orders")
    client.force_login(make_staff("dock@example.org", *permissions))
    return client


def test_it_waits_in_the_list_and_leaves_with_our_own_label(rejected: Return, dock: Client) -> None:
    waiting = reverse("warehouse:returns") + "?show=give-back"
    assert rejected.number in dock.get(waiting).content.decode()
    address = reverse("warehouse:return", args=[rejected.pk])
    assert "QUAR-01" in dock.get(address).content.decode()
    label = reverse("warehouse:return-label", args=[rejected.pk])
    assert dock.get(label).status_code == 404, "nothing was sent yet"
    answer = dock.post(reverse("warehouse:return-give-back", args=[rejected.pk]), {"way": "own"}, follow=True)
    rejected.refresh_from_db()
    assert (
        rejected.given_back_number.startswith("KT") and rejected.given_back_number in answer.content.decode()
    )
    assert rejected.number not in dock.get(waiting).content.decode()
    paper = PdfReader(io.BytesIO(dock.get(label).content)).pages[0].extract_text()
    assert rejected.given_back_number in paper and "20457" in paper
    story = dock.get(reverse("dashboard:order", args=[rejected.order.number])).content.decode()
    assert "rejected pieces went back to the customer" in story


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"way": ""}, "choose how"),
        ({"way": "pigeon"}, "choose how"),
        ({"way": "carrier", "number": " "}, "tracking number"),
        ({"way": "none", "note": " "}, "why no parcel"),
    ],
)
def test_what_is_not_said_is_asked_for(rejected: Return, said: dict[str, str], words: str) -> None:
    with pytest.raises(StockError, match=words):
        actions.give_back(returning=rejected, by=None, **said)
    assert list(to_give_back()) == [rejected]


def test_it_goes_back_once_and_only_what_was_rejected(rejected: Return, staff: User, outbox: Outbox) -> None:
    actions.give_back(returning=rejected, way="carrier", number="0034 1", by=staff)
    assert (rejected.given_back_number, rejected.given_back_by) == ("0034 1", staff)
    with pytest.raises(StockError, match="Nothing of return"):
        actions.give_back(returning=rejected, way="none", note="fetched", by=staff)
    order = sent_order((make_stockrecord("SKU-2", bins={"A-02": 9}), 1), by=staff)
    taken = actions.open_at_dock(order=order, by=staff)
    book(taken, "SKU-2", 1, "a", "shelf", "A-02", by=staff)
    actions.finish(returning=taken, by=staff)
    with pytest.raises(StockError, match="Nothing of return"):
        actions.give_back(returning=taken, way="own", by=staff)


def test_bad_input_and_strangers_send_nothing(rejected: Return, dock: Client) -> None:
    address = reverse("warehouse:return-give-back", args=[rejected.pk])
    assert Client().post(address, {"way": "own"}).status_code in (302, 403)
    answers: list[tuple[dict[str, Any], int]] = [
        ({}, 400),
        ({"way": "moon"}, 400),
        ({"way": "own", "note": "x" * 999}, 400),
    ]
    for form, status in answers:
        assert dock.post(address, form).status_code == status
    assert dock.get(address).status_code == 405
    assert to_give_back().exists()
