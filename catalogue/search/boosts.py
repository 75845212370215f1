"""What marketing wants to be seen first: products and categories that stand further up for a while."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable

from shop.kernel.clock import today
from shop.kernel.memory import Memory

from .models import Boost
from .port import Lift

KEPT_S = 10  #: seconds until a change made by another process counts
#: What is added to the relevance of a hit. A word in a title counts some 10 to 40, an article number 30.
WEIGHTS = {Boost.LITTLE: 5.0, Boost.CLEARLY: 25.0, Boost.FIRST: 10_000.0}
_memory: Memory[tuple[Lift, ...]] = Memory(KEPT_S)
forget = _memory.forget


def known() -> tuple[Lift, ...]:
    """What holds today. No query while remembered, else one."""
    day = today()
    return _memory.get(lambda: read(Boost.objects.all(), day), day)


def read(rows: Iterable[Boost], day: dt.date) -> tuple[Lift, ...]:
    """What rows say on a day, one lift per strength."""
    products: dict[int, set[int]] = defaultdict(set)
    categories: dict[int, set[str]] = defaultdict(set)
    for row in rows:
        if not row.runs_on(day):
            continue
        if row.product_id:
            products[row.strength].add(row.product_id)
        else:
            categories[row.strength].add(str(row.category_id))
    return tuple(
        Lift(tuple(sorted(products[strength])), tuple(sorted(categories[strength])), WEIGHTS[strength])
        for strength in sorted({*products, *categories})
    )
