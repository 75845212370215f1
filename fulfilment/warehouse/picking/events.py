"""What the room tells."""

from dataclasses import dataclass

from shop.kernel.outbox import event


@event
@dataclass(frozen=True)
class PickedShort:
    """A picker found fewer pieces in a bin than the books say. ``quantity``: pieces that stay missing after the other
    bins of the site were asked, 0 when those had all of them."""

    pick_list_id: int
    pick_line_id: int
    order_id: int
    order_line_id: int
    stockrecord_id: int
    bin_id: int
    site_id: int
    quantity: int
