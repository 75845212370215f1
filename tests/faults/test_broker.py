"""The queue away, slow or mad: a click waits once, the tables are the truth, the sweep brings what was not told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from celery import current_app
from celery.app.task import Task

from catalogue.partner.models import StockRecord
from shop.kernel import nudges
from shop.kernel.models import Delivery
from shop.kernel.tasks import deliver_one
from tests.faults.conftest import within
from tests.faults.shopper import buy, read, visitor
from tests.faults.wire import Wire

TIMEOUT_S = 0.3
APPLY = Task.apply_async


@pytest.fixture
def broker(wire: Wire, queue: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    """Tasks are really sent, to a Redis at the end of the wire, with the settings the scaled profile has."""
    monkeypatch.setattr(Task, "apply_async", APPLY)
    conf = current_app.conf
    changes = {
        "broker_url": f"redis://127.0.0.1:{wire.port}/0",
        "broker_write_url": f"redis://127.0.0.1:{wire.port}/0",
        "broker_read_url": f"redis://127.0.0.1:{wire.port}/0",
        "broker_connection_timeout": TIMEOUT_S,
        "broker_transport_options": {"socket_timeout": TIMEOUT_S, "socket_connect_timeout": TIMEOUT_S},
    }
    before = {name: conf[name] for name in changes}
    conf.update(changes)
    _forget_pools()
    yield wire
    conf.update(before)
    _forget_pools()


def _forget_pools() -> None:
    from kombu import pools

    pools.reset()
    current_app.pool.force_close_all() if current_app._pool else None
    current_app._pool = None
    current_app.amqp._producer_pool = None


def bought_and_brought(shoe: StockRecord, outbox: Any) -> None:
    client = visitor()
    read(client, shoe)
    order = buy(client, shoe)
    assert order.status == "awaiting_payment"
    assert Delivery.objects.filter(state="pending").exists()
    outbox.drain()  # what the sweep does
    assert not Delivery.objects.filter(state="pending").exists()
    assert outbox.failures() == []


@pytest.mark.cell("broker", "down")
@pytest.mark.parametrize("manner", ["refuse", "cut", "reset"])
def test_without_the_queue_the_sweep_brings_everything(
    manner: str, broker: Wire, shoe: StockRecord, outbox: Any, django_capture_on_commit_callbacks: Any
) -> None:
    getattr(broker, manner)()
    with django_capture_on_commit_callbacks(execute=True):
        bought_and_brought(shoe, outbox)


@pytest.mark.cell("broker", "slow")
def test_a_silent_queue_is_waited_for_once(broker: Wire, settings: Any) -> None:
    broker.silence()
    with within(5 * TIMEOUT_S, "the first message"), pytest.raises(Exception) as raised:
        deliver_one.delay(1)
    assert not isinstance(raised.value, nudges.QueueRests)
    with within(5 * TIMEOUT_S, "the next thirty"):
        for number in range(30):
            with pytest.raises(nudges.QueueRests):
                deliver_one.delay(number)


@pytest.mark.cell("broker", "slow")
def test_an_order_over_a_silent_queue_goes_through_and_the_sweep_brings_it(
    broker: Wire, shoe: StockRecord, outbox: Any, django_capture_on_commit_callbacks: Any
) -> None:
    broker.silence()
    with django_capture_on_commit_callbacks(execute=True):
        bought_and_brought(shoe, outbox)
    assert broker.connections > 0, "the queue was told, or tried to be"


@pytest.mark.cell("broker", "errors")
def test_a_queue_that_refuses_costs_no_order(
    broker: Wire, shoe: StockRecord, outbox: Any, django_capture_on_commit_callbacks: Any
) -> None:
    broker.say(b"-OOM command not allowed when used memory > 'maxmemory'\r\n")
    with django_capture_on_commit_callbacks(execute=True):
        bought_and_brought(shoe, outbox)


@pytest.mark.cell("broker", "wrong answer")
def test_a_queue_that_talks_nonsense_costs_no_order(
    broker: Wire, shoe: StockRecord, outbox: Any, django_capture_on_commit_callbacks: Any
) -> None:
    broker.say(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    with django_capture_on_commit_callbacks(execute=True):
        bought_and_brought(shoe, outbox)


def test_our_own_mistake_is_no_word_about_the_queue(queue: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Task, "apply_async", APPLY)
    with pytest.raises(TypeError):
        deliver_one.delay()
    assert nudges._resting == 0.0
