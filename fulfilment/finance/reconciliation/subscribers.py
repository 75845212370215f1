"""What reconciliation hears."""

from __future__ import annotations

from checkout.order.events import OrderAmended
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


@subscribe(OrderAmended, "finance.capture_after_amendment")
def capture_after_amendment(happened: OrderAmended) -> None:
    """The order asks for less than it did: what has come by transfer may be all of it now."""
    capture_when_complete(order=Order.objects.get(pk=happened.order_id), reference=happened.source)
