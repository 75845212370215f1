"""What the room tells: money was explained, and taken back again."""

from dataclasses import dataclass

from shop.kernel.outbox import event


@event
@dataclass(frozen=True)
class MoneyAssigned:
    """A part of a bank receipt was assigned to an order (minor units)."""

    assignment_id: int
    order_id: int
    amount_minor: int


@event
@dataclass(frozen=True)
class PayerAsked:
    """Staff ask whoever may have sent money what it was for; the mail is written by who hears this."""

    question_id: int


@event
@dataclass(frozen=True)
class AssignmentUndone:
    """An assignment was taken back by reversal."""

    assignment_id: int
    order_id: int


@event
@dataclass(frozen=True)
class TransferMoved:
    """A line of the bank told of a transfer of ours, or that was taken back.

    what: ``left``, ``left_undone``, ``came_back``, ``came_back_undone``. Of the refund and the payback one is 0. why:
    of a transfer that came back, what the bank says.
    """

    assignment_id: int
    what: str
    refund_id: int
    payback_id: int
    why: str = ""
