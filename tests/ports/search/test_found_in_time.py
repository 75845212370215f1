"""A change is found within two seconds on PostgreSQL too, by either index: real web processes, worker and beat.

On SQLite, with the embedded index: tests/browser/test_seen_in_time.py.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from tests.support import elastic, needs
from tests.support.changing import FOUND_WITHIN_S, KINDS, seconds_by_kind
from tests.support.databases import clone_postgres
from tests.support.kontor import Kontor
from tests.support.postgres import NoPostgres, shared_server

pytestmark = pytest.mark.live
#: Few goods: what is measured is the way from the commit into the index, which takes in what has changed alone.
GOODS = """
from tests.factories.range import make_category, make_product
shelf = make_category("Halbschuhe")
for number in range(8):
    make_product(f"Elbschuh {number}", category=shelf, sizes=("41", "42"))
"""


@pytest.fixture
def database() -> Iterator[str]:
    """The address of a database of PostgreSQL for one Kontor, or a skip with the reason."""
    name = f"kontor_live_{os.getpid()}"
    try:
        server = shared_server()
    except NoPostgres as error:
        needs.missing(str(error))
    yield clone_postgres(name, server)
    server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.mark.parametrize("index", ["embedded", "elasticsearch"])
def test_on_postgresql_a_change_is_found_within_two_seconds(
    index: str,
    database: str,
    start_kontor: Callable[..., Kontor],
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
) -> None:
    addresses = {"DATABASE_URL": database}
    if index == "elasticsearch":
        addresses["SEARCH_URL"] = request.getfixturevalue("elasticsearch")
        addresses["SEARCH_PREFIX"] = f"live-{os.getpid()}"
        addresses["SEARCH_TIME_LIMIT_S"] = "20"  # else the database would answer on a busy machine
    kontor = start_kontor(environment=addresses)
    kontor.manage("shell", "--no-imports", "-c", GOODS)
    middle, taken = seconds_by_kind(kontor)
    record_property("seconds until it was found", taken)
    assert set(taken) == KINDS
    assert max(middle.values()) <= FOUND_WITHIN_S, taken
    if index == "elasticsearch":
        assert elastic.names(addresses["SEARCH_URL"], addresses["SEARCH_PREFIX"]), "another index answered"
