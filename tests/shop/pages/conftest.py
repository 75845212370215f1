"""A customer who is signed in, for the pages of their account; a test that needs another one makes it itself."""

from __future__ import annotations

import pytest
from django.test import Client

from shop.customers.models import User
from tests.factories.shopping import make_user


@pytest.fixture
def person() -> User:
    return make_user("erika@example.org", first_name="Erika", last_name="Beispiel", phone="040 123")


@pytest.fixture
def member(client: Client, person: User) -> Client:
    client.force_login(person)
    return client
