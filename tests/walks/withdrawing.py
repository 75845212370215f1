"""The withdrawal function as a browser walks it: its address, what is said, the page's own form and buttons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import html5lib
import pytest
from django.test import Client
from django.utils import translation

from tests.factories.orders import make_country
from tests.factories.range import ensure_vat

URL = "/withdrawal/"
SAID = {"name": "Erika Muster", "contract": "Stiefel, letzte Woche gekauft", "email": "erika@example.org"}


@pytest.fixture(autouse=True)
def ground(db: None) -> Iterator[None]:
    """Germany, its taxes and its language; for every test of a module that imports it."""
    make_country()
    ensure_vat()
    with translation.override("de"):
        yield


def page(answer: Any) -> Any:
    """The answer as a tree."""
    return html5lib.parse(answer.content.decode(), namespaceHTMLElements=False)


def form_of(answer: Any) -> dict[str, str]:
    """What a browser would send of the page's own form, without the buttons."""
    tree = page(answer).find(".//main")
    (form,) = [one for one in tree.iter("form") if one.get("method") == "post"]
    fields = {
        one.get("name"): one.get("value") or "" for one in form.iter("input") if one.get("type") != "radio"
    }
    fields |= {one.get("name"): one.get("value") for one in form.iter("input")
               if one.get("type") == "radio" and one.get("checked") is not None}  # fmt: skip
    fields |= {one.get("name"): (one.text or "").removeprefix("\n") for one in form.iter("textarea")}
    return {name: value for name, value in fields.items() if name}


def buttons(answer: Any) -> dict[str, str]:
    """Words of the buttons in the page's own form, and what they send."""
    tree = page(answer).find(".//main")
    return {" ".join("".join(one.itertext()).split()): one.get("value") for one in tree.iter("button")}


def walk(client: Client, said: dict[str, str], url: str = URL, **changes: str) -> Any:
    """Both steps as a browser makes them, from the page's own fields; returns the last answer."""
    first = client.get(url)
    second = client.post(URL, {**form_of(first), **said, "step": "declare"})
    assert second.status_code == 200, second.content.decode()[:3000]
    return client.post(URL, {**form_of(second), **changes, "step": buttons(second)["Widerruf bestätigen"]})
