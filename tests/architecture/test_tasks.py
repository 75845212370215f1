"""Every task is on the clock or called by somebody: one that is neither never runs, and its own tests stay green."""

from __future__ import annotations

import re

from django.conf import settings

from shop.celery import app

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
