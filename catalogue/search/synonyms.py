"""Synonyms as marketing wrote them: what is looked for besides the words that were typed."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable

from .models import Synonym
from .sought import key

KEPT_S = 10  #: seconds until a change made by another process counts
Known = dict[str, tuple[str, ...]]
_kept: list[tuple[float, Known]] = []


def known() -> Known:
    """Other words for a word or phrase, by its key. No query while remembered, else one."""
    if not _kept or time.monotonic() > _kept[0][0]:
        _kept[:] = [(time.monotonic() + KEPT_S, read(Synonym.objects.all()))]
    return _kept[0][1]


def forget(**_signal: object) -> None:
    """Read them anew at the next search."""
    _kept.clear()


def read(rows: Iterable[Synonym]) -> Known:
    """What rows say, ready to be looked up."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for row in rows:
        words = row.each
        for word in words[:1] if row.one_way else words:
            found[key(word)].update({other: None for other in words if other != word})
    return {one: tuple(others) for one, others in found.items()}
