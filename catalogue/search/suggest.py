"""Suggestions while somebody types: categories, products and pages whose words begin so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from catalogue import queries
from catalogue.filters import ListWishes
from catalogue.models import Product
from catalogue.tree import tree

from . import analysis, boosts, synonyms
from .finding import asking, language
from .port import SearchUnavailable
from .sought import sought

LETTERS_MIN = 2
PRODUCTS, CATEGORIES, PAGES = 6, 4, 3


@dataclass(frozen=True)
class Suggestion:
    """One line of the list."""

    title: str
    url: str


#: Rooms above name what else can be found (written pages): (request, typed) -> suggestions.
Source = Callable[[HttpRequest, str], list[Suggestion]]
_sources: list[Source] = []


def offer(source: Source) -> None:
    """Let a room above suggest its own things; safe to repeat."""
    if source not in _sources:
        _sources.append(source)


@dataclass(frozen=True)
class Suggestions:
    """What is shown under the search field."""

    categories: list[Suggestion]
    products: list[Suggestion]
    pages: list[Suggestion]
    search_rests: bool = False  #: the products are the database's

    @property
    def any(self) -> bool:
        """Whether there is something to show."""
        return bool(self.categories or self.products or self.pages)

    @property
    def groups(self) -> list[tuple[list[Suggestion], str, str]]:
        """(suggestions, title, icon) in the order in which they are shown."""
        return [
            (self.categories, _("Categories"), "shelf"),
            (self.products, _("Products"), "shoe"),
            (self.pages, _("Pages"), "info"),
        ]


def suggest(request: HttpRequest, wishes: ListWishes) -> Suggestions:
    """For what has been typed so far. A constant number of queries, none for fewer letters than LETTERS_MIN."""
    if len(wishes.q) < LETTERS_MIN:
        return Suggestions([], [], [])
    pages = [one for source in _sources for one in source(request, wishes.q)]
    products, rests = _products(wishes)
    return Suggestions(_categories(wishes.words), products, pages[:PAGES], rests)


def _categories(words: tuple[str, ...]) -> list[Suggestion]:
    typed = [analysis.plain(word) for word in words]

    def fits(name: str) -> bool:
        known = [analysis.plain(word) for word in analysis.words(name)]
        return all(any(word.startswith(one) for word in known) for one in typed)

    found = [node for node in tree().by_id.values() if fits(node.name_local)]
    return [Suggestion(node.name_local, node.url) for node in found[:CATEGORIES]]


def _products(wishes: ListWishes) -> tuple[list[Suggestion], bool]:
    """Products, and whether the database named them."""
    rests = False
    try:
        more: Any = {"synonyms": synonyms.known(), "lifts": boosts.known()}
        asked = sought(wishes.words, language(), starts="last", **more)
        with asking() as index:
            ids = index.page(asked, (), sort="relevance", language=language(), offset=0, limit=PRODUCTS).ids
    except SearchUnavailable:
        ids, rests = queries.find(wishes, per_page=PRODUCTS).ids, True
    rows = Product.objects.filter(is_public=True, parent=None).in_bulk(ids)
    return [Suggestion(rows[pk].title_local, rows[pk].get_absolute_url()) for pk in ids if pk in rows], rests
