"""Whether a process lives, whether shoppers may be sent to it, and figures for who runs the shop and nobody else."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as house
from django.db import OperationalError, connection, connections
from django.db.migrations.loader import MigrationLoader
from django.test import Client
from django.test.utils import CaptureQueriesContext

from checkout.order.models import Order
from checkout.payment.actions import settle, start_card_payment
from checkout.payment.models import Payment
from checkout.payment.standin.process import StandIn
from shop import figures, health, metrics
from shop.dashboard import tasks
from shop.kernel import counters, sharing
from shop.kernel.models import Delivery, KeptFigure, QueuePulse, TaskTrouble, Upkeep
from tests.checkout.payment.shopper import pay, try_to_pay
from tests.factories.shopping import make_variant, place_order

TOKEN = "a-long-token-of-the-scraper"
LINE = re.compile(
    r'^kontor_[a-z_]+(\{[a-z_]+="(?:[^"\\]|\\.)*"(?:,[a-z_]+="(?:[^"\\]|\\.)*")*\})? -?\d+(\.\d+)?$'
)


@pytest.fixture(autouse=True)
def _unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_applied", False)
    health._remembered.clear()


def no_database(*args: Any, **kwargs: Any) -> Any:
    raise OperationalError("connection refused")


@pytest.mark.parametrize("kept_s", [0, 60], ids=["pages are made anew", "pages are kept"])
def test_a_process_lives_also_when_its_database_is_away_but_is_not_ready(
    kept_s: int, db: None, client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SHARED_KEPT_S = kept_s
    assert client.get("/readyz").json() == {"database": "answers", "migrations": "applied", "queue": "files"}
    with monkeypatch.context() as away:
        away.setattr(type(connections["default"]), "cursor", no_database)
        away.setattr(sharing, "_read", (0.0, None))  # what this process has just asked
        assert client.get("/healthz").status_code == 200
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["database"]) == (503, "does not answer")


def test_the_migrations_it_looks_for_are_those_that_migrate_finds() -> None:
    assert health.migrations_on_disk() == set(MigrationLoader(None).disk_migrations)


def test_what_migrate_takes_for_no_migration_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """A folder of helpers, migrations in a folder that is no package, a file in the place of the folder."""
    (tmp_path / "kontor_helped" / "helpers").mkdir(parents=True)
    for name in ("__init__.py", "helpers/__init__.py"):
        (tmp_path / "kontor_helped" / name).touch()
    (tmp_path / "kontor_unpacked").mkdir()
    for name in ("kontor_unpacked/0001_initial.py", "kontor_file.py"):
        (tmp_path / name).touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    there = dict(settings.MIGRATION_MODULES)
    for name in ("kontor_helped", "kontor_unpacked", "kontor_file"):
        settings.MIGRATION_MODULES = there | {"pages": name}
        found = MigrationLoader(None, load=False)
        found.load_disk()
        assert "pages" not in {app for app, _name in found.disk_migrations}
        assert health.migrations_on_disk() == set(found.disk_migrations), name


def test_a_database_without_a_migration_of_ours_is_not_ready_and_a_newer_one_is(
    db: None, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = health.MigrationRecorder(connection).applied_migrations()
    less = {key: row for key, row in there.items() if key[0] != "kernel"}
    monkeypatch.setattr(health.MigrationRecorder, "applied_migrations", lambda self: less)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["migrations"]) == (503, "missing")
    more = there | {("kernel", "9999_of_the_next_release"): None}
    monkeypatch.setattr(health.MigrationRecorder, "applied_migrations", lambda self: more)
    assert client.get("/readyz").status_code == 200
    with CaptureQueriesContext(
        connection,
    ) as seen:
        client.get("/readyz")
    assert len(seen) == 1, "migrations do not go away: asked once per process"


def test_a_queue_that_does_not_answer_is_said_and_no_reason_to_send_shoppers_away(
    db: None, client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CELERY_BROKER_URL = "amqp://queue.example"
    asked: list[int] = []
    monkeypatch.setattr(health, "_ask_broker", lambda: asked.append(1) or "does not answer")
    for _ in range(3):
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["queue"]) == (200, "does not answer")
    assert len(asked) == 1, "strangers may ask us; the broker is not asked each time"


def test_neither_is_led_to_https(db: None, client: Client, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert Client().get("/healthz").status_code == 200
    assert Client().get("/basket/").status_code == 301


class TestWhoMayReadTheFigures:
    def test_without_a_token_only_this_machine(self, db: None, client: Client) -> None:
        assert client.get("/metrics").status_code == 200
        assert client.get("/metrics", REMOTE_ADDR="10.0.0.7").status_code == 404
        through_a_server = client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"})
        assert through_a_server.status_code == 404

    def test_nor_that_in_a_shop_with_a_real_address(self, db: None, client: Client, settings: Any) -> None:
        settings.SITE_URL = "https://shop.example"
        assert client.get("/metrics").status_code == 404

    @pytest.mark.parametrize(
        "said", ["", "Bearer ", "Bearer wrong", TOKEN, f"Basic {TOKEN}", "Bearer \\u00e4"]
    )
    def test_with_a_token_only_who_knows_it(self, db: None, client: Client, settings: Any, said: str) -> None:
        settings.METRICS_TOKEN, settings.SITE_URL = TOKEN, "https://shop.example"
        assert client.get("/metrics", headers={"Authorization": said}).status_code == 404
        headers = {"Authorization": f"Bearer {TOKEN}"}
        assert client.get("/metrics", headers=headers, REMOTE_ADDR="10.0.0.7").status_code == 200

    def test_nobody_posts_to_it(self, db: None, client: Client) -> None:
        assert client.post("/metrics").status_code == 405


def read(client: Client) -> dict[str, float]:
    """The figures as Prometheus reads them; each line is of its format."""
    answer = client.get("/metrics")
    assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.content.decode().splitlines()
    assert not [line for line in lines if not line.startswith("# ") and not LINE.match(line)]
    names = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(names) == len(set(names))
    return {key: float(value) for key, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


def test_the_figures_say_what_stands_in_the_tables(db: None, client: Client, clock: Any) -> None:
    record = make_variant(stock=9)
    order = place_order((record, 1), method="prepayment")
    place_order((record, 1), method="prepayment")
    clock.stop()
    clock.advance(seconds=90)
    Delivery.objects.filter(pk=Delivery.objects.latest("pk").pk).update(state="dead")
    TaskTrouble.objects.create(task="dunning.nightly", failures=4)
    QueuePulse.objects.create(
        queue="mail", sent_at=clock.now() - dt.timedelta(seconds=100), ran_at=clock.now()
    )
    QueuePulse.objects.create(queue="bulk", sent_at=clock.now() - dt.timedelta(seconds=400),
                              ran_at=clock.now() - dt.timedelta(seconds=400))  # fmt: skip
    Upkeep.objects.create(kind=Upkeep.BACKUP, ended_at=clock.now() - dt.timedelta(hours=2))
    Upkeep.objects.create(kind=Upkeep.BACKUP, ended_at=clock.now(), ok=False)
    tasks.count()
    tasks.add_up_stock()
    clock.advance(seconds=20)
    found = read(client)
    assert found['kontor_taken_age_seconds{what="counts"}'] == 20
    assert found['kontor_orders{state="awaiting_payment"}'] == Order.objects.count() == 2
    payment = Payment.objects.get(order=order)
    assert found[f'kontor_payments{{method="prepayment",state="{payment.state}"}}'] == 2
    assert found["kontor_outbox_dead"] == 1
    assert found["kontor_outbox_pending"] == Delivery.objects.filter(state="pending").count() > 0
    assert 110 <= found["kontor_outbox_age_seconds"] < 140
    assert found['kontor_task_failures{task="dunning.nightly"}'] == 4
    assert found['kontor_queue_lag_seconds{queue="mail"}'] == 100
    assert found['kontor_queue_lag_seconds{queue="bulk"}'] == 420 - house.PULSE_EVERY_S
    assert found['kontor_upkeep_age_seconds{kind="backup"}'] == 7220
    wrong = found["kontor_stock_mismatches"]
    type(record).objects.filter(pk=record.pk).update(num_allocated=0)
    assert read(client)["kontor_stock_mismatches"] == wrong, "added up by the clock only"
    tasks.add_up_stock()
    assert read(client)["kontor_stock_mismatches"] > wrong


def test_what_is_booked_while_stock_is_added_up_is_no_mismatch(
    fresh_database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read one after the other, one table would be from before and one from after it."""
    record = make_variant(stock=9)
    figures.take("stock")
    wrong = KeptFigure.objects.get(name="stock").samples
    former = figures.stock_differences

    def meanwhile() -> list[str]:
        found = former()
        with ThreadPoolExecutor(1) as another:
            another.submit(book).result()
        return found

    def book() -> None:
        try:
            place_order((record, 1), method="prepayment")
            type(record).objects.filter(pk=record.pk).update(num_allocated=0)
        finally:
            connection.close()

    monkeypatch.setattr(figures, "stock_differences", meanwhile)
    figures.take("stock")
    assert KeptFigure.objects.get(name="stock").samples == wrong
    monkeypatch.undo()
    figures.take("stock")
    assert KeptFigure.objects.get(name="stock").samples != wrong, "what is wrong indeed is said"


def test_a_question_reads_no_table_that_grows_with_the_shop(db: None, client: Client) -> None:
    place_order((make_variant(), 1), method="prepayment")
    for name in figures.TAKINGS:
        figures.take(name)
    with CaptureQueriesContext(connection) as seen:
        found = read(client)
    assert 'kontor_orders{state="awaiting_payment"}' in found
    assert len(seen) <= 10
    grown = {"order_order", "payment_payment", "payment_refund", "partner_stockrecord", "partner_reservation",
             "stock_movement", "stock_binstock"}  # fmt: skip
    assert grown < set(connection.introspection.table_names())
    read_tables = set(re.findall(r'(?:FROM|JOIN) "(\w+)"', " ".join(query["sql"] for query in seen)))
    assert "kernel_keptfigure" in read_tables and not read_tables & grown
    for query in seen:
        if re.search(
            r'FROM "(kernel_delivery|kernel_inboxmessage|\w+_outgoingmail|connect_push)"', query["sql"]
        ):
            assert "'pending'" in query["sql"], "by the index of what waits"


def test_before_the_clock_came_by_nothing_is_said_of_what_it_counts(db: None, client: Client) -> None:
    found = read(client)
    assert found["kontor_outbox_pending"] == 0
    assert not [name for name in found if "orders" in name or "taken" in name or "stock" in name]


def test_a_label_cannot_break_the_format() -> None:
    figure = metrics.Figure("x", "y", [({"task": 'a"b\\c\nd'}, 1.5)])
    assert metrics.exposition([figure]).splitlines()[-1] == r'kontor_x{task="a\"b\\c\nd"} 1.500'


@pytest.fixture
def counting(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.DATA_DIR = tmp_path
    counters.forget()
    yield
    counters.forget()


def _count_in_a_child(times: int) -> None:
    for _ in range(times):
        counters.count("pages_kept")


def test_what_many_processes_count_is_added_up_and_outlives_them(counting: None, tmp_path: Path) -> None:
    counters.count("pages_kept")
    for round_ in (1, 2):
        fork = multiprocessing.get_context("fork")
        children = [fork.Process(target=_count_in_a_child, args=(50,)) for _ in range(3)]
        for child in children:
            child.start()
        for child in children:
            child.join(30)
        assert counters.totals()["pages_kept"] == 1 + 150 * round_
    counters.forget()
    counters.count("pages_made")
    assert counters.totals()["pages_kept"] == 301
    assert len(list((tmp_path / "counters").glob("*.counts"))) <= 2, "files of those that ended are added up"


def test_cache_hits_are_counted(db: None, client: Client, settings: Any, counting: None) -> None:
    settings.SHARED_KEPT_S = 60
    client.get("/")
    client.get("/")
    found = counters.totals()
    assert (found["pages_made"], found["pages_kept"]) == (1, 1)
    said = read(client)
    assert (said['kontor_pages_total{from="made"}'], said['kontor_pages_total{from="kept"}']) == (1, 1)


def test_cards_that_failed_are_counted_by_what_came_of_them(
    db: None, client: Client, standin: StandIn
) -> None:
    record = make_variant(stock=9)
    payments = [Payment.objects.get(order=place_order((record, 1), method="card")) for _ in range(3)]
    try_to_pay(start_card_payment(payment=payments[0]).id, "pm_card_chargeDeclined")
    intent = start_card_payment(payment=payments[1]).id
    pay(intent)
    Payment.objects.filter(pk=payments[1].pk).update(amount_minor=payments[1].amount_minor + 1)
    for payment in payments[:2]:
        settle(payment_id=payment.pk)
    tasks.count()
    found = read(client)
    assert found['kontor_payments{method="card",state="failed"}'] == 1, "not the money that was asked for"
    assert found['kontor_payments{method="card",state="created"}'] == 2
    assert found["kontor_payments_declined"] == 1, "the card was refused; another may be tried"
