"""What the room tells. Plain values; money in minor units, days as ISO dates."""

from dataclasses import dataclass

from shop.kernel.outbox import event


@event
@dataclass(frozen=True)
class InvoiceIssued:
    """An invoice, credit note or cancellation has its number (``kind``); its documents are made after this."""

    invoice_id: int
    number: str
    order_id: int
    order_number: str
    gross_minor: int
    currency: str
    due_on: str
    kind: str = "invoice"


@event
@dataclass(frozen=True)
class InvoicePaid:
    """Nothing is open on this invoice any more."""

    invoice_id: int
    number: str
    order_id: int


@event
@dataclass(frozen=True)
class InvoiceReopened:
    """A paid invoice asks for money again: a receipt was undone, money went back, or a bank took it back."""

    invoice_id: int
    number: str
    order_id: int


@event
@dataclass(frozen=True)
class MoneyLiesFree:
    """Money of an order lies on no invoice although something of the order was given up: whatever way it came."""

    order_id: int
    order_number: str
