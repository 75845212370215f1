"""What a process last saw of the pages it keeps: whether their prices and pieces are still as the pages say.

Each page is compared at most every SHARED_CHECKED_S. Composing the question costs more than answering it, so one is
asked for all pages that readers wanted since their own last look: a process asks four times a second however many pages
are read, not four times for each of them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.conf import settings

from catalogue import shown

REMEMBERED_MAX = 5_000  #: pages of which a process remembers when it last compared them
TOGETHER_MAX = 300  #: products of one question: three full lists, or as many pages of articles


@dataclass(frozen=True)
class Seen:
    """What was true of a page's products, and when that was asked for (seconds, time.monotonic)."""

    asked_at: float
    facts: str
    products: tuple[int, ...]


_seen: dict[str, Seen] = {}
_wanted: set[str] = set()  #: pages that were shown since their own last look


def facts_of(key: str, products: tuple[int, ...]) -> str:
    """The digest of what is true of the products of the page ``key``: as last seen, or as the database says now.

    One query where this page was not compared within settings.SHARED_CHECKED_S; it then answers for other pages that
    were wanted since their last look as well.
    """
    known = _seen.get(key)
    moment = time.monotonic()
    if (
        known is not None
        and known.products == products
        and moment - known.asked_at <= settings.SHARED_CHECKED_S
    ):
        _wanted.add(key)
        return known.facts
    together = {key: products} | _others(key, len(products))
    now = shown.now_true({product for some in together.values() for product in some})
    digests = {one: shown.digest({product: now[product] for product in its}) for one, its in together.items()}
    for one, digest in digests.items():
        note(one, digest, together[one], moment)
    return digests[key]


def _others(key: str, products: int) -> dict[str, tuple[int, ...]]:
    """Pages to compare along with ``key``, taken from those that were wanted. Threads may take at the same time:
    each gets pages of its own."""
    found: dict[str, tuple[int, ...]] = {}
    while _wanted and products < TOGETHER_MAX:
        try:
            other = _wanted.pop()
        except KeyError:  # another thread took the last one
            break
        known = _seen.get(other)
        if known is not None and other != key:
            found[other] = known.products
            products += len(known.products)
    return found


def note(key: str, facts: str, products: tuple[int, ...], asked_at: float) -> None:
    """The page was made from, or compared with, facts that were read after ``asked_at`` (time.monotonic). Whoever was
    slower than somebody who asked later does not overwrite what they found."""
    known = _seen.get(key)
    if known is not None and known.asked_at > asked_at:
        return
    if len(_seen) > REMEMBERED_MAX:
        _seen.clear()
    _seen[key] = Seen(asked_at, facts, products)


def forget() -> None:
    """Compare every page anew at the next question."""
    _seen.clear()
    _wanted.clear()
