"""The texts that go with every order confirmation (law.md: terms and withdrawal notice), as the customer was sent them.

Taken from the written pages (keys ``terms`` and ``withdrawal``) in the order's language. Where nobody has written the
withdrawal notice yet, the statutory model for goods (Anlage 1 to Art. 246a § 1 (2) EGBGB) stands in; a shop without
terms of its own sends none. The HTML is kept once per content; the PDF is made from it when a mail is sent.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from fulfilment.finance.invoicing.merchant import profile
from shop.kernel import pdf
from shop.pages.legal_texts import html_of
from shop.pages.models import ContentPage

from .letter import Attachment
from .models import KeptContent

KEYS = ("terms", "withdrawal")
TEMPLATE = Path(settings.BASE_DIR) / "templates" / "mail" / "legal.typ"
HEADINGS = {"h1", "h2", "h3", "h4"}
BREAKS = HEADINGS | {"p", "li", "div", "tr", "br", "ul", "ol", "table", "blockquote"}


def attachments(language: str) -> list[Attachment]:
    """Terms and withdrawal notice for a mail, kept as they are now. Call it in the transaction that writes the mail."""
    names = {"terms": _("Terms and conditions"), "withdrawal": _("Right of withdrawal")}
    found = []
    for key in KEYS:
        html = text(key, language)
        if html:
            digest = keep(html.encode(), "text/html")
            found.append(Attachment(f"{names[key]}.pdf", "application/pdf", f"legal:{language}:{digest}"))
    return found


def text(key: str, language: str) -> str:
    """One text as HTML, beginning with its heading; "" where there is none. The notice ends with the model form."""
    page = _page(key, language)
    if key != "withdrawal":
        return page
    short = language if language in ("de", "en") else "en"
    notice = page or _template("withdrawal", short)
    form = _template("withdrawal_form", short)
    heading = form.partition("<h2>")[2].partition("</h2>")[0]
    return notice if f">{heading}<" in notice else f"{notice}\n{form}"


def _page(key: str, language: str) -> str:
    """The written page in the language, else in the shop's own; "" where nobody has written it."""
    pages = (
        ContentPage.objects.live()
        .filter(key=key, locale__language_code__in=(language, settings.LANGUAGE_CODE))
        .select_related("locale")
    )
    found = sorted(pages, key=lambda one: one.locale.language_code != language)
    return html_of(found[0]) if found else ""


def _template(name: str, language: str) -> str:
    return render_to_string(f"mail/legal/{name}.{language}.html", {"merchant": profile()})


def keep(body: bytes, mime: str) -> str:
    """Keep a content once and return its SHA-256 as hex."""
    digest = hashlib.sha256(body).hexdigest()
    KeptContent.objects.get_or_create(sha256=digest, defaults={"mime": mime, "body": body})
    return digest


@lru_cache(maxsize=16)
def as_pdf(html: str, language: str) -> bytes:
    """A legal text as an archivable PDF; ``language`` is that of its words."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    blocks = reader.blocks()
    title = next((block["text"] for block in blocks if block["kind"] == "h1"), "")
    return pdf.render(TEMPLATE, {"title": title, "blocks": blocks}, standard="a-3b", lang=language)


class _Reader(HTMLParser):
    """Headings, paragraphs and list items of a page, as plain text; links keep their address behind them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._blocks: list[dict[str, Any]] = []
        self._words: list[str] = []
        self._kind = "p"
        self._href = ""

    def blocks(self) -> list[dict[str, Any]]:
        """What was read."""
        self._end()
        return self._blocks

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A new block begins, or a link."""
        if tag in BREAKS:
            self._end()
            self._kind = tag if tag in HEADINGS | {"li"} else "p"
        elif tag == "a":
            self._href = dict(attrs).get("href") or ""

    def handle_endtag(self, tag: str) -> None:
        """A block or a link ends."""
        if tag in BREAKS:
            self._end()
        elif tag == "a":
            if self._href.startswith(("http://", "https://")) and self._href not in "".join(self._words):
                self._words.append(f" ({self._href})")
            self._href = ""

    def handle_data(self, data: str) -> None:
        """Words."""
        self._words.append(data)

    def _end(self) -> None:
        words = " ".join("".join(self._words).split())
        if words:
            self._blocks.append({"kind": self._kind, "text": words})
        self._words, self._kind = [], "p"
