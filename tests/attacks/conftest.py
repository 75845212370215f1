"""Who attacks from within."""

from __future__ import annotations

import pytest
from django.test import Client

from shop.dashboard.roles import sync_roles
from tests.factories.people import make_user


@pytest.fixture
def boss() -> Client:
    """Somebody who may do everything."""
    sync_roles()
    client = Client()
    client.force_login(make_user("alles@example.org", is_staff=True, is_superuser=True))
    return client
