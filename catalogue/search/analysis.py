"""What a text is made of, for both engines alike: German and English words, stemmed, compounds taken apart.

German: umlauts however they are written (grün, gruen, grun) are one word, the stem is Snowball's, and a compound also
gives its parts: "Regenstiefel" is a kind of "Stiefel" (found as such) and has to do with "Regen" (found, but later).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from functools import lru_cache
from pathlib import Path

import tantivy

WORD = re.compile(r"[^\W_]+")
UNITED = re.compile(r"[^\W_]+(?:[-’'][^\W_]+)+")
PART_LENGTH = 4  #: a shorter piece of a word is no word of its own
MEMORY = 50_000
#: Words that say nothing about a product.
STOPS = {
    "de": frozenset(
        [
            "aber",
            "als",
            "am",
            "an",
            "auch",
            "auf",
            "aus",
            "bei",
            "bis",
            "das",
            "dem",
            "den",
            "der",
            "des",
            "die",
            "durch",
            "ein",
            "eine",
            "einem",
            "einen",
            "einer",
            "eines",
            "er",
            "es",
            "für",
            "fuer",
            "im",
            "in",
            "ist",
            "ich",
            "mit",
            "nach",
            "nicht",
            "oder",
            "ohne",
            "sich",
            "sie",
            "sind",
            "und",
            "uns",
            "von",
            "vom",
            "vor",
            "wie",
            "wir",
            "zu",
            "zum",
            "zur",
        ]
    ),
    "en": frozenset(
        [
            "a",
            "an",
            "and",
            "are",
            "as",
            "at",
            "be",
            "by",
            "for",
            "from",
            "in",
            "is",
            "it",
            "of",
            "on",
            "or",
            "that",
            "the",
            "this",
            "to",
            "with",
            "without",
        ]
    ),
}
#: Ends in the name of another thing, but is none of its kind.
NO_KIND_OF = frozenset({"handschuh"})
LINKS = ("", "s", "es", "n", "en", "er", "e")


def _stemmer(language: str) -> tantivy.TextAnalyzer:
    return (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.raw()).filter(tantivy.Filter.stemmer(language)).build()
    )


_STEMMERS = {"de": _stemmer("german"), "en": _stemmer("english")}


@lru_cache(MEMORY)
def plain(word: str) -> str:
    """A word without case, accents and the ways to write an umlaut: Grün, gruen and GRUN are "grun"."""
    small = unicodedata.normalize("NFKC", word).lower().replace("ß", "ss")
    bare = "".join(c for c in unicodedata.normalize("NFKD", small) if not unicodedata.combining(c))
    return re.sub(r"(?<![aeiouq])ue", "u", bare.replace("ae", "a").replace("oe", "o"))


@lru_cache(MEMORY)
def stem(word: str, language: str) -> str:
    """The stem of one word; "" for a word that says nothing."""
    if word.lower() in STOPS[language]:
        return ""
    bare = plain(word) if language == "de" else _without_accents(word)
    return (_STEMMERS[language].analyze(bare) or [""])[0]


def _without_accents(word: str) -> str:
    small = unicodedata.normalize("NFKC", word).lower().replace("ß", "ss")
    return "".join(c for c in unicodedata.normalize("NFKD", small) if not unicodedata.combining(c))


def words(text: str) -> list[str]:
    """The words of a text as written; "T-Shirt" also as "TShirt"."""
    united = [re.sub(r"[-’']", "", one) for one in UNITED.findall(text)]
    return WORD.findall(text) + united


@lru_cache(1)
def _known_parts() -> dict[str, str]:
    """Stem -> the word as the list has it."""
    rows = (Path(__file__).parent / "parts_de.txt").read_text(encoding="utf-8").splitlines()
    known = [word for row in rows if not row.startswith("#") for word in row.split()]
    return {stem(word, "de"): word for word in reversed(known)}


@lru_cache(MEMORY)
def parts(word: str) -> tuple[str, tuple[str, ...]]:
    """A German compound: the stem of the thing it is a kind of, and the stems of what stands before; ("", ()) for a
    word that is none."""
    whole = stem(word, "de")
    known = _known_parts()
    if whole in known or whole in NO_KIND_OF:
        return "", ()
    for start in range(3, len(whole) - PART_LENGTH + 1):
        if whole[start:] in known:
            return whole[start:], tuple(_before(whole[:start], known))
    return "", ()


def kind(word: str) -> str:
    """The word for the thing that a German compound is a kind of ("Regenstiefel": "stiefel"); "" for none."""
    return _known_parts().get(parts(word)[0], "")


def _before(head: str, known: Container[str]) -> list[str]:
    """The parts before the last one, without the letters that link them."""
    for link in LINKS:
        bare = head.removesuffix(link) if link else head
        if bare in known or (found := stem(bare, "de")) in known:
            return [bare if bare in known else found]
    for start in range(3, len(head) - 2):
        left = _before(head[:start], known) if head[start:] and _is_known(head[start:], known) else []
        if left:
            return [*left, *_before(head[start:], known)]
    return [head]


def _is_known(head: str, known: Container[str]) -> bool:
    return any((head.removesuffix(link) if link else head) in known for link in LINKS)


@lru_cache(MEMORY)
def _terms_of(word: str, language: str) -> tuple[str, str, tuple[str, ...]]:
    thing, before = parts(word) if language == "de" else ("", ())
    return stem(word, language), thing, before


def analysed(text: str, language: str) -> tuple[list[str], list[str]]:
    """(terms that say what it is, terms that it has to do with) of a text."""
    says: list[str] = []
    touches: list[str] = []
    for word in words(text):
        term, thing, before = _terms_of(word, language)
        says += [one for one in (term, thing) if one]
        touches += before
    return says, touches


def sort_number(title: str) -> int:
    """A number that sorts as the first twelve letters of a title do."""
    number = 0
    letters = [c for c in plain(title) if c == " " or (c.isascii() and c.isalnum())][:12]
    for place in range(12):
        letter = letters[place] if place < len(letters) else " "
        number = number * 37 + (
            0 if letter == " " else 1 + "0123456789abcdefghijklmnopqrstuvwxyz".index(letter)
        )
    return number
