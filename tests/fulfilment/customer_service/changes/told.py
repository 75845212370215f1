"""What the house says of a changed order."""

from __future__ import annotations

from checkout.order.models import Order
from checkout.payment.models import Refund
from fulfilment.warehouse.picking.models import PickLine
from shop.kernel.invariants import verify


def breaches() -> list[str]:
    return [f"{f.room}: {f.name}: {b}" for f in verify() for b in f.breaches]


def planned(order: Order) -> dict[str, int]:
    """SKU -> pieces that pickers are sent for."""
    found: dict[str, int] = {}
    for stop in PickLine.objects.filter(pick_list__order=order, state="open").select_related("stockrecord"):
        found[stop.stockrecord.partner_sku] = found.get(stop.stockrecord.partner_sku, 0) + stop.quantity
    return found


def refunded(order: Order) -> int:
    return sum(Refund.objects.filter(payment__order=order).values_list("amount_minor", flat=True))
