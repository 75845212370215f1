"""Both plugs of the search port, one after the other, for the same tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from catalogue.search import finding, tasks
from tests.support import elastic
from tests.support.search import Index


@pytest.fixture(scope="session")
def elasticsearch() -> Iterator[str]:
    """The address of a real server, or a skip with the reason."""
    with elastic.server() as url:
        yield url


@pytest.fixture(params=["embedded", "elasticsearch"])
def index(
    request: pytest.FixtureRequest, db: None, settings: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Index]:
    """An empty index in one of the engines; pages of the test are answered by it."""
    settings.SEARCH_DIR = tmp_path_factory.mktemp("search")
    settings.SEARCH_TIME_LIMIT_S = 20  # a machine that runs tests is a slow one
    if request.param == "elasticsearch":
        settings.SEARCH_URL = request.getfixturevalue("elasticsearch")
        settings.SEARCH_PREFIX = f"test-{id(settings)}"
    finding.forget()
    tasks.look_at_once()
    found = Index()
    found.build()
    yield found
    finding.forget()
