"""What is asked of the embedded index, in tantivy's terms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tantivy
from tantivy import Occur, Query

from .embedded_fields import PRODUCTS, whole
from .port import (
    AVAILABLE_WEIGHT,
    CODE_WEIGHT,
    START_WEIGHT,
    WEIGHTS,
    Ask,
    Clause,
    Filters,
    Lift,
    Only,
    Sought,
)

BUCKETS = 10_000
#: Sets of values up to which a filter is counted by them: each comes out as a row.
SETS_MAX = 1_000


def by_sets(ask: Ask) -> dict[str, Any]:
    """Counts per set of values."""
    return {"field": whole(ask.name), "size": SETS_MAX}


def by_values(ask: Ask) -> dict[str, Any]:
    """Counts per value."""
    terms: dict[str, Any] = {"field": ask.name, "size": BUCKETS}
    return terms if ask.among is None else terms | {"include": list(ask.among)}


def counted(
    searcher: tantivy.Searcher,
    sought: Sought,
    asks: Mapping[int, Ask],
    terms: Callable[[Ask], dict[str, Any]],
) -> dict[int, tuple[dict[str, int], int]]:
    """Products per term, and how many hold terms beyond the size that is asked for; by the places of ``asks``."""
    together: dict[Filters, dict[str, Any]] = {}
    for place, ask in asks.items():
        together.setdefault(ask.filters, {})[str(place)] = {"terms": terms(ask)}
    found = {}
    for filters, wanted in together.items():
        for place, result in searcher.aggregate(
            query(searcher, sought, filters, ranked=False), wanted
        ).items():
            counts = {row["key"]: row["doc_count"] for row in result["buckets"]}
            found[int(place)] = counts, result.get("sum_other_doc_count") or 0
    return found


def query(searcher: tantivy.Searcher, sought: Sought, filters: Filters, *, ranked: bool) -> Query:
    """What fulfils the words and the filters; ``ranked``: with what puts one before another."""
    must = [(Occur.Must, _one_of(_ways(searcher, word))) for word in sought.words]
    must += [(Occur.Must, Query.const_score_query(_only(one), 0.0)) for one in filters]
    if not must:
        return Query.all_query()
    if ranked:
        available = Query.term_query(PRODUCTS, "v_a", "1", "basic")
        must.append((Occur.Should, Query.const_score_query(available, AVAILABLE_WEIGHT)))
        must += [(Occur.Should, _lift(one)) for one in sought.lifts]
    return Query.boolean_query(must)


def _only(filter_: Only) -> Query:
    if len(filter_.values) == 1:  # found in half the time of a set of one
        held = Query.term_query(PRODUCTS, filter_.name, filter_.values[0], "basic")
    else:
        held = Query.term_set_query(PRODUCTS, filter_.name, list(filter_.values))
    if filter_.ids is None:
        return held
    listed: Query = filter_.ids.asked
    if listed is None:  # made once: 100,000 take 30 ms
        listed = filter_.ids.asked = Query.term_set_query(PRODUCTS, "id", list(filter_.ids.value))
    if filter_.where is not None:
        listed = Query.boolean_query([(Occur.Must, listed), (Occur.Must, _only(filter_.where))])
    return Query.boolean_query([(Occur.Should, held), (Occur.Should, listed)])


def _lift(lift: Lift) -> Query:
    ways = []
    if lift.products:
        ways.append(Query.term_set_query(PRODUCTS, "id", list(lift.products)))
    if lift.categories:
        ways.append(Query.term_set_query(PRODUCTS, "category", list(lift.categories)))
    return Query.const_score_query(Query.boolean_query([(Occur.Should, one) for one in ways]), lift.weight)


def _one_of(ways: list[Query]) -> Query:
    if not ways:
        return Query.empty_query()
    return ways[0] if len(ways) == 1 else Query.disjunction_max_query(ways, 0.1)


def _ways(searcher: tantivy.Searcher, word: Sequence[Clause]) -> list[Query]:
    """The ways to fulfil a word. Words of one term stand in one flat list without what no product has: the engine then
    scores them in half the time of lists in lists, or of a list that an article number stands in as well."""
    ways: list[Query] = []
    for clause in word:
        if len(clause.terms) == 1:
            ways += _places(searcher, clause.where, clause.terms[0], clause.weight)
            continue
        each = [_one_of(_places(searcher, clause.where, term, clause.weight)) for term in clause.terms]
        ways.append(Query.boolean_query([(Occur.Must, one) for one in each]))
    return ways


def _places(searcher: tantivy.Searcher, where: str, term: str, weight: float) -> list[Query]:
    """Where a term may stand."""
    if where == "start":
        begins = [Query.fuzzy_term_query(PRODUCTS, name, term, 0, prefix=True) for name in ("start", "code")]
        return [Query.const_score_query(Query.disjunction_max_query(begins), START_WEIGHT * weight)]
    if where == "code":
        if not searcher.doc_freq("code", term):
            return []
        return [
            Query.const_score_query(Query.term_query(PRODUCTS, "code", term, "basic"), CODE_WEIGHT * weight)
        ]
    return [
        Query.boost_query(Query.term_query(PRODUCTS, name, term, "freq"), counts * weight)
        for place, counts in WEIGHTS.items()
        if searcher.doc_freq(name := f"{place}_{where}", term)
    ]
