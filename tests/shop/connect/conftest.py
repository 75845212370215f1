"""A receiver that runs, and an endpoint that points to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.utils import translation

from shop.connect import actions
from shop.connect.models import INVOICE_ISSUED, ORDER_CONFIRMED, Endpoint
from tests.support.receiver import Receiver


@pytest.fixture(autouse=True)
def _german() -> Iterator[None]:
    """Addresses are the German ones, whatever language a request before left active."""
    with translation.override("de"):
        yield


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Another system."""
    with Receiver().running() as running:
        yield running


@pytest.fixture
def endpoint(db: None, receiver: Receiver) -> Endpoint:
    """Its address, entered by staff; it knows the secret."""
    made = actions.add_endpoint(
        name="Warehouse", url=receiver.url, events=[ORDER_CONFIRMED, INVOICE_ISSUED], by=None
    )
    receiver.secret = made.secret
    return made
