"""A lost parcel is work on the board, start page, list and order until somebody closes it with a reason."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from fulfilment.warehouse.board.queries import figures
from fulfilment.warehouse.dispatch import actions, outcomes
from fulfilment.warehouse.dispatch.errors import DispatchError
from fulfilment.warehouse.dispatch.models import Parcel
from fulfilment.warehouse.dispatch.queries import open_losses
from shop.customers.models import User
from tests.factories.people import make_staff

from .conftest import Pack

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def lost(pack: Pack, staff: User) -> Parcel:
    """A parcel that left with our own label, and is lost."""
    parcel = pack()
    actions.dispatch(parcel=parcel, by=staff)
    actions.note_outcome(parcel=parcel, outcome="lost", by=staff, why="not seen for two weeks")
    return parcel


@pytest.fixture
def boss(client: Client) -> Client:
    permissions = (
        "dispatch.dispatch_parcels",
        "picking.pick_orders",
        "order.view_orders",
        "dashboard.enter",
    )
    client.force_login(make_staff("boss@example.org", *permissions))
    return client


def close(parcel: Parcel, end: str = "refunded", note: str = "credit note GS-1", by: Any = None) -> None:
    outcomes.close_loss(parcel=parcel, end=end, note=note, by=by)


def test_a_lost_parcel_is_work_wherever_work_is_shown_until_it_is_closed(lost: Parcel, boss: Client) -> None:
    places = {
        reverse("warehouse:board"): "Lost, to be seen to",
        reverse("dashboard:index"): "Lost parcels to see to",
        reverse("warehouse:parcels") + "?state=open-loss": lost.number,
        reverse("dashboard:order", args=[lost.order.number]): "the customer waits for us",
        reverse("warehouse:parcel", args=[lost.pk]): "Close the loss",
    }
    for address, words in places.items():
        assert words in boss.get(address).content.decode(), address
    answer = boss.post(
        reverse("warehouse:close-loss", args=[lost.pk]),
        {"end": "replaced", "note": "sent as K10002"},
        follow=True,
    )
    page = answer.content.decode()
    assert "is closed" in page and "a replacement was sent" in page and "sent as K10002" in page
    places.pop(reverse("dashboard:index"))  # which names what is quiet as well
    for address, words in places.items():
        gone = boss.get(address).content.decode()
        assert words not in gone or (words == lost.number and "No parcel fits" in gone), address


def test_closing_needs_a_choice_and_a_reason_and_happens_once(lost: Parcel, staff: User) -> None:
    with pytest.raises(DispatchError, match="choose what was done"):
        close(lost, end="burnt")
    with pytest.raises(DispatchError, match="few words"):
        close(lost, note="  ")
    assert list(open_losses()) == [lost] and figures().lost == 1
    close(lost, by=staff)
    assert (lost.loss_closed_as, lost.loss_closed_by, figures().lost) == ("refunded", staff, 0)
    with pytest.raises(DispatchError, match="closed it already"):
        close(lost, end="replaced")


def test_what_arrives_after_all_or_was_never_lost_is_no_work(lost: Parcel, pack: Pack, staff: User) -> None:
    actions.note_outcome(parcel=lost, outcome="delivered", by=staff)
    assert not open_losses().exists()
    for parcel in (lost, pack()):
        with pytest.raises(DispatchError, match="not lost"):
            close(parcel)


def test_bad_input_and_strangers_close_nothing(lost: Parcel, boss: Client) -> None:
    address = reverse("warehouse:close-loss", args=[lost.pk])
    assert Client().post(address, {"end": "refunded", "note": "x"}).status_code in (302, 403)
    for form, status in (
        ({}, 400),
        ({"end": "moon", "note": "x"}, 400),
        ({"end": "refunded", "note": "x" * 999}, 400),
    ):
        assert boss.post(address, form).status_code == status
    html = boss.post(address, {"note": "the customer has rung"}).content.decode()
    assert 'value="the customer has rung"' in html and 'id="loss_end_error"' in html, (
        "kept, and said beside it"
    )
    assert boss.get(address).status_code == 405
    assert boss.post(reverse("warehouse:close-loss", args=[10**9]), {}).status_code == 404
    assert open_losses().exists()
