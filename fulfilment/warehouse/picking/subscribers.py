"""What the room hears."""

from checkout.order.events import OrderCancelled, OrderConfirmed
from shop.kernel.outbox import subscribe

from . import actions


@subscribe(OrderConfirmed, "warehouse.make_pick_list")
def make_pick_list(event: OrderConfirmed) -> None:
    """Goods may leave: plan the walk."""
    actions.make_pick_list(order_id=event.order_id)


@subscribe(OrderCancelled, "warehouse.cancel_pick_list")
def cancel_pick_list(event: OrderCancelled) -> None:
    """Nobody walks for an order that is not wanted."""
    actions.cancel(order_id=event.order_id, why=event.reason)
