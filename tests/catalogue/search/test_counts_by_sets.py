"""The embedded index counts filters by sets of values that products have; where those are many, by single values."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from catalogue.models import Product
from catalogue.search import embedded_fields, embedded_questions, finding, variants
from catalogue.search.port import Ask, Only, SearchUnavailable, Sought
from tests.factories.range import make_category, make_product
from tests.support.search import Index

pytestmark = pytest.mark.django_db
ASKS = [
    Ask(name if name in finding.OF_PRODUCT else variants.field_of([name]), filters)
    for filters in ((), (Only("v_c", ("navy",)),), (Only("v_c", ("navy", "sand")), Only("brand", ("0",))))
    for name in finding.FACETS
]


@pytest.fixture
def index(settings: Any, tmp_path: Any) -> Iterator[Index]:
    settings.SEARCH_DIR = tmp_path
    shoes = make_category("Schuhe")
    low = make_category("Halbschuhe", parent=shoes)
    make_product("A", category=low, colours=("navy", "sand"), sizes=("41", "42"), brand="Tidewerk")
    make_product("B", category=shoes, colours=("navy",), sizes=("42",), stock=0, brand="Fjellgang")
    make_product("C", colours=("sand",), sizes=("41 1/3", "42"), price_minor=2_000, reference_minor=4_000)
    Product.objects.filter(pk=make_product("D", colours=("moss",)).pk).update(maker=None)
    found = Index()
    found.build()
    yield found
    finding.forget()


def test_sets_and_single_values_say_the_same(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = embedded_questions.counted

    def counted(searcher: Any, sought: Any, asks: Any, terms: Any) -> Any:
        asked.extend(terms(ask)["field"] for ask in asks.values())
        return real(searcher, sought, asks, terms)

    monkeypatch.setattr(embedded_questions, "counted", counted)
    by_sets = index.engine.counts(Sought(), ASKS)
    assert all(name.startswith("all_") for name in asked), "nothing was counted by single values"
    plain = dict(zip(finding.FACETS, by_sets, strict=False))
    assert plain["size"] == {"41": 2, "42": 4, "41 1/3": 1}
    assert plain["colour"] == {"navy": 2, "sand": 2, "moss": 1}
    assert sorted(plain["category"].values()) == [1, 2] and sum(plain["brand"].values()) == 3
    assert plain["available"] == {"1": 3} and plain["offer"] == {"1": 1} and plain["rating"] == {}
    asked.clear()
    monkeypatch.setattr(embedded_questions, "SETS_MAX", 1)
    assert index.engine.counts(Sought(), ASKS) == by_sets
    assert {"v_s", "v_c", "brand"} <= set(asked), "too many sets: counted by single values"


def test_what_is_counted_as_one_term_is_what_the_single_terms_say() -> None:
    assert embedded_fields.single({"": 5, "a": 2, f"a{embedded_fields.AND}b": 3}) == {"a": 5, "b": 3}


def test_an_index_that_cannot_be_read_is_told_as_such(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the database answers: the engine already reads while a question is made."""

    def broken(*_args: Any) -> int:
        raise ValueError("data corrupted")

    monkeypatch.setattr(index.engine, "_searcher", lambda: SimpleNamespace(doc_freq=broken))
    words = finding.sought(["elbschuh"], "de", starts="")
    with pytest.raises(SearchUnavailable, match="corrupted"):
        index.engine.page(words, (), sort="", language="de", offset=0, limit=1)
    with pytest.raises(SearchUnavailable, match="corrupted"):
        index.engine.unions(words, ASKS[0], {"a": ["1"]})
