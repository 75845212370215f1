"""Sessions: a new key at login, the end of all others at a change of password or rights, and hours for staff."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse
from django.utils.http import urlencode

from checkout.basket.models import Line
from checkout.order.models import Order
from shop.customers import actions, sessions
from shop.customers.models import User
from shop.customers.sessions import end_sessions
from tests.checkout.test_steps import go_to_summary, order_button
from tests.factories.orders import make_country
from tests.factories.people import make_staff, make_user
from tests.factories.shopping import make_variant
from tests.support.second_factor import by_password

pytestmark = pytest.mark.django_db
PASSWORD = "hafen-kontor-26"


def is_in(client: Client) -> bool:
    """Whether the session still is somebody's."""
    answer = client.get("/account/profile/")
    return answer.status_code == 200 or "/accounts/login/" not in answer.headers["Location"]


def permission(name: str = "view_orders") -> Permission:
    """One of staff's."""
    return Permission.objects.get(codename=name, content_type__app_label="order")


@pytest.mark.parametrize("staff", [False, True])
def test_signing_in_makes_a_new_key(client: Client, staff: bool) -> None:
    person = make_user("erika@example.org", is_staff=staff)
    person.set_password(PASSWORD)
    person.save()
    session = client.session
    session["chosen"] = "before"
    session.save()
    before = str(session.session_key)
    client.cookies["sessionid"] = before
    client.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})
    assert client.session["_auth_user_id"] == str(person.pk)
    assert client.session.session_key != before
    old = Client()
    old.cookies["sessionid"] = before
    assert not is_in(old), "the key that somebody may have planted opens nothing"


def test_a_new_password_ends_all_other_sessions_and_renews_ones_own(client: Client) -> None:
    person = make_user("erika@example.org")
    person.set_password(PASSWORD)
    person.save()
    elsewhere = Client()
    for one in (client, elsewhere):
        one.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})
    before = client.session.session_key
    words = {"oldpassword": PASSWORD, "password1": "elbe-speicher-7", "password2": "elbe-speicher-7"}
    assert client.post(reverse("account_change_password"), words).status_code == 302
    assert (is_in(client), is_in(elsewhere)) == (True, False)
    assert client.session.session_key != before


def with_role(person: User) -> None:
    person.groups.add(Group.objects.get(name="service"))


def from_the_role(person: User) -> None:
    group: Any = Group.objects.get(name="service")
    group.user_set.add(person)


def with_permission(person: User) -> None:
    person.user_permissions.set([permission()])


def as_staff(person: User) -> None:
    person.is_staff = True
    person.save()


def as_superuser(person: User) -> None:
    person.is_superuser = True
    person.save(update_fields=["is_superuser"])


@pytest.mark.parametrize("change", [with_role, from_the_role, with_permission, as_staff, as_superuser])
def test_more_rights_end_the_sessions_from_before(client: Client, change: Callable[[User], None]) -> None:
    by_password(client, make_user())
    assert is_in(client)
    change(User.objects.get(email="kunde@example.org"))
    assert not is_in(client)


def without_role(person: User) -> None:
    person.groups.remove(Group.objects.get(name="service"))


def without_any_role(person: User) -> None:
    person.groups.clear()


def the_role_itself(person: User) -> None:
    Group.objects.get(name="service").permissions.remove(permission())


def the_role_goes(person: User) -> None:
    Group.objects.get(name="service").delete()


def no_staff(person: User) -> None:
    person.is_staff = False
    person.save()


@pytest.mark.parametrize("change", [without_role, without_any_role, the_role_itself, the_role_goes, no_staff])
def test_fewer_rights_end_the_sessions_from_before(client: Client, change: Callable[[User], None]) -> None:
    person, colleague = make_staff("svenja@example.org"), make_staff("lasse@example.org")
    person.groups.add(Group.objects.get(name="service"))
    other = Client()
    client.force_login(person)
    other.force_login(colleague)
    assert is_in(client)
    change(User.objects.get(pk=person.pk))
    assert (is_in(client), is_in(other)) == (False, True), "theirs, and no colleague's"


def test_other_data_end_nothing_and_an_old_row_brings_nothing_back(client: Client) -> None:
    by_password(client, make_user())
    before = User.objects.get(email="kunde@example.org")
    before.first_name = "Karl"
    before.save()
    assert is_in(client)
    end_sessions([before.pk])
    before.last_name = "Kunde"
    before.save()
    assert not is_in(client), "saving a row from before does not bring the session back"


class Watch:
    """The real clock as sessions read it."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def time(self) -> float:
        """Seconds."""
        return self.now


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """A clock to move: ``watch.now += 60``."""
    moving = Watch()
    monkeypatch.setattr(sessions, "time", moving)
    return moving


def test_a_session_of_staff_ends_when_it_is_left_alone(client: Client, watch: Watch, settings: Any) -> None:
    client.force_login(make_staff("lager@example.org", "dashboard.enter"))
    for _turn in range(3):
        watch.now += settings.STAFF_SESSION_IDLE_S - 60
        assert client.get("/dashboard/").status_code == 200, "somebody is there"
    watch.now += settings.STAFF_SESSION_IDLE_S + 60
    answer = client.get("/dashboard/orders/")
    assert answer.headers["Location"] == "/accounts/login/?next=/dashboard/orders/"
    assert "_auth_user_id" not in client.session


def test_a_session_of_staff_ends_after_a_long_day(client: Client, watch: Watch, settings: Any) -> None:
    client.force_login(make_staff("lager@example.org", "dashboard.enter"))
    begun = watch.now
    while watch.now - begun < settings.STAFF_SESSION_LASTS_S:
        assert client.get("/dashboard/").status_code == 200
        watch.now += 3600
    watch.now += 60
    data = client.get("/dashboard/", headers={"accept": "application/json"})
    assert data.status_code == 401


def test_a_session_of_a_customer_ends_some_time_after_signing_in_and_the_basket_is_kept(
    client: Client, watch: Watch, settings: Any
) -> None:
    make_country()
    record = make_variant(stock=5)
    person = make_user("erika@example.org")
    person.set_password(PASSWORD)
    person.save()
    words = {"login": person.email, "password": PASSWORD}
    client.post(reverse("account_login"), words)
    client.post(reverse("basket:add"), {"product_id": record.product_id, "quantity": 2})
    begun = watch.now
    while watch.now - begun < settings.CUSTOMER_SESSION_LASTS_S - 24 * 3600:
        watch.now += 5 * 24 * 3600
        assert is_in(client), "who comes by often is not asked in between"
    watch.now = begun + settings.CUSTOMER_SESSION_LASTS_S + 60
    answer = client.get("/account/profile/", follow=True)
    assert (
        "Bitte melden Sie sich zur Sicherheit erneut an; Ihr Warenkorb bleibt erhalten."
        in answer.content.decode()
    )
    assert not is_in(client)
    client.post(reverse("account_login"), words)
    assert is_in(client)
    assert record.product.get_title() in client.get(reverse("basket:summary")).content.decode()
    lines = Line.objects.filter(basket__owner=person, basket__status="Open")
    assert list(lines.values_list("product_id", "quantity")) == [(record.product_id, 2)]


def test_who_is_in_the_checkout_when_the_session_should_end_finishes_the_order(
    client: Client, watch: Watch, settings: Any
) -> None:
    make_country()
    by_password(client, make_user())
    client.post(reverse("basket:add"), {"product_id": make_variant(stock=5).product_id, "quantity": 1})
    assert client.get(reverse("checkout:contact")).status_code == 200
    watch.now += settings.CUSTOMER_SESSION_LASTS_S + 60
    page = go_to_summary(client)
    assert "Musterweg 1" in page.content.decode(), "what was typed is there"
    client.post(reverse("checkout:summary"), order_button(page))
    assert Order.objects.get().user == User.objects.get(email="kunde@example.org")
    assert not is_in(client), "the next page outside of it asks"


PROFILE = "/account/profile/?part=1"
PART = {"hx-request": "true"}
HERE, ELSEWHERE = f"http://testserver{PROFILE}", "https://evil.example/account/profile/"


@pytest.mark.parametrize(
    ("method", "headers", "status", "goes_to"),
    [
        ("post", {"referer": HERE}, 302, "/accounts/login/?next=/account/profile/%3Fpart%3D1"),
        ("post", {"referer": ELSEWHERE}, 302, "/accounts/login/?next=/"),
        ("post", {}, 302, "/accounts/login/?next=/"),
        ("get", PART | {"hx-current-url": HERE}, 401, f"/accounts/login/?{urlencode({'next': PROFILE})}"),
        ("get", PART | {"hx-current-url": ELSEWHERE}, 401, "/accounts/login/"),
        ("get", {"accept": "application/json"}, 401, None),
        ("get", {}, 302, "/accounts/login/?next=/account/profile/%3Fpart%3D1"),
    ],
)  # fmt: skip
def test_forms_and_parts_go_on_for_some_hours_and_then_lead_back_to_their_page(
    client: Client, watch: Watch, settings: Any, method: str, headers: Any, status: int, goes_to: str | None
) -> None:
    by_password(client, make_user())
    client.get("/account/profile/")
    ask = getattr(client, method)
    is_page = (method, headers) == ("get", {})
    watch.now += settings.CUSTOMER_SESSION_LASTS_S + (60 if is_page else sessions.FINISHING_S - 60)
    if not is_page:
        ask(PROFILE, headers=headers)
        assert "_auth_user_id" in client.session, "goes through"
        watch.now += 120
    answer = ask(PROFILE, headers=headers)
    assert "_auth_user_id" not in client.session
    where = answer.headers.get("Location") or answer.headers.get("HX-Redirect")
    assert (answer.status_code, where) == (status, goes_to)


def test_customers_stay_signed_in(client: Client, watch: Watch) -> None:
    by_password(client, make_user())
    watch.now += 2 * 24 * 3600
    assert is_in(client)


def test_an_account_that_was_closed_and_opened_again_has_no_old_sessions(client: Client) -> None:
    """Whoever had stolen one would be back."""
    person, clerk = make_user("erika@example.org"), make_staff("clerk@example.org")
    client.force_login(person)
    actions.close(person=person, why="taken over", by=clerk)
    actions.reopen(person=person, why="the owner called", by=clerk)
    assert not is_in(client)


def test_rights_count_as_written_only_when_they_were(client: Client) -> None:
    person = make_staff("clerk@example.org")
    client.force_login(person)
    row = User.objects.get(pk=person.pk)
    row.is_staff = False
    row.save(update_fields=["phone"])
    assert User.objects.get(pk=person.pk).sessions_version == row.sessions_version, "nothing ended yet"
    row.save()
    assert not is_in(client)
