"""Staff of the warehouse at their pages."""

from __future__ import annotations

import pytest
from django.test import Client

from shop.customers.models import User
from tests.factories.people import make_staff

PERMISSIONS = (
    "stock.view_stock",
    "stock.receive_goods",
    "stock.adjust_stock",
    "picking.pick_orders",
    "dispatch.dispatch_parcels",
)


@pytest.fixture
def staff(db: None) -> User:
    """A person who may do everything in the warehouse."""
    return make_staff("lager@example.org", *PERMISSIONS, first_name="Lena", last_name="Lager")


@pytest.fixture
def desk(staff: User, settings) -> Client:
    """A browser signed in as ``staff``."""
    settings.ROOT_URLCONF = "tests.fulfilment.warehouse.addresses"
    client = Client()
    client.force_login(staff)
    return client
