"""What the room hears: paying stops dunning."""

from __future__ import annotations

from checkout.payment.actions import set_credit
from fulfilment.finance.invoicing.events import InvoicePaid
from fulfilment.finance.invoicing.models import Invoice
from shop.kernel.outbox import subscribe

from .actions import level_of


@subscribe(InvoicePaid, "dunning.lower_level")
def lower_level(event: InvoicePaid) -> None:
    """Nothing is open on the invoice: the customer's level is that of what still is."""
    user_id = Invoice.objects.values_list("user_id", flat=True).get(pk=event.invoice_id)
    if user_id:
        set_credit(user_id=user_id, dunning_level=level_of(user_id))
