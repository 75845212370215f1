"""What the room tells."""

from dataclasses import dataclass

from shop.kernel.outbox import event


@event
@dataclass(frozen=True)
class StatementSent:
    """A customer's account was written down for them; a mail with the letter follows."""

    statement_id: int
    email: str
    language: str
    user_id: int | None
