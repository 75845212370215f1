"""What the room tells."""

from dataclasses import dataclass

from shop.kernel.outbox import event


@event
@dataclass(frozen=True)
class StockDifference:
    """A count found another number than the books, and it was booked. ``quantity``: signed, negative: pieces are
    missing; ``value_minor``: signed likewise, at the cost of a piece. ``line_id`` names this one difference."""

    task_id: int
    number: str
    line_id: int
    stockrecord_id: int
    sku: str
    bin: str
    quantity: int
    value_minor: int
    currency: str
    why: str
