"""Whoever may do more or less than before signs in anew, by whatever way that was written: the database sees to it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import connection
from django.test import Client
from wagtail.models import Collection, GroupCollectionPermission, GroupPagePermission, Page

from shop.customers import triggers
from shop.customers.checks import sessions_end_by_themselves
from shop.customers.models import User
from shop.customers.verify import CHECKS
from shop.dashboard.roles import sync_roles
from shop.kernel import guards
from tests.factories.people import make_staff
from tests.shop.customers.test_sessions import is_in, permission

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def group() -> Group:
    return Group.objects.get(name="marketing")


def staff_by_update(person: User) -> None:
    User.objects.filter(pk=person.pk).update(is_staff=False)


def superuser_by_update(person: User) -> None:
    User.objects.filter(pk=person.pk).update(is_superuser=True)


def closed_by_update_and_opened_again(person: User) -> None:
    User.objects.filter(pk=person.pk).update(is_active=False)
    User.objects.filter(pk=person.pk).update(is_active=True)


def by_bulk_update(person: User) -> None:
    person.is_superuser = True
    User.objects.bulk_update([person], ["is_superuser"])


def role_by_its_own_row(person: User) -> None:
    User.groups.through.objects.bulk_create(
        [User.groups.through(user=person, group=Group.objects.get(name="finance"))]
    )


def role_away_by_its_own_row(person: User) -> None:
    User.groups.through.objects.filter(user=person).delete()


def role_moved(person: User) -> None:
    User.groups.through.objects.filter(user=person).update(group=Group.objects.get(name="finance"))


def permission_by_its_own_row(person: User) -> None:
    User.user_permissions.through.objects.bulk_create(
        [User.user_permissions.through(user=person, permission=permission())]
    )


def all_own_permissions_cleared(person: User) -> None:
    permission().user_set.clear()


def permission_of_the_role_by_sql(person: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM auth_group_permissions WHERE group_id = %s", [group().pk])


def permission_that_is_no_more(person: User) -> None:
    Permission.objects.filter(group=group()).first().delete()  # type: ignore[union-attr]


def pages_of_the_editor(person: User) -> None:
    GroupPagePermission.objects.filter(group=group())[0].delete()


def pages_of_the_editor_at_once(person: User) -> None:
    GroupPagePermission.objects.filter(group=group()).delete()


def one_page_more(person: User) -> None:
    lock = Permission.objects.get(codename="lock_page", content_type__app_label="wagtailcore")
    GroupPagePermission.objects.create(group=group(), page=Page.get_first_root_node(), permission=lock)


def files_of_the_editor(person: User) -> None:
    GroupCollectionPermission.objects.filter(group=group()).delete()


def a_collection_moved(person: User) -> None:
    other = Collection.get_first_root_node().add_child(name="Other")
    GroupCollectionPermission.objects.filter(group=group()).update(collection=other)


WAYS = [
    staff_by_update, superuser_by_update, closed_by_update_and_opened_again, by_bulk_update, role_by_its_own_row,
    role_away_by_its_own_row, role_moved, permission_by_its_own_row, all_own_permissions_cleared,
    permission_of_the_role_by_sql, permission_that_is_no_more, pages_of_the_editor, pages_of_the_editor_at_once,
    one_page_more, files_of_the_editor, a_collection_moved,
]  # fmt: skip


@pytest.mark.parametrize("change", WAYS)
def test_no_way_to_other_rights_leaves_a_session(client: Client, change: Callable[[User], None]) -> None:
    sync_roles()
    person, colleague = make_staff("mara@example.org"), make_staff("lasse@example.org")
    person.groups.add(group())
    if change is all_own_permissions_cleared:
        person.user_permissions.add(permission())
    other = Client()
    client.force_login(User.objects.get(pk=person.pk))
    other.force_login(colleague)
    assert is_in(client)
    change(User.objects.get(pk=person.pk))
    assert (is_in(client), is_in(other)) == (False, True), "theirs, and no colleague's"


def test_the_same_roles_written_again_end_nothing(client: Client) -> None:
    sync_roles()
    person = make_staff("mara@example.org")
    person.groups.add(group())
    client.force_login(User.objects.get(pk=person.pk))
    sync_roles()
    User.objects.filter(pk=person.pk).update(is_staff=True, first_name="Mara")
    assert is_in(client), "every migrate does that"


def test_whoever_changes_a_role_of_their_own_goes_on(client: Client) -> None:
    sync_roles()
    boss = make_staff("chefin@example.org", is_superuser=True)
    boss.groups.add(group())
    boss.refresh_from_db()
    client.force_login(User.objects.get(pk=boss.pk))
    before = client.session.session_key
    answer = client.get(f"/cms/groups/edit/{group().pk}/")
    assert answer.status_code == 200
    form = {"name": "marketing"}
    for formset in [answer.context["form"], *answer.context["permission_panels"]]:
        if hasattr(formset, "management_form"):
            form |= {f"{formset.prefix}-{name}": value
                     for name, value in {"TOTAL_FORMS": 0, "INITIAL_FORMS": 0, "MIN_NUM_FORMS": 0,
                                         "MAX_NUM_FORMS": 1000}.items()}  # fmt: skip
    assert client.post(f"/cms/groups/edit/{group().pk}/", form).status_code == 302
    assert User.objects.get(pk=boss.pk).sessions_version > boss.sessions_version, "others of the role are out"
    assert is_in(client) and client.session.session_key != before


def test_a_trigger_that_is_gone_is_noticed_and_comes_back() -> None:
    check = dict(CHECKS)["a change of rights ends sessions"]
    assert check() == [] == sessions_end_by_themselves(databases=["default"])
    one = triggers.GUARDS[0]
    with connection.cursor() as cursor:
        cursor.execute(
            f"DROP TRIGGER {one.name}" + (f" ON {one.table}" if connection.vendor == "postgresql" else "")
        )
    assert check() == [f"trigger {one.name} is missing"]
    [error] = sessions_end_by_themselves(databases=["default"])
    assert error.id == "customer.W001"
    assert guards.install(triggers.GUARDS) == [one.name]
    assert check() == []


@pytest.mark.django_db(transaction=True)
def test_a_table_that_they_name_can_be_rebuilt(fresh_database: None) -> None:
    """On SQLite a migration of ours rebuilds the table of people."""
    call_command("migrate", "customer", "0005", verbosity=0)
    call_command("migrate", "customer", verbosity=0)
    assert not guards.missing(triggers.GUARDS)
