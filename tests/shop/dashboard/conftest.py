"""Staff by role, with a browser each."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from shop.dashboard.roles import sync_roles
from tests.factories.people import make_user


@pytest.fixture
def as_role(db: None) -> Callable[[str], Client]:
    """A browser signed in as somebody of a role."""
    sync_roles()

    def sign_in(role: str) -> Client:
        person = make_user(f"{role}@example.org", is_staff=True, first_name=role.title())
        person.groups.add(Group.objects.get(name=role))
        client = Client()
        client.force_login(person)
        return client

    return sign_in


@pytest.fixture
def service(as_role: Callable[[str], Client]) -> Client:
    """A browser of customer service."""
    return as_role("service")
