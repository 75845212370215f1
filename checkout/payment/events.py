"""What the room tells. Plain values; money in minor units."""

from dataclasses import dataclass

from shop.kernel.outbox import event


@event
@dataclass(frozen=True)
class PaymentCaptured:
    """Money for an order is in. ``reference`` is the provider's id (card) or the receipt's (bank transfer).

    invoice_number: it pays this invoice on account, costs_minor and interest_minor of it what dunning asked for.
    """

    payment_id: int
    order_id: int
    order_number: str
    method: str
    amount_minor: int
    currency: str
    reference: str
    invoice_number: str = ""
    costs_minor: int = 0
    interest_minor: int = 0


@event
@dataclass(frozen=True)
class PrepaymentChosen:
    """An order that was placed to be paid by card will be paid by bank transfer: the customer needs our account."""

    payment_id: int
    order_id: int


@event
@dataclass(frozen=True)
class PaymentReminderDue:
    """A prepayment is still missing; the order waits until ``expires_on`` (ISO date)."""

    payment_id: int
    order_id: int
    expires_on: str


@event
@dataclass(frozen=True)
class RefundRequested:
    """A refund row exists; the task that asks the provider hears this."""

    refund_id: int
    payment_id: int
    order_id: int


@event
@dataclass(frozen=True)
class RefundSucceeded:
    """Money went back to the customer."""

    refund_id: int
    payment_id: int
    order_id: int
    order_number: str
    method: str
    amount_minor: int
    currency: str
    reference: str


@event
@dataclass(frozen=True)
class RefundFailed:
    """A refund that had succeeded came back: the money is with us again, the customer has none of it."""

    refund_id: int
    payment_id: int
    order_id: int
    order_number: str
    amount_minor: int
    currency: str
    reference: str
    why: str


@event
@dataclass(frozen=True)
class BalanceChanged:
    """Something moved in our balance at the card provider: worth a look. ``kind``: the provider's word for it;
    ``reference``: its id of the thing (a payout, a charge, a dispute)."""

    kind: str
    reference: str


@event
@dataclass(frozen=True)
class PaymentDisputed:
    """The customer's bank took the money back, for now."""

    payment_id: int
    order_id: int
    order_number: str
    amount_minor: int
    fee_minor: int
    currency: str
    reference: str


@event
@dataclass(frozen=True)
class DisputeWon:
    """The customer's bank gave back what a dispute had taken. The provider keeps its fee."""

    payment_id: int
    order_id: int
    order_number: str
    amount_minor: int
    currency: str
    reference: str


@event
@dataclass(frozen=True)
class MoneyUnmatched:
    """Money that belongs to nothing we know: finance gets an open item, never silence."""

    source: str
    reference: str
    amount_minor: int
    currency: str
    note: str
