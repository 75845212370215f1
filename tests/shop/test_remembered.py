"""What a process remembers between requests is forgotten between tests, so that each counts the same queries."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalogue import tree
from shop.pages import queries

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("turn", ["first", "second"])
def test_nothing_remembered_in_an_earlier_test_is_known_here(turn: str) -> None:
    for read in (queries.merchant, queries.legal_links, tree.menu):
        with CaptureQueriesContext(connection) as asked:
            read()
        assert len(asked), f"{read.__name__} knew its answer from an earlier test"
        with CaptureQueriesContext(connection) as again:
            read()
        assert not len(again), f"{read.__name__} remembers nothing"
