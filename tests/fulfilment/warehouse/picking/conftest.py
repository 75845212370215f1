"""Who picks: Lena with her phone, Kai beside her."""

from __future__ import annotations

import pytest
from django.test import Client

from shop.customers.models import User
from tests.factories.people import make_staff
from tests.fulfilment.warehouse.picking.scans import PERMISSION


@pytest.fixture
def picker() -> User:
    return make_staff("lager@example.org", PERMISSION, first_name="Lena", last_name="Lager")


@pytest.fixture
def phone(picker: User) -> Client:
    client = Client()
    client.force_login(picker)
    return client


@pytest.fixture
def lena(db: None) -> User:
    return make_staff("lena@example.org", first_name="Lena", last_name="Lager")


@pytest.fixture
def kai(db: None) -> User:
    return make_staff("kai@example.org", first_name="Kai", last_name="Kollege")
