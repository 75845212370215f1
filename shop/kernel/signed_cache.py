"""What the shop keeps in Redis bears a signature: whoever can write there, and has no SECRET_KEY, is believed nothing.

A value is kept as HMAC-SHA-256 over its key and its pickle, then the pickle. It is compared before anything is
unpickled, for unpickling runs what the writer wants (ASVS 1.5.2); a value that was moved to another key does not fit
there. What does not fit is not kept, for the page that asks: it is made anew. Whole numbers stay plain, Redis counts
on them itself; whoever writes there can change a number or bring back what was kept under the same key before.
"""

from __future__ import annotations

import logging
import pickle
import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.core.cache.backends.redis import RedisCacheClient
from django.utils.crypto import constant_time_compare, salted_hmac

from . import counters

log = logging.getLogger(__name__)

SALT = "shop.kernel.signed_cache"
MARK_BYTES = 32  #: of HMAC-SHA-256
NUMBER = re.compile(rb"-?[0-9]{1,19}")  #: what Redis counts on: 64 bits
_ABSENT = object()
_said = False


def forget() -> None:
    """Say again that there is something which does not fit."""
    global _said
    _said = False


def signed(key: str, value: Any) -> int | bytes:
    """``value`` as it is kept under ``key`` (with prefix and version, as Redis gets it)."""
    if type(value) is int:  # a bool is none
        return value
    body = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    return _mark(key, body, settings.SECRET_KEY) + body


def opened(key: str, kept: bytes | None, otherwise: Any) -> Any:
    """The value that the shop kept under ``key``, also with a former SECRET_KEY; ``otherwise`` where there is none or
    somebody else wrote it, which is counted, and said once in each process.

    Raises what unpickling raises where another version of the shop kept something that this one does not know.
    """
    if kept is None:
        return otherwise
    if NUMBER.fullmatch(kept):
        return int(kept)
    mark, body = kept[:MARK_BYTES], kept[MARK_BYTES:]
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        if constant_time_compare(mark, _mark(key, body, secret)):
            return pickle.loads(body)  # noqa: S301 - ours, as the mark says
    _refuse(key)
    return otherwise


def _mark(key: str, body: bytes, secret: str) -> bytes:
    words = f"{len(key.encode())}:{key}:".encode() + body
    return salted_hmac(SALT, words, secret=secret, algorithm="sha256").digest()


def _refuse(key: str) -> None:
    global _said
    counters.count("cache_refused")
    if not _said:
        _said = True
        log.warning(
            "the cache holds what this shop did not write (%s); it is not read, and not said again", key
        )


class _AsItIs:
    """In place of Django's serializer, which does not know the key."""

    def dumps(self, value: Any) -> Any:
        return value

    def loads(self, data: Any) -> Any:
        return data


class SignedClient(RedisCacheClient):
    """Django's, with a signature around each value."""

    def __init__(self, servers: Any, **options: Any) -> None:
        super().__init__(servers, **options | {"serializer": _AsItIs()})

    def add(self, key: Any, value: Any, timeout: Any) -> bool:
        """Keep it signed where nothing is kept."""
        return bool(super().add(key, signed(key, value), timeout))

    def get(self, key: Any, default: Any) -> Any:
        """The kept value; ``default`` where there is none that the shop kept under this key."""
        return opened(key, super().get(key, None), default)

    def set(self, key: Any, value: Any, timeout: Any) -> None:
        """Keep it signed."""
        super().set(key, signed(key, value), timeout)

    def get_many(self, keys: Iterable[Any]) -> dict[Any, Any]:
        """Those that the shop kept under these keys."""
        kept = {key: opened(str(key), raw, _ABSENT) for key, raw in super().get_many(keys).items()}
        return {key: value for key, value in kept.items() if value is not _ABSENT}

    def set_many(self, data: Mapping[Any, Any], timeout: Any) -> None:
        """Keep them signed."""
        super().set_many({key: signed(key, value) for key, value in data.items()}, timeout)
