"""Stand-ins for outside services as processes of their own: one of each for a whole run, emptied for each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from checkout.payment.standin.process import StandIn
from checkout.shipping.models import DeliveryMethod
from fulfilment.warehouse.dispatch.standin.process import CarrierStandIn

TIMEOUT_S = 5


@pytest.fixture(scope="session")
def standin_process() -> Iterator[StandIn]:
    """The card provider's stand-in; whoever uses it empties it first."""
    with StandIn() as running:
        yield running


@pytest.fixture(scope="session")
def carrier_process() -> Iterator[CarrierStandIn]:
    """The carrier's stand-in; whoever uses it empties it first."""
    with CarrierStandIn() as running:
        yield running


@pytest.fixture
def standin(standin_process: StandIn, settings: Any) -> StandIn:
    """The card provider, empty, with our settings pointing at it."""
    return pointed_at(standin_process, settings, TIMEOUT_S)


@pytest.fixture
def carrier(carrier_process: CarrierStandIn, settings: Any, db: None) -> CarrierStandIn:
    """The carrier, empty, with our settings pointing at it, and home deliveries going there."""
    settings.CARRIER_DHL_URL = emptied(carrier_process)
    deliver_home_by_it()
    return carrier_process


def pointed_at(standin: StandIn, settings: Any, timeout_s: float) -> StandIn:
    """The card provider, empty, with our settings pointing at it: one try, waited for ``timeout_s``."""
    standin.control("reset")
    settings.STRIPE_SECRET_KEY = standin.secret_key
    settings.STRIPE_API_BASE = standin.url
    settings.STRIPE_WEBHOOK_SECRET = standin.webhook_secret
    settings.STRIPE_MAX_RETRIES, settings.STRIPE_TIMEOUT_S = 0, timeout_s
    return standin


def emptied(carrier: CarrierStandIn) -> str:
    """Where the carrier takes labels, after it has forgotten what was before."""
    carrier.control("reset")
    return f"{carrier.url}/parcel/de"


def deliver_home_by_it() -> None:
    """Home deliveries go by the carrier."""
    DeliveryMethod.objects.update_or_create(
        code="home", defaults={"kind": "home", "carrier": "DHL", "name": "Lieferung nach Hause"}
    )
