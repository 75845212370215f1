"""People for tests."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Permission

from shop.customers.models import User


def make_user(email: str = "kunde@example.org", **fields: Any) -> User:
    """A user; the same address gives the same one."""
    found = User.objects.filter(email=email).first()
    return found or User.objects.create(email=email, **fields)


def make_staff(email: str = "lager@example.org", *permissions: str, **fields: Any) -> User:
    """A member of staff with these permissions (``app_label.codename``)."""
    person = make_user(email, is_staff=True, **fields)
    for name in permissions:
        label, codename = name.split(".")
        person.user_permissions.add(Permission.objects.get(content_type__app_label=label, codename=codename))
    return person
