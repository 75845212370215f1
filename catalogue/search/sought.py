"""From what was typed to what an engine is asked: every word in both languages, as a compound, as a SKU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from . import analysis
from .port import LANGUAGES, Clause, Lift, Sought

OTHER_LANGUAGE = 0.6  #: what a hit in the language that is not the reader's counts
IN_PARTS = 0.5  #: what a hit counts where only the parts of a compound were found
SYNONYM = 0.8
START_LENGTH = 2  #: letters from which the beginning of a word is looked for

Synonyms = Mapping[str, Sequence[str]]


def sought(
    typed: Sequence[str],
    language: str,
    *,
    synonyms: Synonyms | None = None,
    starts: str = "",
    lifts: tuple[Lift, ...] = (),
) -> Sought:
    """The question behind ``typed`` words.

    synonyms: other texts for a text, by its plain form. starts: ``all`` also takes words that begin so, ``last`` only
    for the last one (it is still being typed). lifts: what stands further up. Words that say nothing are left out
    unless there is no other.
    """
    others = synonyms or {}
    words = [
        _ways(texts, language, others, begins=starts == "all" or (starts == "last" and rest == 0))
        for texts, rest in _phrases(typed, others)
    ]
    return Sought(tuple(word for word in words if word), lifts)


def _phrases(typed: Sequence[str], synonyms: Synonyms) -> list[tuple[str, int]]:
    """Words, or two or three of them together where marketing knows them as one; with how many follow."""
    found: list[tuple[str, int]] = []
    at = 0
    meaning = [word for word in typed if not _says_nothing(word)] or list(typed)
    while at < len(meaning):
        length = next(
            (n for n in (3, 2) if at + n <= len(meaning) and key(" ".join(meaning[at : at + n])) in synonyms),
            1,
        )
        found.append((" ".join(meaning[at : at + length]), len(meaning) - at - length))
        at += length
    return found


def _says_nothing(word: str) -> bool:
    return any(word.lower() in analysis.STOPS[language] for language in LANGUAGES)


def key(text: str) -> str:
    """How a word or phrase is looked up among the synonyms: its German stems, without words that say nothing."""
    words = analysis.words(text)
    stems = [analysis.stem(word, "de") for word in words if not _says_nothing(word)]
    return " ".join(stems or [analysis.plain(word) for word in words])


def _ways(text: str, language: str, synonyms: Synonyms, *, begins: bool) -> tuple[Clause, ...]:
    ways = [Clause("code", (text.lower(),))] if " " not in text else []
    ways += _in_languages(text, language, 1.0)
    for other in synonyms.get(key(text), ()):
        ways += _in_languages(other, language, SYNONYM)
    plain = tuple(analysis.plain(word) for word in analysis.WORD.findall(text))
    if begins and plain and len(plain[-1]) >= START_LENGTH:
        ways.append(Clause("start", plain))
        if len(plain) > 1 and " " not in text:  # an article number
            ways.append(Clause("start", (text.lower(),)))
    return tuple(ways)


def _in_languages(text: str, language: str, weight: float) -> list[Clause]:
    ways: list[Clause] = []
    for one in LANGUAGES:
        share = weight * (1.0 if one == language else OTHER_LANGUAGE)
        each = analysis.WORD.findall(text)
        terms = tuple(term for word in each if (term := analysis.stem(word, one)))
        if terms:
            ways.append(Clause(one, terms, share))
        if len(each) > 1:  # t-shirt, also where it is written in one
            ways.append(Clause(one, (analysis.stem("".join(each), one),), share))
    if " " not in text:
        kind, before = analysis.parts(text)
        if kind:
            ways.append(Clause("de", (kind, *before), weight * IN_PARTS))
    return ways
