"""What the room tells."""

from dataclasses import dataclass

from shop.kernel.outbox import event


@event
@dataclass(frozen=True)
class GoodsReceived:
    """Goods came into the house. ``kind``: ``receipt``, or ``opening`` for what was there when the books began.

    One SKU and its movement; a receipt of many SKUs at once is one event with ``stockrecord_id`` and ``movement_id``
    0, no ``sku`` and the sums: ``cause`` finds its movements. Costs in minor units of ``currency``; ``unit_cost_minor``
    is what one piece of this receipt cost (0 for many), as far as it is known.
    """

    movement_id: int
    stockrecord_id: int
    sku: str
    quantity: int
    unit_cost_minor: int
    total_cost_minor: int
    currency: str
    cause: str
    kind: str


@event
@dataclass(frozen=True)
class ReceiptUndone:
    """A receipt was taken back, all of it; ``movement_id`` is the counter movement, ``received_id`` the one it undoes,
    ``cause`` what that had come with. Cost in minor units of ``currency``, as GoodsReceived told it."""

    movement_id: int
    received_id: int
    sku: str
    quantity: int
    total_cost_minor: int
    currency: str
    cause: str
