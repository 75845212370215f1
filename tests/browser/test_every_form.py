"""Every form of the warehouse, sent empty and sent with nonsense, read as a browser would read the answer: what is
wrong is said, in words and beside its field, and what was typed and ticked is still there. It needs no window.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.test import Client
from django.urls import resolve
from django.utils.translation import override
from lxml import html

from tests.browser.judge import english_words
from tests.browser.whole_day import Day
from tests.browser.whole_day_pages import staff_pages

pytestmark = pytest.mark.usefixtures("fresh_database")

#: The picker's app sends by itself; its tests are test_picking_*.py.
APP = {"pick", "pick-batch", "phone"}
NONSENSE = {"text": "Das gibt es nicht " + "W" * 400, "number": "-7", "date": "0001-01-01"}
FORMS_AT_LEAST = 35  #: kinds of forms that ask for something on the pages of the day
SAID = ("summary--bad", "notice--bad", "scan-result", "toast--error", "toast--warning")
ASKS = ".//input[not(@type='hidden') and not(@type='submit')] | .//select | .//textarea"
REFUSED = (400, 404, 409)


@dataclass
class Filled:
    """What is sent, and what must still be there when it is refused."""

    data: dict[str, list[str]] = field(default_factory=dict)
    typed: dict[str, str] = field(default_factory=dict)
    ticked: set[tuple[str, str]] = field(default_factory=set)

    def put(self, name: str, value: str) -> None:
        """One value of a field."""
        self.data.setdefault(name, []).append(value)


def fill(form: Any, how: str) -> Filled:
    """The form as a person sends it who types nothing, or nonsense, as far as the field lets them."""
    filled = Filled()
    for one in form.xpath(".//input[@type='hidden'][@name]"):
        filled.put(one.get("name"), one.get("value") or "")
    button = first_button(form)
    if button is not None and button.get("name"):
        filled.put(button.get("name"), button.get("value") or "")
    for one in form.xpath(ASKS):
        name, kind = one.get("name"), one.get("type") or one.tag
        if kind == "checkbox":
            if one.get("checked") is not None:
                filled.put(name, one.get("value") or "on")
                filled.ticked.add((name, one.get("value") or "on"))
        elif kind == "select":
            chosen = one.xpath("string((.//option[@selected] | .//option)[1]/@value)")
            empty = one.xpath(".//option[@value='']")
            filled.put(name, "" if how == "empty" and empty else chosen)
        elif kind == "radio":
            if how == "nonsense" and name not in filled.data:
                filled.put(name, one.get("value") or "")
        else:
            value = "" if how == "empty" else nonsense(one, kind)
            filled.put(name, value)
            if value and one.get("data-scan") is None:
                filled.typed[name] = value
    return filled


def nonsense(one: Any, kind: str) -> str:
    """What makes no sense in this field."""
    if kind == "number" or one.get("inputmode") == "numeric":
        return NONSENSE["number"]
    if kind in ("date", "time", "datetime-local"):
        return NONSENSE["date"] if kind == "date" else ""
    return NONSENSE["text"][: int(one.get("maxlength") or len(NONSENSE["text"]))]


def unsaid(page: Any, filled: Filled) -> list[str]:
    """What is wrong with the way an answer says what is wrong."""
    found = []
    if not any(page.find_class(name) for name in SAID):
        found.append("nothing on the page says what is wrong")
    for box in page.find_class("field--bad"):
        errors = box.find_class("field__error")
        told = " ".join(box.xpath(".//@aria-describedby")).split()
        if not errors:
            found.append(f"no error beside {box.text_content().strip()[:40]}")
        elif errors[0].get("id") not in told:
            found.append(f"nobody is told {errors[0].get('id')}")
    for name, value in filled.typed.items():
        fields = page.xpath("//main//form//*[@name=$name]", name=name)
        if fields and value not in [one.get("value") or (one.text or "").lstrip("\n") for one in fields]:
            found.append(f"what was typed is lost: {name}")
    for name, value in filled.ticked:
        boxes = page.xpath("//main//input[@type='checkbox'][@name=$name][@value=$v]", name=name, v=value)
        if boxes and not any(one.get("checked") is not None for one in boxes):
            found.append(f"what was ticked is lost: {name}")
    return found


class Clerk:
    """Sends each kind of form once per way."""

    def __init__(self, client: Client, language: str) -> None:
        self.client = client
        self.foreign = english_words() if language == "de" else set()
        self.sent: set[tuple[str, str]] = set()
        self.found: list[str] = []

    def walk(self, pages: dict[str, str], how: str) -> None:
        """Every form of these pages that asks for something."""
        for name, address in pages.items():
            for to in [action(form, address) for form in self.forms(address)]:
                self.send(name, address, to, how)

    def forms(self, address: str) -> list[Any]:
        """The forms of a page that change something and ask for something; none where the page is gone meanwhile."""
        answer = self.client.get(address)
        if answer.status_code != 200:
            return []
        forms = html.fromstring(answer.content).xpath("//main//form[@method='post']")
        return [form for form in forms if form.xpath(ASKS)]

    def send(self, name: str, address: str, to: str, how: str) -> None:
        """One form, unless one of its kind was sent this way before, or another one took it away."""
        match = resolve(urlsplit(to).path)
        kind = "-".join([match.url_name or "", *(v for v in match.kwargs.values() if isinstance(v, str))])
        form = next((one for one in self.forms(address) if action(one, address) == to), None)
        if (kind, how) in self.sent or form is None:
            return
        self.sent.add((kind, how))
        filled = fill(form, how)
        answer = self.client.post(to, filled.data, follow=True)
        if not answer.content:
            self.found.append(f"{name}, {kind} sent {how}: {answer.status_code} and not a word")
            return
        page = html.fromstring(answer.content)
        said = [f"answered with {answer.status_code}"] if answer.status_code not in (200, *REFUSED) else []
        if answer.status_code in REFUSED:
            said += unsaid(page, filled)
        texts = {" ".join(text.split()) for text in page.xpath("//main//text()")}
        said += sorted(self.foreign & texts)
        self.found += [f"{name}, {kind} sent {how}: {one}" for one in said]


def action(form: Any, address: str) -> str:
    """Where a form goes by its first button; without an address of its own to the page that shows it."""
    button = first_button(form)
    own = button.get("formaction") if button is not None else ""
    return urljoin(address, own or form.get("action") or "")


def first_button(form: Any) -> Any:
    """The one that Enter presses, or None."""
    return next(iter(form.xpath(".//button[not(@type='button')]")), None)


@pytest.mark.parametrize("language", ["de", "en"])
def test_every_form_says_what_is_wrong(day: Day, language: str) -> None:
    client = Client()
    client.force_login(day.boss)
    clerk = Clerk(client, language)
    with override(language):
        pages = {name: one.url for name, one in staff_pages(day).items() if one.name not in APP}
    for how in ("empty", "nonsense"):
        clerk.walk(pages, how)
    kinds = {kind for kind, _how in clerk.sent}
    assert len(kinds) > FORMS_AT_LEAST, sorted(kinds)
    assert not clerk.found, "\n".join(clerk.found)
