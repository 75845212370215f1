"""The outbox: told in the transaction in which it happened, delivered once to each, tried until done."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from shop.kernel import attempts, outbox, tasks
from shop.kernel.attempts import ATTEMPTS_MAX, LONGEST_PAUSE_S, GiveUp, pause_s
from shop.kernel.models import Delivery, Message, NumberSeries
from shop.kernel.numbers import next_gapless
from shop.kernel.outbox import threads
from shop.kernel.transactions import InTransaction
from tests.support.helpers import Clock, Queue
from tests.support.told import TestRang, heard_by, ring

pytestmark = pytest.mark.both_databases


def ignore(event: Any) -> None:
    """Hear and do nothing."""


def fail(event: Any) -> None:
    """Hear and fail."""
    raise ValueError("the bell is broken")


def test_an_event_outside_a_transaction_is_refused(db: None) -> None:
    with heard_by(one=ignore), pytest.raises(InTransaction):
        outbox.record(TestRang(1))
    assert not Message.objects.filter(name="TestRang").exists()


def test_what_is_rolled_back_was_never_told(db: None) -> None:
    with heard_by(one=ignore):
        with pytest.raises(RuntimeError), transaction.atomic():
            outbox.record(TestRang(1))
            raise RuntimeError
        assert not Message.objects.filter(name="TestRang").exists()
        assert not Delivery.objects.filter(subscriber="test.one").exists()


def test_several_at_once_are_told_in_their_order_in_two_statements(
    db: None, queue: Queue, django_capture_on_commit_callbacks: Any
) -> None:
    heard: list[int] = []
    with heard_by(one=lambda e: heard.append(e.number), two=ignore):
        caught = django_capture_on_commit_callbacks(execute=True)
        with CaptureQueriesContext(connection) as seen, caught, transaction.atomic():
            messages = outbox.record_all([TestRang(number) for number in (3, 1, 2)])
        said = [one["sql"] for one in seen.captured_queries if one["sql"].startswith("INSERT")]
        assert [message.payload["number"] for message in messages] == [3, 1, 2]
        assert len(said) == 2 and queue.names() == ["kernel.deliver"] * 6
        assert outbox.drain() == 6
    assert heard == [3, 1, 2]


def test_several_of_which_one_is_no_event_are_not_told_at_all(db: None) -> None:
    with heard_by(one=ignore), pytest.raises(TypeError), transaction.atomic():
        outbox.record_all([TestRang(1), object()])
    assert not Message.objects.filter(name="TestRang").exists()


def test_each_subscriber_hears_it_once(db: None) -> None:
    heard: list[tuple[str, TestRang]] = []
    with heard_by(one=lambda e: heard.append(("one", e)), two=lambda e: heard.append(("two", e))):
        ring(7, "ding")
        assert outbox.drain() == 2
        assert outbox.drain() == 0
    assert sorted(heard) == [("one", TestRang(7, "ding")), ("two", TestRang(7, "ding"))]


def test_the_queue_is_nudged_only_after_the_commit(
    db: None, queue: Queue, django_capture_on_commit_callbacks: Any
) -> None:
    with heard_by(one=ignore), django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        outbox.record(TestRang(1))
        assert queue.names() == []
    assert queue.names() == ["kernel.deliver"]


def test_a_broken_queue_is_no_error_the_sweep_comes_by(
    db: None, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    heard: list[Any] = []

    def refuse(*args: object, **options: object) -> None:
        raise ConnectionError("no broker")

    monkeypatch.setattr(tasks.deliver_one, "apply_async", refuse)
    with heard_by(one=heard.append):
        with django_capture_on_commit_callbacks(execute=True):
            ring()
        tasks.sweep()
    assert heard == [TestRang(1)]


def test_after_an_outage_money_comes_before_letters_and_both_before_what_others_are_told(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thousands wait then, and a sweep takes the first few hundred."""
    heard: list[str] = []
    names = ("connect.test", "finance.test", "notifications.test")
    with heard_by():
        for name in names:
            outbox.subscribe(TestRang, name)(lambda event, name=name: heard.append(name))  # type: ignore[misc]
        for _ in range(2):
            ring()
        monkeypatch.setattr(outbox.core, "BATCH", 3)
        for _ in range(2):
            tasks.sweep()
    assert heard == [
        name for name in ("finance.test", "notifications.test", "connect.test") for _ in range(2)
    ]


def test_a_failing_handler_is_tried_again_after_doubling_pauses(db: None, clock: Clock) -> None:
    clock.stop()
    with heard_by(one=fail, two=ignore):
        ring()
        assert outbox.drain() == 1, "the other subscriber does not wait for it"
        delivery = Delivery.objects.get(subscriber="test.one")
        waited = []
        for attempt in range(1, 5):
            assert (delivery.attempts, delivery.state) == (attempt, Delivery.PENDING)
            assert "the bell is broken" in delivery.last_error
            pause = (delivery.next_attempt_at - clock.now()).total_seconds()
            waited.append(pause)
            clock.advance(seconds=pause - 1)
            assert outbox.drain() == 0
            delivery.refresh_from_db()
            assert delivery.attempts == attempt, "not before its time"
            clock.advance(seconds=1)
            outbox.drain()
            delivery.refresh_from_db()
        assert waited == [5, 10, 20, 40]


def test_the_pause_doubles_up_to_a_limit() -> None:
    assert [pause_s(n) for n in (1, 2, 3)] == [5, 10, 20]
    assert pause_s(50) == LONGEST_PAUSE_S


def test_after_the_last_attempt_it_is_dead_with_its_cause_until_staff_retries(db: None, clock: Clock) -> None:
    clock.stop()
    with heard_by(one=fail):
        ring()
        for _ in range(ATTEMPTS_MAX + 3):
            outbox.drain()
            clock.advance(seconds=LONGEST_PAUSE_S)
        delivery = Delivery.objects.get(subscriber="test.one")
        assert (delivery.state, delivery.attempts) == (Delivery.DEAD, ATTEMPTS_MAX)
        assert "ValueError: the bell is broken" in delivery.last_error
    heard: list[Any] = []
    with heard_by(one=heard.append):
        assert attempts.retry(Delivery, delivery.pk)
        outbox.drain()
        assert heard == [TestRang(1)]
        assert not attempts.retry(Delivery, delivery.pk), "what is done stays done"


def test_who_gives_up_is_not_tried_again(db: None) -> None:
    def hopeless(event: Any) -> None:
        raise GiveUp("there is no such order")

    with heard_by(one=hopeless):
        ring()
        outbox.drain()
    delivery = Delivery.objects.get(subscriber="test.one")
    assert (delivery.state, delivery.attempts) == (Delivery.DEAD, 1)


def test_a_subscriber_that_is_gone_is_dead_and_named(db: None) -> None:
    with heard_by(one=ignore):
        ring()
    with heard_by(two=ignore):
        outbox.drain()
    assert "test.one" in Delivery.objects.get(subscriber="test.one").last_error


def test_a_failure_takes_back_what_the_handler_did(db: None) -> None:
    def half(event: Any) -> None:
        next_gapless("half", 2026)
        raise ValueError("in the middle")

    with heard_by(one=half):
        ring()
        outbox.drain()
    assert not NumberSeries.objects.filter(series="half").exists()


def test_a_worker_that_dies_in_the_middle_leaves_it_for_the_next(fresh_database: None) -> None:
    """SystemExit stands for the death: nothing after it runs, the database rolls back."""
    calls: list[int] = []

    def die_once(event: Any) -> None:
        next_gapless("midway", 2026)
        calls.append(1)
        if len(calls) == 1:
            raise SystemExit("killed")

    with heard_by(one=die_once):
        ring()
        delivery = Delivery.objects.get(subscriber="test.one")
        with pytest.raises(SystemExit):
            outbox.deliver(delivery.pk)
        delivery.refresh_from_db()
        assert (delivery.state, delivery.attempts) == (Delivery.PENDING, 0)
        tasks.sweep()
    assert NumberSeries.objects.get(series="midway").last == 1


def test_eight_workers_at_once_deliver_each_event_once(fresh_database: None) -> None:
    def count(event: TestRang) -> None:
        next_gapless(f"race{event.number}", 2026)

    with heard_by(one=count):
        for number in range(5):
            ring(number)
        keys = list(Delivery.objects.filter(subscriber="test.one").values_list("pk", flat=True))
        barrier = threading.Barrier(8)

        def work() -> None:
            barrier.wait()
            for key in keys:
                outbox.deliver(key)
            connection.close()

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (
        list(NumberSeries.objects.filter(series__startswith="race").values_list("last", flat=True)) == [1] * 5
    )
    assert Delivery.objects.filter(state=Delivery.DONE).count() == 5


def test_what_a_worker_is_at_keeps_no_other_worker_waiting(fresh_database: None) -> None:
    """Two sweeps begin with the same row; the second goes on to the next instead of standing behind the first."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    begun, may_end = threading.Event(), threading.Event()

    def slowly(event: TestRang) -> None:
        if event.number == 1:
            begun.set()
            assert may_end.wait(30)

    with heard_by(one=slowly):
        for number in (1, 2):
            ring(number)
        first, second = Delivery.objects.order_by("pk").values_list("pk", flat=True)

        def work() -> None:
            outbox.deliver(first)
            connection.close()

        busy = threading.Thread(target=work)
        busy.start()
        try:
            assert begun.wait(30)
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '5s'")
            assert (outbox.deliver(first), outbox.deliver(second)) == (False, True)
            assert Delivery.objects.get(pk=first).attempts == 0, "not a failure"
            assert outbox.drain() == 0, "nor does a drain go round and round"
        finally:
            may_end.set()
            busy.join()
    assert Delivery.objects.filter(state=Delivery.DONE).count() == 2


def test_what_a_handler_tells_is_delivered_in_the_same_drain_with_the_same_thread_of_events(db: None) -> None:
    heard: list[int] = []

    def echo(event: TestRang) -> None:
        heard.append(event.number)
        if event.number < 3:
            outbox.record(TestRang(event.number + 1))

    with heard_by(one=echo), outbox.correlation("click-1"):
        ring()
        outbox.drain()
    assert heard == [1, 2, 3]
    assert set(Message.objects.values_list("correlation_id", flat=True)) == {"click-1"}


def test_events_that_cause_each_other_for_ever_are_called_a_loop(db: None) -> None:
    with heard_by(one=lambda event: outbox.record(TestRang(event.number + 1))):
        ring()
        with pytest.raises(RuntimeError, match="still cause"):
            outbox.drain()


def test_fields_of_another_version_do_not_hurt(db: None) -> None:
    heard: list[Any] = []
    with heard_by(one=heard.append):
        message = ring(5)
        Message.objects.filter(pk=message.pk).update(payload={"number": 5, "from_the_future": True})
        outbox.drain()
    assert heard == [TestRang(5)]


def test_many_told_at_once_belong_each_to_the_thread_of_its_thing(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(threads._FINDERS, "number", lambda pk: {7: "thread-7", 8: "thread-8"}.get(pk, ""))
    with heard_by(one=ignore), outbox.correlation("night"), transaction.atomic():
        outbox.record_many([TestRang(number) for number in (7, 8, 9)])
    told = Message.objects.filter(name="TestRang").values_list("payload__number", "correlation_id")
    assert dict(told) == {7: "thread-7", 8: "thread-8", 9: "night"}
