"""What the room tells. Of changes that are made ``OrderAmended`` and ``OrderCancelled`` of the order's room tell."""

from dataclasses import dataclass

from shop.kernel.outbox import event


@event
@dataclass(frozen=True)
class OrderChangeNews:
    """A change that costs more than was paid waits for the difference, or was not made after all (``state``)."""

    change_id: int
    order_id: int
    state: str
