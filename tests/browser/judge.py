"""Looks at a page as it stands, on a phone and at a desk: nothing is cut off, nothing keeps people out, a finger hits
what it means, no English is left in the German pages.

``KONTOR_PICTURES=/folder`` keeps a picture of each.
"""

from __future__ import annotations

import gettext
import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from django.conf import settings

from tests.browser.people import look
from tests.support.axe import barriers

if TYPE_CHECKING:
    from playwright.sync_api import Page

LANGUAGES = [("de", "de-DE"), ("en", "en-GB")]  #: and the locale of the window
GAP = r"%\(\w+\)[sd]"  #: where a text names something
PIECE_MIN = 12  #: characters of a text between its gaps that are surely its own
DESK, PHONE = (1280, 900), (360, 740)
CUT_OFF = """() => [...document.querySelectorAll('main .table-wrap, main .card, main .task')]
    .filter(box => box.scrollWidth > box.clientWidth + 1).map(box => box.innerText.slice(0, 40))"""
TOO_SMALL = """() => [...document.querySelectorAll('main :is(.button, select, summary, .table--cards th[scope=row] a,'
        + ' input:not([type=hidden], [type=radio], [type=checkbox]))')]
    .filter(one => one.checkVisibility() && one.getBoundingClientRect().height.toFixed() < 44)
    .map(one => `${one.tagName} ${(one.innerText || one.name).slice(0, 30)}`)"""
#: Two frames after a window changed its size, the page stands as it will. Only where scripts run: ``people.overhang``.
DRAWN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"
TEXTS = """() => {
    const words = [];
    for (const part of document.querySelectorAll('main, .rooms, .toasts')) {
        const walk = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
        while (walk.nextNode()) words.push(walk.currentNode.textContent.replace(/\\s+/g, ' ').trim());
        for (const one of part.querySelectorAll('[placeholder], [aria-label], [title]'))
            words.push(one.placeholder || one.ariaLabel || one.title);
    }
    return [...new Set(words)].filter(Boolean);
}"""


@dataclass
class Judge:
    """Looks at pages in one language and writes down what is wrong with them."""

    page: Page
    language: str
    found: list[str] = field(default_factory=list)
    foreign: frozenset[str] = field(init=False, default=frozenset())
    parts: frozenset[str] = field(init=False, default=frozenset())

    def __post_init__(self) -> None:
        if self.language == "de":
            self.foreign, self.parts = english_words(), english_parts()

    def see(self, name: str) -> None:
        """Look at the page in both widths; barriers are looked for in one of them, by language. A click comes back when
        the next page has begun to come: it is judged when all of it is there, its styles too."""
        self.page.wait_for_load_state()
        words = self.page.evaluate(TEXTS)
        self.note(name, *sorted(self.foreign.intersection(words)))
        everything = "\n".join(words)
        self.note(name, *sorted(piece for piece in self.parts if piece in everything))
        self.note(name, *[word for word in words if re.fullmatch(r"[a-z]+(_[a-z]+)+", word)])
        for width, height in (DESK, PHONE):
            self.page.set_viewport_size({"width": width, "height": height})
            self.page.evaluate(DRAWN)
            self._measure(f"{name} at {width}", narrow=width == PHONE[0])
            self._overhang(f"{self.language}-{name}")

    def _measure(self, name: str, *, narrow: bool) -> None:
        """Cut off, out of reach, too small for a finger."""
        self.note(name, *[f"cut off: {words}" for words in self.page.evaluate(CUT_OFF)])
        if narrow:
            self.note(name, *[f"under 44 px: {words}" for words in self.page.evaluate(TOO_SMALL)])
        if narrow == (self.language == "de"):
            self.note(name, *barriers(self.page))

    def _overhang(self, name: str) -> None:
        """Wider than the window."""
        try:
            look(self.page, name)
        except AssertionError as error:
            self.note(name, str(error))

    def note(self, name: str, *words: str) -> None:
        """Remember what is wrong."""
        self.found += [f"{self.language} {name}: {one}" for one in words]


@cache
def english_words() -> frozenset[str]:
    """Every English text that is no German one as well. Stored words (the name of a delivery) are in one language
    only, so that the other way round says nothing."""
    german, english = _catalogue()
    return frozenset(english - german)


@cache
def english_parts() -> frozenset[str]:
    """The longest piece between the gaps of every English text that has some ("%(n)s pieces are missing"), where no
    German text holds it as well."""
    german, english = _catalogue()
    pieces = {max(re.split(GAP, text), key=len).strip() for text in english if re.search(GAP, text)}
    everything = "\n".join(german)
    return frozenset(piece for piece in pieces if len(piece) >= PIECE_MIN and piece not in everything)


@cache
def _catalogue() -> tuple[set[str], set[str]]:
    with (settings.BASE_DIR / "locale/de/LC_MESSAGES/django.mo").open("rb") as file:
        catalogue = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    german, english = set(), set()
    for key, text in catalogue.items():
        if text and key:
            german.add(text)
            english.add((key if isinstance(key, str) else key[0]).rpartition("\x04")[2])
    return german, english
