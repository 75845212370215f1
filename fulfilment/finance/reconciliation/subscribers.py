"""What reconciliation hears."""

from __future__ import annotations

from checkout.order.models import Order
from fulfilment.finance.invoicing.events import InvoicePaid
from shop.kernel.outbox import subscribe

from .actions import capture_when_complete


@subscribe(InvoicePaid, "finance.capture_by_transfer")
def capture_by_transfer(happened: InvoicePaid) -> None:
    """A purchase on account whose invoices are all paid is a captured payment."""
    capture_when_complete(
        order=Order.objects.get(pk=happened.order_id), reference=f"invoice:{happened.number}"
    )
