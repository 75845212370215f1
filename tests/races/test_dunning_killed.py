"""A dunning run killed with SIGKILL at three points and started again: nothing twice, nothing missing."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection, connections
from django.db.models import Count

from bench.dunning_bench import DAY, PER_CUSTOMER, fill
from fulfilment.finance.dunning.actions import run
from fulfilment.finance.dunning.models import DunningItem, DunningNotice
from fulfilment.finance.dunning.verify import CHECKS
from shop.kernel.models import Delivery, Message
from shop.kernel.outbox import deliver
from tests.races.crowd import all_at_once
from tests.support.environment import ROOT, isolated

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("fresh_database")]
CUSTOMERS = 50
INVOICES = CUSTOMERS * PER_CUSTOMER


def start(folder: Path, where: str, times: int) -> int:
    """Run it in a process of its own on the test's database; how it ended."""
    name = str(connection.settings_dict["NAME"])
    url = ""
    if connection.vendor == "sqlite":
        link = folder / "kontor.sqlite3"
        if not link.is_symlink():
            link.symlink_to(name)
    else:
        from tests.support.postgres import shared_server

        url = shared_server().url(name)
    connections.close_all()
    command = [sys.executable, "-m", "tests.support.mortal_dunning", DAY.isoformat(), where, str(times)]
    return subprocess.run(
        command, cwd=ROOT, env=isolated(folder, url) | {"BROKER_URL": "memory://"}, check=False, timeout=240
    ).returncode


def everybody_got_one_letter() -> None:
    assert DunningNotice.objects.count() == CUSTOMERS
    assert DunningItem.objects.count() == INVOICES
    numbers = sorted(DunningNotice.objects.values_list("number", flat=True))
    assert numbers == [f"D2026-{number:06d}" for number in range(1, CUSTOMERS + 1)]
    told = Message.objects.filter(name="LettersWritten").values_list("payload", flat=True)
    assert sorted(pk for row in told for pk in row["notice_ids"]) == sorted(
        DunningNotice.objects.values_list("pk", flat=True)
    )
    assert [words for _title, check in CHECKS for words in check()] == []


def everybody_is_told_of_once() -> None:
    """The events of the chunks are delivered: each letter gets one of its own."""
    for pk in Delivery.objects.filter(subscriber="dunning.tell_of_each").values_list("pk", flat=True):
        deliver(pk)
        deliver(pk)
    told = Message.objects.filter(name="DunningNoticeIssued")
    assert told.count() == CUSTOMERS
    assert len({row["notice_id"] for row in told.values_list("payload", flat=True)}) == CUSTOMERS
    per_message = Delivery.objects.filter(message__in=told).values("message").annotate(n=Count("pk"))
    assert len({row["n"] for row in per_message}) == 1


def test_killed_at_three_points_and_started_again_it_writes_each_letter_once(tmp_path: Path) -> None:
    fill(INVOICES)
    assert start(tmp_path, "items", 1) == -signal.SIGKILL
    assert DunningNotice.objects.count() == 0  # what was half written is gone
    assert start(tmp_path, "committed", 2) == -signal.SIGKILL
    assert DunningNotice.objects.count() == 20  # what was committed stands
    assert start(tmp_path, "told", 2) == -signal.SIGKILL
    assert DunningNotice.objects.count() == 30
    assert start(tmp_path, "never", 1) == 0
    everybody_got_one_letter()
    assert start(tmp_path, "never", 1) == 0
    everybody_got_one_letter()
    everybody_is_told_of_once()


def test_two_runs_in_the_same_moment_write_each_letter_once() -> None:
    fill(INVOICES)
    answers = all_at_once([lambda: run(day=DAY, chunk=7).written, lambda: run(day=DAY, chunk=9).written])
    assert sum(answers) == CUSTOMERS
    everybody_got_one_letter()
