"""Every form of the warehouse, sent empty, sent with nonsense and sent as it should be: what is wrong is said beside
the field and summed up where the focus goes, what was typed is still there, and each answer is looked at as a page is.

``KONTOR_PICTURES=/folder`` keeps a picture of each answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from django.urls import resolve
from django.utils.translation import override

from tests.browser import phone
from tests.browser.judge import LANGUAGES, Judge
from tests.browser.whole_day import SHOE, WAX, Day
from tests.browser.whole_day_pages import staff_pages

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("fresh_database")]

OpenWindow = Callable[..., "Page"]
#: The picker's app sends by itself; its tests are test_picking_*.py.
APP = {"pick", "pick-batch", "phone"}
NONSENSE = {"text": "Das gibt es nicht " + "W" * 400, "number": "-7", "date": "0001-01-01"}
#: What is typed into an empty field of this name; another text field gets a sentence, another number 1.
GOOD = {
    "code": SHOE,
    "bin": "A-20",
    "sku": WAX,
    "price": "1",
    "cost": "1",
    "postcode": "20095",
    "carrier": "DHL",
}
FORMS_AT_LEAST = 50  #: kinds of forms that the day shows
SENTENCE = "Am Telefon so besprochen."
FORMS = """() => [...document.querySelectorAll('main form')].map((form, place) => ({
    place,
    address: form.getAttribute('action') || location.pathname,
    posts: form.getAttribute('method') === 'post',
    asks: !!form.querySelector('input:not([type=hidden], [type=submit]), select, textarea'),
}))"""
FILL = """([place, how, nonsense, good, sentence]) => {
    const form = document.querySelectorAll('main form')[place], typed = {}, ticked = [];
    for (const one of form.querySelectorAll('input:not([type=hidden], [type=submit]), select, textarea')) {
        const counts = one.type === 'number' || one.inputMode === 'numeric';
        const kind = counts ? 'number' : one.type === 'date' ? 'date' : 'text';
        if (one.type === 'checkbox') { if (one.checked) ticked.push([one.name, one.value]); continue; }
        if (one.type === 'radio') {
            const others = [...form.querySelectorAll('input[type=radio]')].filter(other => other.name === one.name);
            if (how === 'empty') one.checked = false;
            else if (!others.some(other => other.checked)) one.checked = true;
        } else if (one.tagName === 'SELECT') {
            if (how === 'empty' && one.querySelector('option[value=""]')) one.value = '';
            if (how === 'good' && !one.value) one.selectedIndex = 1;
        } else if (how === 'empty') one.value = '';
        else if (how === 'nonsense') one.value = nonsense[kind].slice(0, one.maxLength > 0 ? one.maxLength : undefined);
        else if (!one.value && kind !== 'date') one.value = good[one.name] || (kind === 'number' ? '1' : sentence);
        if (how === 'nonsense' && !('scan' in one.dataset) && one.type !== 'radio' && one.tagName !== 'SELECT') typed[one.name] = one.value;
    }
    form.noValidate = true;
    form.requestSubmit(form.querySelector('button:not([type=button])'));
    return { typed, ticked };
}"""
#: What is wrong with the way an answer says what is wrong.
UNSAID = """({ typed, ticked }) => {
    const found = [], main = document.querySelector('main');
    const words = '.summary--bad, .notice--bad, .scan-result[data-scan-result=bad], .toast--error, .toast--warning';
    const said = [...document.querySelectorAll(words)].filter(one => one.checkVisibility());
    if (!said.length) found.push('nothing on the page says what is wrong');
    const sums = said.filter(one => one.matches('.summary--bad'));
    if (sums.length && !sums.includes(document.activeElement)) found.push('the focus is not on what is wrong');
    for (const field of main.querySelectorAll('.field--bad')) {
        const error = field.querySelector('.field__error');
        const control = field.querySelector('input:not([type=hidden]), select, textarea');
        if (!error || !error.checkVisibility()) {
            found.push('an error is not beside its field: ' + field.innerText);
            continue;
        }
        const told = control && (control.closest('[aria-describedby]') || control).getAttribute('aria-describedby');
        if (!`${told}`.split(' ').includes(error.id)) found.push('nobody is told the error of ' + control?.name);
    }
    for (const [name, value] of Object.entries(typed)) {
        const fields = [...main.querySelectorAll('form [name]')].filter(one => one.name === name);
        if (fields.length && !fields.some(one => one.value === value)) found.push('what was typed is lost: ' + name);
    }
    for (const [name, value] of ticked) {
        const box = [...main.querySelectorAll('[type=checkbox]')].find(one => one.name === name && one.value === value);
        if (box && !box.checked) found.push('what was ticked is lost: ' + name);
    }
    return found;
}"""


class Clerk:
    """Sends each form once per way, and has every answer looked at."""

    def __init__(self, page: Page, url: str, judge: Judge) -> None:
        self.page, self.url, self.judge = page, url, judge
        self.sent: set[tuple[str, str]] = set()

    def walk(self, pages: dict[str, str], how: str) -> dict[str, str]:
        """Every form of these pages; gives the pages that have some that ask for something."""
        asking = {}
        for name, address in pages.items():
            for form in self.forms(address):
                if form["asks"]:
                    asking[name] = address
                if form["asks"] or how == "good":
                    self.send(name, address, form["address"], how)
        return asking

    def forms(self, address: str) -> list[dict[str, Any]]:
        """The forms of a page that change something; none where the page is gone meanwhile."""
        if self.page.url != self.url + address:
            answer = self.page.goto(self.url + address)
            if answer is None or not answer.ok:
                return []
        return [form for form in self.page.evaluate(FORMS) if form["posts"]]

    def send(self, name: str, address: str, to: str, how: str) -> None:
        """One form, unless one of its kind was sent this way before, or another one took it away."""
        match = resolve(urlsplit(to).path or address)
        kind = "-".join([match.url_name or "", *(v for v in match.kwargs.values() if isinstance(v, str))])
        if (kind, how) in self.sent:
            return
        places = [form["place"] for form in self.forms(address) if form["address"] == to]
        if not places:
            return
        self.sent.add((kind, how))
        with self.page.expect_navigation() as moved:
            filled = self.page.evaluate(FILL, [places[0], how, NONSENSE, GOOD, SENTENCE])
        name = f"{name}-{kind}-{how}"
        status = moved.value.status if moved.value else 0
        if status >= 400:
            self.judge.note(name, *self.page.evaluate(UNSAID, filled))
        self.judge.see(f"{name}-{status}")


@pytest.mark.parametrize(("language", "locale"), LANGUAGES)
def test_every_form_says_what_is_wrong_and_what_happened(
    day: Day, live_server: Any, open_window: OpenWindow, language: str, locale: str
) -> None:
    page = open_window(locale=locale, service_workers="block")
    judge = Judge(page, language)
    phone.sign_in(page.context, live_server.url, day.boss)
    clerk = Clerk(page, live_server.url, judge)
    with override(language):
        pages = {name: one.url for name, one in staff_pages(day).items() if one.name not in APP}
        asking = clerk.walk(pages, "empty")
        clerk.walk(asking, "nonsense")
        clerk.walk(pages, "good")
    kinds = {kind for kind, how in clerk.sent}
    assert len(kinds) > FORMS_AT_LEAST, sorted(kinds)
    assert not judge.found, "\n".join(judge.found)
