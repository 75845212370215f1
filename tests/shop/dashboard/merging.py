"""Two accounts of one person, and the merging of them as the page does it."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse

from shop.customers import actions
from shop.customers.models import User
from shop.kernel.invariants import verify
from tests.factories.shopping import make_user


def confirmed(email: str, **fields: Any) -> User:
    """An account whose address its owner has shown to be theirs."""
    person = make_user(email, **fields)
    EmailAddress.objects.create(user=person, email=email, primary=True, verified=True)
    return person


@pytest.fixture
def pair() -> tuple[User, User]:
    """The account that stays, and the one that goes: made on the phone, nobody signs in to it."""
    kept = confirmed("erika@example.org", first_name="Erika", last_name="Muster")
    gone = actions.register(
        email="erika.muster@example.org",
        first_name="Erika",
        last_name="Muster",
        phone="040 99 88 77",
        by=None,
    )
    return kept, gone


def page(kept: User, gone: User) -> str:
    return reverse("dashboard:customer-merge", args=[kept.pk, gone.pk])


def sent(client: Client, kept: User, gone: User, **more: str) -> Any:
    """The merging, with the customer's word unless ``more`` takes it back."""
    seen = client.get(page(kept, gone)).context["preview"].seen
    typed = {"seen": seen, "why": "beide am Telefon genannt", "confirmed": "on"}
    return client.post(page(kept, gone), typed | more)


def broken() -> dict[str, list[str]]:
    """Invariants that do not hold."""
    return {finding.name: list(finding.breaches) for finding in verify() if not finding.holds}
