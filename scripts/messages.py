"""Compile the translations: `python -m scripts.messages`. Needs no gettext programs.

The sources are ``locale/<language>/LC_MESSAGES/django.po`` and ``parts/*.po`` beside it, one part per room, plain
entries without a header. Together they become ``django.mo``, which is not kept in the repository.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[1]


def folders() -> list[Path]:
    """Every LC_MESSAGES folder."""
    return sorted((ROOT / "locale").glob("*/LC_MESSAGES"))


def sources(folder: Path) -> list[Path]:
    """The .po files of one language."""
    return [
        path for path in [folder / "django.po", *sorted((folder / "parts").glob("*.po"))] if path.is_file()
    ]


def is_stale(folder: Path) -> bool:
    """Whether a source (or its going) is newer than the compiled file."""
    compiled = folder / "django.mo"
    if not sources(folder):
        return False
    watched = [*sources(folder), *(path for path in [folder / "parts"] if path.is_dir())]
    return not compiled.is_file() or max(path.stat().st_mtime for path in watched) >= compiled.stat().st_mtime


def entries(path: Path, locale: str) -> Iterator[Message]:
    """The finished entries of one file."""
    # A part has no header; Babel then takes ASCII unless told.
    with BytesIO(path.read_bytes()) as text:
        for entry in read_po(text, locale=locale, charset="utf-8"):
            if entry.id and not entry.fuzzy and _is_translated(entry):
                yield entry


def _is_translated(entry: Message) -> bool:
    return all(entry.string) if isinstance(entry.string, tuple | list) else bool(entry.string)


def merged(folder: Path) -> tuple[Catalog, list[str]]:
    """One catalogue of all parts, and a sentence for each text that two of them translate differently."""
    locale = folder.parent.name
    catalog = Catalog(locale=locale, charset="utf-8", fuzzy=False)
    seen: dict[object, tuple[object, Path]] = {}
    contradictions = []
    for path in sources(folder):
        for entry in entries(path, locale):
            string, first = seen.setdefault((entry.context, entry.id), (entry.string, path))
            if string != entry.string:
                contradictions.append(
                    f"{entry.id!r} is {string!r} in {first.name} and {entry.string!r} in {path.name}; "
                    "agree on one, or tell them apart with pgettext"
                )
            elif path == first:
                catalog.add(entry.id, entry.string, context=entry.context)
    return catalog, contradictions


def compile_stale() -> list[Path]:
    """Compile what has changed; returns the files written."""
    written = []
    for folder in folders():
        if is_stale(folder):
            target = folder / "django.mo"
            unfinished = target.with_suffix(f".{os.getpid()}")
            with unfinished.open("wb") as handle:
                write_mo(handle, merged(folder)[0])
            unfinished.replace(target)
            written.append(target)
    return written


if __name__ == "__main__":
    for path in compile_stale():
        print(f"compiled {path.relative_to(ROOT)}")
    sys.exit("\n".join(sentence for folder in folders() for sentence in merged(folder)[1]) or None)
