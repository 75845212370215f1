"""The German shop speaks German: nothing left out, nothing said in two ways, every placeholder kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import allauth
import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from django.utils import translation

from scripts import messages, untranslated
from tests.architecture.source import ROOT

LANGUAGE = "de"
FOLDER = ROOT / "locale" / LANGUAGE / "LC_MESSAGES"
FILES = messages.sources(FOLDER)
#: What is filled in at run time: %(name)s, %s, a doubled percent sign, {name}.
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sd%]|\{\w*\}")
#: Words and imperatives of “du”.
FAMILIAR = re.compile(r"\b(du|dich|dir|dein\w*|bist|gib|lass|wähle|kontaktiere|bestätige)\b", re.I)
#: Words the law asks for, § 312j (3) and § 356a BGB.
LAWFUL = {
    "Order with obligation to pay": "zahlungspflichtig bestellen",
    "Withdraw from contract": "Vertrag widerrufen",
}


def forms(text: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    """Singular and, where there is one, plural."""
    return (text,) if isinstance(text, str) else tuple(text or ())


def said(path: Path) -> Iterator[Message]:
    """Every entry of a file, finished or not."""
    with path.open("rb") as handle:
        yield from (entry for entry in read_po(handle, locale=LANGUAGE, charset="utf-8") if entry.id)


def placeholders(text: str) -> list[str]:
    """The placeholders of a text in a comparable order."""
    return sorted(PLACEHOLDER.findall(text))


def strays(entry: Message) -> list[str]:
    """Translations whose placeholders are not those of the text. One piece may be said without its number."""
    allowed = [placeholders(text) for text in forms(entry.id)]
    strings = forms(entry.string)
    wrong = [text for text in strings[1:] if placeholders(text) != allowed[-1]]
    return wrong + [text for text in strings[:1] if placeholders(text) not in allowed]


def test_english_is_what_the_code_says() -> None:
    """A library that speaks American changes no word of ours: locale/en/LC_MESSAGES/parts/own_words.po."""
    with translation.override("en"):
        said = {
            text.message: translation.gettext(text.message)
            for _path, text in untranslated.texts()
            if text.context is None and text.plural is None
        }
    assert len(said) > 1_000
    assert {ours: theirs for ours, theirs in said.items() if ours != theirs} == {}


def test_leaving_a_form_is_not_cancelling_an_order() -> None:
    """“Cancel” alone is “Stornieren”, of an order; what leaves a form has the context “button”: “Abbrechen”."""
    alone = [str(path) for path, text in untranslated.texts() if text[:2] == (None, "Cancel")]
    assert alone == ["shop/dashboard/order_page.py"]


def test_a_wish_list_has_one_name() -> None:
    texts = [*FILES, *sorted((ROOT / "shop/pages/texts").glob("*.de.html"))]
    assert [path.name for path in texts if re.search("Wunsch(zettel|liste)", path.read_text())] == []


def test_every_text_has_a_german_translation() -> None:
    missing = [f"{files[0]}: {text.message!r}" for text, files in untranslated.missing(LANGUAGE).items()]
    assert not missing, (
        "\n".join(missing)
        + f"\nRemedy: python -m scripts.untranslated {LANGUAGE} prints them as entries for {FOLDER.name}/parts/"
    )


def test_no_text_is_translated_in_two_ways() -> None:
    """The same words with and without a plural are two entries to gettext, and one to the reader."""
    contradictions = []
    first: dict[tuple[str | None, str], tuple[tuple[str, ...], str]] = {}
    for path in FILES:
        for entry in said(path):
            key, strings = (entry.context, forms(entry.id)[0]), forms(entry.string)
            before, where = first.setdefault(key, (strings, path.name))
            if any(one != other for one, other in zip(before, strings, strict=False)):
                contradictions.append(f"{key[1]!r} is {before} in {where} and {strings} in {path.name}")
    assert not contradictions, "\n".join(contradictions) + "\nRemedy: agree on one, or use pgettext"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_translations_keep_the_placeholders_of_their_text(path: Path) -> None:
    wrong = [f"{entry.id!r} became {text!r}" for entry in said(path) for text in strays(entry)]
    assert not wrong, "\n".join(wrong) + "\nRemedy: %(names)s, {names} and %% stay letter for letter"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_translations_can_be_filled_in(path: Path) -> None:
    """A single percent sign beside a placeholder is an error page when the text is said."""
    wrong = []
    for entry in said(path):
        if not any("%(" in text for text in forms(entry.id)):
            continue
        values = {name: 1 for text in forms(entry.id) for name in re.findall(r"%\((\w+)\)", text)}
        for text in forms(entry.string):
            try:
                text % values
            except (ValueError, TypeError, KeyError) as error:
                wrong.append(f"{text!r}: {error}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_translation_is_left_unsure_or_empty(path: Path) -> None:
    unsure = [f"{entry.id!r}" for entry in said(path) if entry.fuzzy or not all(forms(entry.string))]
    assert not unsure, "\n".join(unsure) + "\nRemedy: translate them, or take them out"


@pytest.mark.parametrize("text", LAWFUL)
def test_the_words_that_the_law_asks_for_are_said(text: str) -> None:
    catalog = messages.merged(FOLDER)[0]
    entry = catalog.get(text)
    assert entry is not None and entry.string == LAWFUL[text]


def test_german_says_sie() -> None:
    """Ours, and what the sign-in pages of django-allauth say: its own German says “du”."""
    ours = [text for entry in messages.merged(FOLDER)[0] if entry.id for text in forms(entry.string)]
    with translation.override(LANGUAGE):
        theirs = [translation.gettext(text.message) for text in library_texts() if text.plural is None]
    familiar = sorted({text for text in [*ours, *theirs] if FAMILIAR.search(text)})
    assert len(theirs) > 100
    assert not familiar, "\n".join(familiar) + "\nRemedy: say it with “Sie” in parts/account.po"


def library_texts() -> Iterator[untranslated.Text]:
    """The texts of allauth's rooms that this shop opens."""
    root = Path(allauth.__file__).parent
    for room in ("account", "mfa", "core", "templates/account", "templates/mfa"):
        for path in sorted((root / room).rglob("*")):
            if path.suffix == ".py" and "migrations" not in path.parts and "tests" not in path.parts:
                yield from untranslated.in_python(path.read_text())
            elif path.suffix in (".html", ".txt"):
                yield from untranslated.in_template(path.read_text())
