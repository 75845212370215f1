"""Which open items together make an amount. Bounded: a bank line must not keep a worker busy for ever."""

from __future__ import annotations

from collections.abc import Sequence

from .items import OpenItem

ITEMS_MOST = 24  #: oldest items of one payer that are tried
STEPS_MOST = 20_000  #: of the search
FOUND_MOST = 2  #: more than one answer is no answer: the second is enough to know


def sums_to(items: Sequence[OpenItem], amount_minor: int) -> list[tuple[OpenItem, ...]]:
    """Sets of two or more items that sum to ``amount_minor``, the whole list first; at most FOUND_MOST, [] when none
    was
    found within STEPS_MOST steps."""
    usable = sorted((item for item in items if 0 < item.open_minor <= amount_minor), key=_oldest)[:ITEMS_MOST]
    if len(usable) < 2:
        return []
    if sum(item.open_minor for item in usable) == amount_minor:
        return [tuple(usable)]
    ordered = sorted(usable, key=lambda item: -item.open_minor)
    rest = [0] * (len(ordered) + 1)
    for at in range(len(ordered) - 1, -1, -1):
        rest[at] = rest[at + 1] + ordered[at].open_minor
    return _search(ordered, rest, amount_minor)


def _search(ordered: list[OpenItem], rest: list[int], amount_minor: int) -> list[tuple[OpenItem, ...]]:
    """Depth first over "with this one, without it", cut off where the rest is too small."""
    found: list[tuple[OpenItem, ...]] = []
    steps = 0
    stack: list[tuple[int, int, tuple[int, ...]]] = [(0, amount_minor, ())]
    while stack and len(found) < FOUND_MOST and steps < STEPS_MOST:
        steps += 1
        at, left, taken = stack.pop()
        if left == 0:
            if len(taken) > 1:
                found.append(tuple(sorted((ordered[index] for index in taken), key=_oldest)))
            continue
        if at == len(ordered) or rest[at] < left:
            continue
        stack.append((at + 1, left, taken))
        if ordered[at].open_minor <= left:
            stack.append((at + 1, left - ordered[at].open_minor, (*taken, at)))
    return found


def _oldest(item: OpenItem) -> tuple[int, str]:
    return item.due, item.target
