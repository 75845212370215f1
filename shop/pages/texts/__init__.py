"""Default texts of the pages that the law asks for, in German and English, to be filled in. Facts gathered, not legal
advice: who runs the shop reads them, changes what does not fit, and answers for them.

A blank whose fact is not known stays as ``[[what belongs here]]``; `legal_check` refuses a published page with one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from re import search

FOLDER = Path(__file__).parent
LANGUAGES = ("de", "en")
SLUGS = {
    "imprint": {"de": "impressum", "en": "imprint"},
    "terms": {"de": "agb", "en": "terms"},
    "privacy": {"de": "datenschutz", "en": "privacy"},
    "withdrawal": {"de": "widerruf", "en": "right-of-withdrawal"},  # /en/withdrawal/ is the function itself
    "withdrawal-form": {"de": "widerrufsformular", "en": "withdrawal-form"},
    "shipping": {"de": "versand-und-zahlung", "en": "shipping-and-payment"},
    "accessibility": {"de": "barrierefreiheit", "en": "accessibility"},
    "environment": {"de": "batterien-und-verpackung", "en": "batteries-and-packaging"},
}
KEYS = tuple(SLUGS)
#: What belongs into a blank, for whoever fills it in.
BLANKS = {
    "company": ("Firma mit Rechtsform", "company with its legal form"),
    "street": ("Straße und Hausnummer", "street and number"),
    "postcode": ("Postleitzahl", "postcode"),
    "city": ("Ort", "town"),
    "email": ("E-Mail-Adresse", "e-mail address"),
    "phone": ("Telefonnummer", "telephone number"),
    "directors": ("Geschäftsführung oder Inhaber", "managing directors or owner"),
    "first_director": ("Name der verantwortlichen Person", "name of the person responsible"),
    "register": ("Registergericht und Nummer", "register court and number"),
    "vat_id": ("Umsatzsteuer-Identifikationsnummer", "VAT identification number"),
    "iban_text": ("IBAN", "IBAN"),
    "account_holder": ("Kontoinhaber", "account holder"),
    "opening_hours_de": ("Öffnungszeiten", "opening hours"),
    "opening_hours_en": ("Öffnungszeiten", "opening hours"),
    "authority_de": ("Datenschutzaufsicht Ihres Landes", "data protection authority of your state"),
    "authority_en": ("Datenschutzaufsicht Ihres Landes", "data protection authority of your state"),
    "packaging_register": ("Nummer im Verpackungsregister LUCID", "number in the packaging register LUCID"),
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

    @property
    def has_blanks(self) -> bool:
        """Whether somebody has to fill something in before it may be published."""
        return "[[" in self.body


def default_text(key: str, language: str, facts: Mapping[str, str]) -> PageText:
    """The default text of a page with the seller's facts; what is not known stays a blank in words.

    KeyError for a page or language that is not there.
    """
    if key not in KEYS or language not in LANGUAGES:
        raise KeyError(f"{key}.{language}")
    return filled(FOLDER / f"{key}.{language}.html", key, language, facts)


def filled(path: Path, key: str, language: str, facts: Mapping[str, str]) -> PageText:
    """A text from a file whose blanks ``{name}`` are filled. KeyError when it is not there or has no heading."""
    if not path.is_file():
        raise KeyError(f"{key}.{language}")
    place = LANGUAGES.index(language)
    known: defaultdict[str, str] = defaultdict(
        str, {name: f"[[{words[place]}]]" for name, words in BLANKS.items()}
    )
    known.update({name: escape(value) for name, value in facts.items() if value})
    html = path.read_text(encoding="utf-8").format_map(known)
    heading = search(r"<h1>(.*?)</h1>\n?", html)
    if heading is None:
        raise KeyError(f"{key}.{language}: no heading")
    return PageText(key, language, heading[1], html[heading.end() :].strip())
