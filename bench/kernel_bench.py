"""What the foundation costs: an event told and heard, a state moved, a gapless number."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.db import transaction

from .figures import Figure

ROUNDS = 3
TIMES = 200


def _per_second(work: Callable[[], object]) -> float:
    work()
    best = 0.0
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(TIMES):
            work()
        best = max(best, TIMES / (time.perf_counter() - began))
    return round(best, 1)


def measure() -> dict[str, Figure]:
    """Operations per second in one process, each in a transaction of its own, best of three rounds."""
    from shop.kernel.inbox import receive
    from shop.kernel.numbers import next_gapless, next_with_gaps

    def number() -> None:
        with transaction.atomic():
            next_gapless("bench", 2026)

    counter = iter(range(10**9))
    return {
        "main.gapless_numbers_per_second": Figure(_per_second(number), "numbers/s"),
        "main.order_numbers_per_second": Figure(_per_second(lambda: next_with_gaps("bench2")), "numbers/s"),
        "main.inbox_messages_per_second": Figure(
            _per_second(lambda: receive(source="bench", external_id=str(next(counter)), body="{}")),
            "messages/s",
        ),
    }
