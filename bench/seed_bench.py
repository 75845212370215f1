"""How long the seed takes to fill a large shop, as products per second: 100,000 in under three minutes are 556."""

from __future__ import annotations

import os
import time
from io import StringIO

from django.core.management import call_command

from .figures import Figure

FULL = os.environ.get("BENCH_FULL") == "1"
PRODUCTS = 100_000 if FULL else 5_000
ALLOWED_S = 180.0  #: for 100,000 products


def measure() -> dict[str, Figure]:
    """Seconds for all of them with ``--full``, else the speed of a part."""
    call_command("seed", products=100, no_pictures=True, stdout=StringIO(), stderr=StringIO())
    began = time.perf_counter()
    call_command("seed", products=PRODUCTS, no_pictures=True, stdout=StringIO(), stderr=StringIO())
    spent = time.perf_counter() - began
    figures = {
        "main.seeded_products_per_second": Figure(
            round(PRODUCTS / spent), "products/s", at_least=round(100_000 / ALLOWED_S)
        )
    }
    if FULL:
        figures["main.seed_100000_products_seconds"] = Figure(round(spent, 1), "s", at_most=ALLOWED_S)
    return figures
