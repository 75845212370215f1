"""Fifty shoppers on two cores are served without an error; ten times that is told to come back, and half a minute
later everything is as before. Slow clients stop nobody, in the shop itself.

``CHAOS_MINUTES=10`` for the full figure.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator

import pytest
import requests

from tests.faults.crowd import Crowd
from tests.faults.ground import Ground, laid
from tests.support.chance import seed

pytestmark = pytest.mark.live
SERVED_S = float(os.environ.get("CHAOS_MINUTES", "0.15")) * 60
FLOOD_S = min(30.0, SERVED_S * 0.6)
SHOPPERS, FLOOD = 50, 500
THINK_S = 4.0  #: on average, before each page
RECOVERS_WITHIN_S = 30.0
QUIET_WITHIN_S = 90.0
OK = {200, 301, 302, 304}
SHED = {429, 503}
NO_ANSWER = 0  #: the system's own queue of connections was full
UNANSWERED_MAX = 0.01  #: of all that is asked in the flood: who is too much is told so, and not left alone
SLOW_MAX_S = 3.0  #: one page, while sixty clients dawdle


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with laid() as ground:
        yield ground


def crowd_of(ground: Ground) -> Crowd:
    pages = ["/", "/catalogue/", "/catalogue/search/?q=schuh", "/basket/", *ground.goods.values()]
    return Crowd(ground.plan.url, ground.plan.standin_url, list(ground.goods), pages)


def shop_for(crowd: Crowd, seconds: float, shoppers: int, **manners: object) -> None:
    threads = crowd.begin(shoppers, seed("CHAOS_SEED"), **manners)
    time.sleep(seconds)
    crowd.end(threads)


def nothing_went_wrong(ground: Ground) -> None:
    """Every answer was one, the orders are those that were given, and nothing is missing in the books."""
    crowd = crowd_of(ground)
    before = {number for (number,) in ground.postgres.rows("SELECT number FROM order_order")}
    shop_for(crowd, SERVED_S, SHOPPERS, think_s=THINK_S, reads=3, buys=0.3)
    print(f"{SHOPPERS} shoppers: {dict(crowd.answers)}, slowest {crowd.slowest_s:.1f} s")
    assert set(crowd.answers) <= OK, dict(crowd.answers)
    assert crowd.wrong == []
    after = {number for (number,) in ground.postgres.rows("SELECT number FROM order_order")}
    assert after - before == set(crowd.ordered)


def test_fifty_shoppers_are_served_and_ten_times_as_many_are_told_to_come_back(ground: Ground) -> None:
    print(f"CHAOS_SEED={seed('CHAOS_SEED')}")
    web = ground.child("web").process
    nothing_went_wrong(ground)

    flood = crowd_of(ground)
    shop_for(flood, FLOOD_S, FLOOD, insists=False, reads=2, buys=0.05)
    print(f"{FLOOD} at once: {dict(flood.answers)}")
    assert set(flood.answers) <= OK | SHED | {NO_ANSWER}, dict(flood.answers)
    unanswered = flood.answers[NO_ANSWER] / flood.answers.total()
    assert unanswered < UNANSWERED_MAX, f"{unanswered:.1%} got no answer at all"
    assert flood.answers[503] > 0, "that was too much, and was said"
    assert sum(flood.answers[status] for status in OK) > 0, "some were served all the same"

    began = time.monotonic()
    while True:  # until a page comes as quickly as it should
        asked = time.monotonic()
        answer = requests.get(f"{ground.plan.url}/catalogue/", timeout=RECOVERS_WITHIN_S)
        if answer.status_code == 200 and time.monotonic() - asked < 2.0:
            break
        assert time.monotonic() - began < RECOVERS_WITHIN_S, "it does not recover"
        time.sleep(0.2)
    print(f"recovered after {time.monotonic() - began:.1f} s")
    assert ground.child("web").process is web and ground.child("web").is_running, "it was not started again"
    assert ground.postgres.is_quiet_within(QUIET_WITHIN_S)
    ground.run("manage.py", "verify")


def test_slow_clients_stop_nobody_in_the_shop_itself(ground: Ground) -> None:
    """What tests/faults/test_web.py shows of the worker, shown of what `make run` starts."""
    words = (
        b"G",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-",
        b"POST /basket/add/ HTTP/1.1\r\nContent-Length: 99\r\n\r\na",
    )
    slow = []
    for number in range(60):
        end = socket.create_connection(("127.0.0.1", ground.plan.port), timeout=10)
        end.sendall(words[number % len(words)])
        slow.append(end)
    for _ in range(5):
        began = time.monotonic()
        assert requests.get(f"{ground.plan.url}/catalogue/", timeout=10).status_code == 200
        assert time.monotonic() - began < SLOW_MAX_S
    for end in slow:
        end.close()
