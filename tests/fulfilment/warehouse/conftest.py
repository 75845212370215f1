"""Staff of the warehouse at their pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from django.utils.translation import override

from shop.customers.models import User
from tests.factories.people import make_staff

PERMISSIONS = (
    "stock.view_stock",
    "stock.receive_goods",
    "stock.adjust_stock",
    "picking.pick_orders",
    "dispatch.dispatch_parcels",
    "transfers.view_transfers",
    "transfers.move_between_sites",
    "counting.view_counts",
    "counting.count_bins",
    "receiving.view_returns",
    "receiving.receive_returns",
    "receiving.settle_returns",
)


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    """The words that tests look for are those of the source."""
    with override("en"):
        yield


@pytest.fixture
def staff(db: None) -> User:
    """A person who may do everything in the warehouse."""
    return make_staff("lager@example.org", *PERMISSIONS, first_name="Lena", last_name="Lager")


@pytest.fixture
def desk(staff: User) -> Client:
    """A browser signed in as ``staff``."""
    client = Client()
    client.force_login(staff)
    return client
