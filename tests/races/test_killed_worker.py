"""A real Celery worker, killed with SIGKILL at every step of an order: afterwards exactly one of each effect."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from fulfilment.finance.invoicing.models import Invoice
from fulfilment.warehouse.picking.models import PickList
from shop.kernel.invariants import verify
from shop.kernel.models import Delivery
from shop.notifications.models import OutgoingMail
from tests.factories.shopping import make_user, make_variant, place_order
from tests.factories.stock import make_bin
from tests.factories.warehouse import send_everything
from tests.support.environment import ROOT, isolated

pytestmark = [pytest.mark.live]

PATIENCE_S = 240


class MortalWorker:
    """Worker and beat on the test's own database; started again whenever they are dead."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "deaths.txt"
        database = Path(str(connection.settings_dict["NAME"]))
        (folder / "kontor.sqlite3").symlink_to(database)
        self.environment = isolated(folder) | {"SWEEP_EVERY_S": "0.3", "MORTAL_LOG": str(self.log)}
        self.environment.pop("BROKER_URL", None)
        self.output = (folder / "worker.log").open("ab")
        self.process: subprocess.Popen[bytes] | None = None
        self.starts = 0

    def keep_alive(self) -> None:
        if self.process is not None and self.process.poll() is None:
            return
        self.starts += 1
        command = [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "tests.support.mortal",
            "worker",
            "-B",
            "--pool",
            "solo",
        ]
        command += ["-s", str(self.folder / f"beat-{self.starts}"), "--loglevel", "WARNING"]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=self.environment,
            stdout=self.output,
            stderr=self.output,
            start_new_session=True,
        )

    def work_until_quiet(self) -> None:
        """Until nothing waits any more, and the mails are out."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            self.keep_alive()
            waiting = Delivery.objects.filter(state="pending").count()
            unsent = OutgoingMail.objects.exclude(state=OutgoingMail.DONE).count()
            if not waiting and not unsent:
                return
            time.sleep(0.2)
        pytest.fail(
            f"still waiting after {PATIENCE_S} s:\n{(self.folder / 'worker.log').read_text()[-3000:]}"
        )

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
        self.output.close()

    def deaths(self) -> list[str]:
        return self.log.read_text().splitlines()


def test_a_worker_killed_at_every_step_leaves_exactly_one_of_each_effect(
    fresh_database: None, tmp_path: Path, settings: Any
) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("the worker shares the test's database file; PostgreSQL is covered by the races")
    from fulfilment.warehouse.stock import actions as stock

    settings.DOCUMENTS_ROOT = tmp_path / "documents"
    shoe = make_variant(stock=0)
    stock.receive(stockrecord=shoe, bin=make_bin(), quantity=3)
    worker = MortalWorker(tmp_path)
    try:
        order = place_order((shoe, 2), method="invoice", user=make_user("anna@example.org"))
        worker.work_until_quiet()
        send_everything(PickList.objects.get(order=order), by=make_user(is_staff=True))
        worker.work_until_quiet()
    finally:
        worker.stop()

    deaths = worker.deaths()
    heard = set(Delivery.objects.values_list("subscriber", flat=True))
    for subscriber in heard:  # the test proves itself: every step was really died at
        assert f"{subscriber}: done, not committed" in deaths
        assert f"{subscriber}: committed" in deaths
    assert sum("handed over, not noted" in death for death in deaths) == 3
    assert worker.starts > len(heard)

    assert [f"{f.name}: {f.breaches}" for f in verify() if not f.holds] == []
    assert PickList.objects.filter(order=order).count() == 1
    assert Invoice.objects.filter(order=order).count() == 1
    kinds = Counter(OutgoingMail.objects.filter(order_id=order.pk).values_list("kind", flat=True))
    assert kinds == {"order_confirmed": 1, "parcel_dispatched": 1, "invoice_issued": 1}
    ids = set()
    for file in (tmp_path / "mails").glob("*"):
        for part in file.read_bytes().split(b"-" * 79):
            if part.strip():
                ids.add(message_from_bytes(part.strip())["Message-ID"])
    assert (
        len(ids) == 3
    )  # a mail sent again in the one window has the same id, by which mailboxes drop the double
