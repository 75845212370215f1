"""Did you mean: the words of the range that are written nearly like those that were typed."""

from __future__ import annotations

from collections.abc import Sequence

from . import analysis
from .port import Engine, KnownWord

CANDIDATES = 30
ASKED_MAX = 3  #: words of one search that are asked for; each may cost the engine two questions
SHORT = 4  #: up to so many letters a word may differ by one letter only


def corrected(engine: Engine, typed: Sequence[str]) -> str:
    """What was typed, with unknown words replaced by the nearest ones of the range; "" where nothing is near,
    or where there is nothing to correct. Of many words the first ASKED_MAX are looked at."""
    asked = [word for word in typed if _can_be_wrong(word)][:ASKED_MAX]
    nearest = {word: _nearest(engine, word) for word in asked}
    words = [nearest.get(word, "") for word in typed]
    text = " ".join(word or one for word, one in zip(words, typed, strict=True))
    return text if any(words) and text.lower() != " ".join(typed).lower() else ""


def _can_be_wrong(typed: str) -> bool:
    word = analysis.plain(typed)
    return len(word) >= 3 and not any(letter.isdigit() for letter in word)


def _nearest(engine: Engine, typed: str) -> str:
    """The word that replaces a typed one; "" to leave it as it is."""
    word = analysis.plain(typed)
    found = engine.similar(word, CANDIDATES)
    allowed = 1 if len(word) <= SHORT else 2
    near = [(distance(word, one.word), one) for one in found]
    near = [(d, one) for d, one in near if d <= allowed]
    if not near or any(d == 0 for d, _one in near):
        return ""
    return min(near, key=lambda pair: _rank(*pair))[1].shown.lower()


def _rank(letters: int, one: KnownWord) -> tuple[int, int, str]:
    return letters, -one.count, one.word


def distance(one: str, other: str) -> int:
    """Letters to add, leave out, change or swap with their neighbour to get from one word to the other."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, last, row = row[:] if i == 1 else before, row, [i] + [0] * len(other)
        for j, b in enumerate(other, 1):
            row[j] = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                row[j] = min(row[j], before[j - 2] + 1)
        before = last
    return row[-1]
