"""Every page of the warehouse, and the pages its customers see, in the middle of a day: on a phone and at a desk, in
German and in English. Nothing is cut off, nothing keeps people out, a finger hits what it means, no English is left in
the German pages. A page that nobody walks to here fails as well.

``KONTOR_PICTURES=/folder`` keeps a picture of each.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings as django_settings
from django.utils.translation import override

from fulfilment.warehouse.dispatch.standin.process import CarrierStandIn
from fulfilment.warehouse.urls import urlpatterns
from tests.browser import phone
from tests.browser.people import look
from tests.browser.whole_day import Day, build
from tests.browser.whole_day_pages import Address, shopper_pages, staff_pages
from tests.support.axe import barriers
from tests.support.helpers import Outbox

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("fresh_database")]

OpenWindow = Callable[..., "Page"]
DESK, PHONE = (1280, 900), (360, 740)
#: What answers a button, sends a file or a part of a page: nothing to look at.
NOT_PAGES = {
    "add-code",
    "batch-act",
    "batch-finish",
    "batch-paper",
    "batch-scan",
    "batch-short",
    "batch-walk",
    "close-bin",
    "close-loss",
    "close-site",
    "count",
    "count-approve",
    "count-cancel",
    "count-finish",
    "count-let-go",
    "count-plan",
    "count-refuse",
    "count-start",
    "count-take-over",
    "count-tally",
    "count-total",
    "cut-off-delete",
    "dispatch",
    "dock-book",
    "dock-finish",
    "dock-open",
    "dock-undo",
    "dock-wrong",
    "finish",
    "handling",
    "index",
    "label",
    "label-cancel",
    "label-retry",
    "label-state",
    "label-want",
    "label-zpl",
    "manifest-pdf",
    "open-bin",
    "open-site",
    "order-contact",
    "outcome",
    "pack-back",
    "pack-close",
    "packing-slip",
    "phone-manifest",
    "phone-worker",
    "pick-act",
    "recall-close",
    "recall-lift",
    "recall-new",
    "remove-bin",
    "remove-code",
    "remove-zone",
    "return-act",
    "return-decide",
    "return-give-back",
    "return-label",
    "return-slip",
    "scan",
    "scans",
    "settle-scan",
    "short",
    "shortage-answer",
    "shortage-ask-again",
    "shortage-extend",
    "shortage-offer",
    "shortage-take-back",
    "tracking-settle",
    "transfer",
    "transfer-cancel",
    "transfer-dispatch",
    "transfer-paper",
    "transfer-send-back",
    "transfer-take-off",
    "undo-receipt",
    "unpack",
    "walk",
}
CUT_OFF = """() => [...document.querySelectorAll('main .table-wrap, main .card, main .task')]
    .filter(box => box.scrollWidth > box.clientWidth + 1).map(box => box.innerText.slice(0, 40))"""
TOO_SMALL = """() => [...document.querySelectorAll('main :is(.button, select, summary, .table--cards th[scope=row] a,'
        + ' input:not([type=hidden], [type=radio], [type=checkbox]))')]
    .filter(one => one.checkVisibility() && one.getBoundingClientRect().height.toFixed() < 44)
    .map(one => `${one.tagName} ${(one.innerText || one.name).slice(0, 30)}`)"""
DRAWN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
TEXTS = """() => {
    const words = [];
    for (const part of document.querySelectorAll('main, .rooms')) {
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
    url: str
    language: str
    foreign: set[str]
    found: list[str] = field(default_factory=list)

    def see(self, name: str, address: Address) -> None:
        """Open the page and look at it in both widths; barriers are looked for in one of them, by language."""
        answer = self.page.goto(self.url + address.url)
        if answer is None or answer.status != address.status:
            self.note(name, f"{answer.status if answer else 'no answer'} for {address.url}")
            return
        words = self.page.evaluate(TEXTS)
        self.note(name, *sorted(self.foreign.intersection(words)))
        self.note(name, *[word for word in words if re.fullmatch(r"[a-z]+(_[a-z]+)+", word)])
        for width, height in (DESK, PHONE):
            self.page.set_viewport_size({"width": width, "height": height})
            self.page.evaluate(DRAWN)
            self.judge(f"{name} at {width}", narrow=width == PHONE[0])
            self.overhang(f"{self.language}-{name}")

    def judge(self, name: str, *, narrow: bool) -> None:
        """Cut off, out of reach, too small for a finger."""
        self.note(name, *[f"cut off: {words}" for words in self.page.evaluate(CUT_OFF)])
        if narrow:
            self.note(name, *[f"under 44 px: {words}" for words in self.page.evaluate(TOO_SMALL)])
        if narrow == (self.language == "de"):
            self.note(name, *barriers(self.page))

    def overhang(self, name: str) -> None:
        """Wider than the window."""
        try:
            look(self.page, name)
        except AssertionError as error:
            self.note(name, str(error))

    def note(self, name: str, *words: str) -> None:
        """Remember what is wrong."""
        self.found += [f"{self.language} {name}: {one}" for one in words]


@pytest.fixture
def carrier(fresh_database: None, settings: Any) -> Iterator[CarrierStandIn]:
    with CarrierStandIn() as running:
        settings.CARRIER_DHL_URL = f"{running.url}/parcel/de"
        yield running


@pytest.fixture
def day(outbox: Outbox, carrier: CarrierStandIn) -> Day:
    with override("de"):
        return build(outbox, carrier)


def english_words() -> set[str]:
    """Every English text that is no German one as well. Stored words (the name of a delivery) are in one language
    only, so that the other way round says nothing."""
    with (django_settings.BASE_DIR / "locale/de/LC_MESSAGES/django.mo").open("rb") as file:
        catalogue = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    pairs = [(key, text) for key, text in catalogue.items() if isinstance(key, str) and text]
    return {key.rpartition("\x04")[2] for key, _text in pairs} - {text for _key, text in pairs}


def left_out(walked: dict[str, Address]) -> list[str]:
    """Pages of the warehouse that nobody walks to, and names above that are none."""
    names = {one.name for one in urlpatterns if getattr(one, "name", None)}
    missing = names - {address.name for address in walked.values()} - NOT_PAGES
    told = [f"{name}: walk to it in whole_day_pages.py, or it is no page: name it above" for name in missing]
    return told + [f"{name} is no address any more" for name in NOT_PAGES - names]


@pytest.mark.parametrize(("language", "locale"), [("de", "de-DE"), ("en", "en-GB")])
def test_every_page_is_looked_at(
    day: Day, live_server: Any, open_window: OpenWindow, language: str, locale: str
) -> None:
    page = open_window(locale=locale, service_workers="block")  # what the server says, not what the app keeps
    foreign = english_words() if language == "de" else set()
    judge = Judge(page, live_server.url, language, foreign, left_out(staff_pages(day)))
    with override(language):
        for who, pages in ((day.boss, staff_pages(day)), (day.shopper, shopper_pages(day))):
            phone.sign_in(page.context, live_server.url, who)
            for name, address in pages.items():
                judge.see(name, address)
    assert not judge.found, "\n".join(judge.found)
