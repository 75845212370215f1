"""Web, worker and beat are killed at random while people buy, PostgreSQL and the broker crash, the queue is emptied,
disks are full, the clock is wrong: no order is lost or doubled, what was paid reaches warehouse and ledger, the books
hold. On the embedded queue and on Redis; ``CHAOS_BROKERS=rabbitmq`` on RabbitMQ.

``CHAOS_KILLS=300 CHAOS_CRASHES=30 CHAOS_EMPTIED=50 CHAOS_BROKER_CRASHES=30 CHAOS_FILLED=10 CHAOS_DATABASE_FULL=10
CHAOS_SHIFTED=10`` for the full figures. The seed is printed, ``CHAOS_SEED`` repeats the order of what happens.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import cast

import psycopg
import pytest

from checkout.order.actions.place import RESERVED_FOR
from tests.faults.crowd import Crowd
from tests.faults.ground import CrashingPostgres, Ground, laid
from tests.support.brokers import Files, RabbitMQ, Redis
from tests.support.chance import seed
from tests.support.small_disk import CannotMount

pytestmark = pytest.mark.live
#: RabbitMQ takes part in `make chaos` (tests/faults/README.md says what it found).
BROKERS = os.environ.get("CHAOS_BROKERS", f"{Files.name} {Redis.name}").split()
SHOPPERS = 3
#: Between two blows: a worker needs five to eight seconds to begin on two busy cores, and one blow in five ends it.
#: Sooner, and all that is shown is that a shop does nothing while nothing of it runs.
PAUSE_S = (2.0, 7.0)
THINK_S = 0.5  #: a shopper, before each page
BOUGHT_MIN = 4  #: paid orders that there have to be in the end, before and after all blows
BUYS_WITHIN_S = 90.0
GATHER_S = 1.0  #: messages that wait for the broker to be emptied
FULL_S = 2.0
SHIFT_S = 30.0
ARRIVES_WITHIN_S = 120.0
SAYS_EVERY = 20  #: blows, in a long run
ARRIVED = """
    SELECT o.number FROM order_order o
    JOIN picking_picklist l ON l.order_id = o.id
    JOIN payment_payment p ON p.order_id = o.id
    JOIN ledger_entry e ON e.source = 'capture:payment:' || p.id
    WHERE o.number = ANY(%s)"""
ORDERS = "SELECT number, status FROM order_order"
#: Where the time of a slow order went: what was told of it, when, to whom, and how often it was tried (seconds).
STORY = """
    SELECT m.name, d.subscriber, d.attempts, ROUND(EXTRACT(EPOCH FROM m.recorded_at - o.date_placed)) AS told,
           ROUND(EXTRACT(EPOCH FROM d.done_at - m.recorded_at)) AS done, d.last_error
    FROM order_order o JOIN kernel_message m ON m.payload->>'order_id' = o.id::text
    JOIN kernel_delivery d ON d.message_id = m.id WHERE o.number = %s ORDER BY m.recorded_at, d.id"""
SLOW_S = 60.0
#: A long run lasts longer than card payments stay open; what of that time the clock may have taken.
MAY_BE_EXPIRED = cast(dt.timedelta, RESERVED_FOR["card"]) - 2 * dt.timedelta(seconds=SHIFT_S)
CANCELLED_EARLY = "SELECT number FROM order_order WHERE status = 'cancelled' AND date_placed > now() - %s"
PICK_LISTS = """
    SELECT o.number, COUNT(*) FROM picking_picklist l JOIN order_order o ON o.id = l.order_id GROUP BY o.number"""


def figure(name: str, embedded: int, server: int) -> Callable[[str], int]:
    """How often something happens: by the environment, else so often on the embedded queue and on a server."""
    said = os.environ.get(name)
    return lambda broker: int(said) if said else embedded if broker == Files.name else server


KILLS = figure("CHAOS_KILLS", 5, 2)
CRASHES = figure("CHAOS_CRASHES", 1, 0)
EMPTIED = figure("CHAOS_EMPTIED", 1, 1)
BROKER_CRASHES = figure("CHAOS_BROKER_CRASHES", 0, 1)
FILLED = figure("CHAOS_FILLED", 1, 0)
DATABASE_FULL = figure("CHAOS_DATABASE_FULL", 0, 0)
SHIFTED = figure("CHAOS_SHIFTED", 1, 0)


@pytest.fixture(scope="module", params=BROKERS)
def ground(request: pytest.FixtureRequest) -> Iterator[Ground]:
    """On each broker in turn."""
    name = request.param
    try:
        with laid(name, small_disk=DATABASE_FULL(name) > 0) as ground:
            yield ground
    except CannotMount as error:
        pytest.skip(str(error))


class Blows:
    """What happens, in an order drawn from the seed."""

    def __init__(self, ground: Ground, chance: random.Random) -> None:
        self.ground, self.chance = ground, chance
        self.came: Counter[str] = Counter()
        self.messages_lost = 0
        broker = ground.broker.name
        kinds: list[tuple[int, Callable[[], str]]] = [
            (KILLS(broker), self.kill),
            (CRASHES(broker), self.crash),
            (EMPTIED(broker), self.empty),
            (BROKER_CRASHES(broker) if broker != Files.name else 0, self.crash_broker),
            (FILLED(broker), self.fill),
            (DATABASE_FULL(broker), self.fill_database),
            (SHIFTED(broker), self.shift),
        ]
        self.script = [blow for times, blow in kinds for _ in range(times)]
        chance.shuffle(self.script)

    def run(self, meanwhile: Callable[[], None]) -> None:
        """All of them."""
        began = time.monotonic()
        for done, blow in enumerate(self.script, start=1):
            time.sleep(self.chance.uniform(*PAUSE_S))
            self.came[blow()] += 1
            meanwhile()
            if done % SAYS_EVERY == 0:
                print(f"{done} of {len(self.script)} blows, {time.monotonic() - began:.0f} s", flush=True)
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
        self.messages_lost += self.ground.empty_broker(GATHER_S)
        return "queue emptied"

    def crash_broker(self) -> str:
        disk_lost = self.ground.broker.name == RabbitMQ.name and self.chance.random() < 0.5
        self.ground.crash_broker(disk_lost=disk_lost)
        return "broker crashed" + (", its disk lost" if disk_lost else "")

    def fill(self) -> str:
        self.ground.fill_disk(True)
        time.sleep(FULL_S)
        self.ground.fill_disk(False)
        return "disk full"

    def fill_database(self) -> str:
        ended = self.ground.postgres.fill_disk(FULL_S, new_log=self.chance.random() < 0.5)
        return "disk of PostgreSQL full" + (", it ended" if ended else "")

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
    print(f"CHAOS_SEED={chosen} on {ground.broker.name}")
    crowd = Crowd(ground.plan.url, ground.plan.standin_url, list(ground.goods))
    arrivals = Arrivals(crowd, ground.postgres)
    shopping = crowd.begin(SHOPPERS, chosen, think_s=THINK_S)
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
    print(f"{blows.messages_lost} messages lost with emptied queues")
    print(f"{len(crowd.ordered)} orders, {len(crowd.paid)} paid, last at the ledger after {slowest_s:.1f} s")
    slow = sorted((took_s, number) for number, took_s in arrivals.took_s.items() if took_s > SLOW_S)[-5:]
    for took_s, number in slow:
        print(f"{number} {took_s:.0f} s", *ground.postgres.rows(STORY, number), sep="\n  ")

    assert crowd.wrong == []
    assert blows.messages_lost or not blows.came["queue emptied"], (
        "nothing waited when the queues were emptied"
    )
    assert len(crowd.paid) >= BOUGHT_MIN, "\n".join(ground.lines[-60:])
    orders = dict(ground.postgres.rows(ORDERS))
    assert len(crowd.ordered) == len(set(crowd.ordered)), "nobody was given the order of another"
    assert sorted(orders) == sorted(crowd.ordered), "none lost, none doubled"
    assert set(crowd.paid) - set(arrivals.took_s) == set(), "\n".join(ground.lines[-60:])
    assert slowest_s <= ARRIVES_WITHIN_S
    assert dict.fromkeys(crowd.paid, 1) == dict(ground.postgres.rows(PICK_LISTS))
    unpaid = {state for number, state in orders.items() if number not in crowd.paid}
    assert unpaid <= {"awaiting_payment", "cancelled"}
    assert ground.postgres.rows(CANCELLED_EARLY, MAY_BE_EXPIRED) == [], "cancelled while one could pay still"
    assert "Traceback" not in ground.run("manage.py", "verify")
