"""Every text of the storefront has its German words: shop, basket and account are complete in both languages."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract
from django.utils.translation import gettext, ngettext, override, pgettext
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[3]
PLACES = [
    "catalogue/*.py",
    "checkout/basket/*.py",
    "shop/customers/*.py",
    "shop/pages/*.py",
    "templates/account/*.html",
    "templates/allauth/**/*.html",
    "templates/storefront/*.html",
]
KEYWORDS = {
    "gettext": None, "gettext_lazy": None, "_": None, "ngettext": (1, 2), "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2), "pgettext_lazy": ((1, "c"), 2),
}  # fmt: skip
SAME = {"Name", "Text", "Material", "Material:", "Filter"}  #: words that are spelt alike in both languages
OTHERS = {"orders.py", "timeline.py"}  #: their words stand with the checkout's


def texts() -> Iterator[tuple[str, str | None, str]]:
    """(text, context, file) of everything to be translated."""
    for path in (path for place in PLACES for path in ROOT.glob(place) if path.name not in OTHERS):
        source = path.read_text(encoding="utf-8")
        if path.suffix == ".html":
            lines = templatize(source, origin=str(path)).splitlines()
            source = "\n".join(line.strip() for line in lines)
        for _line, message, _comments, context in extract("python", io.BytesIO(source.encode()), KEYWORDS):
            yield (message if isinstance(message, str) else "\x04".join(message)), context, path.name


def translated(text: str, context: str | None) -> str:
    if "\x04" in text:
        one, many = text.split("\x04")
        return ngettext(one, many, 2) if ngettext(one, many, 2) != many else one
    return pgettext(context, text) if context else gettext(text)


def test_every_text_of_the_storefront_has_its_german_words() -> None:
    with override("de"):
        missing = {
            f"{name}: {text}"
            for text, context, name in texts()
            if text not in SAME and translated(text, context) in (text, text.split("\x04", maxsplit=1)[0])
        }
    assert missing == set()


def test_the_extraction_finds_texts_at_all() -> None:
    found = {text for text, _context, _name in texts()}
    assert {"The whole range", "Your basket is empty", "Address book"} <= found
