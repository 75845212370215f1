"""One hot SKU on a PostgreSQL that waits for its disk: the measurement that the promise of half the speed is about."""

from __future__ import annotations

from . import hot_sku
from .figures import Figure


def measure() -> dict[str, Figure]:
    """As ``hot_sku``, with the share that the whole promise must reach."""
    return hot_sku.measure("stock.hot_sku_on_disk", whole=hot_sku.HALF)
