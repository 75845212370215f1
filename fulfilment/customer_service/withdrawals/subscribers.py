"""What the room hears."""

from fulfilment.finance.invoicing.events import InvoiceIssued
from shop.kernel.outbox import subscribe

from . import holds


@subscribe(InvoiceIssued, "service.hold_invoice")
def hold_invoice(event: InvoiceIssued) -> None:
    """An invoice for an order that was withdrawn from is not reminded."""
    holds.hold_for_order(order_id=event.order_id)
