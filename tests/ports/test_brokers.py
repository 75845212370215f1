"""The queue on a server: what the embedded profile does in files holds on Redis too, where it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from kombu import Connection, Consumer, Exchange, Producer, Queue

from scripts.processes import free_port

PATIENCE_S = 30


def until(what: Callable[[], bool], why: str) -> None:
    """Wait for it."""
    tick = threading.Event()
    assert any(what() or tick.wait(0.05) for _ in range(20 * PATIENCE_S)), why


@pytest.fixture(scope="module")
def redis() -> Iterator[str]:
    """A Redis of its own, on a port of this machine, kept in memory only."""
    server, port = shutil.which("redis-server"), free_port()
    if server is None:
        pytest.skip("redis-server is not installed; on Debian: apt-get install redis-server")
    folder = tempfile.mkdtemp(prefix="kontor-redis-")
    process = subprocess.Popen(
        [server, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder],
        stdout=subprocess.DEVNULL,
    )
    address = f"redis://127.0.0.1:{port}/0"
    yield _answering(address, process)
    process.terminate()
    process.wait(PATIENCE_S)
    shutil.rmtree(folder)


def _answering(address: str, process: subprocess.Popen[bytes]) -> str:
    def answers() -> bool:
        try:
            with Connection(address) as connection:
                connection.ensure_connection(max_retries=1)
        except Exception:  # whatever the broker's library raises
            return False
        return True

    until(lambda: process.poll() is not None or answers(), f"{address} does not answer")
    assert process.poll() is None
    return address


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
