"""What help rests on: a country with its taxes, a dock for what comes back, a clerk at the desk."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.factories.orders import make_country
from tests.factories.range import ensure_vat
from tests.factories.returns import dock_bins


@pytest.fixture(autouse=True)
def _ground(db: None) -> None:
    make_country()
    ensure_vat()
    dock_bins()


@pytest.fixture
def desk(client: Client, clerk: Any) -> Client:
    """A browser signed in as the module's clerk."""
    client.force_login(clerk)
    return client
