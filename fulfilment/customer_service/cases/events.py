"""What the room tells."""

from dataclasses import dataclass

from shop.kernel.outbox import event


@event
@dataclass(frozen=True)
class CaseOpened:
    """Somebody wants something from us; the receipt goes to ``email`` in ``language``."""

    case_id: int
    number: str
    order_id: int | None
    email: str
    language: str


@event
@dataclass(frozen=True)
class CaseAnswered:
    """Staff answered in the case: the customer gets the message by mail."""

    case_id: int
    message_id: int
    email: str
    language: str
