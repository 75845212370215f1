"""People of finance, signed in."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import NoReverseMatch, reverse

from tests.fulfilment.finance.orders import make_staff

ROOMS = ("ledger", "invoicing", "bank", "reconciliation", "sepa", "reports")


@pytest.fixture
def finance_addresses(settings: Any) -> None:
    """The staff pages are reachable, whoever includes them."""
    try:
        reverse("finance:index")
    except NoReverseMatch:
        settings.ROOT_URLCONF = "tests.fulfilment.finance.urls"


@pytest.fixture
def accountant(db: None) -> Any:
    """A member of staff with every permission of finance."""
    user = make_staff("books@example.com")
    user.user_permissions.set(Permission.objects.filter(content_type__app_label__in=ROOMS))
    return user


@pytest.fixture
def desk(accountant: Any, finance_addresses: None) -> Client:
    """A browser of finance, signed in."""
    client = Client()
    client.force_login(accountant)
    return client
