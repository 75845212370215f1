"""Many checkouts at once on goods that are not enough for all: nothing is oversold, and nothing stays unsold that could
have been sold.

``CHAOS_CHECKOUTS=2000 CHAOS_THREADS=64`` for the full figure; the seed is printed, ``CHAOS_SEED`` repeats it.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections

from catalogue.partner.models import InsufficientStock, StockRecord
from checkout.order.actions import Placement, place
from checkout.order.models import Line, Order
from shop.kernel import invariants
from tests.factories.shopping import make_basket, make_placement
from tests.factories.stock import make_received_variant
from tests.support.chance import seed

pytestmark = [
    pytest.mark.both_databases,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="one writer at a time: see tests/races"),
]

CHECKOUTS = int(os.environ.get("CHAOS_CHECKOUTS", "100"))
THREADS = int(os.environ.get("CHAOS_THREADS", "8"))
SHELF = 12  #: different goods
WANTED_MAX = 3  #: of each of up to three of them


def wishes(chance: random.Random, shelf: list[StockRecord]) -> list[tuple[StockRecord, int]]:
    """What one shopper wants: few things, and everybody wants the first ones most."""
    chosen = {min(chance.randrange(SHELF), chance.randrange(SHELF)) for _ in range(3)}
    return [(shelf[n], chance.randint(1, WANTED_MAX)) for n in sorted(chosen)]


def attempt(placement: Placement) -> str:
    """Place it once; what came of it."""
    try:
        place(placement)
        return "order"
    except InsufficientStock:
        return "sold out"
    finally:
        connections.close_all()


def test_nothing_is_oversold_and_nothing_left_that_could_be_sold(fresh_database: None) -> None:
    chosen = seed("CHAOS_SEED")
    print(f"CHAOS_SEED={chosen}")
    chance = random.Random(chosen)
    pieces = CHECKOUTS * 2 // SHELF  # for about half of what is wanted
    shelf = [make_received_variant(pieces) for _ in range(SHELF)]
    crowd = [
        make_placement(
            make_basket(*wishes(chance, shelf)), method="prepayment", email=f"kunde{n}@example.org"
        )
        for n in range(CHECKOUTS)
    ]
    connections.close_all()
    with ThreadPoolExecutor(THREADS) as threads:
        answers: list[Any] = list(threads.map(attempt, crowd))
    came = Counter(answers)
    print(dict(came))
    assert set(came) == {"order", "sold out"}, came

    assert Order.objects.count() == came["order"]
    sold: Counter[int] = Counter()
    for record_id, quantity in Line.objects.values_list("stockrecord_id", "quantity"):
        sold[record_id] += quantity
    for record in StockRecord.objects.all():
        assert record.num_allocated == sold[record.pk] <= record.num_in_stock == pieces
    assert [finding for finding in invariants.verify() if not finding.holds] == []
    refused = [placement for placement, answer in zip(crowd, answers, strict=True) if answer == "sold out"]
    assert {attempt(placement) for placement in refused} == {"sold out"}, "one more could have been sold"
