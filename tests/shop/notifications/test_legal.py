"""Terms and withdrawal notice go with the confirmation, as they were on that day."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pikepdf
import pytest

from checkout.order.models import Order
from shop.demo.pages import page_text
from shop.notifications import legal
from shop.notifications.attachments import fetch
from shop.notifications.models import KeptContent
from shop.pages.actions import write_home, write_page

Ordered = Callable[..., Order]


def write_texts(keys: tuple[str, ...] = ("terms", "withdrawal"), note: str = "") -> None:
    """The demo shop's pages, as its seed writes them."""
    write_home(texts={language: {"title": "Kontor"} for language in ("de", "en")})
    for key in keys:
        texts = {language: page_text(key, language) for language in ("de", "en")}
        write_page(
            key=key,
            texts={
                language: {"slug": page.slug, "title": page.title, "body": page.body + note}
                for language, page in texts.items()
            },
        )


@pytest.mark.parametrize(
    ("language", "names"),
    [
        ("de", ["Allgemeine Geschäftsbedingungen.pdf", "Widerrufsrecht.pdf"]),
        ("en", ["Terms and conditions.pdf", "Right of withdrawal.pdf"]),
    ],
)
def test_written_pages_are_attached_in_the_language_of_the_order(
    ordered: Ordered, mail_of: Any, language: str, names: list[str]
) -> None:
    write_texts()
    mail = mail_of(ordered(language=language), "order_confirmed")
    files = [fetch(row) for row in mail.attachments.all()]
    assert [file.name for file in files] == names
    for file in files:
        with pikepdf.open(io.BytesIO(file.body)) as pdf:
            assert pdf.Root.Lang == language
            assert len(pdf.pages) >= 1


def test_what_a_customer_was_sent_stays_when_the_page_changes(ordered: Ordered, mail_of: Any) -> None:
    write_texts()
    first = mail_of(ordered(), "order_confirmed")
    write_texts(("terms",), note="<p>Neu: wir liefern auch nach Helgoland.</p>")
    second = mail_of(ordered(), "order_confirmed")
    sources = [row.source for mail in (first, second) for row in mail.attachments.all()]
    assert sources[0] != sources[2], "other terms"
    assert sources[1] == sources[3], "the same notice, kept once"
    kept = KeptContent.objects.get(sha256=sources[0].rpartition(":")[2])
    assert b"Helgoland" not in bytes(kept.body)


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("written", [True, False])
def test_the_withdrawal_notice_always_comes_with_the_model_form(
    db: None, language: str, written: bool
) -> None:
    if written:
        write_texts()
    html = legal.text("withdrawal", language)
    heading = "Muster-Widerrufsformular" if language == "de" else "Model withdrawal form"
    assert html.count(f"<h2>{heading}</h2>") == 1
    assert html.startswith("<h1>")


def test_a_shop_without_terms_of_its_own_sends_none(db: None) -> None:
    assert legal.text("terms", "de") == ""


def test_markup_of_a_page_becomes_plain_words() -> None:
    html = '<h1>A &amp; B</h1><p>See <a href="https://x.example/">here</a><br>#set text(fill: red)</p><li>one</li>'
    reader = legal._Reader()
    reader.feed(html)
    assert reader.blocks() == [
        {"kind": "h1", "text": "A & B"},
        {"kind": "p", "text": "See here (https://x.example/)"},
        {"kind": "p", "text": "#set text(fill: red)"},
        {"kind": "li", "text": "one"},
    ]
    assert legal.as_pdf(html, "en").startswith(b"%PDF")
