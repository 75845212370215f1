"""A carrier for the tests of dispatch: its stand-in as a process of its own, asked through the real connector."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from checkout.order.models import Line, ShippingAddress
from fulfilment.warehouse.dispatch import actions
from fulfilment.warehouse.dispatch.models import Parcel
from fulfilment.warehouse.dispatch.standin.process import CarrierStandIn
from fulfilment.warehouse.picking.models import PickList
from shop.customers.models import User
from tests.factories.orders import make_order
from tests.factories.stock import make_stockrecord
from tests.factories.warehouse import pick_everything
from tests.support.helpers import Outbox

Pack = Callable[..., Parcel]


@pytest.fixture
def dhl(carrier: CarrierStandIn, settings: Any) -> CarrierStandIn:
    """The carrier, asked with little patience, and heard when it calls."""
    settings.CARRIER_WEBHOOK_SECRET = carrier.webhook_secret
    settings.CARRIER_TIMEOUT_S = 2
    return carrier


@pytest.fixture
def pack(outbox: Outbox, staff: User) -> Pack:
    """Order, pick and pack: ``pack(pieces=2, postcode="00123")``; every call is an order of its own."""
    made = 0

    def packed(*, pieces: int = 2, weight_g: int = 0, **address: str) -> Parcel:
        nonlocal made
        made += 1
        order = make_order((make_stockrecord(f"SKU-{made}", bins={f"A-{made:02}": 500}), pieces))
        ShippingAddress.objects.filter(order=order).update(**address)
        outbox.drain()
        pick_list = pick_everything(PickList.objects.get(order=order), by=staff)
        whole = {line.pk: line.quantity for line in Line.objects.filter(order=order)}
        return actions.pack(pick_list=pick_list, quantities=whole, by=staff, weight_g=weight_g)

    return packed
