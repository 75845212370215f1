"""Parts of pages that are the same for every reader, kept in each process: the menu, the foot, a card of a list.

Pages kept as a whole (sharing.py) serve those who are not signed in. Parts serve everybody else, and make a page
cheaper that has to be made anew: one piece fewer of an article changes a number on its page, not the menu above it. A
part is kept under what it shows, so nothing of it can be old but words, and whether those were changed is asked of the
database several times a second.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, TypeVar

from django.conf import settings

from . import sharing

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

_stores: list[Parts] = []
_looked_at = 0.0  #: when all stores were looked through


class Parts:
    """A store of parts of one kind: at most ``most`` of them, the oldest go first, and those that are out of date
    once another one comes; those of all stores once a minute, so that a shop whose readers went home keeps none.

    ``names``: kinds of changes after which all of them are made anew (sharing.WORDS, sharing.OFFER).
    """

    def __init__(self, most: int, names: tuple[str, ...] = (sharing.WORDS,)) -> None:
        self.most, self.names = most, names
        self._kept: dict[Hashable, tuple[sharing.Versions, float, Any]] = {}
        self._lock = threading.Lock()
        _stores.append(self)

    def kept(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """What ``make`` gave for this key, or gives now. Never change it: others get the same."""
        if not settings.PARTS_KEPT_S:
            return make()
        # Not by many(): a page asks twenty times, mostly for what is there.
        seen, moment = sharing.of(sharing.versions(), self.names), time.monotonic()
        kept = self._kept.get(key)
        if kept is not None and kept[0] == seen and moment < kept[1]:
            found: Value = kept[2]
            return found
        made = make()
        self._keep({key: made}, seen, moment)  # under what was seen before it was made, as below
        return made

    def many(self, keys: Sequence[Key], make: Callable[[list[Key]], dict[Key, Value]]) -> dict[Key, Value]:
        """The same for several keys; ``make`` gets those that are missing and may leave some out."""
        if not settings.PARTS_KEPT_S:
            return make(list(keys))
        seen, moment = sharing.of(sharing.versions(), self.names), time.monotonic()
        found: dict[Key, Value] = {}
        for key in keys:
            kept = self._kept.get(key)
            if kept is not None and kept[0] == seen and moment < kept[1]:
                found[key] = kept[2]
        missing = [key for key in keys if key not in found]
        if missing:
            made = make(missing)
            # What was seen before it was made: a part is never kept under a version newer than itself.
            self._keep(made, seen, moment)
            found |= made
        return found

    def _keep(self, made: dict[Key, Value], seen: sharing.Versions, now: float) -> None:
        until = now + settings.PARTS_KEPT_S
        with self._lock:
            for key, value in made.items():
                self._kept.pop(key, None)
                self._kept[key] = (seen, until, value)
            for old in _oldest(self._kept, len(self._kept) - self.most):
                del self._kept[old]
        self._drop_old(now)
        _drop_old_of_all(now)

    def _drop_old(self, now: float) -> None:
        with self._lock:
            while (first := next(iter(self._kept.values()), None)) and first[1] <= now:
                del self._kept[next(iter(self._kept))]  # nobody gets it any more, so it takes no room either

    def forget(self) -> None:
        """Make everything anew at the next question."""
        with self._lock:
            self._kept.clear()


class Mark:
    """What something was made from, as a key that is reckoned once, however many parts of a page are kept under it."""

    __slots__ = ("_hash", "value")

    def __init__(self, value: Hashable) -> None:
        self.value, self._hash = value, hash(value)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mark):
            return False
        return self is other or (self._hash == other._hash and self.value == other.value)


def _oldest(kept: Iterable[Hashable], count: int) -> list[Hashable]:
    return [key for key, _number in zip(kept, range(count), strict=False)]


def _drop_old_of_all(now: float) -> None:
    global _looked_at
    if 0 <= now - _looked_at < settings.PARTS_KEPT_S:
        return
    _looked_at = now
    for store in _stores:
        store._drop_old(now)


def forget() -> None:
    """Empty all stores."""
    for store in _stores:
        store.forget()
