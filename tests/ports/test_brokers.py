"""The queue on a server: what the embedded profile does in files holds on Redis too, where it is installed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from kombu import Connection, Consumer, Exchange, Producer, Queue

from tests.support.brokers import Redis

PATIENCE_S = 30


@pytest.fixture(scope="module")
def redis() -> Iterator[str]:
    """The address of a Redis of its own."""
    with tempfile.TemporaryDirectory(prefix="kontor-redis-") as folder, Redis(Path(folder)) as server:
        server.wait_answers()
        yield server.url


def test_on_redis_the_most_urgent_queue_is_emptied_first(redis: str) -> None:
    exchange = Exchange("kontor", type="direct")
    queues = [Queue(name, exchange, routing_key=name) for name in settings.QUEUES]
    got: list[str] = []
    options = {"queue_order_strategy": "priority"}
    with Connection(redis, transport_options=options) as connection, connection.channel() as channel:
        producer = Producer(channel, exchange)
        for _ in range(3):
            for queue in reversed(queues):
                producer.publish({"q": queue.name}, routing_key=queue.name, declare=[queue])

        def take(body: dict[str, str], message: object) -> None:
            got.append(body["q"])
            message.ack()  # type: ignore[attr-defined]

        with Consumer(channel, queues, callbacks=[take], prefetch_count=1):
            while len(got) < 15:
                connection.drain_events(timeout=PATIENCE_S)
    assert got == [name for name in settings.QUEUES for _ in range(3)]


def test_the_settings_for_redis_keep_a_long_task_from_being_done_twice(tmp_path: Path) -> None:
    said = _settings(tmp_path, "redis://queue.example/0")
    longest = max(work.limit_s for work in settings.TASK_TABLE.values())
    assert "priority" in said and int(said.split()[-1]) > longest


def _settings(place: Path, address: str) -> str:
    script = (
        "from shop.settings import CELERY_BROKER_TRANSPORT_OPTIONS as o;"
        "print(o['queue_order_strategy'], o['visibility_timeout'])"
    )
    own = {
        "KONTOR_DATA_DIR": str(place),
        "KONTOR_ENV_FILE": os.devnull,
        "BROKER_URL": address,
        "PATH": os.environ["PATH"],
    }
    return subprocess.run(
        [sys.executable, "-c", script], env=own, capture_output=True, text=True, check=True
    ).stdout
