"""The default texts of the demo shop's pages, in both languages, with the merchant's data filled in."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from re import search

from shop.demo.merchant import MERCHANT

TEXTS = Path(__file__).parent / "texts"
KEYS = ("home", "imprint", "terms", "privacy", "withdrawal", "withdrawal-form", "shipping", "accessibility")
LANGUAGES = ("de", "en")
SLUGS = {
    "imprint": {"de": "impressum", "en": "imprint"},
    "terms": {"de": "agb", "en": "terms"},
    "privacy": {"de": "datenschutz", "en": "privacy"},
    "withdrawal": {"de": "widerruf", "en": "right-of-withdrawal"},  # /en/withdrawal/ is the function itself
    "withdrawal-form": {"de": "widerrufsformular", "en": "withdrawal-form"},
    "shipping": {"de": "versand-und-zahlung", "en": "shipping-and-payment"},
    "accessibility": {"de": "barrierefreiheit", "en": "accessibility"},
}


@dataclass(frozen=True)
class PageText:
    """A page: its heading and the HTML below it."""

    key: str
    language: str
    title: str
    body: str

    @property
    def slug(self) -> str:
        """The last part of its address; empty for the home page."""
        return SLUGS[self.key][self.language] if self.key in SLUGS else ""


def _facts() -> dict[str, str]:
    facts = {name: escape(value) for name, value in asdict(MERCHANT).items() if isinstance(value, str)}
    facts["directors"] = escape(", ".join(MERCHANT.directors))
    facts["first_director"] = escape(MERCHANT.directors[0])
    facts["iban_text"] = " ".join(MERCHANT.iban[i : i + 4] for i in range(0, len(MERCHANT.iban), 4))
    return facts


def page_text(key: str, language: str) -> PageText:
    """The text of page ``key`` in ``language``; KeyError for a page or language that is not there."""
    if key not in KEYS or language not in LANGUAGES:
        raise KeyError(f"{key}.{language}")
    html = (TEXTS / f"{key}.{language}.html").read_text(encoding="utf-8").format_map(_facts())
    heading = search(r"<h1>(.*?)</h1>\n?", html)
    if heading is None:
        raise KeyError(f"{key}.{language}: no heading")
    return PageText(key, language, heading[1], html[heading.end() :].strip())
