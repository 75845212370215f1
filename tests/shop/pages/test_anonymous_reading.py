"""Whoever only reads leaves no trace: no address that anybody may open writes on a GET, and reading sets no cookie."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse

from shop.kernel.access import PUBLIC
from shop.pages.actions import write_home, write_page
from tests.factories.range import make_category, make_product
from tests.shop.dashboard.test_doors import PARTS, is_of_a_library, others

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

READS = ("SELECT", "EXPLAIN", "WITH", "SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "PRAGMA", "DECLARE")
LINK = re.compile(r'href="(/(?!static|media|i18n)[^"#]*)"')
PAGES_MAX = 60


def look(url: str) -> Any:
    """Open ``url`` as nobody; fails where something was written or a cookie was set that is no form's token."""
    client = Client()
    with CaptureQueriesContext(connection) as seen:
        answer = client.get(url)
    assert answer.status_code < 500, url
    said = [one["sql"].lstrip("( \n").upper() for one in seen.captured_queries]
    assert [sql for sql in said if not sql.startswith(READS)] == [], f"reading {url} writes"
    allowed: set[str] = set()
    if answer.status_code == 200 and 'name="csrfmiddlewaretoken"' in answer.content.decode(errors="replace"):
        allowed = {"csrftoken"}  # a page whose purpose is a form; no page that is shared has one
        assert answer["Cache-Control"].startswith(("private", "max-age=0", "no-")), url
    elif answer.status_code == 302:
        allowed = {"messages"}  # why one is sent elsewhere
    set_here = {name for name, cookie in answer.cookies.items() if cookie.value}
    assert set_here <= allowed, f"reading {url} sets {set_here - allowed}"
    return answer


def shop() -> list[str]:
    """A shop with something of everything; where a walk begins."""
    category = make_category("Schuhe")
    below = make_category("Stiefel", parent=category)
    for number in range(3):
        make_product(f"Elbschuh {number}", category=category, stock=number)
    make_product("Priel", category=below, reference_minor=12_000)
    write_home(texts={"de": {"title": "Kontor"}, "en": {"title": "Kontor"}})
    for key in ("imprint", "shipping", "privacy"):
        said = {"slug": key, "title": key.title(), "body": "<p>Text</p>"}
        write_page(texts={"de": said, "en": said}, key=key)
    return [
        "/",
        "/en/",
        "/catalogue/",
        "/catalogue/search/?q=schuh",
        "/catalogue/search/?q=nichts",
        "/basket/",
    ]


def test_every_page_that_leads_on_from_home_is_read_without_a_trace() -> None:
    waiting, seen = shop(), set[str]()
    while waiting and len(seen) < PAGES_MAX:
        url = waiting.pop(0).replace("&amp;", "&")
        if url in seen:
            continue
        seen.add(url)
        answer = look(url)
        if answer.status_code == 200 and "html" in answer["Content-Type"]:
            waiting += LINK.findall(answer.content.decode())
    assert len(seen) >= 40, sorted(seen)


def test_every_public_address_is_asked_for_without_a_trace() -> None:
    shop()
    asked = 0
    for name, address, view in others():
        if getattr(view, "access", PUBLIC) != PUBLIC or is_of_a_library(address):
            continue
        wanted = re.findall(r"<(?:\w+:)?(\w+)>", address)
        try:
            url = reverse(name.lstrip(":"), kwargs={part: PARTS.get(part, "x") for part in wanted})
        except NoReverseMatch:
            continue
        look(url)
        asked += 1
    assert asked >= 30
