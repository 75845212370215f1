"""What the room tells."""

from dataclasses import dataclass

from shop.kernel.outbox import event


@event
@dataclass(frozen=True)
class WithdrawalReceived:
    """Somebody has withdrawn from a contract. ``order_id`` is None where no order is known yet.

    ``received_at``: ISO 8601, UTC, to the second.
    """

    withdrawal_id: int
    number: str
    order_id: int | None
    email: str
    language: str
    received_at: str
