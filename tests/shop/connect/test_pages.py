"""Staff pages of connect: secrets are shown once, junk gets words."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from shop.connect import actions, sending
from shop.connect.models import Endpoint, Push
from tests.factories.people import make_staff, make_user
from tests.support.receiver import Receiver

VIEW, RETRY, MANAGE = "connect.view_pushes", "connect.retry_pushes", "connect.manage_endpoints"
pytestmark = pytest.mark.django_db
DATA = {
    "name": "Lager Altona",
    "url": "https://lager.example.org/kontor",
    "events": ["order.confirmed"],
    "active": "on",
}


@pytest.fixture
def staff(client: Any) -> Any:
    """The test browser of an administrator of interfaces."""
    client.force_login(make_staff("technik@example.org", VIEW, RETRY, MANAGE))
    return client


def test_each_page_asks_for_its_permission(client: Any, endpoint: Endpoint) -> None:
    push = actions.send_test(endpoint=endpoint, by=None)
    gets = [reverse("connect:index"), reverse("connect:push", args=[push.pk]), reverse("connect:endpoints"),
            reverse("connect:add"), reverse("connect:endpoint", args=[endpoint.pk])]  # fmt: skip
    posts = [reverse(f"connect:{name}", args=[endpoint.pk]) for name in ("rotate", "test")]
    posts.append(reverse("connect:retry", args=[push.pk]))
    assert {client.get(page).status_code for page in gets} == {302}
    client.force_login(make_user("kunde@example.org"))
    assert {client.get(page).status_code for page in gets} == {403}
    client.force_login(make_staff("sicht@example.org", VIEW))
    assert [client.get(page).status_code for page in gets] == [200, 200, 403, 403, 403]
    assert {client.post(page).status_code for page in posts} == {403}


def test_the_secret_of_a_new_endpoint_is_shown_once(staff: Any) -> None:
    page = staff.post(reverse("connect:add"), DATA, follow=True)
    endpoint = Endpoint.objects.get()
    assert endpoint.secret in page.content.decode()
    again = staff.get(reverse("connect:endpoint", args=[endpoint.pk])).content.decode()
    assert endpoint.secret not in again
    page = staff.post(reverse("connect:rotate", args=[endpoint.pk]), follow=True).content.decode()
    old, endpoint = endpoint.secret, Endpoint.objects.get()
    assert endpoint.secret != old
    assert endpoint.secret in page
    assert old not in page


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("url", "http://10.0.0.1/", "privaten Netz"),
        ("url", "ftp://example.org/", "http und https"),
        ("url", "Quatsch", "http und https"),
        ("url", "", "Feld"),
        ("name", "\u202e\u200b", "Namen"),
        ("name", "x" * 200, "80"),
        ("events", "order.exploded", "order.exploded"),
        ("events", [], "Feld"),
    ],
)
def test_what_cannot_be_is_said_beside_the_field_and_nothing_typed_is_lost(
    staff: Any, field: str, value: Any, words: str
) -> None:
    answer = staff.post(reverse("connect:add"), DATA | {field: value})
    assert answer.status_code == 400
    assert words in answer.content.decode()
    if field != "name":
        assert "Lager Altona" in answer.content.decode()
    assert not Endpoint.objects.exists()


def test_two_endpoints_cannot_have_one_name(staff: Any) -> None:
    staff.post(reverse("connect:add"), DATA)
    assert staff.post(reverse("connect:add"), DATA).status_code == 400
    endpoint = Endpoint.objects.get()
    changed = staff.post(
        reverse("connect:endpoint", args=[endpoint.pk]), DATA | {"url": "https://neu.example.org/"}
    )
    assert changed.status_code == 302
    assert Endpoint.objects.get().url == "https://neu.example.org/"
    assert Endpoint.objects.get().secret == endpoint.secret


def test_the_test_button_shows_what_comes_back(staff: Any, endpoint: Endpoint, receiver: Receiver) -> None:
    receiver.answer = b"<script>alert(1)</script>"
    answer = staff.post(reverse("connect:test", args=[endpoint.pk]))
    sending.send_due()
    page = staff.get(answer["Location"]).content.decode()
    assert "&lt;script&gt;alert(1)" in page
    assert "acknowledged" in page
    assert str(Push.objects.get().delivery_id) in page


def test_the_log_is_filtered_and_retried(staff: Any, endpoint: Endpoint, receiver: Receiver) -> None:
    receiver.status = 410
    push = actions.send_test(endpoint=endpoint, by=None)
    sending.send_due()
    log = reverse("connect:index")
    assert [row.pk for row in staff.get(log, {"state": "dead", "q": "warehouse"}).context["page"]] == [
        push.pk
    ]
    assert list(staff.get(log, {"state": "done"}).context["page"]) == []
    receiver.status = 200
    staff.post(reverse("connect:retry", args=[push.pk]))
    assert sending.send_due() == 1
    assert [row.shown_state for row in staff.get(log, {"state": "done"}).context["page"]] == ["done"]
    assert staff.get(log, {"format": "csv"}).content.decode().count("\n") == 2


@pytest.mark.parametrize(
    "query", ["state=junk", "event=%27", "page=99999999999999999999", "sort=-x", "q=%00"]
)
def test_junk_in_the_address_gets_words_and_never_an_error(
    staff: Any, endpoint: Endpoint, query: str
) -> None:
    assert staff.get(f"{reverse('connect:index')}?{query}").status_code in (200, 400)
