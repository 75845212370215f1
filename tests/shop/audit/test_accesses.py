"""The access log: written for every look, file and change; read by managers; never changed."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from shop.audit import actions, checks, triggers, verify
from shop.audit.kinds import Kind, register
from shop.audit.marks import mark_of
from shop.audit.models import CHANGE, EXPORT, LIST, LOOK, PURGE, Access
from shop.dashboard.roles import sync_roles
from shop.kernel import guards
from shop.kernel.clock import now
from shop.kernel.models import AppendOnlyError
from tests.factories.cases import make_case
from tests.factories.people import make_user
from tests.factories.shopping import make_variant, place_order

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def desk() -> Callable[[str], Client]:
    """A browser signed in as somebody of a role."""
    sync_roles()

    def sign_in(role: str) -> Client:
        person = make_user(f"{role}@example.org", is_staff=True, first_name=role.title())
        person.groups.add(Group.objects.get(name=role))
        client = Client()
        client.force_login(person)
        return client

    return sign_in


def an_order(**options: Any) -> Any:
    return place_order((make_variant(), 1), method="invoice", **options)


def test_opening_an_order_writes_who_looked_at_whose_order_and_on_which_page(desk: Any) -> None:
    buyer = make_user("anna@example.org")
    order = an_order(user=buyer)
    assert desk("service").get(reverse("dashboard:order", args=[order.number])).status_code == 200
    [row] = Access.objects.all()
    assert (row.deed, row.kind, row.key, row.by_name) == (LOOK, "order", order.number, "service@example.org")
    assert (row.person_id, row.person_mark) == (buyer.pk, mark_of("Anna@Example.org "))
    assert (row.page, row.path) == ("dashboard:order", f"/dashboard/orders/{order.number}/")
    assert abs((now() - row.at).total_seconds()) < 60
    assert row.correlation_id


def test_a_guest_is_found_again_by_address_and_the_log_holds_no_address(desk: Any) -> None:
    case = make_case(email="gast@example.org")
    desk("service").get(reverse("service:case", args=[case.number]))
    row = Access.objects.get(kind="case")
    assert row.person_id is None and row.person_mark == mark_of("gast@example.org")
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM audit_access")
        assert "gast@" not in str(cursor.fetchall())


@pytest.mark.parametrize(
    ("address", "status"), [("/dashboard/orders/K99999/", 404), ("/dashboard/finance/journal/", 403)]
)
def test_what_was_not_shown_is_not_a_look(desk: Any, address: str, status: int) -> None:
    assert desk("service").get(address).status_code == status
    assert not Access.objects.exists()


def test_a_deed_that_leads_on_is_no_look_and_a_form_shown_again_is_one(desk: Any) -> None:
    client, case = desk("service"), make_case()
    address = reverse("service:case-note", args=[case.number])
    assert client.post(address, {"body": "Rückruf versprochen"}).status_code == 302
    assert not Access.objects.exists()
    assert client.post(address, {"body": ""}).status_code == 422
    assert Access.objects.get().kind == "case"


def test_a_list_says_its_filters_but_not_the_words_that_were_searched(desk: Any) -> None:
    an_order()
    desk("service").get(reverse("dashboard:orders"), {"q": "meyer", "state": "confirmed"})
    row = Access.objects.get()
    assert (row.deed, row.kind, row.key) == (LIST, LIST, "dashboard:orders")
    assert row.facts == {"filters": {"state": "confirmed", "q": "*"}}
    assert row.rows is None


def test_a_csv_says_how_many_rows_were_taken(desk: Any) -> None:
    for _ in range(3):
        an_order()
    desk("service").get(reverse("dashboard:orders"), {"format": "csv"})
    row = Access.objects.get()
    assert (row.deed, row.key, row.rows) == (EXPORT, "dashboard:orders", 3)


def test_looking_costs_two_statements_at_most(desk: Any) -> None:
    client, order = desk("service"), an_order()
    address = reverse("dashboard:order", args=[order.number])
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    about = [one["sql"] for one in queries if "audit_access" in one["sql"]]
    assert len(about) == 1 and about[0].startswith("INSERT")


def test_no_look_without_its_row(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client, order = desk("service"), an_order()
    client.raise_request_exception = False

    def broken(**fields: Any) -> None:
        raise RuntimeError("the log cannot be written")

    monkeypatch.setattr(actions.Access.objects, "create", broken)
    answer = client.get(reverse("dashboard:order", args=[order.number]))
    assert answer.status_code == 500 and order.number not in answer.content.decode()


def test_shoppers_looking_at_their_own_things_write_nothing(client: Client) -> None:
    buyer = make_user("anna@example.org")
    order = an_order(user=buyer)
    client.force_login(buyer)
    assert client.get(reverse("account:order", args=[order.number]), follow=True).status_code == 200
    assert not Access.objects.exists()


def test_a_change_keeps_old_and_new_and_leaves_out_what_stayed() -> None:
    staff, buyer = make_user("s@example.org", is_staff=True), make_user("anna@example.org")
    row = actions.note_change(
        kind_name="customer", key=str(buyer.pk), by=staff, why=" asked on the phone ",
        changed={"phone": ("", "040 123"), "language": ("de", "de")},
    )  # fmt: skip
    assert row is not None
    assert (row.deed, row.person_id) == (CHANGE, buyer.pk)
    assert row.facts == {"fields": {"phone": ["", "040 123"]}, "why": "asked on the phone"}
    assert actions.note_change(kind_name="customer", key="1", by=staff, changed={"a": (1, 1)}) is None


def a_row(**fields: Any) -> Access:
    staff = make_user(is_staff=True)
    return Access.objects.create(
        **{"deed": LOOK, "kind": "order", "key": "K1", "by": staff, "by_name": staff.email} | fields
    )


def refused(work: Callable[[], object], message: str) -> None:
    with pytest.raises(IntegrityError, match=message), transaction.atomic():
        work()


def test_the_database_refuses_to_change_or_to_delete_a_row() -> None:
    row = a_row()
    refused(lambda: Access.objects.filter(pk=row.pk).update(key="K2"), triggers.NEVER_CHANGED)
    rows = Access.objects.filter(pk=row.pk)
    refused(lambda: rows._raw_delete(rows.db), triggers.TOO_YOUNG)
    with pytest.raises(AppendOnlyError):
        row.save()
    with pytest.raises(AppendOnlyError):
        row.delete()


def test_the_database_refuses_a_look_by_nobody() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        a_row(by=None)


def test_a_colleague_who_leaves_stays_named() -> None:
    row = a_row()
    row.by.delete()
    row.refresh_from_db()
    assert row.by_name and row.by_id


def test_the_purge_takes_what_is_past_its_time_and_writes_that_down() -> None:
    old = now() - dt.timedelta(days=triggers.KEPT_DAYS + 8)
    for at in (old, old, now() - dt.timedelta(days=triggers.KEPT_DAYS - 1)):
        a_row(at=at)
    assert verify.nothing_is_kept_too_long() == [f"2 rows are older than {triggers.KEPT_DAYS} days"]
    assert actions.purge() == 2
    assert verify.nothing_is_kept_too_long() == []
    newest = Access.objects.first()
    assert newest is not None and (newest.deed, newest.rows, newest.by) == (PURGE, 2, None)
    assert actions.purge() == 0
    assert Access.objects.count() == 2


def test_the_guards_are_looked_for_and_come_back() -> None:
    assert guards.missing(triggers.GUARDS) == [] and verify.guards_are_there() == []
    on = " ON audit_access" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER audit_access_no_update{on}")
    assert verify.guards_are_there() == ["trigger audit_access_no_update is missing"]
    assert [error.id for error in checks.guards_are_in_place(databases=["default"])] == ["audit.W001"]
    assert guards.install(triggers.GUARDS) == ["audit_access_no_update"]
    assert verify.guards_are_there() == []


def test_two_kinds_of_one_name_are_refused() -> None:
    register(Kind("order_of_a_test", "Order"))
    register(Kind("order_of_a_test", "Order"))
    with pytest.raises(ValueError, match="order_of_a_test"):
        register(Kind("order_of_a_test", "Something else"))


def test_who_manages_finds_looks_by_person_colleague_and_number(desk: Any) -> None:
    buyer = make_user("anna@example.org", first_name="Anna", last_name="Albers")
    mine, other = an_order(user=buyer), an_order(user=make_user("otto@example.org"))
    service = desk("service")
    for order in (mine, other):
        service.get(reverse("dashboard:order", args=[order.number]))
    manager, page = desk("manager"), reverse("dashboard:accesses")

    def keys(**query: Any) -> list[str]:
        answer = manager.get(page, query)
        assert answer.status_code == 200
        return [one["row"].key for one in answer.context["rows"] if one["row"].kind == "order"]

    assert keys() == [other.number, mine.number]
    assert keys(q="ANNA@example.org") == [mine.number]
    assert keys(person=buyer.pk) == [mine.number]
    assert keys(q=other.number) == [other.number]
    assert keys(q="service") == [other.number, mine.number]
    assert keys(deed="export") == [] and keys(kind="case") == []
    assert keys(person="999999") == [] and keys(person="x") == []
    assert keys(first="2199-01-01") == []
    text = manager.get(page).content.decode()
    assert f'href="/dashboard/orders/{mine.number}/"' in text and "Anna Albers" in text
    assert manager.get(page, {"first": "nonsense"}).status_code == 400
    assert manager.get(page, {"q": "x" * 200}).status_code == 400


def test_reading_the_log_is_a_row_of_it_and_so_is_taking_it(desk: Any) -> None:
    client = desk("manager")
    client.get(reverse("dashboard:accesses"))
    answer = client.get(reverse("dashboard:accesses"), {"format": "csv"})
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert len(rows) == 2
    assert [(row.deed, row.rows) for row in Access.objects.order_by("pk")] == [(LIST, None), (EXPORT, 1)]


def test_the_page_costs_the_same_for_many_rows(desk: Any) -> None:
    client = desk("manager")

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("dashboard:accesses")).status_code == 200
        return len(queries)

    a_row(person_id=make_user().pk)
    cost()
    few = cost()
    for _ in range(20):
        a_row(person_id=make_user().pk)
    assert cost() == few
