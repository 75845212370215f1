"""What is remembered in memory between requests is forgotten between tests."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from catalogue import tree
from catalogue.partner import vat
from shop.pages import queries


@pytest.fixture(autouse=True)
def _forget() -> None:
    cache.clear()
    tree.forget()
    vat.forget()
    queries.forget()
