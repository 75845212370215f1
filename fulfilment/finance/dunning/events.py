"""What the room tells."""

from dataclasses import dataclass

from shop.kernel.outbox import event


@event
@dataclass(frozen=True)
class LettersWritten:
    """Some letters stand: one event for all that one transaction of a run wrote, so that a long run writes little.
    The room itself hears it and tells of each letter by DunningNoticeIssued."""

    notice_ids: list[int]


@event
@dataclass(frozen=True)
class DunningNoticeIssued:
    """A reminder or notice was written; mail (and letter, where the level says so) follow."""

    notice_id: int
    number: str
    level: int
    user_id: int | None
    email: str
    language: str
    total_minor: int
    currency: str
    invoice_numbers: list[str]
    order_ids: list[int]
