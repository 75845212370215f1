"""Every word of mails, mailbox and connect has a German translation with the same placeholders."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from babel.messages.extract import extract
from django.utils.translation.template import templatize

from scripts.messages import ROOT, folders, merged

SOURCES = (
    "shop/notifications/**/*.py",
    "shop/connect/**/*.py",
    "templates/mail/**/*.html",
    "templates/dashboard/notifications/*.html",
    "templates/dashboard/connect/*.html",
)
KEYWORDS = {"_": None, "gettext_lazy": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}
NAMES = re.compile(r"%\(\w+\)[sd]")


def words_of(path: Path) -> list[str | tuple[str, ...]]:
    """What gettext would find in a file."""
    text = path.read_text()
    source = templatize(text) if path.suffix == ".html" else text
    found = extract("python", io.BytesIO(source.encode()), keywords=KEYWORDS)  # type: ignore[arg-type]
    return [message for _line, message, _comments, _context in found]  # type: ignore[misc]


def used() -> list[str | tuple[str, ...]]:
    """All texts, once."""
    files = sorted({path for pattern in SOURCES for path in ROOT.glob(pattern)})
    return sorted({words for path in files for words in words_of(path)}, key=str)


def test_there_are_words_to_check() -> None:
    assert len(used()) > 120


@pytest.mark.parametrize("words", used(), ids=str)
def test_each_text_has_a_german_translation_with_its_placeholders(words: str | tuple[str, ...]) -> None:
    catalog, _contradictions = merged(next(folder for folder in folders() if folder.parent.name == "de"))
    entry = catalog.get(words)  # type: ignore[arg-type]
    assert entry is not None, f"no German for {words!r}"
    texts = entry.string if isinstance(entry.string, tuple | list) else [entry.string]
    originals = words if isinstance(words, tuple) else (words,)
    for text in texts:
        assert text
        assert set(NAMES.findall(text)) == set(NAMES.findall(originals[-1]))
