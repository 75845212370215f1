"""What the editor's menu and choosers ask in the background: Wagtail's own answers, loaded at the first question."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import get_resolver, reverse

from shop.dashboard.roles import sync_roles
from shop.pages import late_api
from shop.pages.actions import write_home, write_page
from shop.pages.models import ContentPage
from tests.factories.shopping import make_user


def below(patterns: list[Any], room: str = "") -> dict[tuple[str, str], str]:
    """Address by namespace and name, of these patterns and those below them."""
    found: dict[tuple[str, str], str] = {}
    for one in patterns:
        if hasattr(one, "url_patterns"):
            inner = below(one.url_patterns, one.namespace or room)
            found |= {name: f"{one.pattern}{address}" for name, address in inner.items()}
        else:
            found[room, one.name] = str(one.pattern)
    return found


def api() -> Any:
    """The addresses as the shop has them."""
    cms = next(one for one in get_resolver().url_patterns if str(one.pattern) == "cms/")
    return next(one for one in cms.url_patterns if str(one.pattern) == "api/").url_patterns[0]


def test_addresses_and_names_are_wagtails() -> None:
    ours, theirs = below(api().url_patterns), below(late_api.router().get_urlpatterns())
    assert ours == theirs
    assert ours.keys() == late_api.answers().keys()


@pytest.fixture
def editor(db: None) -> Client:
    sync_roles()
    person = make_user("marketing@example.org", is_staff=True)
    person.groups.add(Group.objects.get(name="marketing"))
    client = Client(enforce_csrf_checks=True)
    client.force_login(person)
    return client


def test_the_editors_menu_finds_its_pages_and_strangers_find_none(editor: Client) -> None:
    home = write_home(texts={"de": {"title": "Start"}})["de"]
    write_page(texts={"de": {"slug": "pflege", "title": "Pflege", "body": "<p>x</p>"}})
    address = reverse("wagtailadmin_api:pages:listing")
    found = editor.get(address, {"child_of": home.pk, "for_explorer": "1"}, HTTP_ACCEPT="application/json")
    assert [one["title"] for one in found.json()["items"]] == ["Pflege"]
    page = ContentPage.objects.get(slug="pflege")
    one = editor.get(reverse("wagtailadmin_api:pages:detail", args=[page.pk]), HTTP_ACCEPT="application/json")
    assert one.json()["title"] == "Pflege" and one.json()["meta"]["detail_url"].endswith(f"/{page.pk}/")
    for kind in ("images", "documents"):
        answer = editor.get(reverse(f"wagtailadmin_api:{kind}:listing"), HTTP_ACCEPT="application/json")
        assert answer.json()["items"] == []
    assert Client().get(address).status_code == 302, "to where one signs in"


def test_what_it_changes_wants_the_token_of_a_form(editor: Client) -> None:
    home = write_home(texts={"de": {"title": "Start"}})["de"]
    act = reverse("wagtailadmin_api:pages:action", args=[home.pk, "unpublish"])
    assert editor.post(act).status_code == 403
    home.refresh_from_db()
    assert home.live
    token = "t" * 32
    editor.cookies["csrftoken"] = token
    allowed = editor.post(act, headers={"X-CSRFToken": token, "Accept": "application/json"})
    home.refresh_from_db()
    assert (allowed.status_code, home.live) == (200, False), allowed.content[:500]
