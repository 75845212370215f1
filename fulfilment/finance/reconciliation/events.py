"""What the room tells: money was explained, and taken back again."""

from dataclasses import dataclass

from shop.kernel.outbox import event


@event
@dataclass(frozen=True)
class MoneyAssigned:
    """A part of a bank receipt was assigned to an order (minor units)."""

    assignment_id: int
    order_id: int
    amount_minor: int


@event
@dataclass(frozen=True)
class AssignmentUndone:
    """An assignment was taken back by reversal."""

    assignment_id: int
    order_id: int
