"""A list of the shop from the index: which products, and how many each filter would leave.

Raises SearchUnavailable where the engine does not answer; catalogue.listing then asks the database (plain SQL by name,
SKU and category). Prices and stock that a page shows are always read from the database.
"""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, cast

from django.conf import settings
from django.utils.translation import get_language

from catalogue.filters import PER_PAGE, ListWishes
from catalogue.queries import Counted, Found
from shop.kernel.memory import Memory

from . import boosts, spelling, synonyms, variants
from .in_time import within
from .kept import Answers
from .many import on_their_way
from .port import LANGUAGES, Ask, Engine, Filters, Only, SearchUnavailable, Sought, engine
from .sought import sought

log = logging.getLogger(__name__)

#: Filters of the product itself, beside those of its variants (variants.PARTS).
OF_PRODUCT = ("category", "brand", "rating")
FACETS = (*OF_PRODUCT, *variants.PARTS)
FEW = 2  #: products up to which other words are proposed
ANSWERS_KEPT = 200  #: in each process; one takes some kilobytes
LATE_MAX = 3  #: pages in a row for which it was late after good answers: then it rests
SPELLING_SHARE = (
    3  #: what may be left out takes no more than this part of the time: filters are to be counted still
)
ABOUT_ITSELF = ("state", "size")  #: one that is too slow for a page may still answer these
_resting = 0.0
_late = 0
_away: Memory[bool] = Memory(kept_s=0.25)
_serial = itertools.count(1)


@dataclass(frozen=True)
class Answer:
    """A page of products, and the counts beside the filters."""

    found: Found
    counted: Counted
    shown_for: str = ""  #: nothing was found, this is what these words find
    meant: str = ""  #: little was found; these words would find more
    mark: int = 0  #: the same number means the same answer; 0: it was not kept


_answers: Answers[Answer] = Answers(ANSWERS_KEPT)
#: Counts beside the filters: the same on every page of a list, and however it is sorted.
_counted: Answers[dict[str, dict[str, int]]] = Answers(ANSWERS_KEPT)


def language() -> str:
    """The reader's language, as the index knows it."""
    chosen = (get_language() or settings.LANGUAGE_CODE).split("-")[0]
    return chosen if chosen in LANGUAGES else LANGUAGES[0]


def answer(wishes: ListWishes, category_ids: Sequence[int] | None = None) -> Answer:
    """The list that fulfils the wishes, asked of the index once until it changes. Do not change what you get.

    Raises SearchUnavailable; for a while nobody asks again then.
    """
    among = None if category_ids is None else tuple(category_ids)
    with asking() as asked:
        wishes = replace(wishes, on_their_way=on_their_way(wishes.campaigns))
        state = _state(asked)
        if state is None:
            return _answer(asked, wishes, among, state)
        key = (replace(wishes, q=""), among, language())
        return _answers.get(
            state, key, lambda: replace(_answer(asked, wishes, among, state), mark=next(_serial))
        )


class _Listened:
    """An engine, and whether it has answered a question of this page."""

    def __init__(self, asked: Engine) -> None:
        self._asked, self.has_answered = asked, False

    def __getattr__(self, name: str) -> Any:
        question = getattr(self._asked, name)

        def ask(*args: Any, **more: Any) -> Any:
            found = question(*args, **more)
            self.has_answered = self.has_answered or name not in ABOUT_ITSELF
            return found

        return ask


@contextmanager
def asking() -> Iterator[Engine]:
    """The engine for all questions of one page, which share SEARCH_TIME_LIMIT_S.

    Raises SearchUnavailable, also while it rests. It rests for everybody when it did not answer a page's first
    question, or was late after good answers LATE_MAX times in a row: one heavy search is no reason.
    """
    global _resting, _late
    if time.monotonic() < _resting:
        raise SearchUnavailable("the search did not answer a moment ago")
    listened = _Listened(engine())
    try:
        with within(settings.SEARCH_TIME_LIMIT_S):
            yield cast(Engine, listened)
    except SearchUnavailable as error:
        if not error.can_be_built:
            _late = _late + 1 if listened.has_answered else LATE_MAX
            if _late >= LATE_MAX:
                rest = settings.SEARCH_REST_S
                log.warning("the search does not answer, the database does for %s s: %s", rest, error)
                _resting, _late = time.monotonic() + rest, 0
            else:
                log.warning("the search was late after good answers, the database answers: %s", error)
        raise
    if listened.has_answered:
        _late = 0


def is_away() -> bool:
    """Whether lists are the database's affair at this moment: the search rests, or has no index. It is asked a few
    times a second at most."""
    return time.monotonic() < _resting or _away.get(_has_no_index, id(engine()))


def _has_no_index() -> bool:
    try:
        with asking() as asked:
            asked.size()
    except SearchUnavailable:
        return True
    return False


def _state(asked: Engine) -> tuple[Any, ...] | None:
    """All that an answer depends on besides the question: the index, and what marketing says of words and places."""
    seen = asked.state() if settings.PARTS_KEPT_S else ""
    return (seen, synonyms.known(), boosts.known()) if seen else None


def forget() -> None:
    """Ask the engine again at once."""
    global _resting, _late
    _resting, _late = 0.0, 0
    _away.forget()
    _answers.forget()
    _counted.forget()


def _answer(
    asked: Engine, wishes: ListWishes, category_ids: Sequence[int] | None, state: tuple[Any, ...] | None
) -> Answer:
    if len(_combinations(wishes)) > variants.COMBINATIONS_MAX:
        raise SearchUnavailable("too many values are chosen at once", can_be_built=True)
    scope = (Only("category", tuple(str(pk) for pk in category_ids)),) if category_ids is not None else ()
    words, found = _searched(asked, wishes.words, wishes, scope)
    better = ""
    if wishes.words and found.total <= FEW and not wishes.narrowed:
        better = _better(asked, wishes.words)
    shown_for = ""
    if better and not found.total:
        words, found = _searched(asked, better.split(), wishes, scope)
        shown_for = better if found.total else ""
    # A product that is listed because it is on its way is not looked at variant by variant.
    counts = _counts_kept(asked, words, wishes, scope, state, found.total)
    counted = Counted(counts, exact=not (wishes.on_their_way and wishes.offer))
    return Answer(found, counted, shown_for, better if found.total and not shown_for else "")


def _better(asked: Engine, words: Sequence[str]) -> str:
    """Other words that may be meant; "" also where there is no time to ask for them."""
    try:
        with within(settings.SEARCH_TIME_LIMIT_S / SPELLING_SHARE):
            return spelling.corrected(asked, words)
    except SearchUnavailable as error:
        log.info("no other words are proposed: %s", error)
        return ""


def _searched(
    asked: Engine, typed: Sequence[str], wishes: ListWishes, scope: Filters
) -> tuple[Sought, Found]:
    """By whole words; where they find nothing, by beginnings of words."""
    words, found = Sought(), Found([], 0, 1, 1)
    for starts in ("", "all"):
        if typed:
            more: Any = {"synonyms": synonyms.known(), "lifts": boosts.known()}
            words = sought(typed, language(), starts=starts, **more)
        found = _found(asked, words, wishes, scope)
        if found.total or not typed:
            break
    return words, found


def _found(asked: Engine, words: Sought, wishes: ListWishes, scope: Filters) -> Found:
    """The page; one past the end is the last one."""
    filters = scope + _filters(wishes)

    def page(number: int) -> Found:
        hits = asked.page(
            words,
            filters,
            sort=wishes.sort,
            language=language(),
            offset=(number - 1) * PER_PAGE,
            limit=PER_PAGE,
        )
        return Found(hits.ids, hits.total, number, max(1, -(-hits.total // PER_PAGE)))

    found = page(wishes.page)
    return found if found.page <= found.pages else page(found.pages)


def _wished(wishes: ListWishes, without: str = "") -> dict[str, frozenset[str]]:
    """What is wished of a variant."""
    chosen = {
        "colour": wishes.colour,
        "size": wishes.size,
        "price": wishes.price,
        "available": frozenset({"1"} if wishes.available else ()),
        "offer": _offers(wishes) if wishes.offer else frozenset(),
    }
    return {part: values for part, values in chosen.items() if values and part != without}


def _offers(wishes: ListWishes) -> frozenset[str]:
    """The values by which the index knows what is on offer, but for those it may be wrong about."""
    return variants.on_offer(
        wishes.campaigns - wishes.on_their_way.unsure if wishes.on_their_way else wishes.campaigns
    )


def _combinations(wishes: ListWishes) -> tuple[str, ...]:
    wished = _wished(wishes)
    return variants.joined(wished)[1] if wished else ()


def _filters(wishes: ListWishes, without: str = "") -> Filters:
    """All filters but one's own."""
    found = _product_filters(wishes, without)
    wished = _wished(wishes, without)
    if not wished:
        return found
    only = Only(*variants.joined(wished))
    if wishes.on_their_way and wishes.on_their_way.ids.value and "offer" in wished:
        del wished["offer"]
        where = Only(*variants.joined(wished)) if wished else None
        only = replace(only, ids=wishes.on_their_way.ids, where=where)
    return (*found, only)


def _product_filters(wishes: ListWishes, without: str = "") -> Filters:
    return tuple(
        Only(name, tuple(sorted(values)))
        for name in OF_PRODUCT
        if name != without and (values := getattr(wishes, name))
    )


def _counts_kept(
    asked: Engine,
    words: Sought,
    wishes: ListWishes,
    scope: Filters,
    state: tuple[Any, ...] | None,
    total: int,
) -> dict[str, dict[str, int]]:
    """The counts, asked for once for all pages and orders of a list while the index is the same. ``total``: products of
    the list."""

    def counts() -> dict[str, dict[str, int]]:
        if not wishes.on_their_way:
            return _counts(asked, words, wishes, scope)
        if wishes.offer:
            return _values(asked, words, wishes, scope) | {"offer": {"1": total} if total else {}}
        return _counts_beside(asked, words, wishes, scope)

    if state is None:
        return counts()
    key = (words.words, scope, replace(wishes, q="", words=(), sort="", page=1))
    return _counted.get(state, key, counts)


def _counts(asked: Engine, words: Sought, wishes: ListWishes, scope: Filters) -> dict[str, dict[str, int]]:
    """Products per value of each filter; its own choice does not narrow it."""
    asks = []
    for name in FACETS:
        own = name if name in OF_PRODUCT else variants.field_of([name])
        joined = name in variants.PARTS and bool(_wished(wishes, without=name))
        # Where a variant has to fulfil more than this, the values come first and are counted together with the rest.
        filters = _product_filters(wishes, name) if joined else _filters(wishes, name)
        asks.append(Ask(own, scope + filters))
    counted = dict(zip(FACETS, asked.counts(words, asks), strict=True))
    on_offer = sorted(variants.on_offer(wishes.campaigns).intersection(counted["offer"]))
    together = [name for name in variants.PARTS if _wished(wishes, without=name)]
    if "offer" in together or len(on_offer) < 2:
        counted["offer"] = {"1": counted["offer"][on_offer[0]]} if on_offer else {}
    else:
        counted["offer"] = asked.unions(words, asks[FACETS.index("offer")], {"1": on_offer})
    if together:
        counted |= _joined_counts(asked, words, wishes, scope, {name: counted[name] for name in together})
    return counted


def _counts_beside(
    asked: Engine, words: Sought, wishes: ListWishes, scope: Filters
) -> dict[str, dict[str, int]]:
    """The same while a campaign is on its way, for a list with other products beside those on offer."""
    counted = _counts(asked, words, replace(wishes, on_their_way=None, campaigns=frozenset()), scope)
    filters = scope + _filters(replace(wishes, offer=True))
    hits = asked.page(words, filters, sort="newest", language=language(), offset=0, limit=1)
    return counted | {"offer": {"1": hits.total} if hits.total else {}}


def _values(asked: Engine, words: Sought, wishes: ListWishes, scope: Filters) -> dict[str, dict[str, int]]:
    """The same for a list of what is on offer: which values there are. They count too much (a colour of which another
    one is on offer); for that the products on their way are named once for all filters."""
    on_offer = _filters(ListWishes(offer=True, campaigns=wishes.campaigns, on_their_way=wishes.on_their_way))
    wished = _wished(wishes, without="offer")
    names = [name for name in FACETS if name != "offer"]
    asks = []
    for name in names:
        of_others = tuple(Only(*variants.joined({part: wished[part]})) for part in wished if part != name)
        own = name if name in OF_PRODUCT else variants.field_of([name])
        asks.append(Ask(own, scope + on_offer + _product_filters(wishes, name) + of_others))
    return dict(zip(names, asked.counts(words, asks), strict=True))


def _joined_counts(
    asked: Engine,
    words: Sought,
    wishes: ListWishes,
    scope: Filters,
    values: Mapping[str, Mapping[str, int]],
) -> dict[str, dict[str, int]]:
    """Counts of what is wished of the same variant as another filter. Exact: a product with two variants that fulfil
    it counts once."""
    terms: dict[str, dict[str, tuple[str, ...]]] = {}
    asks: list[Ask] = []
    for name, known in values.items():
        rest = _wished(wishes, without=name)
        each = {value: variants.joined({**rest, name: _own(name, value, wishes)}) for value in known}
        terms[name] = {value: joined for value, (_field, joined) in each.items()}
        among = tuple(term for joined in terms[name].values() for term in joined)
        asks.append(Ask(variants.field_of([*rest, name]), scope + _product_filters(wishes), among))
    found: dict[str, dict[str, int]] = {}
    for name, ask, counts in zip(values, asks, asked.counts(words, asks), strict=True):
        present = {value: [t for t in joined if counts.get(t)] for value, joined in terms[name].items()}
        found[name] = {value: counts[have[0]] for value, have in present.items() if len(have) == 1}
        several = {value: have for value, have in present.items() if len(have) > 1}
        if several:
            found[name] |= asked.unions(words, replace(ask, among=None), several)
    return found


def _own(name: str, value: str, wishes: ListWishes) -> frozenset[str]:
    """What one value of a filter is in the index: on offer is whatever is reduced or in a campaign of now."""
    return _offers(wishes) if name == "offer" else frozenset({value})
