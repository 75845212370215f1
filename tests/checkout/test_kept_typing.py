"""What is typed into the first step is kept in the tab until the server has it (static/js/keep.js): the script itself,
in node, with as much of a page as it asks for, and the marks the pages give it."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from tests.checkout.test_steps import CONTACT, go_to_summary, put_in_basket
from tests.factories.shopping import make_user, make_variant

PAGE = """
  const store = new Map(Object.entries(KEPT).map(([key, text]) => [key, JSON.stringify(text)])), heard = {}, moved = [];
  globalThis.sessionStorage = {getItem: (key) => store.get(key) ?? null, setItem: (key, text) => store.set(key, text),
    removeItem: (key) => store.delete(key)};
  const field = (name, value) => ({name, type: "text", value, closest: () => null});
  const street = field("street", "Zweite Str. 2"), town = field("town", "Kiel");
  const form = {dataset: DATA, elements: [street, town], querySelector: () => (WRONG ? {} : null),
    addEventListener: (what, work) => { heard[what] = work; }};
  globalThis.addEventListener = (what, work) => { heard[what] = work; };
  globalThis.location = {pathname: "/checkout/", search: "?back=summary", replace: (url) => moved.push(url)};
  globalThis.document = {querySelectorAll: (wanted) => (wanted.includes("form") === Boolean(DATA.keep) ? [form] : [])};
"""
END = """
  console.log(JSON.stringify({street: street.value, moved,
    kept: store.has("keep:contact") ? JSON.parse(store.get("keep:contact")) : null}));
"""
TYPED = {"street": "Hafenstr. 1"}


def run(
    kept: dict[str, Any] | None, data: dict[str, str], then: str = "", *, wrong: bool = False
) -> dict[str, Any]:
    """What stands in the field and in the tab after the script ran on a page with ``data``, and ``then`` happened."""
    page = PAGE.replace("KEPT", json.dumps({"keep:contact": kept} if kept else {}))
    page = page.replace("DATA", json.dumps(data)).replace("WRONG", json.dumps(wrong))
    script = (settings.BASE_DIR / "static/js/keep.js").read_text()
    code = f"{page}\n{script}\n{then}\n{END}"
    answer = subprocess.run(["node", "-e", code], capture_output=True, text=True, timeout=30, check=True)
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


FORM = {"keep": "contact", "taken": "m1"}
CASES = {
    "unsent": ({"taken": "m1", "typed": TYPED}, FORM, "Hafenstr. 1"),
    "taken": ({"taken": "m0", "typed": TYPED}, FORM, "Zweite Str. 2"),
    "address just chosen": ({"taken": "m1", "typed": TYPED}, FORM | {"chosen": "7"}, "Zweite Str. 2"),
    "typed into that address": (
        {"taken": "m1", "chosen": "7", "typed": TYPED},
        FORM | {"chosen": "7"},
        "Hafenstr. 1",
    ),
    "typed into a chosen address, opened anew": (
        {"taken": "m1", "chosen": "7", "typed": TYPED},
        FORM,
        "Hafenstr. 1",
    ),
    "an older form of what is kept": (TYPED, FORM, "Zweite Str. 2"),
}


@pytest.mark.parametrize(("kept", "data", "street"), CASES.values(), ids=CASES.keys())
def test_what_was_typed_comes_back_until_the_server_has_something_else(
    kept: dict[str, Any], data: dict[str, str], street: str
) -> None:
    assert run(kept, data)["street"] == street


def test_sending_deletes_nothing_and_a_page_that_knows_it_arrived_does() -> None:
    typing = 'street.value = "Hafenstr. 1"; heard.input({target: street}); heard.submit?.({target: form});'
    kept = run(None, FORM, typing)["kept"]
    assert kept == {"taken": "m1", "typed": TYPED}
    assert run(kept, {"kept": "contact", "taken": "m1"})["kept"] == kept, "it did not arrive"
    assert run(kept, {"kept": "contact", "taken": "m2"})["kept"] is None


def test_what_is_typed_into_a_chosen_address_is_kept_with_the_rest_of_it() -> None:
    """Opened anew the form begins with another address: one corrected street would stand in a strange town."""
    typing = 'street.value = "Hafenstr. 1"; heard.input({target: street});'
    kept = run(None, FORM | {"chosen": "7"}, typing)["kept"]
    assert kept == {"taken": "m1", "chosen": "7", "typed": TYPED | {"town": "Kiel"}}


def test_a_form_with_errors_shows_what_was_sent_and_keeps_it() -> None:
    kept = {"taken": "m1", "typed": TYPED}
    assert run(kept, FORM, wrong=True) == {"street": "Zweite Str. 2", "kept": kept, "moved": []}


def test_a_page_the_browser_kept_as_it_was_is_asked_for_anew() -> None:
    assert run(None, FORM, "heard.pageshow({persisted: false})")["moved"] == []
    assert run(None, FORM, "heard.pageshow({persisted: true})")["moved"] == ["/checkout/?back=summary"]


def marks(client: Client, step: str) -> tuple[str, str]:
    """Under which name a page has the tab keep or forget, and its mark."""
    text = client.get(reverse(f"checkout:{step}")).content.decode()
    assert re.search(r'<script[^>]+js/keep[^>]+nonce="[^"]+"', text), "the script is there, and allowed"
    found = re.search(r'data-(?:keep|kept)="([^"]+)" data-taken="([^"]+)"', text)
    assert found is not None
    return found[1], found[2]


@pytest.mark.django_db
@pytest.mark.parametrize("signed_in", [False, True])
def test_every_step_says_what_the_server_has_of_the_first(client: Client, signed_in: bool) -> None:
    name = "checkout-contact-guest"
    if signed_in:
        client.force_login(person := make_user())
        name = f"checkout-contact-{person.pk}"
    put_in_basket(client, make_variant())
    before = marks(client, "contact")
    assert before == marks(client, "contact") and before[0] == name
    go_to_summary(client)
    after = {marks(client, step) for step in ("contact", "delivery", "payment", "summary")}
    assert len(after) == 1 and before not in after and after.pop()[0] == name


@pytest.mark.django_db
@pytest.mark.parametrize(
    "more",
    [
        {"email": "emil@example.org"},
        {"phone": "040 123456"},
        {"billing-line1": "Neue Str. 1"},
        {"company": "Reederei Beispiel"},
        {"other_delivery": "on"}
        | {name.replace("billing", "shipping"): text for name, text in CONTACT.items() if "billing" in name},
    ],
)
def test_whatever_is_sent_changes_the_mark_and_a_refusal_does_not(
    client: Client, more: dict[str, str]
) -> None:
    put_in_basket(client, make_variant())
    client.post(reverse("checkout:contact"), CONTACT)
    before = marks(client, "contact")
    assert (
        client.post(reverse("checkout:contact"), CONTACT | more | {"billing-postcode": "A"}).status_code
        == 422
    )
    assert marks(client, "contact") == before
    assert client.post(reverse("checkout:contact"), CONTACT | more).status_code == 302
    assert marks(client, "contact") != before
