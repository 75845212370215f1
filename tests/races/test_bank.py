"""Several clerks bring the same files of the bank at once, and a worker is killed in the middle of one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from fulfilment.finance.bank import actions, verify
from fulfilment.finance.bank.actions import reading
from fulfilment.finance.bank.events import StatementImported
from fulfilment.finance.bank.models import StatementFile, StatementLine
from tests.fulfilment.finance.bank.papers import Entry, camt, make_account, transaction
from tests.races.crowd import all_at_once
from tests.support.environment import ROOT, isolated
from tests.support.helpers import Outbox

PATIENCE_S = 60


def breaches() -> list[str]:
    return [sentence for _name, check in verify.CHECKS for sentence in check()]


@pytest.mark.both_databases
def test_one_file_brought_by_six_clerks_at_once_is_one_file(fresh_database: None, outbox: Outbox) -> None:
    make_account()
    data = camt(*[Entry("5.00")] * 3)

    def bring() -> str:
        file, _new = actions.take_file(name="x", content=data)
        return actions.read(file.pk).state

    answers = all_at_once([bring] * 6)
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    assert StatementFile.objects.get().state == "imported"
    assert StatementLine.objects.count() == 3
    assert len(outbox.events(StatementImported)) == 1
    assert breaches() == []


@pytest.mark.both_databases
def test_files_that_tell_of_the_same_lines_read_at_once_make_each_line_once(
    fresh_database: None, outbox: Outbox
) -> None:
    make_account()
    batch = [transaction("10.00", text="a"), transaction("50.00", text="b")]
    tellings = [
        camt(Entry("60.00", ref="B"), *[Entry("5.00")] * 3, number=str(number)) for number in range(4)
    ] + [
        camt(Entry("60.00", ref="B", transactions=batch), kind="054", number=str(number))
        for number in range(4)
    ]
    files = [actions.take_file(name="x", content=data)[0].pk for data in tellings]
    answers = all_at_once([lambda pk=pk: actions.read(pk).state for pk in files])  # type: ignore[misc]
    assert answers == ["imported"] * 8
    counted = StatementLine.objects.filter(is_replaced=False).values_list("amount_minor", flat=True)
    assert sorted(counted) == [500, 500, 500, 1_000, 5_000]
    assert breaches() == []


@pytest.mark.both_databases
def test_equal_bookings_of_other_references_in_files_read_at_once_are_all_kept(
    fresh_database: None, outbox: Outbox
) -> None:
    """Each file alone would give its line the first place of its kind."""
    make_account()
    refs = [f"2026112000000{number:03}" for number in range(6)]
    files = [
        actions.take_file(name=ref, content=camt(Entry("5.00", ref=ref), kind="054", number=ref))[0].pk
        for ref in refs
    ]
    answers = all_at_once([lambda pk=pk: actions.read(pk).state for pk in files])  # type: ignore[misc]
    assert answers == ["imported"] * 6
    lines = StatementLine.objects.order_by("occurrence")
    assert list(lines.values_list("occurrence", flat=True)) == [1, 2, 3, 4, 5, 6]
    assert set(lines.values_list("bank_reference", flat=True)) == set(refs)
    assert breaches() == []


#: A worker that writes slowly, so that it can be killed between two chunks.
SLOW = """
import sys, time
import django
django.setup()
from fulfilment.finance.bank import actions
from fulfilment.finance.bank.actions import reading
reading.CHUNK_LINES = 5
whole = reading._write_chunk
def slow(*args):
    whole(*args)
    time.sleep(0.05)
reading._write_chunk = slow
actions.read(int(sys.argv[1]))
"""


def test_an_import_killed_with_sigkill_goes_on_where_it_was(
    fresh_database: None, tmp_path: Path, clock: Any, outbox: Outbox
) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("the killed process shares the test's own SQLite file")
    make_account()
    data = camt(*[Entry(f"{number % 7 + 1}.00", ref=str(number)) for number in range(200)])
    file, _new = actions.take_file(name="x", content=data)
    (tmp_path / "kontor.sqlite3").symlink_to(str(connection.settings_dict["NAME"]))
    environment = isolated(tmp_path) | {"DJANGO_SETTINGS_MODULE": "shop.settings"}
    documents = tmp_path / "documents"
    documents.mkdir(exist_ok=True)
    kept = documents / file.key
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(data)
    worker = subprocess.Popen(
        [sys.executable, "-c", SLOW, str(file.pk)], cwd=ROOT, env=environment, start_new_session=True
    )
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and worker.poll() is None:
        file.refresh_from_db()
        if file.lines_done >= 50:
            break
        time.sleep(0.02)
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()
    file.refresh_from_db()
    assert file.state == "reading" and 50 <= file.lines_done < 200
    assert outbox.events(StatementImported) == []
    clock.advance(seconds=reading.CLAIM.total_seconds() + 5)
    assert actions.read_waiting() == 1
    file.refresh_from_db()
    assert (file.state, file.lines_new, StatementLine.objects.count()) == ("imported", 200, 200)
    assert [event.lines for event in outbox.events(StatementImported)] == [200]
    assert breaches() == []
