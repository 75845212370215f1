"""What the editor's browser sends as rich text: Wagtail's sanitizer keeps the marks of its list and nothing else."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client

from shop.pages.actions import write_home, write_landing, write_page

pytestmark = pytest.mark.django_db
MARK = "<script>alert(1)</script><img src=x onerror=alert(1)>"
#: Tags and attributes that rich text of ours may become; anything else was made by who attacked.
TAGS = {"p", "b", "a"}
ADDRESSES = [
    "javascript:alert(1)",
    " JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,<script>",
    "vbscript:x",
]


def block(text: str, kind: str = "unstyled", *, style: str = "", entity: int | None = None) -> dict[str, Any]:
    """A block as the editor in the browser writes it (Draft.js)."""
    whole = {"offset": 0, "length": len(text)}
    return {
        "key": "abcde", "text": text, "type": kind, "depth": 0,
        "inlineStyleRanges": [{**whole, "style": style}] if style else [],
        "entityRanges": [{**whole, "key": entity}] if entity is not None else [],
    }  # fmt: skip


def hostile() -> str:
    """Markup as text, links that are scripts, kinds of blocks and marks that nobody offered."""
    links = [
        {"type": "LINK", "mutability": "MUTABLE", "data": {"url": one, "onclick": "x()"}} for one in ADDRESSES
    ]
    return json.dumps({
        "blocks": [
            block(f"Vorn {MARK}"), block(f"Fett {MARK}", style="BOLD"),
            *(block(f"Verweis {n}", entity=n) for n in range(len(links))),
        ],
        "entityMap": {str(n): link for n, link in enumerate(links)},
    })  # fmt: skip


NO_COMMENTS = {f"comments-{name}_FORMS": "0" for name in ("TOTAL", "INITIAL")}


def publish(boss: Client, address: str, form: dict[str, str]) -> str:
    """Send the editor's form and read the page as a shopper does."""
    edited = boss.post(address, {**form, **NO_COMMENTS, "action-publish": "1"})
    assert edited.status_code == 302, edited.content.decode()[:3000]
    return Client().get(f"/{form['slug']}/").content.decode()


def as_text_page(boss: Client, body: str) -> str:
    write_home(texts={"de": {"title": "Kontor"}})
    page = write_page(texts={"de": {"slug": "ueber-uns", "title": "Wir", "body": "<p>Alt</p>"}})["de"]
    form = {"title": "Wir", "slug": page.slug, "introduction": "", "key": "", "body": body}
    return publish(boss, f"/cms/pages/{page.pk}/edit/", form)


def as_block(boss: Client, body: str) -> str:
    write_home(texts={"de": {"title": "Kontor"}})
    old = [("text", {"title": "", "body": "<p>Alt</p>"})]
    page = write_landing(texts={"de": {"slug": "herbst", "title": "Herbst", "body": old}})["de"]
    form = {
        "title": "Herbst",
        "slug": page.slug,
        "body-count": "1",
        "body-0-type": "text",
        "body-0-order": "0",
    }
    form |= {"body-0-deleted": "", "body-0-id": "", "body-0-value-title": "", "body-0-value-body": body}
    return publish(boss, f"/cms/pages/{page.pk}/edit/", form)


@pytest.mark.parametrize("written", [as_text_page, as_block])
def test_rich_text_becomes_marks_of_the_list_and_no_script(written: Any, boss: Client) -> None:
    html = written(boss, hostile())
    begin, end = html.index("Vorn"), html.index(f"Verweis {len(ADDRESSES) - 1}")
    shown = html[html.rindex("<p", 0, begin) : end]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown, "what was typed is shown as it was typed"
    assert "<b>Fett" in shown, "and what was marked is marked"
    tags = re.findall(r"<([a-z0-9]+)([^>]*)>", shown)
    assert {tag for tag, _more in tags} <= TAGS
    for tag, more in tags:
        assert not re.search(r"\bon\w+\s*=|script:|data:text|style", more, re.IGNORECASE), (tag, more)


@pytest.mark.parametrize("sent", [f"<p>{MARK}</p>", "[]", '{"blocks": 7, "entityMap": []}', "[" * 100_000])
def test_what_no_editor_sends_is_refused_in_words(sent: str, boss: Client) -> None:
    write_home(texts={"de": {"title": "Kontor"}})
    page = write_page(texts={"de": {"slug": "ueber-uns", "title": "Wir", "body": "<p>Alt</p>"}})["de"]
    form = {"title": "Wir", "slug": page.slug, "introduction": "", "key": "", "body": sent, **NO_COMMENTS}
    answer = boss.post(f"/cms/pages/{page.pk}/edit/", {**form, "action-publish": "1"})
    assert answer.status_code == 400
    assert "nicht so an, wie dieser Editor" in answer.content.decode()
    page.refresh_from_db()
    assert "Alt" in page.body
