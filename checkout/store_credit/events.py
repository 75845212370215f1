"""What the room tells. Plain values; money in minor units."""

from dataclasses import dataclass

from shop.kernel.outbox import event


@event
@dataclass(frozen=True)
class CreditMovedAlong:
    """Two accounts became one, and the credit of one went to the other. ``movement_id``: the row that took it off."""

    movement_id: int
    from_user_id: int
    to_user_id: int
    amount_minor: int
    currency: str
