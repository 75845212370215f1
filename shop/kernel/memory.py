"""What a process remembers of the database for a while: small tables that every page asks for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Memory(Generic[T]):
    """Values by key, each for so many seconds.

    What was being read while somebody said that it changed is used once and not kept: it may be the former state.
    """

    def __init__(self, kept_s: float) -> None:
        self.kept_s = kept_s
        self._kept: dict[Hashable, tuple[float, T]] = {}
        self._forgotten = 0
        self._lock = threading.Lock()

    def get(self, read: Callable[[], T], key: Hashable = "") -> T:
        """The value of a key; ``read`` is called when it is not remembered."""
        found = self._kept.get(key)
        if found is not None and time.monotonic() <= found[0]:
            return found[1]
        before = self._forgotten
        value = read()
        with self._lock:
            if before == self._forgotten:
                self._kept[key] = (time.monotonic() + self.kept_s, value)
        return value

    def forget(self, **_signal: object) -> None:
        """Read anew at the next question; may be connected to a signal."""
        with self._lock:
            self._forgotten += 1
            self._kept.clear()
