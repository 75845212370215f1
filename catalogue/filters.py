"""What a shopper narrows a list by: read from the address tolerantly, written back into addresses."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from catalogue.search.port import Ids

PER_PAGE = 24
MAX_PAGE = 5000  #: beyond this nobody pages, they narrow
MAX_WORDS, MAX_WORD_LENGTH = 8, 60
MAX_VALUES = 30  #: selected values per filter that are looked at
#: Bands of the price filter in minor units: from (inclusive) and to (exclusive; None is open).
PRICE_BANDS: dict[str, tuple[int, int | None]] = {
    "0-2500": (0, 2500),
    "2500-5000": (2500, 5000),
    "5000-10000": (5000, 10000),
    "10000-15000": (10000, 15000),
    "15000-": (15000, None),
}
SORTS = ("relevance", "newest", "price", "-price", "name")
OWN_ORDER = ("relevance", "newest")  #: the same where nothing was searched for
MULTI = ("category", "colour", "size", "brand", "price", "rating")  #: filters with several values
FLAGS = ("available", "offer")  #: filters that are on or off
NUMBER = re.compile(r"\d{1,9}")


@dataclass(frozen=True)
class OnTheirWay:
    """What the index does not know yet of campaigns of now (catalogue/search/many.py): ``unsure`` are ranges of which
    it may name articles that have left; ``ids`` are the products that hold articles of them, and of new campaigns."""

    unsure: frozenset[int]
    ids: Ids


@dataclass(frozen=True)
class ListWishes:
    """What the address asks for. Junk in it counts as not asked; every list has a page 1."""

    q: str = ""
    category: frozenset[str] = frozenset()
    colour: frozenset[str] = frozenset()
    size: frozenset[str] = frozenset()
    brand: frozenset[str] = frozenset()
    price: frozenset[str] = frozenset()
    rating: frozenset[str] = frozenset()
    available: bool = False
    offer: bool = False
    sort: str = "relevance"
    page: int = 1
    words: tuple[str, ...] = field(default=())
    campaigns: frozenset[int] = frozenset()  #: ranges that campaigns of now put on offer; not of the address
    on_their_way: OnTheirWay | None = None  #: what the index does not know of them yet

    @property
    def narrowed(self) -> bool:
        """Whether any filter is on."""
        return any(getattr(self, key) for key in (*MULTI, *FLAGS))

    @property
    def is_whole(self) -> bool:
        """Whether it is all of the list in its own order: search engines may then know each page of it."""
        return not self.narrowed and not self.words and self.sort in OWN_ORDER

    def without(self, key: str) -> ListWishes:
        """The same wishes without one filter: how many there would be if it were changed."""
        nothing: Any = False if key in FLAGS else frozenset()
        return replace(self, **{key: nothing})


def read(query: QueryDict) -> ListWishes:
    """Wishes from a query string. Never raises: unknown values are left out, numbers are brought into range."""
    q = " ".join(query.get("q", "").split())[:200]
    known_sort = query.get("sort", "")
    return ListWishes(
        q=q,
        words=tuple(dict.fromkeys(word[:MAX_WORD_LENGTH] for word in q.lower().split()))[:MAX_WORDS],
        category=_values(query, "category", NUMBER.pattern),
        colour=_values(query, "colour", r"[-\w]{1,40}"),
        size=_values(query, "size", r"[^\x00]{1,20}"),
        brand=_values(query, "brand", NUMBER.pattern),
        price=frozenset(value for value in query.getlist("price") if value in PRICE_BANDS),
        rating=_values(query, "rating", r"[1-4]"),
        available=query.get("available") == "1",
        offer=query.get("offer") == "1",
        sort=known_sort if known_sort in SORTS else "relevance",
        page=_page(query.get("page", "")),
    )


def _values(query: QueryDict, key: str, pattern: str) -> frozenset[str]:
    return frozenset(value for value in query.getlist(key)[:MAX_VALUES] if re.fullmatch(pattern, value))


def _page(text: str) -> int:
    return max(1, min(int(text), MAX_PAGE)) if NUMBER.fullmatch(text) and text.isascii() else 1


def address(query: QueryDict, **changes: Any) -> str:
    """``?...`` with some keys set to lists of values (empty drops the key); the page begins anew.

    Values keep their order, so that the same selection has the same address.
    """
    pairs = [
        (key, value)
        for key, values in query.lists()
        if key not in ("page", "v") and key not in changes
        for value in values
    ]
    pairs += [(key, str(value)) for key, values in changes.items() for value in values]
    return f"?{urlencode(pairs)}"


def toggled(query: QueryDict, key: str, value: str) -> str:
    """The address with one value of a filter switched on or off."""
    present = list(dict.fromkeys(query.getlist(key)))
    values = [other for other in present if other != value] if value in present else [*present, value]
    return address(query, **{key: values})
