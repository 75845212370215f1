"""What the room tells."""

from dataclasses import dataclass

from shop.kernel.outbox import event


@event
@dataclass(frozen=True)
class ReturnExplained:
    """A return was authorised and its paper is ready: the customer of the order is written to, in its language."""

    return_id: int
    number: str
    order_id: int


@event
@dataclass(frozen=True)
class ReturnLabelReady:
    """A carrier's label for a return is there: its customer gets it by mail."""

    return_id: int
    number: str
    order_id: int
