"""What is remembered in memory between requests is forgotten between tests."""

from __future__ import annotations

import pytest

from catalogue import tree
from catalogue.partner import vat
from shop.pages import queries


@pytest.fixture(autouse=True)
def _forget() -> None:
    tree.forget()
    vat.forget()
    queries.forget()
