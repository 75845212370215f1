"""What the room tells."""

from dataclasses import dataclass
from typing import Any

from shop.kernel.outbox import event


@event
@dataclass(frozen=True)
class ParcelDispatched:
    """A parcel left the house, or was handed over in the store (then ``carrier`` is ``pickup``, no tracking number).

    ``lines``: ``{"order_line_id": int, "quantity": int}`` each; ``dispatched_at``: ISO 8601, UTC.
    """

    parcel_id: int
    order_id: int
    order_number: str
    tracking_number: str
    carrier: str
    dispatched_at: str
    lines: list[dict[str, Any]]


@event
@dataclass(frozen=True)
class ParcelDelivered:
    """A parcel that was sent arrived (the carrier or staff say so). Not told of what is handed over in the store.

    ``at``: ISO 8601, when it happened by the word of who told it.
    """

    parcel_id: int
    order_id: int
    order_number: str
    carrier: str
    tracking_number: str
    at: str


@event
@dataclass(frozen=True)
class ParcelLost:
    """A parcel will not arrive. Fields as in ParcelDelivered."""

    parcel_id: int
    order_id: int
    order_number: str
    carrier: str
    tracking_number: str
    at: str


@event
@dataclass(frozen=True)
class ParcelReturned:
    """A parcel comes back to us. Fields as in ParcelDelivered."""

    parcel_id: int
    order_id: int
    order_number: str
    carrier: str
    tracking_number: str
    at: str
