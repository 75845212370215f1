"""What the room hears."""

from checkout.order.events import OrderCancelled, OrderConfirmed
from shop.kernel.outbox import subscribe

from . import actions
from .events import PickedShort


@subscribe(OrderConfirmed, "warehouse.make_pick_list")
def make_pick_list(event: OrderConfirmed) -> None:
    """Goods may leave: plan the walk."""
    actions.make_pick_list(order_id=event.order_id)


@subscribe(OrderCancelled, "warehouse.cancel_pick_list")
def cancel_pick_list(event: OrderCancelled) -> None:
    """Nobody walks for an order that is not wanted."""
    actions.cancel(order_id=event.order_id, why=event.reason)


@subscribe(PickedShort, "warehouse.avoid_empty_bin")
def avoid_empty_bin(event: PickedShort) -> None:
    """Nobody else walks to a bin that was found empty, where another one holds enough."""
    actions.avoid_bin(stockrecord_id=event.stockrecord_id, bin_id=event.bin_id)
