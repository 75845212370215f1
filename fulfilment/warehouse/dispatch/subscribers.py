"""What the room hears."""

from checkout.order.events import AddressCorrected, OrderCancelled
from shop.kernel.outbox import subscribe

from . import actions, labels, tracking
from .events import ParcelDispatched


@subscribe(OrderCancelled, "warehouse.unpack_parcels")
def unpack_parcels(event: OrderCancelled) -> None:
    """Nothing of a cancelled order may leave."""
    actions.unpack_all(order_id=event.order_id, why=event.reason)


@subscribe(AddressCorrected, "warehouse.readdress_parcels")
def readdress_parcels(event: AddressCorrected) -> None:
    """Labels that were refused, or bear the old address, are asked for anew by themselves."""
    labels.readdress(order_id=event.order_id)


@subscribe(ParcelDispatched, "warehouse.apply_tracking")
def apply_tracking(event: ParcelDispatched) -> None:
    """What a carrier told before our books let the parcel leave counts now."""
    tracking.apply_waiting(parcel_id=event.parcel_id)
