"""How fast one hot SKU is promised: on the database of this run, and on a PostgreSQL that waits for its disk."""

from __future__ import annotations

import sys

from . import hot_sku
from .figures import Figure


def measure() -> dict[str, Figure]:
    """Figures of ``hot_sku`` here and, where there is a PostgreSQL to be had, on one that waits for its disk."""
    from .run import measure as in_a_process

    here = hot_sku.measure()
    try:
        return here | in_a_process("hot_sku_on_disk", "durable")
    except Exception as error:  # whatever a machine without PostgreSQL says
        print(f"  a hot SKU on a disk is not measured: {error}", file=sys.stderr)
        return here
