"""What the room hears."""

from __future__ import annotations

from checkout.order.events import OrderCancelled
from fulfilment.warehouse.picking.events import PickedShort
from fulfilment.warehouse.stock.events import GoodsReceived
from shop.kernel.outbox import subscribe

from . import actions


@subscribe(PickedShort, "warehouse.ask_about_shortage")
def ask_about_shortage(event: PickedShort) -> None:
    """Pieces were found neither in another bin nor at another site."""
    if event.quantity:
        actions.note_short(order_id=event.order_id, order_line_id=event.order_line_id)


@subscribe(OrderCancelled, "warehouse.withdraw_shortages")
def withdraw_shortages(event: OrderCancelled) -> None:
    """Nobody needs to answer for an order that is not wanted."""
    actions.withdraw(order_id=event.order_id, why=event.reason)


@subscribe(GoodsReceived, "warehouse.plan_waiting")
def plan_waiting(event: GoodsReceived) -> None:
    """Goods have come: those who wait for them are served first."""
    actions.plan_waiting(stockrecord_ids=[event.stockrecord_id] if event.stockrecord_id else None)
