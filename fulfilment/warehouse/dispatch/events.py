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
