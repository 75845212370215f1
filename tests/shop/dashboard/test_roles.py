"""Each role opens its rooms and no others: every staff address is asked for real, as every role and as nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse
from wagtail.models import GroupPagePermission

from shop.dashboard import context, navigation, roles, waiting
from shop.dashboard.roles import ROLES, sync_roles
from shop.kernel.access import PUBLIC, SHOPPER
from tests.factories.people import make_user

pytestmark = pytest.mark.django_db
#: Something to stand in the parts of an address; nothing of that name exists, which is a 404 for who may look.
PARTS: dict[str, Any] = {
    "pk": 1, "number": "X1", "code": "x", "method": "x", "kind": "x", "level": 1, "verb": "x", "cut": "pdf",
    "attachment_id": 1, "name": "x", "line": 1, "source": "x", "account": "1200", "key": "x", "year": 2026, "month": 10,
    "psp_id": "po_x",
}  # fmt: skip

#: The written table: which role opens which address (by name). An address without a row fails below.
OFFICE = {"manager", "administrator"}
ROOMS: dict[str, set[str]] = {
    "dashboard:index": set(ROLES),
    "dashboard:search": set(ROLES),
    "dashboard:order": {"service", "finance"} | OFFICE,
    "dashboard:orders": {"service", "finance"} | OFFICE,
    "dashboard:order-": {"service"} | OFFICE,
    "dashboard:refund-account": {"service", "finance"} | OFFICE,
    "dashboard:order-why": {"service", "finance"} | OFFICE,
    "dashboard:order-agreed": {"service", "finance"} | OFFICE,
    "dashboard:order-refund": {"service", "finance"} | OFFICE,
    "dashboard:approval": {"service", "finance"} | OFFICE,
    "dashboard:approval-limits": OFFICE,
    "dashboard:accesses": OFFICE,
    "dashboard:colleague": OFFICE,
    "dashboard:customers": {"service", "finance"} | OFFICE,
    "dashboard:customer": {"service", "finance"} | OFFICE,
    "dashboard:customer-credit": {"service", "finance"} | OFFICE,
    "dashboard:customer-": {"finance"} | OFFICE,
    "dashboard:customer-edit": {"service"} | OFFICE,
    "dashboard:customer-merge": {"service"} | OFFICE,
    "dashboard:duplicates": {"service"} | OFFICE,
    "dashboard:customer-note": {"service", "finance"} | OFFICE,
    "dashboard:customer-note-pin": {"service"} | OFFICE,
    "dashboard:guest": {"service", "finance"} | OFFICE,
    "dashboard:phone-order": {"service"} | OFFICE,
    "dashboard:rule": {"finance"} | OFFICE,
    "dashboard:rules": {"finance"} | OFFICE,
    "dashboard:delivery": {"finance"} | OFFICE,
    "dashboard:product": {"marketing"} | OFFICE,
    "dashboard:synonym": {"marketing"} | OFFICE,
    "dashboard:boost": {"marketing"} | OFFICE,
    "dashboard:missed-searches": {"marketing"} | OFFICE,
    "dashboard:review": {"marketing", "service"} | OFFICE,
    "dashboard:operations": OFFICE,
    "dashboard:retry": OFFICE,
    "dashboard:run-task": OFFICE,
    "dashboard:picture-again": OFFICE,
    "dashboard:category-picture-again": OFFICE,
    "dashboard:ask-payment": OFFICE,
    "dashboard:refund-again": OFFICE,
    "service:": {"service"} | OFFICE,
    "service:settlement": {"service", "finance"} | OFFICE,
    "service:act": {"service", "finance"} | OFFICE,
    "service:remedies": {"service", "finance"} | OFFICE,
    "service:remedy-reason": OFFICE,
    "service:macro": OFFICE,
    "service:figures-people": OFFICE,
    "service:policy": OFFICE,
    "service:return-postage": OFFICE,
    "warehouse:": {"warehouse"} | OFFICE,
    "warehouse:stock": {"warehouse", "service"} | OFFICE,
    "warehouse:sku": {"warehouse", "service"} | OFFICE,
    "warehouse:bin": {"warehouse", "service"} | OFFICE,
    "warehouse:recall": OFFICE,
    "warehouse:routing-rules": OFFICE,
    "warehouse:carton": OFFICE,
    "warehouse:cartons": {"warehouse"} | OFFICE,
    "warehouse:order-address": {"warehouse", "service"} | OFFICE,
    "warehouse:shortage": {"warehouse", "service"} | OFFICE,
    "warehouse:shortage-policy": OFFICE,
    "warehouse:counts": {"warehouse", "finance"} | OFFICE,
    "warehouse:count-task": {"warehouse", "finance"} | OFFICE,
    "warehouse:count-rules": OFFICE,
    "warehouse:count-plan": OFFICE,
    "warehouse:count-approve": OFFICE,
    "warehouse:count-refuse": OFFICE,
    "warehouse:count-cancel": OFFICE,
    "warehouse:transfers": {"warehouse", "finance"} | OFFICE,
    "warehouse:transfer-page": {"warehouse", "finance"} | OFFICE,
    "warehouse:transfer-paper": {"warehouse", "finance"} | OFFICE,
    "notifications:recall-notice": OFFICE,
    "notifications:newsletter": {"marketing"} | OFFICE,
    "notifications:newsletters": {"marketing"} | OFFICE,
    "warehouse:return": {"warehouse", "service"} | OFFICE,
    "warehouse:return-act": {"service"} | OFFICE,
    "warehouse:return-give-back": {"warehouse"} | OFFICE,
    "warehouse:return-label": {"warehouse"} | OFFICE,
    "warehouse:order-contact": {"warehouse", "service"} | OFFICE,
    "warehouse:return-decide": {"service"} | OFFICE,
    "warehouse:new-bin": {"warehouse"} | OFFICE,
    "warehouse:site": {"warehouse", "service"} | OFFICE,
    "warehouse:zones": {"warehouse", "service"} | OFFICE,
    "warehouse:codes": {"warehouse", "service"} | OFFICE,
    "warehouse:article-labels": {"warehouse", "service"} | OFFICE,
    "warehouse:new-site": OFFICE,
    "warehouse:edit-site": OFFICE,
    "warehouse:close-site": OFFICE,
    "warehouse:open-site": OFFICE,
    "finance:": {"finance"} | OFFICE,
    "finance:invoice": {"finance", "service"} | OFFICE,
    "finance:refund": {"finance", "service"} | OFFICE,
    "finance:open-items": {"finance", "service"} | OFFICE,
    "notifications:": {"service", "finance"} | OFFICE,
    "notifications:retry": {"service"} | OFFICE,
    "connect:index": OFFICE,
    "connect:push": OFFICE,
    "connect:": {"administrator"},
}


def staff_addresses() -> Iterator[tuple[str, str, str]]:
    """(name with namespace, address, permission) of every staff view."""

    def walk(patterns: list[Any], space: str, parts: list[str]) -> Iterator[tuple[str, str, str]]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, pattern.namespace or space, parts)
            elif isinstance(pattern, URLPattern):
                access = getattr(pattern.callback, "access", PUBLIC)
                if access not in (PUBLIC, SHOPPER):
                    wanted = {name: PARTS[name] for name in pattern.pattern.converters}
                    wanted |= {k: v for k, v in PARTS.items() if k in wanted}
                    full = f"{space}:{pattern.name}"
                    yield full, _address(full, wanted), access

    yield from walk(get_resolver().url_patterns, "", [])


def _address(name: str, wanted: dict[str, Any]) -> str:
    try:
        return reverse(name, kwargs=wanted)
    except NoReverseMatch:  # a converter wants a number
        return reverse(name, kwargs=dict.fromkeys(wanted, 1))


def row_of(name: str) -> set[str]:
    """The row of the table that names an address most closely."""
    fitting = [start for start in ROOMS if name.startswith(start)]
    assert fitting, f"{name} has no row in the table of rooms; write down which roles open it"
    return ROOMS[max(fitting, key=len)]


ADDRESSES = list(staff_addresses())


def test_there_are_staff_addresses_of_every_room() -> None:
    spaces = {name.split(":")[0] for name, _address_, _access in ADDRESSES}
    assert spaces >= {"dashboard", "warehouse", "finance", "notifications"}
    assert len(ADDRESSES) > 60


@pytest.mark.parametrize("role", list(ROLES))
def test_a_role_opens_exactly_its_rooms(role: str, as_role: Callable[[str], Client]) -> None:
    client = as_role(role)
    client.raise_request_exception = False
    wrong = []
    for name, address, _access in ADDRESSES:
        answer = client.get(address)
        allowed = role in row_of(name)
        expected = (200, 302, 404, 405) if allowed else (403,)
        if answer.status_code not in expected:
            wrong.append(f"{name} {address}: {answer.status_code}, expected one of {expected}")
    assert not wrong, "\n".join(wrong)


def test_nobody_signed_in_is_sent_to_the_login_and_a_customer_is_refused(client: Client) -> None:
    # A phone that asks for JSON is told so in words instead of being led to a page (401).
    answers = {address: client.get(address) for _name, address, _access in ADDRESSES}
    strangers = [
        address
        for address, answer in answers.items()
        if answer.status_code != 302
        and not (answer.status_code == 401 and answer["Content-Type"] == "application/json")
    ]
    assert not strangers
    client.force_login(make_user("kunde@example.org"))
    let_in = [address for _name, address, _access in ADDRESSES if client.get(address).status_code != 403]
    assert not let_in


def test_posting_needs_the_same_permission_as_looking(as_role: Callable[[str], Client]) -> None:
    client = as_role("warehouse")
    let_in = [
        address
        for name, address, _access in ADDRESSES
        if "warehouse" not in row_of(name) and client.post(address).status_code != 403
    ]
    assert not let_in


def test_the_table_of_permissions_names_only_what_exists() -> None:
    assert sync_roles() == []


def test_every_permission_a_page_asks_for_belongs_to_a_role() -> None:
    asked = {access for _name, _address_, access in ADDRESSES}
    assert not asked - set().union(*ROLES.values())


def test_a_permission_taken_from_a_group_by_hand_comes_back_and_a_further_one_goes() -> None:
    sync_roles()
    group = Group.objects.get(name="warehouse")
    group.permissions.clear()
    group.permissions.add(Permission.objects.get(codename="view_ledger"))
    sync_roles()
    have = {
        f"{p.content_type.app_label}.{p.codename}" for p in group.permissions.select_related("content_type")
    }
    assert have == ROLES["warehouse"]


def test_syncing_twice_changes_nothing() -> None:
    sync_roles()
    before = GroupPagePermission.objects.count()
    sync_roles()
    assert GroupPagePermission.objects.count() == before


def test_a_picker_sees_no_customer() -> None:
    assert not ROLES["warehouse"] & {"order.view_orders", "customer.view_user", "notifications.view_mails"}


@pytest.mark.parametrize("role", list(ROLES))
def test_the_rooms_at_the_left_are_those_of_the_role(role: str, as_role: Callable[[str], Client]) -> None:
    answer = as_role(role).get(reverse("dashboard:index"))
    shown = {entry["url"] for room in answer.context["staff_nav"]() for entry in room["entries"]}
    assert shown == {
        reverse(entry.url_name) for entry in navigation.entries() if entry.permission in ROLES[role]
    }
    assert str(roles.TITLES[role]) in answer.content.decode()


def test_the_entry_that_fits_best_is_active(as_role: Callable[[str], Client]) -> None:
    answer = as_role("finance").get(reverse("finance:invoices"))
    active = [
        entry["url"] for room in answer.context["staff_nav"]() for entry in room["entries"] if entry["active"]
    ]
    assert active == [reverse("finance:invoices")]


@pytest.mark.parametrize("role", list(ROLES))
def test_the_start_page_costs_at_most_fifteen_queries(role: str, as_role: Callable[[str], Client]) -> None:
    client = as_role(role)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(reverse("dashboard:index")).status_code == 200
    assert len(queries) <= 15


def test_everything_that_can_wait_leads_to_a_page_that_its_people_may_open() -> None:
    entrance = {name: access for name, _address_, access in ADDRESSES}
    for thing in waiting.WAITING:
        asked = entrance[thing.url_name]
        for role, permissions in ROLES.items():
            if thing.permission in permissions:
                assert asked in permissions, f"{role} is sent to {thing.url_name}, which it may not open"


def test_shop_pages_pay_nothing_for_the_rooms(
    as_role: Callable[[str], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_much(*args: Any) -> Any:
        raise AssertionError("a shop page works out the rooms of staff")

    client = as_role("manager")
    monkeypatch.setattr(context, "navigation", too_much)
    monkeypatch.setattr(context, "role_of", too_much)
    assert client.get(reverse("basket:summary")).status_code == 200
    with pytest.raises(AssertionError):
        client.get(reverse("dashboard:index"))


def test_staff_land_in_the_back_office_and_customers_in_their_account() -> None:
    assert roles.start_page(make_user("a@example.org", is_staff=True)) == reverse("dashboard:index")
    assert roles.start_page(make_user("b@example.org")) == reverse("account:overview")
