"""What the room tells. Plain values; money in minor units."""

from dataclasses import dataclass

from shop.kernel.outbox import event


@event
@dataclass(frozen=True)
class OrderPlaced:
    """An order exists and its stock is reserved; the money may still be on its way."""

    order_id: int
    number: str
    payment_method: str
    total_minor: int
    currency: str


@event
@dataclass(frozen=True)
class OrderConfirmed:
    """The contract is concluded: goods may leave (prepaid: the money is in; on account: at once)."""

    order_id: int
    number: str
    payment_method: str
    total_minor: int
    currency: str


@event
@dataclass(frozen=True)
class OrderCancelled:
    """The order will not be fulfilled; stock is free again. ``was_confirmed``: others had already been told."""

    order_id: int
    number: str
    reason: str
    was_confirmed: bool


@event
@dataclass(frozen=True)
class AddressCorrected:
    """Where the order goes was corrected by staff: labels that were refused may be asked for again."""

    order_id: int
    number: str
    correction_id: int


@event
@dataclass(frozen=True)
class OrderLinkRequested:
    """Somebody who knows number and e-mail address wants to see the order: mail a one-time link."""

    link_id: int
    order_id: int


@event
@dataclass(frozen=True)
class OrderAmended:
    """Pieces of an order will not come, others do instead or besides, or it is delivered otherwise; the order owes less
    by ``amount_minor`` (negative: more).

    ``source`` names the rows of ``Amendment``, if any. What was paid too much is already on its way back.
    """

    order_id: int
    number: str
    source: str
    amount_minor: int
    currency: str
