"""The printed words are complete in German, with the same placeholders."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[4]
SOURCES = (
    "fulfilment/finance/invoicing/documents.py",
    "fulfilment/finance/invoicing/letterhead.py",
    "fulfilment/finance/dunning/letter.py",
    "fulfilment/warehouse/dispatch/documents.py",
)
KEYWORDS = {"_": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}


def german() -> dict[tuple[str | None, str], tuple[str, ...]]:
    """Everything translated, from the merged catalogue and from parts that wait to be merged."""
    folder = ROOT / "locale/de/LC_MESSAGES"
    found = {}
    for path in [*folder.glob("django.po"), *folder.glob("parts/*.po")]:
        for message in read_po(io.BytesIO(path.read_bytes()), locale="de", charset="utf-8"):
            words = (message.string,) if isinstance(message.string, str) else tuple(message.string)
            if message.id and all(words) and "fuzzy" not in message.flags:
                key = message.id if isinstance(message.id, str) else message.id[0]
                found[message.context, key] = words
    return found


def used() -> list[tuple[str | None, str]]:
    keys = []
    for source in SOURCES:
        for _, messages, _, context in extract_from_file("python", ROOT / source, keywords=KEYWORDS):
            keys.append((context, messages if isinstance(messages, str) else messages[0]))
    return sorted(set(keys), key=str)


def test_there_are_words_to_check():
    assert len(used()) > 50


@pytest.mark.parametrize(("context", "words"), used(), ids=str)
def test_each_printed_text_has_a_german_translation_with_its_placeholders(context, words):
    translations = german().get((context, words))
    assert translations, f"no German for {words!r}"
    names = re.compile(r"%\(\w+\)s|{\w+}")
    for translation in translations:
        assert set(names.findall(translation)) == set(names.findall(words))
