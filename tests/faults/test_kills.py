"""Web, worker and beat are killed at random while people buy, PostgreSQL crashes, the queue is emptied, the disk is
full, the clock is wrong: no order is lost or doubled, what was paid reaches warehouse and ledger, the books hold.

``CHAOS_KILLS=300 CHAOS_CRASHES=30 CHAOS_EMPTIED=50`` for the full figures. The seed is printed, ``CHAOS_SEED`` repeats
the order of what happens.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator

import psycopg
import pytest

from tests.faults.crowd import Crowd
from tests.faults.ground import CrashingPostgres, Ground, laid
from tests.support.chance import seed

pytestmark = pytest.mark.live
KILLS = int(os.environ.get("CHAOS_KILLS", "5"))
CRASHES = int(os.environ.get("CHAOS_CRASHES", "1"))
EMPTIED = int(os.environ.get("CHAOS_EMPTIED", "1"))
FILLED = int(os.environ.get("CHAOS_FILLED", "1"))
SHIFTED = int(os.environ.get("CHAOS_SHIFTED", "1"))
SHOPPERS = 3
PAUSE_S = (1.0, 4.0)  #: between two blows
BOUGHT_MIN = 4  #: paid orders that there have to be in the end, before and after all blows
BUYS_WITHIN_S = 90.0
FULL_S = 2.0
SHIFT_S = 30.0
ARRIVES_WITHIN_S = 120.0
ARRIVED = """
    SELECT o.number FROM order_order o
    JOIN picking_picklist l ON l.order_id = o.id
    JOIN payment_payment p ON p.order_id = o.id
    JOIN ledger_entry e ON e.source = 'capture:payment:' || p.id
    WHERE o.number = ANY(%s)"""
ORDERS = "SELECT number, status FROM order_order"
PICK_LISTS = """
    SELECT o.number, COUNT(*) FROM picking_picklist l JOIN order_order o ON o.id = l.order_id GROUP BY o.number"""


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with laid() as ground:
        yield ground


class Blows:
    """What happens, in an order drawn from the seed."""

    def __init__(self, ground: Ground, chance: random.Random) -> None:
        self.ground, self.chance = ground, chance
        self.came: Counter[str] = Counter()
        kinds: list[tuple[int, Callable[[], str]]] = [
            (KILLS, self.kill),
            (CRASHES, self.crash),
            (EMPTIED, self.empty),
            (FILLED, self.fill),
            (SHIFTED, self.shift),
        ]
        self.script = [blow for times, blow in kinds for _ in range(times)]
        chance.shuffle(self.script)

    def run(self, meanwhile: Callable[[], None]) -> None:
        """All of them."""
        for blow in self.script:
            time.sleep(self.chance.uniform(*PAUSE_S))
            self.came[blow()] += 1
            meanwhile()
        self.ground.set_clock(0)
        self.ground.fill_disk(False)

    def kill(self) -> str:
        name = self.chance.choice(("web", "worker", "beat", "a web process", "a task process"))
        if name.startswith("a "):
            self.ground.kill_one_process("web" if "web" in name else "worker", self.chance.random())
        else:
            self.ground.kill(name)
        return f"killed {name}"

    def crash(self) -> str:
        self.ground.postgres.crash()
        return "PostgreSQL crashed"

    def empty(self) -> str:
        self.ground.empty_broker()
        return "queue emptied"

    def fill(self) -> str:
        self.ground.fill_disk(True)
        time.sleep(FULL_S)
        self.ground.fill_disk(False)
        return "disk full"

    def shift(self) -> str:
        self.ground.set_clock(self.chance.choice((-SHIFT_S, SHIFT_S)))
        return "clock shifted"


class Arrivals:
    """When each paid order was first seen at warehouse and ledger."""

    def __init__(self, crowd: Crowd, postgres: CrashingPostgres) -> None:
        self.crowd, self.postgres = crowd, postgres
        self.took_s: dict[str, float] = {}

    def look(self) -> None:
        """Ask the database, which may be down just now."""
        waiting = set(self.crowd.paid) - set(self.took_s)
        try:
            arrived = self.postgres.rows(ARRIVED, list(waiting))
        except psycopg.OperationalError:
            return
        now = time.monotonic()
        for (number,) in arrived:
            self.took_s[number] = now - self.crowd.paid[number]

    def wait(self) -> None:
        """Until all have arrived, or the time is over."""
        until = time.monotonic() + ARRIVES_WITHIN_S
        while set(self.crowd.paid) - set(self.took_s) and time.monotonic() < until:
            self.look()
            time.sleep(0.3)


def until_bought(crowd: Crowd, orders: int) -> None:
    """Let people buy until so many orders are paid."""
    until = time.monotonic() + BUYS_WITHIN_S
    while len(crowd.paid) < orders and time.monotonic() < until:
        time.sleep(0.2)


def test_whatever_is_killed_no_order_is_lost_or_doubled_and_the_books_hold(ground: Ground) -> None:
    chosen = seed("CHAOS_SEED")
    print(f"CHAOS_SEED={chosen}")
    crowd = Crowd(ground.plan.url, ground.plan.standin_url, list(ground.goods))
    arrivals = Arrivals(crowd, ground.postgres)
    shopping = crowd.begin(SHOPPERS, chosen)
    blows = Blows(ground, random.Random(chosen))
    until_bought(crowd, 1)
    blows.run(arrivals.look)
    until_bought(crowd, max(BOUGHT_MIN, len(crowd.paid) + 2))
    crowd.end(shopping)
    ground.wait_ready()
    arrivals.wait()
    assert ground.postgres.is_quiet_within(ARRIVES_WITHIN_S), "deliveries are still due"
    slowest_s = max(arrivals.took_s.values(), default=0)
    print(dict(blows.came), f"answers {dict(crowd.answers)}")
    print(f"{len(crowd.ordered)} orders, {len(crowd.paid)} paid, last at the ledger after {slowest_s:.1f} s")

    assert crowd.wrong == []
    assert len(crowd.paid) >= BOUGHT_MIN, "\n".join(ground.lines[-60:])
    orders = dict(ground.postgres.rows(ORDERS))
    assert len(crowd.ordered) == len(set(crowd.ordered)), "nobody was given the order of another"
    assert sorted(orders) == sorted(crowd.ordered), "none lost, none doubled"
    assert set(crowd.paid) - set(arrivals.took_s) == set(), "\n".join(ground.lines[-60:])
    assert slowest_s <= ARRIVES_WITHIN_S
    assert dict.fromkeys(crowd.paid, 1) == dict(ground.postgres.rows(PICK_LISTS))
    unpaid = {state for number, state in orders.items() if number not in crowd.paid}
    assert unpaid <= {"awaiting_payment"}
    assert "Traceback" not in ground.run("manage.py", "verify")
