"""How fast one hot SKU is reserved and released, beside the bare conditional UPDATE that it rests on.

The bare side is the fewest statements that stay correct: one UPDATE that promises a piece if it is there and one that
gives it back, in SQL, each committed for itself. Beside it stand ``StockRecord.reserve`` and ``release``, and the whole
promise of an order line with its reservation and its history, also each committed for itself. Once more both stand
within a transaction that somebody opened, as placing an order does: there each statement is a journey of its own.

All take turns in one run. A share is the median of the rounds' shares: the two sides of a round follow each other at
once, so that other work on the machine slows both. Run by ``stock_bench``, on its own database and on a PostgreSQL that
waits for its disk, as one that keeps orders does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import count
from statistics import median

from django.db import connection, connections, transaction

from .figures import Figure

ROUND_S = 0.3  #: seconds that each way has in a round
ROUNDS = 7
WARM_UP = 30
CROWD = 16  #: people at the same SKU in the same moment
HALF = 0.5  #: the share of the bare speed that was promised

#: Ids of orders and lines that nobody else has: bench orders are no orders.
_numbers = count(50_000_000)


def measure(name: str = "stock.hot_sku", whole: float | None = None) -> dict[str, Figure]:
    """Pairs of reserving and releasing per second, alone and in a crowd, and their share of what they are beside.

    ``whole``: the share that the whole promise of an order line must reach here; None: none was promised.
    """
    sku = _hot_sku()
    ways = {
        "bare": _bare(sku),
        "stock_record": _stock_record(sku),
        "promise": _promise(sku),
        "bare_in_transaction": _bare_in_transaction(sku),
        "promise_in_transaction": _promise_in_transaction(sku),
    }
    for work in ways.values():
        for _ in range(WARM_UP):
            work()
    alone = [{way: _per_second(work) for way, work in ways.items()} for _ in range(ROUNDS)]
    crowd = [{way: _per_second_of_many(work) for way, work in ways.items()} for _ in range(ROUNDS)]
    return _figures(name, alone, whole) | _figures(f"{name}_crowd", crowd, whole)


def _figures(name: str, rounds: list[dict[str, float]], whole: float | None) -> dict[str, Figure]:
    figures = {
        f"{name}_{way}_per_second": Figure(round(max(speeds[way] for speeds in rounds), 1), "pairs/s")
        for way in rounds[0]
    }
    share = _share(rounds, "stock_record", "bare")
    figures[f"{name}_ratio_to_bare"] = Figure(share, "of the bare UPDATE", at_least=HALF)
    share = _share(rounds, "promise", "bare")
    figures[f"{name}_promise_ratio_to_bare"] = Figure(share, "of the bare UPDATE", at_least=whole)
    share = _share(rounds, "promise_in_transaction", "bare_in_transaction")
    figures[f"{name}_promise_in_transaction_ratio_to_bare"] = Figure(share, "of the bare UPDATE in one")
    return figures


def _share(rounds: list[dict[str, float]], ours: str, theirs: str) -> float:
    return round(median(speeds[ours] / speeds[theirs] for speeds in rounds), 3)


def _per_second(work: Callable[[], None]) -> float:
    done, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < ROUND_S:
        work()
        done += 1
    return done / (time.perf_counter() - begun)


def _per_second_of_many(work: Callable[[], None]) -> float:
    """Pairs per second of CROWD threads together, from one starting shot."""
    shot = threading.Barrier(CROWD)
    done: list[float] = []

    def run() -> None:
        try:
            work()  # opens this thread's connection before the watch runs
            shot.wait()
            done.append(_per_second(work))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(CROWD)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done)


def _hot_sku() -> int:
    """The stock record that everybody wants; enough pieces that nobody is refused."""
    from catalogue.models import Product, ProductClass
    from catalogue.partner.models import Partner, StockRecord

    kind = ProductClass.objects.get_or_create(name="Bench", defaults={"track_stock": True})[0]
    product = Product.objects.create(title="Hot", product_class=kind, structure=Product.STANDALONE)
    partner = Partner.objects.get_or_create(name="Bench")[0]
    record = StockRecord.objects.create(
        product=product, partner=partner, partner_sku="HOT-1", price="10.00", num_in_stock=1_000_000
    )
    return int(record.pk)


TAKE = (
    "UPDATE partner_stockrecord SET num_allocated = num_allocated + 1 "
    "WHERE id = %s AND num_in_stock - num_allocated >= 1"
)
GIVE = "UPDATE partner_stockrecord SET num_allocated = num_allocated - 1 WHERE id = %s AND num_allocated >= 1"


def _bare(sku: int) -> Callable[[], None]:
    def work() -> None:
        for statement in (TAKE, GIVE):
            with connection.cursor() as cursor:
                cursor.execute(statement, [sku])
                assert cursor.rowcount == 1

    return work


def _stock_record(sku: int) -> Callable[[], None]:
    from catalogue.partner.models import StockRecord

    record = StockRecord.objects.get(pk=sku)

    def work() -> None:
        record.reserve(1)
        record.release(1)

    return work


def _promise(sku: int) -> Callable[[], None]:
    from catalogue.partner.actions import Wish, release, reserve

    def work() -> None:
        number = next(_numbers)
        reserve([Wish(sku, number, number, 1)], expires_at=None)
        assert release(order_id=number, why="bench") == 1

    return work


def _bare_in_transaction(sku: int) -> Callable[[], None]:
    def work() -> None:
        for statement in (TAKE, GIVE):
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement, [sku])
                assert cursor.rowcount == 1

    return work


def _promise_in_transaction(sku: int) -> Callable[[], None]:
    from catalogue.partner.actions import Wish, release, reserve

    def work() -> None:
        number = next(_numbers)
        with transaction.atomic():
            reserve([Wish(sku, number, number, 1)], expires_at=None)
        with transaction.atomic():
            assert release(order_id=number, why="bench") == 1

    return work
