"""Where a person is signed in, as they see it themselves: device, since when, last used; and ending what is not theirs.

The rows are those that decide (session_store.py): one is shown only as long as it would open the account.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.utils.crypto import constant_time_compare, salted_hmac

from shop.kernel.clock import now
from shop.kernel.transactions import retrying

from .devices import device_of
from .models import PersonSession, User
from .session_store import SessionStore
from .sessions import DEVICE, FINISHING_S, SEEN, SINCE, end_sessions

SEEN_EVERY_S = 600  #: so exactly "last used" is kept: writing it at each click would cost
SHOWN_MAX = 50  #: the latest; who wants the others ended ends all of them at once
_SALT = "shop.customers.own-sessions"


@dataclass(frozen=True)
class Opened:
    """One session. ``mark`` names it on a page: never its key, which would open the account."""

    mark: str
    device: str
    since: dt.datetime | None
    seen_at: dt.datetime
    is_here: bool
    key: str


def opened(*, person: User, here: str | None) -> list[Opened]:
    """The sessions that open this account, the one with the key ``here`` first, then the latest used. One query."""
    rows = PersonSession.objects.filter(user=person, expire_date__gt=now())
    found = []
    for row in rows.order_by("-seen_at")[:SHOWN_MAX]:
        data = row.get_decoded()
        if _opens(data, person):
            found.append(
                Opened(
                    mark=_mark(row.session_key),
                    device=device_of(str(data.get(DEVICE, ""))),
                    since=_moment(data.get(SINCE)),
                    seen_at=row.seen_at,
                    is_here=row.session_key == here,
                    key=row.session_key,
                )
            )
    return sorted(found, key=lambda one: not one.is_here)


def end_one(*, person: User, mark: str, here: str | None, by: Any = None) -> bool:
    """End the person's session that a page called ``mark``. False when there is none such: it has ended, is another
    person's, or is the one in hand, which ends by signing out."""
    found = [one for one in opened(person=person, here=here) if one.mark == mark and not one.is_here]
    for one in found:
        retrying(lambda key=one.key: SessionStore().delete(key))  # type: ignore[misc]
    return bool(found)


def end_others(*, person: User, by: Any = None) -> None:
    """End all sessions of the person; the one in which they ask goes on under a new key."""
    retrying(lambda: end_sessions([person.pk], of=person))


def note_seen(session: SessionBase) -> None:
    """Somebody signed in is here; written down when the last time is ``SEEN_EVERY_S`` seconds ago."""
    seen = getattr(session, "seen_at", None)
    if seen is not None and (now() - seen).total_seconds() >= SEEN_EVERY_S:
        session.touch()  # type: ignore[attr-defined]


def _opens(data: dict[str, Any], person: User) -> bool:
    """Whether a session with these contents is this person's and neither ended by another password or other rights,
    nor by its time."""
    if str(data.get(SESSION_KEY)) != str(person.pk):
        return False
    hashes = [person.get_session_auth_hash(), *person.get_session_auth_fallback_hash()]
    if not any(constant_time_compare(str(data.get(HASH_SESSION_KEY)), one) for one in hashes):
        return False
    moment = time.time()
    since, seen = data.get(SINCE, moment), data.get(SEEN, moment)
    if not (person.is_staff or person.is_superuser):
        return bool(moment - since <= settings.CUSTOMER_SESSION_LASTS_S + FINISHING_S)
    return moment - since <= settings.STAFF_SESSION_LASTS_S and moment - seen <= settings.STAFF_SESSION_IDLE_S


def _mark(key: str) -> str:
    return salted_hmac(_SALT, key, algorithm="sha256").hexdigest()[:32]


def _moment(said: Any) -> dt.datetime | None:
    return dt.datetime.fromtimestamp(said, dt.UTC) if isinstance(said, int | float) else None
