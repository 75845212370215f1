"""A carrier gets a shopper's e-mail address and phone number with consent or where it needs them, and why is kept."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from checkout.order.models import Order
from fulfilment.warehouse.dispatch import labels
from fulfilment.warehouse.dispatch.models import Label
from fulfilment.warehouse.dispatch.standin.process import CarrierStandIn
from shop.kernel.clock import now
from tests.factories.people import make_staff

from .conftest import Pack

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
CONTACT = {"phone": "040 123", "guest_email": "erika@example.org", "user": None}


@pytest.mark.parametrize(
    ("agreed", "needed", "given", "why"),
    [
        (False, {}, False, ""),
        (True, {}, True, "consent"),
        (False, {"DE": "customs declaration"}, True, "customs declaration"),
        (False, {"CH": "customs declaration"}, False, ""),
    ],
)
def test_the_carrier_gets_a_contact_only_with_consent_or_where_it_is_needed(
    dhl: CarrierStandIn,
    pack: Pack,
    settings: Any,
    agreed: bool,
    needed: dict[str, str],
    given: bool,
    why: str,
) -> None:
    """Art. 6 GDPR; why it was given is kept with the label."""
    settings.CARRIER_DHL_CONTACT_NEEDED = needed
    parcel = pack()
    Order.objects.update(carrier_contact_agreed_at=now() if agreed else None, **CONTACT)
    labels.work_due()
    (shipment,) = dhl.control("shipments")
    to = shipment["consignee"]
    assert ("email" in to, "phone" in to) == (given, given)
    assert not given or (to["email"], to["phone"]) == ("erika@example.org", "040 123")
    assert Label.objects.get(parcel=parcel).contact_given_for == why


def test_consent_that_is_taken_back_before_the_label_is_booked_counts(
    dhl: CarrierStandIn, pack: Pack, client: Client
) -> None:
    parcel = pack()
    Order.objects.update(carrier_contact_agreed_at=now(), **CONTACT)
    address = reverse("warehouse:order-address", args=[parcel.order.number])
    client.force_login(
        make_staff("service@example.org", "dispatch.dispatch_parcels", "order.correct_addresses")
    )
    assert "may get e-mail address and phone number" in client.get(address).content.decode()
    take_back = reverse("warehouse:order-contact", args=[parcel.order.number])
    assert Client().post(take_back).status_code in (302, 403)
    for words in ("The carrier gets neither", "had not agreed"):  # the second click says so
        assert words in client.post(take_back, follow=True).content.decode()
    labels.work_due()
    (shipment,) = dhl.control("shipments")
    assert "email" not in shipment["consignee"] and "phone" not in shipment["consignee"]
    assert client.post(reverse("warehouse:order-contact", args=["K1"])).status_code == 404
