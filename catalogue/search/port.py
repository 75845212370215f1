"""The port: what the shop asks of a search engine, in plain values. Two plugs keep it, embedded.py and elastic.py.

Words are analysed here in the house (analysis.py), so that both engines find the same: an engine gets terms, not text.
Filters are terms too: a product carries one for each combination of what its variants are (variants.py), so that
colour, size and price hold for the same variant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.conf import settings

from shop.kernel.parts import Mark

#: Languages whose words are analysed; each has its own fields in the index.
LANGUAGES = ("de", "en")
VERSION = re.compile(r"[0-9a-z]+-[0-9a-z-]+")  #: what a builder calls its index
#: How much a word counts, by where it stands.
WEIGHTS = {"title": 8.0, "tags": 4.0, "text": 1.0}
CODE_WEIGHT = 30.0
START_WEIGHT = 0.5
#: Products that can be bought stand before those that cannot.
AVAILABLE_WEIGHT = 1.5


class SearchUnavailable(Exception):
    """The engine does not answer, answers too late, or has no index that fits this code. The database answers then.

    ``can_be_built``: it is there and lacks only the index.
    """

    def __init__(self, why: str, *, can_be_built: bool = False) -> None:
        super().__init__(why)
        self.can_be_built = can_be_built


@dataclass(frozen=True)
class Clause:
    """One way to fulfil a word: all ``terms``, in the fields ``where`` (``de``, ``en``: any of title, tags, text;
    ``code``: SKU or barcode; ``start``: a word that begins so)."""

    where: str
    terms: tuple[str, ...]
    weight: float = 1.0


class Ids(Mark):
    """Ids of products, 100,000 perhaps: compared and kept by one number. ``asked``: the question that an engine has
    made of them."""

    __slots__ = ("asked",)
    value: tuple[int, ...]

    def __init__(self, value: tuple[int, ...]) -> None:
        super().__init__(value)
        self.asked: Any = None


@dataclass(frozen=True)
class Only:
    """A filter: the field holds one of the values; or the product is one of ``ids`` and fulfils ``where``: what the
    index does not say of these products yet."""

    name: str
    values: tuple[str, ...]
    ids: Ids | None = None
    where: Only | None = None


@dataclass(frozen=True)
class Lift:
    """What stands further up among what is found: products by id, and those of categories, by how much."""

    products: tuple[int, ...]
    categories: tuple[str, ...]
    weight: float


@dataclass(frozen=True)
class Sought:
    """What is searched for: every word must be fulfilled by one of its clauses. Without words: everything.

    ``lifts`` change the order of what is found by relevance, never what is found.
    """

    words: tuple[tuple[Clause, ...], ...] = ()
    lifts: tuple[Lift, ...] = ()


Filters = tuple[Only, ...]


@dataclass(frozen=True)
class Hits:
    """One page: ids of products in order, and how many there are in all."""

    ids: list[int]
    total: int


@dataclass(frozen=True)
class Ask:
    """How many products have each value of ``name``, under filters; ``among``: only these values are counted."""

    name: str
    filters: Filters = ()
    among: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Document:
    """A product as an index holds it; words are separated by blanks and analysed already."""

    id: int
    words: Mapping[str, str]  #: title_de, tags_de, text_de, ... -> terms
    codes: tuple[str, ...]
    starts: str  #: words as people write them, normalised
    values: Mapping[str, tuple[str, ...]]  #: category, brand, rating, v_... -> values
    price: int  #: the lowest, in minor units
    names: Mapping[str, int]  #: by language: a number that sorts as the title does
    known: tuple[tuple[str, str], ...] = field(default=())  #: (normalised, as written) for did-you-mean


@dataclass(frozen=True)
class KnownWord:
    """A word of the range: normalised, as written, and how many products have it."""

    word: str
    shown: str
    count: int


class Builder(Protocol):
    """A new index that nobody reads yet."""

    version: str

    def add(self, documents: Sequence[Document]) -> None:
        """Take products in."""

    def finish(self, words: Iterable[KnownWord]) -> int:
        """Close it with the words of the range. Returns how many products it holds."""

    def swap(self) -> None:
        """From now on readers see this one; the former is removed."""

    def drop(self) -> None:
        """Away with it; readers go on with the present one."""


class Engine(Protocol):
    """What both plugs can do. Everything may raise SearchUnavailable."""

    def page(
        self, sought: Sought, filters: Filters, *, sort: str, language: str, offset: int, limit: int
    ) -> Hits:
        """A page of products. ``sort``: relevance, newest, price, -price, name."""

    def counts(self, sought: Sought, asks: Sequence[Ask]) -> list[dict[str, int]]:
        """Products per value, for each of ``asks``."""

    def unions(self, sought: Sought, ask: Ask, groups: Mapping[str, Sequence[str]]) -> dict[str, int]:
        """How many products have at least one of the values, for each group."""

    def similar(self, word: str, limit: int) -> list[KnownWord]:
        """Words of the range that are written nearly so (two letters apart at most), in no order."""

    def builder(self) -> Builder:
        """Begin a new index."""

    def update(self, documents: Sequence[Document], gone: Iterable[int]) -> None:
        """Write products anew and take others out; readers see it at their next question."""

    def state(self) -> str:
        """A mark of what readers see at this moment: equal marks, equal answers. "" where it cannot be told cheaply."""

    def size(self) -> int:
        """How many products the present index holds."""

    def outdated(self) -> bool:
        """Whether the present index was made by other code (shape.py): it is to be built anew."""

    def drop(self, version: str) -> None:
        """Away with an index that was never finished; the present one stays whatever ``version`` says."""


_engines: dict[tuple[str, ...], Engine] = {}


def engine() -> Engine:
    """The engine of this profile, one per process."""
    key = (settings.SEARCH_URL, str(settings.SEARCH_DIR), settings.SEARCH_PREFIX)
    if key not in _engines:
        if settings.SEARCH_URL:
            from .elastic import ElasticEngine

            _engines[key] = ElasticEngine(settings.SEARCH_URL, settings.SEARCH_PREFIX)
        else:
            from .embedded import EmbeddedEngine

            _engines[key] = EmbeddedEngine(settings.SEARCH_DIR)
    return _engines[key]
