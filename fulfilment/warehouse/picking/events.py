"""What the room tells."""

from dataclasses import dataclass

from shop.kernel.outbox import event


@event
@dataclass(frozen=True)
class PickedShort:
    """A picker found fewer pieces in a bin than the books say, and other bins did not have them. ``quantity``: pieces
    that stay missing."""

    pick_list_id: int
    pick_line_id: int
    order_id: int
    order_line_id: int
    stockrecord_id: int
    bin_id: int
    site_id: int
    quantity: int
