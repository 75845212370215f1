"""Fill Kontor with a range: ``python -m bench.peer.kontor PRODUCTS`` on a database that has its tables."""

from __future__ import annotations

import sys

import django


def fill(products: int) -> None:
    """Products as the stock shop has them, in one category, each with plenty of stock, and the search index of them."""
    from bench.large_range import make_range
    from catalogue.partner.models import StockRecord
    from catalogue.search.actions import rebuild
    from tests.factories.range import make_category

    make_range(products, category=make_category("Schuhe"))
    StockRecord.objects.update(num_in_stock=10_000)
    rebuild()


if __name__ == "__main__":
    django.setup()
    fill(int(sys.argv[1]))
