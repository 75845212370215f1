"""What browsers get: nothing from elsewhere, nothing that the content policy would refuse, everything translated."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

from scripts import messages
from tests.architecture.source import ROOMS, ROOT

TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
STYLES = sorted((ROOT / "static").rglob("*.css"))
SCRIPTS = sorted((ROOT / "static").rglob("*.js"))
MAIL = ("templates/notifications/", "templates/mails/", "templates/mail/", "templates/emails/")

OUTSIDE = re.compile(
    r"""(?:\bsrc|\bsrcset|<link\b[^>]*\bhref|\baction|@import|url\()\s*=?\s*["'(]?\s*(?:https?:)?//[\w]""",
    re.I,
)
INLINE = {
    "an inline <script>": re.compile(
        r"<script(?![^>]*\b(?:src=|type=\"application/(?:ld\+)?json\"))[^>]*>", re.I
    ),
    "an inline event handler": re.compile(
        r"<[^>]+\son(?:click|change|submit|load|input|keyup|keydown|error)\s*=", re.I
    ),
    "an inline style": re.compile(r"<[^>{}]+\sstyle\s*=", re.I),
    "a <style> element": re.compile(r"<style\b", re.I),
    "a javascript: address": re.compile(r"href\s*=\s*[\"']javascript:", re.I),
}
STATIC = re.compile(r"""{%\s*static\s+["']([^"']+)["']""")


def name(path: Path) -> str:
    """Path inside the project."""
    return str(path.relative_to(ROOT))


def lines(paths: list[Path], pattern: re.Pattern[str]) -> list[str]:
    """Where the pattern occurs."""
    found = []
    for path in paths:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if pattern.search(line):
                found.append(f"{name(path)}:{number}: {line.strip()[:120]}")
    return found


def test_pages_fetch_nothing_from_elsewhere() -> None:
    found = lines([*TEMPLATES, *STYLES, *SCRIPTS], OUTSIDE)
    assert not found, "\n".join(found) + "\nRemedy: put the file under static/ (package.json for libraries)"


@pytest.mark.parametrize("what", INLINE)
def test_pages_hold_nothing_that_the_content_policy_refuses(what: str) -> None:
    pages = [
        path for path in TEMPLATES if not name(path).startswith(MAIL)
    ]  # mail programs know only inline styles
    found = lines(pages, INLINE[what])
    assert not found, (
        f"{what}:\n" + "\n".join(found) + "\nRemedy: a class in static/css, a file in static/js, data-*"
    )


def test_every_static_file_that_a_page_names_is_there() -> None:
    """With fingerprints a missing file is an error page, not a missing picture."""
    missing = [
        f"{name(path)} names {wanted}"
        for path in [*TEMPLATES, *(found for room in ROOMS for found in (ROOT / room).rglob("*.html"))]
        for wanted in STATIC.findall(path.read_text())
        if finders.find(wanted) is None
    ]
    assert not missing, "\n".join(missing)


def test_pages_use_no_static_file_of_oscars_own() -> None:
    """`make setup` leaves them out: 26 MB of jQuery and TinyMCE for pages that we replaced."""
    found = [f"{name(path)}" for path in TEMPLATES if re.search(r"static\s+[\"']oscar/", path.read_text())]
    assert not found, found


def test_translations_do_not_contradict_each_other() -> None:
    wrong = [sentence for folder in messages.folders() for sentence in messages.merged(folder)[1]]
    assert not wrong, "\n".join(wrong)


def test_translations_keep_the_placeholders() -> None:
    """A lost or misspelled %(name)s is an error page in one language only."""
    wrong = []
    for folder in messages.folders():
        for entry in messages.merged(folder)[0]:
            sources = entry.id if isinstance(entry.id, tuple) else (entry.id,)
            strings = entry.string if isinstance(entry.string, tuple | list) else (entry.string,)
            wanted = set().union(*(_placeholders(text) for text in sources))
            wrong += [
                f"{text!r} has {sorted(_placeholders(text) - wanted)}, which {sources[0]!r} lacks"
                for text in strings
                if _placeholders(text) - wanted
            ]
    assert not wrong, "\n".join(wrong)


def _placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)[sdf]|\{\w+\}", text))
