"""Pictures of a request that is not sent yet: drawn anew, kept privately for a day, named by a signed token.

A form of several steps cannot carry files. What nobody sends is cleared away by a daily task.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Sequence
from typing import Any

from django.core import signing
from django.core.files.base import ContentFile
from django.core.files.storage import storages

from shop.kernel import clock
from shop.kernel.transactions import forbid_network_in_transaction

from .pictures import COUNT_MAX, Drawn

SALT = "kontor.case.draft"
VALID_S = 24 * 3600
PLACE = "cases/drafts"
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
TOKEN_MAX = 400  #: longer ones are none of ours


def keep(drawn: Sequence[Drawn]) -> list[str]:
    """Put drawn pictures away for a day, outside a transaction. Returns a token for each."""
    forbid_network_in_transaction("storing pictures of a request")
    return [_keep(one) for one in drawn]


def _keep(one: Drawn) -> str:
    place, day = storages["documents"], clock.today().isoformat()
    key = _key(day, one.sha256)
    if not place.exists(key):
        place.save(key, ContentFile(one.content))
    return signing.dumps({"d": day, "s": one.sha256, "w": one.width, "h": one.height}, salt=SALT)


def read_all(tokens: Sequence[str]) -> list[Drawn]:
    """The pictures of these tokens, each once, at most ``COUNT_MAX``; what is forged, too old or gone is left out."""
    found: dict[str, Drawn] = {}
    for token in tokens[: 2 * COUNT_MAX]:
        one = read(token)
        if one is not None:
            found.setdefault(one.sha256, one)
    return list(found.values())[:COUNT_MAX]


def read(token: str) -> Drawn | None:
    """The picture of a token; None when it is forged, too old or gone."""
    named = _named(token)
    if named is None:
        return None
    try:
        with storages["documents"].open(_key(named["d"], named["s"])) as file:
            content: bytes = file.read()
    except FileNotFoundError:
        return None
    right = hashlib.sha256(content).hexdigest() == named["s"]
    return Drawn(content, named["w"], named["h"]) if right else None


def valid(tokens: Sequence[str]) -> list[str]:
    """Those tokens that we gave, each once, at most ``COUNT_MAX``. The store is not asked."""
    ours = dict.fromkeys(token for token in tokens[: 2 * COUNT_MAX] if _named(token))
    return list(ours)[:COUNT_MAX]


def _named(token: str) -> dict[str, Any] | None:
    if len(token) > TOKEN_MAX:
        return None
    try:
        found = signing.loads(token, salt=SALT, max_age=VALID_S)
    except signing.BadSignature:
        return None
    return found if isinstance(found, dict) else None


def clear_old() -> int:
    """Delete what nobody sent within its day. Returns how many pictures went."""
    place, gone = storages["documents"], 0
    before = (clock.today() - dt.timedelta(days=1)).isoformat()
    try:
        days, _files = place.listdir(PLACE)
    except FileNotFoundError:
        return 0
    for day in days:
        if DAY.fullmatch(day) and day < before:
            for name in place.listdir(f"{PLACE}/{day}")[1]:
                place.delete(f"{PLACE}/{day}/{name}")
                gone += 1
    return gone


def _key(day: str, sha256: str) -> str:
    return f"{PLACE}/{day}/{sha256[:40]}.jpg"
