"""An index for tests: in a folder that goes away, built from what the test made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from catalogue import campaigns
from catalogue.search import finding, many, tasks
from catalogue.search.actions import flush, rebuild
from catalogue.search.models import ChangedMany
from catalogue.search.port import Engine, engine


class Index:
    """The shop's index as a test uses it."""

    @property
    def engine(self) -> Engine:
        """The engine of this test."""
        return engine()

    def build(self) -> None:
        """Build it anew of everything there is."""
        rebuild()

    def hear(self) -> int:
        """Take in what changed, as the worker does each second until nothing waits. Returns how many products. A second
        later campaigns are read anew, too, and whether some of them are on their way."""
        campaigns.forget()
        written = flush()
        while ChangedMany.objects.exists():
            written += flush()
        many.forget()
        return written


@pytest.fixture
def search_index(db: None, settings: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """A built, empty index in a folder of its own; the pages of the test are answered by it."""
    settings.SEARCH_DIR = tmp_path_factory.mktemp("search")
    finding.forget()
    tasks.look_at_once()
    index = Index()
    index.build()
    yield index
    finding.forget()
