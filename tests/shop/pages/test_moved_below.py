"""A page or a category moved below another: former addresses lead to it, and pages that are kept do not hide that."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from catalogue.models import Category
from shop.dashboard.roles import sync_roles
from shop.pages.actions import write_home, write_page
from shop.pages.models import ContentPage
from tests.factories.range import make_category, make_product
from tests.factories.shopping import make_user
from tests.shop.pages.sharing import kept
from tests.shop.pages.test_list_addresses import SITE, named
from tests.shop.pages.test_search_engines import facts

pytestmark = pytest.mark.django_db

__all__ = ["kept"]


def page(slug: str) -> ContentPage:
    """The page as the database has it."""
    return ContentPage.objects.get(slug=slug)


@pytest.fixture
def editor() -> Client:
    sync_roles()
    person = make_user("marketing@example.org", is_staff=True)
    person.groups.add(Group.objects.get(name="marketing"))
    client = Client()
    client.force_login(person)
    return client


def move(editor: Client, moved: Any, below: Any) -> None:
    """As an editor does it."""
    answer = editor.post(reverse("wagtailadmin_pages:move_confirm", args=[moved.pk, below.pk]))
    assert answer.status_code == 302, "moved"


def leads(client: Client, url: str) -> list[tuple[str, int]]:
    """Where an address leads, each step; the last one is there."""
    answer = client.get(url, follow=True)
    assert answer.status_code == 200, url
    return [(to.removeprefix(SITE), status) for to, status in answer.redirect_chain]


def test_a_page_moved_below_another_takes_its_children_and_leaves_their_addresses_behind(
    client: Client, editor: Client, django_capture_on_commit_callbacks: Any
) -> None:
    home = write_home(texts={"de": {"title": "Start"}})["de"]
    for slug in ("ratgeber", "pflege"):
        write_page(texts={"de": {"slug": slug, "title": slug.title(), "body": "<p>x</p>"}})
    write_page(key="imprint", texts={"de": {"slug": "impressum", "title": "Impressum", "body": "<p>x</p>"}})
    page("pflege").add_child(instance=ContentPage(title="Leder", slug="leder", locale=home.locale))
    page("leder").add_child(instance=ContentPage(title="Fett", slug="fett", locale=home.locale))
    old = ("/pflege/", "/pflege/leder/", "/pflege/leder/fett/", "/impressum/")
    for url in old:
        assert leads(client, url) == [], "read, and kept"
    move(editor, page("pflege"), page("ratgeber"))
    move(editor, page("impressum"), page("ratgeber"))
    for url in old:
        assert leads(client, url) == [(f"/ratgeber{url}", 301)], url
        assert named(client, f"/ratgeber{url}")[0] == f"{SITE}/ratgeber{url}"
    assert 'href="/ratgeber/impressum/"' in client.get("/").content.decode(), "the foot links the new one"
    renamed = page("leder")
    renamed.slug = "glattleder"
    with django_capture_on_commit_callbacks(execute=True):
        renamed.save_revision().publish()
    for url in ("/pflege/leder/fett/", "/ratgeber/pflege/leder/fett/"):
        assert leads(client, url) == [("/ratgeber/pflege/glattleder/fett/", 301)], "no chain"
    move(editor, page("pflege"), home)
    assert leads(client, "/pflege/") == [], "and back again: no circle"
    assert leads(client, "/ratgeber/pflege/") == [("/pflege/", 301)]
    for url in ("/pflege/leder/fett/", "/ratgeber/pflege/leder/fett/", "/ratgeber/pflege/glattleder/fett/"):
        assert leads(client, url) == [("/pflege/glattleder/fett/", 301)], url


def test_a_category_moved_below_another_keeps_its_address_and_says_where_it_is_now(client: Client) -> None:
    shoes, boots = make_category("Schuhe"), make_category("Stiefel")
    lined = make_category("Gefüttert", parent=boots)
    product = make_product("Deichstiefel", category=lined)
    urls = [one.get_absolute_url() for one in (boots, lined, product)]

    def way(url: str) -> list[str]:
        assert leads(client, url) == [], url
        assert named(client, url)[0] == f"{SITE}{url}"
        trail = facts(client.get(url).content.decode())["BreadcrumbList"]["itemListElement"]
        return [one["name"] for one in trail[1:]]

    assert [len(way(url)) for url in urls] == [1, 2, 3]
    assert "Deichstiefel" not in client.get(shoes.get_absolute_url()).content.decode()
    Category.objects.get(pk=boots.pk).move(Category.objects.get(pk=shoes.pk), pos="last-child")
    assert way(urls[0]) == ["Schuhe", "Stiefel"]
    assert way(urls[1]) == ["Schuhe", "Stiefel", "Gefüttert"]
    assert way(urls[2]) == ["Schuhe", "Stiefel", "Gefüttert", "Deichstiefel"]
    html = client.get(shoes.get_absolute_url()).content.decode()
    assert "Deichstiefel" in html and f'class="chip" href="{urls[0]}"' in html
    locations = client.get("/sitemap-categories-0.xml")
    assert b"".join(locations.streaming_content).decode().count(f"<loc>{SITE}{urls[1]}</loc>") == 1
