"""The cache (Redis) away, slow, full or mad: pages are made anew, none is late, none is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.cache import caches

from catalogue.best_sellers import best_sellers
from catalogue.partner.models import StockRecord
from shop.kernel import signed_cache
from shop.pages.limits import too_many
from tests.faults.conftest import within
from tests.faults.shopper import buy, pages, read, visitor
from tests.faults.wire import Saying, Wire

TIMEOUT_S = 0.15


@pytest.fixture
def redis(wire: Wire, settings: LazySettings) -> Iterator[Wire]:
    """The shop's cache is at the end of the wire, and pages are kept in it."""
    at = {
        "BACKEND": "shop.kernel.patient_cache.PatientRedis",
        "LOCATION": f"redis://127.0.0.1:{wire.port}/1",
        "OPTIONS": {"socket_timeout": TIMEOUT_S, "socket_connect_timeout": TIMEOUT_S},
    }
    settings.CACHES = {"default": at, "pages": {**at, "KEY_PREFIX": "pages"}}
    settings.SHARED_KEPT_S = 60
    caches._settings = caches.settings = caches.configure_settings(None)  # type: ignore[attr-defined]
    _drop()
    yield wire
    _drop()


def _drop() -> None:
    for alias in ("default", "pages"):
        if hasattr(caches._connections, alias):  # type: ignore[attr-defined]
            delattr(caches._connections, alias)  # type: ignore[attr-defined]


def in_redis(answer: bytes) -> Saying:
    """A server that greets as Redis does and answers every command with ``answer``."""

    def say(asked: bytes) -> bytes:
        commands = max(1, asked.count(b"\r\n*") + 1)
        if b"HELLO" in asked:
            return b"%1\r\n$5\r\nproto\r\n:3\r\n" + b"+OK\r\n" * (commands - 1)
        is_greeting = b"SETINFO" in asked or b"CLIENT" in asked or b"SELECT" in asked
        return (b"+OK\r\n" if is_greeting else answer) * commands

    return say


def kept_by_the_shop(value: object) -> Saying:
    """A server that holds ``value`` under every key that is asked for, as the shop itself keeps it."""

    def say(asked: bytes) -> bytes:
        key = re.search(rb"GET\r\n\$\d+\r\n(\S+)\r\n", asked)
        body = signed_cache.signed(key[1].decode(), value) if key else b""
        assert isinstance(body, bytes)
        return in_redis(b"$%d\r\n%s\r\n" % (len(body), body))(asked)

    return say


def nothing_is_amiss(shoe: StockRecord) -> None:
    client = visitor()
    read(client, shoe)
    assert client.get(pages(shoe)[2].replace("elbschuh", "gibtesnicht")).status_code == 200
    assert buy(client, shoe).status == "awaiting_payment"
    assert best_sellers(3) == best_sellers(3)


@pytest.mark.cell("cache", "down")
@pytest.mark.parametrize("manner", ["refuse", "cut", "reset"])
def test_without_the_cache_everything_is_read_and_bought(
    manner: str, redis: Wire, shoe: StockRecord, rf: Any
) -> None:
    getattr(redis, manner)()
    nothing_is_amiss(shoe)
    request = rf.post("/", REMOTE_ADDR="93.184.216.34")
    tries = [too_many(request, what="test", most=1) for _ in range(3)]
    assert tries == [False, True, True], "limits are counted in the database: no outage switches them off"


@pytest.mark.cell("cache", "slow")
def test_a_silent_cache_is_waited_for_once(redis: Wire, shoe: StockRecord) -> None:
    redis.silence()
    with within(10 * TIMEOUT_S, "the first question"):
        caches["default"].get("x")
    asked = redis.connections
    with within(10 * TIMEOUT_S, "the next questions"):
        for _ in range(30):
            caches["pages"].get("x")
    assert redis.connections == asked, "while it rests nobody asks"
    nothing_is_amiss(shoe)


@pytest.mark.cell("cache", "slow")
def test_the_page_that_meets_a_silent_cache_is_whole_and_the_next_asks_nobody(
    redis: Wire, shoe: StockRecord
) -> None:
    redis.silence()
    client = visitor()
    with within(10 * TIMEOUT_S + 5, "the first page over a silent cache"):
        answer = client.get(shoe.product.get_absolute_url())
    assert answer.status_code == 200 and shoe.product.own_or_parent.title in answer.content.decode()
    asked = redis.connections
    assert asked > 0, "the page did ask"
    read(client, shoe)
    assert redis.connections == asked


@pytest.mark.cell("cache", "errors")
@pytest.mark.parametrize("answer", [b"-LOADING loading\r\n", b"-OOM out of memory\r\n", b"-READONLY\r\n"])
def test_a_cache_that_refuses_keeps_nothing(answer: bytes, redis: Wire, shoe: StockRecord) -> None:
    redis.say(in_redis(answer))
    nothing_is_amiss(shoe)


@pytest.mark.cell("cache", "wrong answer")
@pytest.mark.parametrize(
    "answer",
    [
        b"$5\r\nmoin!\r\n",
        b"$0\r\n\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x00\xff\x00\r\n",
        b"*1\r\n$1\r\nx\r\n",
    ],
)
@pytest.mark.parametrize("greets", [True, False])
def test_rubbish_counts_as_not_kept(answer: bytes, greets: bool, redis: Wire, shoe: StockRecord) -> None:
    redis.say(in_redis(answer) if greets else answer)
    assert caches["default"].get("anything", "nothing") == "nothing"
    nothing_is_amiss(shoe)


@pytest.mark.cell("cache", "wrong answer")
def test_a_value_of_another_kind_is_no_page(redis: Wire, shoe: StockRecord) -> None:
    redis.say(kept_by_the_shop({"a": "value of another version"}))
    assert caches["default"].get("x") == {"a": "value of another version"}
    nothing_is_amiss(shoe)


def test_the_cache_is_used_again_when_it_is_back(redis: Wire, settings: LazySettings) -> None:
    settings.CACHE_REST_S = 0
    redis.refuse()
    assert caches["default"].get("x", "none") == "none"
    redis.say(kept_by_the_shop("kept"))
    assert caches["default"].get("x") == "kept"
