"""Answers of the index, kept in each process until the index changes.

Thousands of readers open the same category and look for the same words; what the index says of them is the same until
something is written into it, which the worker does at most once a second. What a page shows of prices and stock is
read from the database each time all the same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Answers(Generic[T]):
    """At most ``most`` answers, all of one state; the oldest go first."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._state: object = None
        self._kept: dict[Hashable, T] = {}
        self._lock = threading.Lock()

    def get(self, state: object, key: Hashable, ask: Callable[[], T]) -> T:
        """The answer to a question (``key``) in a state of the index; equal states give equal answers.

        ``ask`` is called where it is not kept. Never change what you get: others get the same.
        """
        with self._lock:
            if self._state != state:
                self._kept.clear()
            self._state = state
            known = self._kept.get(key)
        if known is not None:
            return known
        answer = ask()
        with self._lock:
            if self._state == state:
                while len(self._kept) >= self.most:
                    del self._kept[next(iter(self._kept))]
                self._kept[key] = answer
        return answer

    def forget(self) -> None:
        """Ask anew at the next question."""
        with self._lock:
            self._kept.clear()
