"""Written pages among the suggestions of the search field."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import get_language
from wagtail.models import Page

from catalogue.search.suggest import PAGES, Suggestion


def named(request: HttpRequest, typed: str) -> list[Suggestion]:
    """Public pages in the reader's language whose title holds what was typed. A constant number of queries."""
    code = (get_language() or "").split("-")[0]
    found = (
        Page.objects.live().public().filter(depth__gt=2, locale__language_code=code, title__icontains=typed)
    )
    return [Suggestion(page.title, page.get_url(request) or "") for page in found.order_by("title")[:PAGES]]
