"""The port to carriers. ``OwnLabel`` prints a label of our own; ``dhl.py`` is the connector to a real carrier.

A carrier may ask the network, so it is called outside of transactions, and what it answers is stored afterwards.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from django.conf import settings

from shop.kernel.numbers import next_with_gaps

from .documents import Address

#: What a refusal is about: the address can be corrected, the parcel can be packed anew, the rest is for people.
ABOUT_ADDRESS, ABOUT_PARCEL, ABOUT_OTHER = "address", "parcel", "other"
#: What a tracking state means for the parcel; ``on_its_way`` moves nothing, ``unknown`` is for people.
ON_ITS_WAY, DELIVERED, LOST, RETURNED, UNKNOWN = "on_its_way", "delivered", "lost", "returned", "unknown"


@dataclass(frozen=True, slots=True)
class Shipment:
    """What a carrier must know to book a parcel."""

    reference: str  #: ours, once per booking: a booking whose answer was lost is found again by it
    sender: Address
    recipient: Address
    weight_g: int
    measures_mm: tuple[int, int, int] | None = None  #: of the carton
    email: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Booked:
    """What the carrier gave: the number, and its label where it makes one (else ours is printed)."""

    tracking_number: str
    pdf: bytes = b""
    zpl: bytes = b""


@dataclass(frozen=True, slots=True)
class BookedReturn:
    """A paid way back: the number, its label, and the code a phone shows where it is handed in without one (PNG)."""

    tracking_number: str
    pdf: bytes
    qr_png: bytes = b""


@dataclass(frozen=True, slots=True)
class News:
    """One tracking state. ``code``: the carrier's own; ``meaning``: one of the words above."""

    tracking_number: str
    code: str
    meaning: str
    text: str
    at: dt.datetime
    place: str = ""


class Carrier(Protocol):
    """Books parcels, cancels, and says where they are. CarrierRefused and CarrierDown are the ways to fail."""

    code: str
    uses_network: bool
    weight_max_g: int

    def needs_contact(self, country: str) -> str:
        """Why parcels to this country (ISO code) cannot travel without the recipient's e-mail address and phone number,
        customs for one; empty when they can. Then the carrier gets them only from those who agreed."""
        ...

    def find(self, reference: str, since: dt.datetime) -> Booked | None:
        """The booking made under our reference, when there is one: its answer may have been lost."""
        ...

    def book(self, shipment: Shipment) -> Booked:
        """Announce a parcel. CarrierRefused with the reason."""
        ...

    def cancel(self, tracking_number: str) -> None:
        """Take a booking back; silent when the carrier does not know it (any more). CarrierRefused when too late."""
        ...

    def takes_returns(self, country: str) -> bool:
        """Whether it makes labels for the way back to us from this country (ISO code)."""
        ...

    def book_return(self, *, reference: str, sender: Address, weight_g: int) -> BookedReturn:
        """A label with which ``sender`` sends something back, at our cost once it is used. CarrierRefused with the
        reason."""
        ...

    def track(self, tracking_numbers: Sequence[str]) -> list[News]:
        """Everything the carrier knows of these parcels, oldest first."""
        ...


class CarrierRefused(Exception):
    """The carrier does not do it; the text says why, ``about`` what the reason lies in. Asking again is no use."""

    def __init__(self, reason: str, about: str = ABOUT_OTHER) -> None:
        super().__init__(reason)
        self.about = about


class CarrierDown(Exception):
    """No answer, or one that says "later": it is asked again."""


class OwnLabel:
    """A label of our own, for shops that hand their parcels over without an interface."""

    code = "own"
    uses_network = False
    weight_max_g = 70_000  #: heavier is freight, not a parcel

    def needs_contact(self, country: str) -> str:
        """Nobody is told anything."""
        return ""

    def find(self, reference: str, since: dt.datetime) -> Booked | None:
        """Nothing is ever lost on the way."""
        return None

    def book(self, shipment: Shipment) -> Booked:
        """A number of our own series with a check digit; never refuses."""
        return Booked(tracking_number(next_with_gaps("tracking")))

    def cancel(self, tracking_number: str) -> None:
        """Nobody needs to be told."""

    def takes_returns(self, country: str) -> bool:
        """Who sends something back goes to a carrier of their choice."""
        return False

    def book_return(self, *, reference: str, sender: Address, weight_g: int) -> BookedReturn:
        """Always refused: there is nobody to bring it."""
        raise CarrierRefused("our own label does not travel back")

    def track(self, tracking_numbers: Sequence[str]) -> list[News]:
        """Nobody tells us."""
        return []


OWN = OwnLabel()
#: Carriers by code; what DeliveryMethod.carrier names and is not here travels with our own label under that name.
CARRIERS: dict[str, Carrier] = {OWN.code: OWN}


def carrier(code: str) -> Carrier:
    """The carrier of this code as delivery methods name it ("DHL"), else our own label."""
    name = code.strip().lower()
    if name == "dhl" and settings.CARRIER_DHL_URL:
        from .dhl import DhlParcel

        return DhlParcel()
    return CARRIERS.get(name, OWN)


def for_returns(country: str) -> Carrier | None:
    """The carrier that makes labels for the way back from this country (ISO code); None when none does."""
    found = carrier("dhl")
    return found if found.takes_returns(country) else None


def tracking_number(number: int) -> str:
    """``KT`` + nine digits + check digit. Weights 3 and 1 from the right as in GTIN: one wrong digit is noticed."""
    digits = f"{number:09d}"
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return f"KT{digits}{-total % 10}"
