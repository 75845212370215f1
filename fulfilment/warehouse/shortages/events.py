"""What the room tells."""

from dataclasses import dataclass

from shop.kernel.outbox import event


@event
@dataclass(frozen=True)
class ShortageAsked:
    """The shopper is to be asked about missing pieces; mailed anew with each ``version``."""

    question_id: int
    order_id: int
    version: int
