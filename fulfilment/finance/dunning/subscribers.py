"""What the room hears: paying stops dunning, and so does taking an invoice back."""

from __future__ import annotations

from checkout.payment.actions import set_credit
from fulfilment.finance.invoicing.events import InvoiceIssued, InvoicePaid, InvoiceReopened
from fulfilment.finance.invoicing.models import CANCELLATION, Invoice
from shop.kernel.outbox import subscribe

from .actions import level_of


@subscribe(InvoicePaid, "dunning.lower_level")
def lower_level(event: InvoicePaid) -> None:
    """Nothing is open on the invoice: the customer's level is that of what still is."""
    _reckon_level(event.invoice_id)


@subscribe(InvoiceIssued, "dunning.lower_level_for_correction")
def lower_level_for_correction(event: InvoiceIssued) -> None:
    """A cancelled invoice is asked for no more, and nobody is told that it was paid."""
    if event.kind == CANCELLATION:
        _reckon_level(event.invoice_id)


@subscribe(InvoiceReopened, "dunning.raise_level_again")
def raise_level_again(event: InvoiceReopened) -> None:
    """It was not paid after all: what was asked before counts again."""
    _reckon_level(event.invoice_id)


def _reckon_level(invoice_id: int) -> None:
    user_id = Invoice.objects.values_list("user_id", flat=True).get(pk=invoice_id)
    if user_id:
        set_credit(user_id=user_id, dunning_level=level_of(user_id))
