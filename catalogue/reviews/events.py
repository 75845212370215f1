"""What the room tells. Plain values."""

from dataclasses import dataclass

from shop.kernel.outbox import event


@event
@dataclass(frozen=True)
class ReviewRefused:
    """A review is not published (any more); ``why`` is for its author. ``key`` is of this decision alone."""

    review_id: int
    why: str
    key: str
