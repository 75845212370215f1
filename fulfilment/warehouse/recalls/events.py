"""What the room tells."""

from dataclasses import dataclass

from shop.kernel.outbox import event


@event
@dataclass(frozen=True)
class RecallNoticeSent:
    """The customer of an order is to be told that goods of it are recalled. Once per recall and order."""

    notice_id: int
    recall_id: int
    order_id: int
