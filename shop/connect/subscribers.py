"""What the room hears: facts that other systems want to know. Rows are written here, nothing is sent."""

from __future__ import annotations

from checkout.order.events import OrderConfirmed
from checkout.order.queries import order_for_fulfilment
from fulfilment.finance.invoicing.events import InvoiceIssued
from fulfilment.finance.invoicing.models import Invoice
from shop.kernel.outbox import subscribe

from . import actions, payloads
from .models import INVOICE_ISSUED, ORDER_CONFIRMED, Endpoint


def _somebody_listens(event: str) -> bool:
    return any(
        event in events for events in Endpoint.objects.filter(active=True).values_list("events", flat=True)
    )


@subscribe(OrderConfirmed, "connect.order_confirmed")
def order_confirmed(event: OrderConfirmed) -> None:
    """A warehouse system may want to know."""
    if not _somebody_listens(ORDER_CONFIRMED):
        return
    order = order_for_fulfilment(event.order_id)
    data = {"order": payloads.order_facts(order, order.lines.all())}
    actions.write(event=ORDER_CONFIRMED, fact=order.pk, subject=order.number, data=data)


@subscribe(InvoiceIssued, "connect.invoice_issued")
def invoice_issued(event: InvoiceIssued) -> None:
    """An accounting system may want to know; the order comes along."""
    if not _somebody_listens(INVOICE_ISSUED):
        return
    invoice = (
        Invoice.objects.select_related("corrects", "replaces")
        .prefetch_related("lines")
        .get(pk=event.invoice_id)
    )
    order = order_for_fulfilment(event.order_id)
    data = {
        "invoice": payloads.invoice_facts(invoice),
        "order": payloads.order_facts(order, order.lines.all()),
    }
    actions.write(event=INVOICE_ISSUED, fact=invoice.pk, subject=invoice.number, data=data)
