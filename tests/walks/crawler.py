"""Follows every link as one of three people, and notes the pages, forms and parameters that are there."""

from __future__ import annotations

import sys
import traceback
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.core.signals import got_request_exception
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import Resolver404, resolve
from django.utils import translation
from lxml import html

from shop.customers.models import User

NOT_CRAWLED = ("/en/", "/cms/", "/documents/", "/media/", "/static/", "/accounts/logout")
PAGES_PER_PATTERN = 1
#: Where each may walk; others' rooms are another's part, English pages are the same views.
GROUNDS = {
    "nobody": ("/",),
    "shopper": ("/account", "/checkout/", "/orders/", "/basket/"),
    "staff": ("/dashboard/",),
}


@contextmanager
def taken_back() -> Iterator[None]:
    """A transaction that is rolled back, and that our code takes for the test's own (it may ask Stripe inside)."""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]
    with block:
        yield
        transaction.set_rollback(True)


@dataclass
class Form:
    """A form of a page: where it goes and what it would send."""

    role: str
    page: str
    action: str
    fields: dict[str, str]
    names: tuple[str, ...]


@dataclass
class Found:
    """What a crawl brought home."""

    pages: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    forms: dict[tuple[str, str, tuple[str, ...]], Form] = field(default_factory=dict)
    parameters: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


class Person:
    """A signed-in browser whose deeds are taken back, and the exceptions that were met on the way."""

    def __init__(self, role: str, user: User | None) -> None:
        self.role, self.user = role, user
        self.client = Client(raise_request_exception=False)
        if user is not None:
            self.client.force_login(user)
        self.faults: list[str] = []
        self.asked = 0
        self._cause = ""

    def get(self, url: str, parameters: dict[str, str] | None = None) -> HttpResponse:
        """GET; a 500 is noted."""
        return self._ask("GET", url, parameters or {}, self._shown(parameters))

    def post(self, url: str, fields: dict[str, str], bad: str = "") -> HttpResponse:
        """POST and take back what it did."""
        return self._ask("POST", url, fields, bad)

    def _ask(self, method: str, url: str, data: dict[str, str], bad: str) -> HttpResponse:
        self.asked += 1
        cookies = self.client.cookies.copy()

        def note(sender: Any, **kwargs: Any) -> None:
            self._cause = "".join(traceback.format_exception(sys.exc_info()[1])[-4:])

        got_request_exception.connect(note)
        try:
            with taken_back():
                answer = getattr(self.client, method.lower())(url, data)
        finally:
            got_request_exception.disconnect(note)
            self.client.cookies = cookies
        if answer.status_code >= 500:
            self.faults.append(
                f"{self.role}: {method} {url[:200]} with {bad[:200]!r}: {answer.status_code}\n{self._cause}"
            )
        return answer

    @staticmethod
    def _shown(parameters: dict[str, str] | None) -> str:
        return " ".join(f"{name}={value[:40]!r}" for name, value in (parameters or {}).items())


def crawl(person: Person, starts: Iterable[str], found: Found) -> None:
    """Follow links, a few pages per address pattern, and note forms and parameters."""
    waiting, seen = list(starts), set()
    per_pattern: dict[str, int] = defaultdict(int)
    while waiting:
        url = waiting.pop(0)
        parts = urlsplit(url)
        outside = parts.path.startswith(NOT_CRAWLED) or not parts.path.startswith(GROUNDS[person.role])
        if parts.netloc or parts.path in seen or outside:
            _note_parameters(found, url)
            continue
        seen.add(parts.path)
        pattern = _pattern(parts.path)
        if not pattern or per_pattern[pattern] >= PAGES_PER_PATTERN:
            continue
        per_pattern[pattern] += 1
        _note_parameters(found, url)
        answer = person.get(parts.path)
        if answer.status_code in (301, 302) and answer["Location"].startswith("/"):
            waiting.append(answer["Location"])
        if answer.status_code != 200 or "text/html" not in answer.headers.get("Content-Type", ""):
            continue
        found.pages[person.role].add(parts.path)
        _read(person, parts.path, html.fromstring(answer.content), found, waiting)


def _read(person: Person, path: str, page: html.HtmlElement, found: Found, waiting: list[str]) -> None:
    page.make_links_absolute("http://testserver" + path)
    for link in page.xpath("//a/@href | //@hx-get"):
        target = urlsplit(link)
        if target.netloc == "testserver":
            waiting.append(target.path + (f"?{target.query}" if target.query else ""))
    for form in page.forms:
        action = urlsplit(form.action or path).path
        names = tuple(sorted({str(name) for name in form.xpath(".//*/@name")}))
        if form.method == "GET":
            found.parameters[action].update(names)
            waiting.append(action)
            continue
        if action.startswith(NOT_CRAWLED) or not action.startswith(GROUNDS[person.role]):
            continue
        fields = {name: str(value) for name, value in form.fields.items() if value is not None}
        key = (person.role, _pattern(action), names)
        found.forms.setdefault(key, Form(person.role, path, action, fields, names))


def _note_parameters(found: Found, url: str) -> None:
    parts = urlsplit(url)
    found.parameters[parts.path].update(name for name, _ in parse_qsl(parts.query, keep_blank_values=True))


def _pattern(path: str) -> str:
    language = "en" if path.startswith("/en/") else "de"
    try:
        with translation.override(language):
            return f"{language} {resolve(path).route}"
    except Resolver404:
        return ""
