"""Every task is on the clock or called by somebody: one that is neither never runs, and its own tests stay green."""

from __future__ import annotations

import re
from typing import Any

import pytest
from celery.exceptions import QueueNotFound
from django.conf import settings

from shop.celery import app
from shop.kernel.claims import LEASE
from shop.kernel.outbox import SUBSCRIBERS
from shop.kernel.work import is_often

from .source import ROOT

OURS = ("catalogue", "checkout", "fulfilment", "shop")


def test_every_task_runs_by_the_clock_or_is_called() -> None:
    app.loader.import_default_modules()
    scheduled = {row["task"] for row in settings.CELERY_BEAT_SCHEDULE.values()}
    tasks = {name: task for name, task in app.tasks.items() if task.__module__.split(".")[0] in OURS}
    assert scheduled <= set(tasks), "the schedule names tasks that are not there"
    code = "\n".join(path.read_text() for folder in OURS for path in (ROOT / folder).rglob("*.py"))
    called = set(re.findall(r"(\w+)\.(?:delay|apply_async|s|si)\b", code))
    idle = [name for name, task in tasks.items() if name not in scheduled and task.__name__ not in called]
    by_name = [name for name in idle if f'"{name}"' in code.replace(f'name="{name}"', "")]
    left = sorted(set(idle) - set(by_name))
    assert not left, f"nothing runs {left}: put them into CELERY_BEAT_SCHEDULE (shop/settings/queue.py)"


def ours() -> dict[str, Any]:
    """Our tasks by name."""
    app.loader.import_default_modules()
    return {name: task for name, task in app.tasks.items() if task.__module__.split(".")[0] in OURS}


def test_each_task_has_a_queue_a_time_limit_and_somebody_who_asks_again() -> None:
    """Within limits: its row counts attempts and pauses, or it rests after a failure (shop/kernel/work.py)."""
    table, scheduled = settings.TASK_TABLE, {row["task"] for row in settings.CELERY_BEAT_SCHEDULE.values()}
    assert set(table) == set(ours()), "shop/settings/tasks.py and the tasks are not the same"
    for name, task in ours().items():
        work = table[name]
        assert work.queue in settings.QUEUES, name
        assert (task.time_limit, task.max_retries) == (work.limit_s, 0), name
        assert 0 < task.soft_time_limit < task.time_limit, name
        assert app.amqp.router.route({}, name)["queue"].name == work.queue
        if work.again == settings.CLOCK:
            assert name in scheduled, f"{name} is in no schedule: which task finds what it left?"
        else:
            assert name not in scheduled and table[work.again].again == settings.CLOCK, name


def test_no_task_keeps_its_message_longer_than_rabbitmq_waits_for_it() -> None:
    """Its consumer_timeout is 30 minutes. What is acknowledged at once is found by another task when it died, or, when
    it comes seldom, by the mark it left (shop/kernel/work.py)."""
    for name, task in ours().items():
        work = settings.TASK_TABLE[name]
        assert task.acks_late == (work.limit_s < 1700), name
        found = work.again != settings.CLOCK or not is_often(name)
        assert task.acks_late or found, f"{name}: who finds out that it died?"
    assert not app.tasks["search.build"].acks_late


def test_no_task_for_a_row_outlives_the_lease_on_it() -> None:
    no_rows = {"search.build", "search.take_in", "kernel.backup"}
    by_row = {name: work for name, work in settings.TASK_TABLE.items() if name not in no_rows}
    late = [name for name, work in by_row.items() if work.limit_s >= LEASE.total_seconds()]
    assert not late, f"another worker would take the row while {late} is still at it (kernel/claims.py)"


def test_a_queue_that_nobody_reads_is_refused() -> None:
    with pytest.raises(QueueNotFound):
        app.amqp.router.route({"queue": "monney"}, "kernel.sweep")
    known = set(settings.QUEUES)
    assert set(settings.QUEUE_OF_SUBSCRIBERS.values()) <= known
    rooms = {name.partition(".")[0] for heard in SUBSCRIBERS.values() for name in heard}
    assert set(settings.QUEUE_OF_SUBSCRIBERS) <= rooms, "nobody of that room hears anything"
