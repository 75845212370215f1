"""What somebody may do is the same as with Django's own backend, in one query, and signs nobody in."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, authenticate
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Group, Permission
from django.test import Client

from shop.customers.backends import PermissionsInOneQuery
from shop.customers.models import User
from tests.factories.people import make_staff, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
PICK = "picking.pick_orders"
PASSWORD = "kontor-kontor-1"


def join_group(person: User, *codenames: str) -> None:
    group = Group.objects.create(name=f"group {Group.objects.count()}")
    group.permissions.set(Permission.objects.filter(codename__in=codenames))
    person.groups.add(group)


def anew(person: User) -> User:
    return User.objects.get(pk=person.pk)


def test_own_permissions_and_those_of_groups_are_one_query_as_often_as_asked(
    django_assert_num_queries: Any,
) -> None:
    person = make_staff("lena@example.org", PICK)
    join_group(person, "pick_orders", "view_order")
    join_group(person, "view_product")
    person = anew(person)
    with django_assert_num_queries(1):
        assert person.has_perm(PICK) and person.has_perm("order.view_order")
        assert person.has_perms(["catalogue.view_product", PICK]) and person.has_module_perms("picking")
        assert not person.has_perm("order.delete_order") and not person.has_module_perms("ledger")
    assert person.get_all_permissions() == ModelBackend().get_all_permissions(anew(person))


@pytest.mark.parametrize("who", ["nothing", "superuser", "inactive", "group"])
def test_everybody_may_what_they_may_with_djangos_own_backend(who: str) -> None:
    fields = {"superuser": {"is_superuser": True}, "inactive": {"is_active": False}}.get(who, {})
    person = make_user("kai@example.org", **fields)
    if who in ("inactive", "group"):
        join_group(person, "pick_orders")
    ours = PermissionsInOneQuery().get_all_permissions(anew(person))
    assert ours == ModelBackend().get_all_permissions(anew(person))
    assert (PICK in ours) is (who in ("superuser", "group"))


def test_there_are_no_permissions_on_one_object() -> None:
    person = anew(make_staff("lena@example.org", PICK))
    assert person.has_perm(PICK) and not person.has_perm(PICK, obj=person)


def test_it_signs_nobody_in_and_sessions_made_before_it_stay() -> None:
    person = make_user("lena@example.org")
    person.set_password(PASSWORD)
    person.save()
    assert PermissionsInOneQuery().authenticate(None, email=person.email, password=PASSWORD) is None
    assert authenticate(email=person.email, password=PASSWORD) == person
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    assert client.session[BACKEND_SESSION_KEY] == "django.contrib.auth.backends.ModelBackend"
    assert client.get("/account/profile/").status_code == 200
