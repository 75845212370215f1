"""What people at the packing table are told."""

from fulfilment.warehouse.stock.actions import StockError


class DispatchError(StockError):
    """What the person at the packing table must be told; nothing was changed. The text is for them."""
