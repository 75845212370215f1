"""The port to carriers. ``OwnLabel`` prints a label of our own; connectors to carriers come beside it.

A carrier may ask the network, so it is called outside of transactions, and what it answers is stored afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from shop.kernel.numbers import next_with_gaps

from .documents import ShippingLabel, label_pdf


@dataclass(frozen=True, slots=True)
class Shipment:
    """What a carrier must know to book a parcel."""

    parcel_number: str
    country: str  #: ISO 3166-1 alpha-2
    postcode: str
    weight_g: int


class Carrier(Protocol):
    """Books parcels and makes their labels."""

    code: str

    def book(self, shipment: Shipment) -> str:
        """Announce a parcel; returns its tracking number. May use the network. CarrierRefused with the reason."""
        ...

    def label(self, label: ShippingLabel, language: str) -> bytes:
        """The label as PDF."""
        ...


class CarrierRefused(Exception):
    """The carrier does not take the parcel; the text says why."""


class OwnLabel:
    """A label of our own, for shops that hand their parcels over without an interface."""

    code = "own"

    def book(self, shipment: Shipment) -> str:
        """A number of our own series with a check digit; never refuses."""
        return tracking_number(next_with_gaps("tracking"))

    def label(self, label: ShippingLabel, language: str) -> bytes:
        """The A6 label with the tracking number as Code 128."""
        return label_pdf(label, language)


OWN = OwnLabel()
#: Carriers by code; what DeliveryMethod.carrier names and is not here travels with our own label under that name.
CARRIERS: dict[str, Carrier] = {OWN.code: OWN}


def carrier(code: str) -> Carrier:
    """The carrier of this code, else our own label."""
    return CARRIERS.get(code, OWN)


def tracking_number(number: int) -> str:
    """``KT`` + nine digits + check digit. Weights 3 and 1 from the right as in GTIN: one wrong digit is noticed."""
    digits = f"{number:09d}"
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return f"KT{digits}{-total % 10}"
