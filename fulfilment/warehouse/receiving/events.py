"""What the room tells."""

from dataclasses import dataclass
from typing import Any

from shop.kernel.outbox import event


@event
@dataclass(frozen=True)
class ReturnAuthorised:
    """The customer may send something back, and has to be told how. ``cause``: what asked for it, "" for a person of
    the warehouse. Not told of parcels that a carrier brings by itself."""

    return_id: int
    number: str
    order_id: int
    cause: str


@event
@dataclass(frozen=True)
class ReturnReceived:
    """A return was unpacked and looked at. ``lines``: ``{"order_line_id": int | None, "quantity": int, "reception":
    str, "grade": str, "disposition": str, "acceptance": str}`` each, also what is missing and what was wrong
    (``order_line_id`` None). ``cause``: what announced it (``withdrawal:W10001``), "" for the dock itself.
    ``received_at``: ISO 8601, UTC."""

    return_id: int
    number: str
    order_id: int
    order_number: str
    cause: str
    received_at: str
    lines: list[dict[str, Any]]


@event
@dataclass(frozen=True)
class ReturnSettled:
    """It is decided what the shop takes back. ``lines``: the accepted pieces, ``{"order_line_id": int, "quantity":
    int, "grade": str, "disposition": str, "value_minor": int, "cost_minor": int}`` each; value is what the customer
    owed for them (gross, after discounts), cost what they cost us. ``settled_at``: ISO 8601, UTC."""

    return_id: int
    number: str
    order_id: int
    order_number: str
    currency: str
    settled_at: str
    lines: list[dict[str, Any]]
