"""Goods in bins for a shop of processes: ``python -m tests.faults.stocked`` on its database."""

from __future__ import annotations

import django

django.setup()

from tests.factories.orders import make_country  # noqa: E402
from tests.factories.stock import make_stockrecord  # noqa: E402

ARTICLES = 6
PIECES = 100_000

if __name__ == "__main__":
    make_country()
    for n in range(ARTICLES):
        record = make_stockrecord(f"SKU-{n}", bins={f"A-{n:02}": PIECES}, slug=f"schuh-{n}")
        print(record.product_id, record.product.get_absolute_url())
