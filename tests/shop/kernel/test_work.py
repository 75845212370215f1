"""What every task has around it: the cause's id, a queue by urgency, a rest after a failure; and one clock of many."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from billiard.exceptions import TimeLimitExceeded, WorkerLostError
from celery.beat import SchedulingError
from celery.contrib.testing.worker import start_worker
from celery.signals import task_failure
from django.conf import settings
from django.db import OperationalError
from kombu import Connection

from shop.celery import app
from shop.kernel import backups, outbox, tasks, work
from shop.kernel.attempts import LONGEST_PAUSE_S
from shop.kernel.beat import Lead, OneLeader
from shop.kernel.models import QueuePulse, TaskTrouble
from tests.support.helpers import Clock, Queue

NIGHTLY = "dunning.nightly"


def test_the_most_urgent_queue_is_emptied_first(tmp_path: Path) -> None:
    """One worker of the embedded profile: bulk came first and in number, money goes first all the same."""
    folders = {
        "data_folder_in": str(tmp_path),
        "data_folder_out": str(tmp_path),
        "control_folder": str(tmp_path),
    }
    got: list[str] = []
    with Connection("filesystem://", transport_options=folders) as connection:
        channel = connection.channel()
        for n in range(3):
            for queue in reversed(settings.QUEUES):
                channel._put(queue, {"body": queue, "n": n})
        channel._get_and_deliver = lambda queue, callback: got.append(channel._get(queue)["body"])
        for queue in settings.QUEUES:
            channel.basic_consume(queue, no_ack=True, callback=print, consumer_tag=queue)
        for _ in range(15):
            channel._poll(channel.cycle, None)
    assert got == [queue for queue in settings.QUEUES for _ in range(3)]


def test_news_goes_into_the_queue_of_who_hears_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, Any]] = []
    monkeypatch.setattr(tasks.deliver_one, "apply_async", lambda args, queue: asked.append((args, queue)))
    for who in ("finance.issue_invoice", "notifications.order_placed", "connect.order_confirmed", ""):
        outbox.core.nudge(7, who)
    assert [queue for _, queue in asked] == ["money", "mail", "bulk", "money"]


@pytest.fixture
def trouble(db: None, clock: Clock) -> Clock:
    clock.stop()
    return clock


def fail() -> None:
    raise ValueError("the printer is on fire")


def test_a_task_of_the_clock_that_fails_rests_for_doubling_pauses_within_a_limit(trouble: Clock) -> None:
    ran: list[int] = []

    def run() -> None:
        ran.append(1)
        fail()

    pauses = []
    for n in range(1, 15):
        with pytest.raises(ValueError, match="on fire"):
            work.by_the_clock(NIGHTLY, run)
        row = TaskTrouble.objects.get(task=NIGHTLY)
        assert (row.failures, row.last_error) == (n, "ValueError: the printer is on fire")
        pauses.append((row.next_at - trouble.now()).total_seconds())
        trouble.advance(seconds=pauses[-1] - 1)
        assert work.by_the_clock(NIGHTLY, run) is None, "it rests"
        assert len(ran) == n
        trouble.advance(seconds=1)
    assert pauses[:4] == [5, 10, 20, 40]
    assert max(pauses) == LONGEST_PAUSE_S


def test_one_that_goes_well_again_leaves_nothing_behind(trouble: Clock) -> None:
    with pytest.raises(ValueError, match="on fire"):
        work.by_the_clock(NIGHTLY, fail)
    trouble.advance(seconds=5)
    assert work.by_the_clock(NIGHTLY, lambda: 3) == 3
    assert not TaskTrouble.objects.exists()


def test_of_two_workers_one_takes_the_turn_and_one_that_dies_has_used_it_up(trouble: Clock) -> None:
    with pytest.raises(ValueError, match="on fire"):
        work.by_the_clock(NIGHTLY, fail)
    trouble.advance(seconds=5)
    rows = TaskTrouble.objects.filter(task=NIGHTLY)
    assert work._begins(rows, 1)
    assert not work._begins(rows, 1)


def test_the_sweep_asks_again_for_a_job_of_the_night_when_its_rest_is_over(
    trouble: Clock, queue: Queue
) -> None:
    sent: list[str] = []
    with pytest.MonkeyPatch.context() as patch, pytest.raises(ValueError, match="on fire"):
        patch.setattr(app, "send_task", lambda name, **options: sent.append(name))
        try:
            work.by_the_clock(NIGHTLY, fail)
        finally:
            tasks.sweep()
            assert sent == []
            trouble.advance(seconds=5)
            tasks.sweep()
            assert sent == [NIGHTLY]
            assert work.again_now(NIGHTLY) and sent == [NIGHTLY, NIGHTLY]
            assert not work.again_now("ledger.seal"), "it is not in trouble"


def test_a_seldom_task_that_was_killed_is_asked_for_again_and_counted(trouble: Clock) -> None:
    class Killed(BaseException):
        """SIGKILL leaves nothing to be done."""

    def die() -> None:
        raise Killed

    sent: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "send_task", lambda name, **options: sent.append(name))
        for failures in range(3):
            with pytest.raises(Killed):
                work.by_the_clock(NIGHTLY, die)
            assert [row.failures for row in work.troubles()] == [failures] * bool(failures)
            assert work.by_the_clock(NIGHTLY, fail) is None, "for all we know it is at work"
            tasks.sweep()
            assert len(sent) == failures
            trouble.advance(seconds=settings.TASK_TABLE[NIGHTLY].limit_s + work.GRACE_S)
            tasks.sweep()
            assert sent == [NIGHTLY] * (failures + 1)
        assert work.by_the_clock(NIGHTLY, lambda: work.troubles().get().last_error) == work.KILLED
    assert not TaskTrouble.objects.exists()


def test_one_at_work_is_no_trouble_and_one_that_runs_often_leaves_no_mark(trouble: Clock) -> None:
    def rows() -> tuple[int, int]:
        return TaskTrouble.objects.count(), work.troubles().count()

    assert work.by_the_clock(NIGHTLY, rows) == (1, 0)
    assert work.by_the_clock("kernel.sweep", rows) == (0, 0)
    assert rows() == (0, 0)


@pytest.mark.parametrize("name", ["kernel.sweep", "payment.sweep_open"])
def test_one_that_runs_often_and_is_killed_while_in_trouble_rests_no_longer_than_after_a_failure(
    name: str, trouble: Clock
) -> None:
    """Not until its time limit is certainly over: the sweep looks after everything else."""
    with pytest.raises(ValueError, match="on fire"):
        work.by_the_clock(name, fail)
    trouble.advance(seconds=5)
    rows = TaskTrouble.objects.filter(task=name)
    assert work._begins(rows, 1), "and then the machine goes down"
    assert not work._begins(rows, 1)
    trouble.advance(seconds=work.rest_s(name, 2))
    assert work.rest_s(name, 2) <= work.OFTEN_PAUSE_S
    assert work.by_the_clock(name, lambda: rows.get().last_error) == "ValueError: the printer is on fire", (
        "nobody knows that it was killed: it may be at work still"
    )
    assert not rows.exists()


def test_what_was_at_work_when_a_backup_was_made_was_not_killed(
    trouble: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Among it the backup itself, whose mark is in it. It is done; the others are asked for anew, and nobody counts."""
    long_ago = trouble.now() - dt.timedelta(days=1)
    for name, failures in ((work.BACKUP, 0), (NIGHTLY, 2), ("ledger.seal", 0)):
        TaskTrouble.objects.create(task=name, begun_at=long_ago, next_at=long_ago, failures=failures)
    monkeypatch.setattr(backups, "_load", lambda dump: None)
    backups._bring_back(tmp_path, {"database": backups.SQLITE, "parts": []}, None)
    rows = TaskTrouble.objects.order_by("task").values_list("task", "failures", "begun_at")
    assert list(rows) == [(NIGHTLY, 2, None), ("ledger.seal", 0, None)]
    sent: list[str] = []
    monkeypatch.setattr(app, "send_task", lambda name, **options: sent.append(name))
    tasks.sweep()
    assert sorted(sent) == [NIGHTLY, "ledger.seal"]
    work.by_the_clock(NIGHTLY, lambda: None)
    assert work.by_the_clock("ledger.seal", lambda: work.troubles().count()) == 0
    assert not TaskTrouble.objects.exists()
    assert work.BACKUP in settings.TASK_TABLE


def test_a_backup_older_than_the_marks_comes_back_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its tables are brought up to date by migrate, which comes after it."""

    def missing(*args: Any, **fields: Any) -> None:
        raise OperationalError("no such column: kernel_tasktrouble.begun_at")

    monkeypatch.setattr(TaskTrouble.objects, "filter", missing)
    work.after_a_restore()


def test_staff_do_not_begin_a_second_time_what_is_at_work(trouble: Clock) -> None:
    sent: list[str] = []
    with pytest.raises(ValueError, match="on fire"):
        work.by_the_clock(NIGHTLY, fail)
    trouble.advance(seconds=5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "send_task", lambda name, **options: sent.append(name))
        assert work.by_the_clock(NIGHTLY, lambda: work.again_now(NIGHTLY))
        assert sent == []


@pytest.mark.parametrize(
    ("end", "words"), [(TimeLimitExceeded(300), "more than 300 s"), (WorkerLostError("lost"), "lost")]
)
def test_a_task_that_was_ended_from_outside_is_counted(
    end: Exception, words: str, trouble: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.loader.import_default_modules()
    closed: list[int] = []
    monkeypatch.setattr(work.connections, "close_all", lambda: closed.append(1))
    for name, args in ((NIGHTLY, []), ("kernel.pulse", ["mail"]), ("kernel.deliver", [7])):
        task_id = f"{name} {words}"
        task_failure.send(sender=app.tasks[name], task_id=task_id, exception=end, args=args, kwargs={})
    (row,) = work.troubles()
    assert (row.task, row.failures) == (NIGHTLY, 1) and words in row.last_error
    assert closed, "processes that are forked from this one inherit none"


def test_an_end_that_celery_tells_of_twice_is_counted_once(
    trouble: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a hard limit both of its handlers do."""
    monkeypatch.setattr(work.connections, "close_all", lambda: None)
    app.loader.import_default_modules()
    for run in ("1", "1", "2"):
        end = TimeLimitExceeded(300)
        task_failure.send(
            sender=app.tasks[NIGHTLY], task_id=f"twice-{run}", exception=end, args=[], kwargs={}
        )
    assert work.troubles().get().failures == 2, "one for each run"


def test_a_broken_queue_or_a_task_that_is_no_more_stops_no_sweep(trouble: Clock, monkeypatch: Any) -> None:
    def refuse(*args: Any, **options: Any) -> None:
        raise ConnectionError("no broker")

    monkeypatch.setattr(app, "send_task", refuse)
    TaskTrouble.objects.create(task=NIGHTLY)
    TaskTrouble.objects.create(task="gone.for_good")
    assert work.send_rested() == 0


@contextmanager
def real_worker() -> Iterator[None]:
    """A worker in a thread of this process, on the memory broker."""
    with start_worker(app, perform_ping_check=False, pool="solo", shutdown_timeout=20):
        yield


def test_a_message_carries_the_id_of_the_click_and_its_time_through_a_real_worker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[tuple[str, str, float | None]] = []
    monkeypatch.setattr(
        work, "pulse", lambda queue, sent_at: seen.append((queue, outbox.current_correlation_id(), sent_at))
    )
    click = uuid.uuid4().hex
    before = dt.datetime.now(dt.UTC).timestamp()
    with outbox.correlation(click):
        for name in settings.QUEUES:
            app.send_task("kernel.pulse", (name,), queue=name)
    with real_worker():
        wait_for(lambda: len(seen) == len(settings.QUEUES))
    assert {queue for queue, _, _ in seen} == set(settings.QUEUES)
    assert {thread for _, thread, _ in seen} == {click}
    assert all(sent_at and before <= sent_at <= before + 60 for _, _, sent_at in seen)


def wait_for(what: Callable[[], bool]) -> None:
    """Until it is so, at most thirty seconds."""
    tick = threading.Event()
    assert any(what() or tick.wait(0.05) for _ in range(600)), "it did not happen"


def test_a_pulse_says_when_a_worker_came_and_how_long_the_message_waited(trouble: Clock) -> None:
    sent = trouble.now() - dt.timedelta(seconds=40)
    work.pulse("mail", sent.timestamp())
    work.pulse("mail", trouble.advance(seconds=30).timestamp())
    row = QueuePulse.objects.get(queue="mail")
    assert row.ran_at == row.sent_at == trouble.now()


def a_beat(folder: Path) -> OneLeader:
    """A clock of its own; nothing it asks for is run."""
    return OneLeader(app=app, schedule_filename=str(folder / "schedule"), max_interval=1, lazy=False)


def test_of_two_beats_one_leads_until_it_ends(fresh_database: None, tmp_path: Path, settings: Any) -> None:
    settings.DATA_DIR = tmp_path
    first, second = Lead(), Lead()
    assert first.held() and first.held()
    assert not second.held()
    first.let_go()
    assert second.held()
    assert not first.held()
    second.let_go()


def test_a_beat_that_does_not_lead_opens_no_schedule_and_takes_over_when_it_may(
    fresh_database: None, tmp_path: Path, settings: Any
) -> None:
    settings.DATA_DIR = tmp_path
    first, second = a_beat(tmp_path), a_beat(tmp_path)
    first.tick()
    assert second.tick() == 5.0
    assert second._store is None
    first.close()
    second.tick()
    assert second._store is not None
    second.close()


def test_a_job_of_the_night_that_could_not_be_sent_is_asked_for_again(
    trouble: Clock, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Celery counts it as run; it would wait for the next night."""
    settings.DATA_DIR = tmp_path
    beat = a_beat(tmp_path)
    beat.tick()
    entry = next(one for one in beat.schedule.values() if one.task == NIGHTLY)
    app.loader.import_default_modules()
    monkeypatch.setattr(app.tasks[NIGHTLY], "apply_async", lambda *args, **options: 1 / 0)
    with pytest.raises(SchedulingError):
        beat.apply_async(entry, advance=False)
    beat.close()
    assert TaskTrouble.objects.get(task=NIGHTLY).failures == 1


def test_a_beat_whose_message_failed_opens_a_new_connection_for_the_next(
    trouble: Clock, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One to RabbitMQ that broke stays broken; the clock of the whole shop stood still until somebody looked."""
    settings.DATA_DIR = tmp_path
    beat = a_beat(tmp_path)
    beat.tick()
    first = (beat.connection, beat.producer)
    entry = next(one for one in beat.schedule.values() if one.task == "kernel.sweep")
    app.loader.import_default_modules()
    with monkeypatch.context() as broken:
        broken.setattr(app.tasks["kernel.sweep"], "apply_async", lambda *args, **options: 1 / 0)
        with pytest.raises(SchedulingError):
            beat.apply_async(entry, advance=False, producer=beat.producer)
    second = (beat.connection, beat.producer)
    assert first[0] is not second[0] and first[1] is not second[1]
    beat.apply_async(entry, advance=False, producer=beat.producer)
    beat.close()


def test_what_the_clock_asks_for_often_does_not_pile_up_before_a_worker_that_was_away() -> None:
    rows = [row for row in settings.CELERY_BEAT_SCHEDULE.values() if isinstance(row["schedule"], float)]
    often = {row["task"]: row["options"]["expires"] for row in rows if row["schedule"] <= 60}
    assert min(often.values()) >= 5 and max(often.values()) <= 600
    assert often["kernel.sweep"] == 60
    kept = [
        row["task"]
        for row in settings.CELERY_BEAT_SCHEDULE.values()
        if "expires" not in row.get("options", {})
    ]
    assert NIGHTLY in kept, "what comes once a night waits for the worker"


def test_what_runs_every_few_seconds_rests_a_minute_at_most() -> None:
    """It looks after many rows: a bad one must not make the others wait for an hour."""
    assert [work.rest_s("payment.sweep_open", n) for n in (1, 3, 14)] == [5, 20, work.OFTEN_PAUSE_S]
    assert work.rest_s("psp.read", 14) == 300, "as long as it rests anyhow"
    assert work.rest_s(NIGHTLY, 14) == LONGEST_PAUSE_S
