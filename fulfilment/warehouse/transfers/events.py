"""What the room tells."""

from dataclasses import dataclass

from shop.kernel.outbox import event


@event
@dataclass(frozen=True)
class TransferDifference:
    """Another number arrived than was sent. ``quantity``: signed, negative: pieces are missing; ``value_minor``: signed
    likewise, at the cost of a piece. ``step_id`` names this one difference of the transfer."""

    transfer_id: int
    number: str
    step_id: int
    stockrecord_id: int
    sku: str
    quantity: int
    value_minor: int
    currency: str
    why: str
