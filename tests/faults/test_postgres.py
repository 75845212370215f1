"""PostgreSQL away, slow, torn off or replaced by a standby: 503 in words, nothing half written, back by itself."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import close_old_connections, connection
from django.db.utils import OperationalError
from django.urls import reverse

from catalogue.partner.models import StockRecord
from checkout import views
from checkout.order.models import Order
from shop.kernel import outages
from tests.factories.orders import make_country
from tests.factories.shopping import make_variant
from tests.faults.conftest import within
from tests.faults.shopper import buy, pages, read, to_summary, visitor
from tests.faults.wire import Wire
from tests.support.environment import ROOT, isolated

pytestmark = [
    pytest.mark.both_databases,
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="SQLite is a file, no server that can be away"
    ),
]


@pytest.fixture
def postgres(fresh_database: None) -> Iterator[Wire]:
    """The shop's database is at the end of the wire."""
    own = connection.settings_dict
    before = {name: own[name] for name in ("HOST", "PORT")}
    with Wire(Path(own["OPTIONS"].get("host") or own["HOST"]) / ".s.PGSQL.5432") as wire:
        connection.close()
        own["HOST"], own["PORT"] = "127.0.0.1", wire.port
        yield wire
        wire.mend()
        connection.close()
        own.update(before)


@pytest.fixture
def shoe(postgres: Wire) -> StockRecord:
    """Something to buy, in the database behind the wire."""
    make_country()
    return make_variant(stock=50)


def says_so(answer: Any) -> None:
    assert answer.status_code == 503, answer.status_code
    text = answer.content.decode()
    assert "gleich wieder da" in text and "right back" in text
    assert answer.headers["Retry-After"]
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.cell("PostgreSQL", "down")
def test_while_it_is_away_every_page_says_so_and_then_is_whole(postgres: Wire, shoe: StockRecord) -> None:
    client = visitor()
    form = to_summary(client, shoe)
    urls = (*pages(shoe), reverse("checkout:summary"), "/dashboard/", "/account/")
    postgres.refuse()
    for url in urls:
        says_so(client.get(url))
    says_so(client.post(reverse("checkout:summary"), form))
    assert (client.get("/readyz").status_code, client.get("/healthz").status_code) == (503, 200)
    postgres.mend()
    close_old_connections()  # what Django does before each request, and its test client leaves out
    assert client.get("/readyz").status_code == 200
    read(client, shoe)
    assert client.post(reverse("checkout:summary"), form).status_code == 302
    assert Order.objects.count() == 1


@pytest.mark.cell("PostgreSQL", "errors")
def test_one_that_goes_between_the_order_and_its_session_says_so_and_the_order_comes_back(
    postgres: Wire, shoe: StockRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Django takes whatever the database says then for a session that somebody ended, and answers 400."""
    client = visitor()
    form, after = to_summary(client, shoe), views._after

    def gone(order: Order) -> str:
        postgres.refuse()
        connection.close()
        return after(order)

    with monkeypatch.context() as patch:
        patch.setattr(views, "_after", gone)
        says_so(client.post(reverse("checkout:summary"), form))
    postgres.mend()
    close_old_connections()
    page = reverse("orders:detail", kwargs={"number": Order.objects.get().number})
    assert client.get(reverse("checkout:summary"))["Location"] == page


@pytest.mark.cell("PostgreSQL", "slow")
def test_a_slow_wire_gives_right_pages_later(postgres: Wire, shoe: StockRecord) -> None:
    postgres.delay(0.005)
    client = visitor()
    read(client, shoe)
    assert buy(client, shoe).status == "awaiting_payment"


@pytest.mark.cell("PostgreSQL", "slow")
def test_a_statement_that_takes_too_long_ends_and_others_go_on(postgres: Wire, shoe: StockRecord) -> None:
    """What DATABASE_PATIENCE_S sets for the web server, set here for the session."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 100")
        with within(2.0, "a statement without end"), pytest.raises(OperationalError) as raised:
            cursor.execute("SELECT pg_sleep(30)")
    assert outages.cause_of(raised.value) == outages.DATABASE
    read(visitor(), shoe)


@pytest.mark.cell("PostgreSQL", "slow")
def test_a_page_whose_question_takes_too_long_says_so_and_then_is_whole(
    postgres: Wire, shoe: StockRecord
) -> None:
    client, url = visitor(), shoe.product.get_absolute_url()
    holder = connection.copy("holder")
    try:
        holder.set_autocommit(False)
        with holder.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {StockRecord._meta.db_table} IN ACCESS EXCLUSIVE MODE")
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 200")
        with within(5.0, "a page over a question without end"):
            says_so(client.get(url))
    finally:
        holder.rollback()
        holder.close()
    close_old_connections()
    assert client.get(url).status_code == 200


@pytest.mark.cell("PostgreSQL", "slow")
def test_the_web_server_waits_as_long_as_its_settings_say_and_a_worker_as_long_as_it_takes(
    postgres: Wire, tmp_path: Path
) -> None:
    own = connection.settings_dict
    url = f"postgres://{own['USER']}:{own['PASSWORD']}@{own['HOST']}:{own['PORT']}/{own['NAME']}"
    say = "with connection.cursor() as c: c.execute('SHOW statement_timeout'); print(*c.fetchone())"
    ask = f"from django.db import connection\n{say}"
    web, worker = "import shop.wsgi", "import django; django.setup()"
    for begin, more, said in ((web, {}, "20s"), (web, {"DATABASE_PATIENCE_S": "7"}, "7s"), (worker, {}, "0")):
        run = subprocess.run(
            [sys.executable, "-c", f"{begin}\n{ask}"], cwd=ROOT, env=isolated(tmp_path, url) | more,
            capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        assert run.stdout.split() == [said], run.stderr


@pytest.mark.cell("PostgreSQL", "errors")
@pytest.mark.parametrize("manner", ["cut", "reset"])
def test_a_torn_connection_costs_one_page(manner: str, postgres: Wire, shoe: StockRecord) -> None:
    client = visitor()
    read(client, shoe)
    getattr(postgres, manner)()
    answers = [client.get(pages(shoe)[0])]
    postgres.mend()
    says_so(answers[0])
    close_old_connections()
    read(client, shoe)


@pytest.mark.cell("PostgreSQL", "errors")
def test_an_order_torn_off_in_the_middle_is_whole_or_not_there(
    postgres: Wire, shoe: StockRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    placing = sys.modules["checkout.order.actions.place"]
    client = visitor()
    form = to_summary(client, shoe)
    reserve = placing.reserve

    def torn(*args: Any, **kwargs: Any) -> Any:
        postgres.reset()
        return reserve(*args, **kwargs)

    monkeypatch.setattr(placing, "reserve", torn)
    says_so(client.post(reverse("checkout:summary"), form))
    postgres.mend()
    monkeypatch.undo()
    connection.close()
    shoe.refresh_from_db()
    assert (Order.objects.count(), shoe.num_allocated) == (0, 0)
    for _click in range(2):
        assert client.post(reverse("checkout:summary"), form).status_code == 302
    shoe.refresh_from_db()
    assert (Order.objects.count(), shoe.num_allocated) == (1, 1)


@pytest.mark.cell("PostgreSQL", "wrong answer")
def test_a_standby_is_read_and_refuses_orders_in_words(postgres: Wire, shoe: StockRecord) -> None:
    client = visitor()
    form = to_summary(client, shoe)
    name = connection.settings_dict["NAME"]
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    connection.close()
    read(visitor(), shoe)
    says_so(client.post(reverse("checkout:summary"), form))
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = off")
        cursor.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
    connection.close()
    assert client.post(reverse("checkout:summary"), form).status_code == 302
    assert Order.objects.count() == 1


@pytest.mark.cell("PostgreSQL", "wrong answer")
def test_somebody_else_on_its_port_is_as_down(postgres: Wire, shoe: StockRecord) -> None:
    connection.close()
    postgres.say(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    says_so(visitor().get(pages(shoe)[0]))
