"""The ground all tests stand on. Databases come from templates (see support/templates.py), nothing leaves the machine.

Options: ``--db=postgres`` runs on a PostgreSQL that is started for it. Fixtures worth knowing: ``db``,
``fresh_database`` (real commits, threads), ``outbox``, ``clock``, ``queue``, ``browser_page``, ``live_kontor``.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from typing import Any

from .support import environment, moment

environment.prepare()
moment.prepare()

import django  # noqa: E402  (settings are read here; the environment must be ours by then)

from scripts import messages  # noqa: E402

messages.compile_stale()
django.setup()

import pytest  # noqa: E402

from .support import chance, databases  # noqa: E402
from .support.helpers import Clock, Outbox, Queue  # noqa: E402
from .support.network import NetworkGuard  # noqa: E402
from .support.templates import TemplateError  # noqa: E402

pytest_plugins = [f"tests.support.{name}" for name in ("running", "search", "standins", "stories")]
ON_BOTH_DATABASES = ("walks/", "races/", "properties/", "shop/kernel/", "fulfilment/finance/ledger/")
guard = NetworkGuard()
guard.install()
chance.hypothesis_profile()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The database the tests run on; environment.chosen_database() has read it already."""
    parser.addoption("--db", choices=("sqlite", "postgres"), default=None, help="database to run on (sqlite)")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Stories before the one running Kontor stay in one process (``--dist loadgroup``), so that one is started."""
    if "live_kontor" in getattr(item, "fixturenames", ()):
        item.add_marker(pytest.mark.xdist_group("kontor"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole folders that `make test` runs on PostgreSQL as well."""
    for item in items:
        inside = item.path.relative_to(environment.ROOT / "tests").as_posix()
        if inside.startswith(ON_BOTH_DATABASES):
            item.add_marker(pytest.mark.both_databases)
        if inside.startswith("browser/"):
            item.add_marker(pytest.mark.browser)


def pytest_collection_finish() -> None:
    """What is there when the tests begin (modules, models, tests) stays to the end: the collector of rubbish leaves it
    alone, and looks at the rest less often. That is a twelfth of the time of a run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def pytest_report_header() -> str:
    """Say which database, and which moment when it is not now."""
    chosen = os.environ.get(moment.CHOICE)
    return f"kontor: {environment.chosen_database()}" + (f", at {chosen}" if chosen else "")


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    """Instead of creating a database: copy the template."""
    with django_db_blocker.unblock():
        try:
            databases.restore()
        except TemplateError as error:
            pytest.fail(str(error), pytrace=False)
    yield
    with django_db_blocker.unblock():
        databases.remove()


@pytest.fixture(scope="session", autouse=True)
def _restore_instead_of_flush() -> Iterator[None]:
    """After a test with real commits the template is copied again (Django would DELETE, which triggers refuse)."""
    from django.test import TransactionTestCase

    def restore(self: Any) -> None:
        databases.restore()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", restore)
        yield


@pytest.fixture(scope="session", autouse=True)
def _staff_have_shown_a_second_factor() -> Iterator[None]:
    """``client.force_login`` of staff stands for the whole sign-in; see support/second_factor.py."""
    from django.test import Client

    from .support.second_factor import shown_at_force_login

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, "force_login", shown_at_force_login)
        yield


@pytest.fixture
def fresh_database(transactional_db: None) -> None:
    """A database with real commits, for threads and processes; put back afterwards. Slower than ``db``."""


@pytest.fixture(autouse=True)
def _no_network_in_transaction(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test whose code opened a connection while it held a transaction, even when it swallowed the refusal."""
    guard.take()
    yield
    seen = guard.take()
    if seen and not request.node.get_closest_marker("network_in_transaction"):
        pytest.fail("\n".join(seen), pytrace=False)


@pytest.fixture(autouse=True)
def _language_of_the_shop() -> Iterator[None]:
    """A request in English leaves English active in the thread: the next test's addresses would be English."""
    from django.utils import translation

    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def _moment() -> None:
    """Every test begins at the moment of KONTOR_TEST_NOW, when one was chosen; see support/moment.py."""
    moment.begin()


@pytest.fixture(autouse=True)
def queue() -> Iterator[Queue]:
    """Tasks are not run and reach no queue: they are noted here. ``outbox.drain()`` does what they would do."""
    with Queue().catching() as caught:
        yield caught


@pytest.fixture
def outbox(db: None) -> Outbox:
    """What was told: ``drain()`` delivers and handles all that is due, ``events()`` lists what was recorded."""
    return Outbox()


@pytest.fixture
def clock() -> Iterator[Clock]:
    """The shop's clock, to stop and to move: ``clock.stop(moment)``, ``clock.advance(days=45)``."""
    with Clock().running() as clock:
        yield clock


@pytest.fixture(autouse=True)
def _fresh_cache() -> None:
    """No test sees what another one cached, or remembered in memory for a minute: that minute would end in the middle
    of a test that counts queries."""
    from django.core.cache import caches

    from catalogue import campaigns, tree
    from catalogue.partner import vat
    from catalogue.search import boosts, many, synonyms, turns
    from checkout.shipping import queries as shipping
    from fulfilment.warehouse.picking import promises
    from shop.kernel import nudges, parts, sharing
    from shop.pages import guarantee, looks, product_parts, queries

    for cache in caches.all(initialized_only=True):
        cache.clear()
    rooms = (
        tree,
        vat,
        queries,
        shipping,
        sharing,
        parts,
        looks,
        promises,
        product_parts,
        nudges,
        synonyms,
        boosts,
        campaigns,
        many,
        turns,
        guarantee,
    )
    for room in rooms:
        room.forget()
    # A second would end between two pages of a busy machine.
    campaigns._memory.kept_s = many._waiting_memory.kept_s = many._pages_memory.kept_s = 60
