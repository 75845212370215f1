"""Synonyms as marketing wrote them: what is looked for besides the words that were typed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from shop.kernel.memory import Memory

from .models import Synonym
from .sought import key

KEPT_S = 10  #: seconds until a change made by another process counts
Known = dict[str, tuple[str, ...]]
_memory: Memory[Known] = Memory(KEPT_S)
forget = _memory.forget


def known() -> Known:
    """Other words for a word or phrase, by its key. No query while remembered, else one."""
    return _memory.get(lambda: read(Synonym.objects.all()))


def read(rows: Iterable[Synonym]) -> Known:
    """What rows say, ready to be looked up."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for row in rows:
        words = row.each
        for word in words[:1] if row.one_way else words:
            found[key(word)].update({other: None for other in words if other != word})
    return {one: tuple(others) for one, others in found.items()}
