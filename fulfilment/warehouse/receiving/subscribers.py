"""What the room hears."""

from django.db.models import Sum

from fulfilment.warehouse.dispatch.events import ParcelReturned
from fulfilment.warehouse.dispatch.models import Parcel, ParcelLine
from shop.kernel.outbox import subscribe

from . import actions


@subscribe(ParcelReturned, "warehouse.announce_returned_parcel")
def announce_returned_parcel(event: ParcelReturned) -> None:
    """A carrier brings a parcel back: the dock expects all that was in it, as far as it did not come back before."""
    lines = ParcelLine.objects.filter(parcel=event.parcel_id).order_by().values_list("order_line")
    parcel = Parcel.objects.get(pk=event.parcel_id)
    actions.announce(
        order_id=event.order_id,
        lines=dict(lines.annotate(n=Sum("quantity"))),
        cause=f"parcel:{parcel.number}",
        parcel=parcel,
        on_its_way=True,
    )
