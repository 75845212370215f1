"""The cache of the scaled profile: Redis, and no error where Redis is not. What cannot be read counts as not kept.

A cache holds nothing that cannot be made again, so a page must not fail or wait because of it. After a fault nobody in
this process asks for ``CACHE_REST_S``.
"""

from __future__ import annotations

import logging
import pickle
import time
from collections.abc import Callable, Iterable
from typing import Any

import redis
from django.conf import settings
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from redis.backoff import NoBackoff
from redis.retry import Retry

from .signed_cache import SignedClient

log = logging.getLogger(__name__)

#: What a server that is away, slow, full or mad can lead to; the rest of the list is what unpickling raises where
#: another version of the shop kept it.
FAULTS = (
    redis.RedisError,
    OSError,
    pickle.UnpicklingError,
    ValueError,
    EOFError,
    AttributeError,
    ImportError,
    IndexError,
    TypeError,
    KeyError,
)
_rests: dict[str, float] = {}


def forget() -> None:
    """Ask every server again at once."""
    _rests.clear()


class PatientRedis(RedisCache):
    """Django's, with a default in place of every fault."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        # The library would try ten times, with pauses that grow: a page does not wait for that.
        once = {"retry": Retry(NoBackoff(), 0)}
        super().__init__(server, {**params, "OPTIONS": once | params.get("OPTIONS", {})})
        self._class = SignedClient  # nothing is unpickled that the shop did not keep itself
        self._name = str(server)

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """The kept value, ``default`` where there is none or it cannot be had."""
        return self._try(lambda: super(PatientRedis, self).get(key, default, version), default)

    def get_many(self, keys: Iterable[Any], version: int | None = None) -> dict[Any, Any]:
        """Those that can be had."""
        return self._try(lambda: super(PatientRedis, self).get_many(keys, version), {})

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        """Keep it if that is possible."""
        self._try(lambda: super(PatientRedis, self).set(key, value, timeout, version), None)

    def set_many(
        self, data: dict[Any, Any], timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> list[Any]:
        """Keep them if that is possible; the keys that were not kept."""
        kept = self._try(lambda: super(PatientRedis, self).set_many(data, timeout, version), None)
        return list(data) if kept is None else kept

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Keep it where nothing is kept; False as well where that cannot be told."""
        return bool(self._try(lambda: super(PatientRedis, self).add(key, value, timeout, version), False))

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """Count on. Raises ValueError, as for a key that is not there, where it cannot be counted."""
        counted: int | None = self._try(
            lambda: int(super(PatientRedis, self).incr(key, delta, version)), None
        )
        if counted is None:
            raise ValueError(f"{key!r} cannot be counted")
        return counted

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Keep it longer; False where it is not there."""
        return bool(self._try(lambda: super(PatientRedis, self).touch(key, timeout, version), False))

    def delete(self, key: Any, version: int | None = None) -> bool:
        """Forget it. False also where it cannot be told."""
        return bool(self._try(lambda: super(PatientRedis, self).delete(key, version), False))

    def delete_many(self, keys: Iterable[Any], version: int | None = None) -> None:
        """Forget them."""
        self._try(lambda: super(PatientRedis, self).delete_many(keys, version), None)

    def has_key(self, key: Any, version: int | None = None) -> bool:
        """Whether it is kept, as far as that can be told."""
        return bool(self._try(lambda: super(PatientRedis, self).has_key(key, version), False))

    def clear(self) -> None:
        """Forget everything."""
        self._try(lambda: super(PatientRedis, self).clear(), None)

    def _try(self, deed: Callable[[], Any], otherwise: Any) -> Any:
        name = self._name
        if time.monotonic() < _rests.get(name, 0.0):
            return otherwise
        try:
            return deed()
        except (redis.ConnectionError, redis.TimeoutError, redis.InvalidResponse, OSError) as error:
            _rests[name] = time.monotonic() + settings.CACHE_REST_S
            log.warning(
                "the cache does not answer, nobody asks it for %s s: %s", settings.CACHE_REST_S, error
            )
        except FAULTS as error:
            log.warning("the cache keeps nothing that can be used: %r", error)
        return otherwise
