"""The texts of the demo shop's pages, in both languages: the default ones with the merchant's data filled in."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from shop.demo.merchant import MERCHANT
from shop.pages.texts import KEYS as LEGAL_KEYS
from shop.pages.texts import LANGUAGES, SLUGS, PageText, default_text, filled

__all__ = ["KEYS", "LANGUAGES", "SLUGS", "PageText", "page_text"]

TEXTS = Path(__file__).parent / "texts"
KEYS = ("home", *LEGAL_KEYS)
#: Stands above the imprint, so that nobody takes the demo for a shop.
DEMO_ONLY = {
    "de": "Dies ist ein Vorführladen. Die Firma ist erfunden; es kommt kein Vertrag zustande und nichts wird "
    "geliefert.",
    "en": "This is a demonstration shop. The company is invented; no contract is concluded and nothing is delivered.",
}


def _facts() -> dict[str, str]:
    facts = {name: value for name, value in asdict(MERCHANT).items() if isinstance(value, str)}
    return facts | {
        "directors": ", ".join(MERCHANT.directors),
        "first_director": MERCHANT.directors[0],
        "register": f"{MERCHANT.register_court}, {MERCHANT.register_number}",
        "iban_text": " ".join(MERCHANT.iban[i : i + 4] for i in range(0, len(MERCHANT.iban), 4)),
        "authority_de": "Der Hamburgische Beauftragte für Datenschutz und Informationsfreiheit",
        "authority_en": "the Hamburg Commissioner for Data Protection and Freedom of Information",
        "packaging_register": "DE0000000000000 (Demo)",
    }


def page_text(key: str, language: str) -> PageText:
    """The text of page ``key`` in ``language``; KeyError for a page or language that is not there."""
    if key == "home":
        return filled(TEXTS / f"home.{language}.html", key, language, _facts())
    text = default_text(key, language, _facts())
    if key != "imprint":
        return text
    return PageText(key, language, text.title, f"<p><strong>{DEMO_ONLY[language]}</strong></p>\n{text.body}")
