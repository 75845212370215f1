"""Writing the log: a look or a file (the middleware does it for every page that says ``shows=``), and a change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from shop.kernel import clock
from shop.kernel.outbox import current_correlation_id
from shop.kernel.transactions import retrying

from .kinds import Person, kind
from .marks import mark_of
from .models import CHANGE, PURGE, Access
from .triggers import KEPT_DAYS

PURGED_AT_ONCE = 5_000  #: rows per transaction of the purge


def note_look(
    *,
    deed: str,
    kind_name: str,
    key: str,
    by: Any,
    page: str = "",
    path: str = "",
    rows: int | None = None,
    person: Person | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Access:
    """Write down that ``by`` saw or took something; whose it is, is looked up unless ``person`` says so. One insert."""
    return _write(
        deed=deed, kind=kind_name, key=key, by=by, person=person or _person(kind_name, key), page=page, path=path,
        rows=rows, facts=dict(facts or {}),
    )  # fmt: skip


def note_change(
    *,
    kind_name: str,
    key: str,
    changed: Mapping[str, tuple[Any, Any]],
    by: Any,
    why: str = "",
    person: Person | None = None,
) -> Access | None:
    """Write down what ``by`` (None: the house, or the person themselves) changed, in the caller's transaction.

    changed: name of the field -> (old, new), plain values; what stayed the same is left out. None when nothing did.
    """
    differing = {name: [old, new] for name, (old, new) in changed.items() if old != new}
    if not differing:
        return None
    facts: dict[str, Any] = {"fields": differing} | ({"why": why.strip()[:300]} if why.strip() else {})
    return _write(
        deed=CHANGE, kind=kind_name, key=key, by=by, person=person or _person(kind_name, key), facts=facts
    )


def purge() -> int:
    """Delete what is older than ``KEPT_DAYS`` and write down how many that were. Returns how many."""
    before = clock.now() - dt.timedelta(days=KEPT_DAYS)
    done = 0
    while some := retrying(lambda: _purge_some(before)):
        done += some
    if done:
        _write(deed=PURGE, kind="list", key="", by=None, rows=done, facts={"before": before.isoformat()})
    return done


def _purge_some(before: dt.datetime) -> int:
    ids = list(
        Access.objects.filter(at__lt=before).order_by("at").values_list("pk", flat=True)[:PURGED_AT_ONCE]
    )
    if ids:
        rows = Access.objects.filter(pk__in=ids)
        rows._raw_delete(rows.db)  # type: ignore[attr-defined]  # model.delete() refuses; the trigger decides
    return len(ids)


def _person(kind_name: str, key: str) -> Person | None:
    known = kind(kind_name)
    return known.person(key) if known is not None and key else None


def _write(*, by: Any, person: Person | None = None, key: str, **fields: Any) -> Access:
    account, email = person or (None, "")
    is_somebody = getattr(by, "pk", None) is not None
    return Access.objects.create(
        by_id=by.pk if is_somebody else None,
        by_name=by.email[:254] if is_somebody else "",
        person_id=account,
        person_mark=mark_of(email),
        key=key[:100],
        correlation_id=current_correlation_id(),
        **fields,
    )
