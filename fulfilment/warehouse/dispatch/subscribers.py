"""What the room hears."""

from checkout.order.events import OrderCancelled
from shop.kernel.outbox import subscribe

from . import actions


@subscribe(OrderCancelled, "warehouse.unpack_parcels")
def unpack_parcels(event: OrderCancelled) -> None:
    """Nothing of a cancelled order may leave."""
    actions.unpack_all(order_id=event.order_id, why=event.reason)
