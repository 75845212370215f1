"""Reading what is to be translated out of our sources, and telling it from what is."""

from __future__ import annotations

from babel.messages.catalog import Catalog

from scripts.untranslated import Text, as_entry, in_python, in_template, known


def test_python_gives_plain_plural_and_told_apart_texts() -> None:
    source = """
from django.utils.translation import gettext as _, ngettext, npgettext, pgettext_lazy
a = _("One " "text")
b = ngettext("%(n)d line", "%(n)d lines", n) % {"n": n}
c = pgettext_lazy("state", "Open")
d = npgettext("stock", "piece", "pieces", n)
e = _(whatever)
f = ngettext("one", many, n)
"""
    assert set(in_python(source)) == {
        Text(None, "One text"),
        Text(None, "%(n)d line", "%(n)d lines"),
        Text("state", "Open"),
        Text("stock", "piece", "pieces"),
    }


def test_templates_give_texts_as_they_are_looked_up() -> None:
    source = """{% load i18n %}<p title="{% translate 'Close “it”' context "button" %}">
{% blocktranslate trimmed count n=many %}
  {{ n }} piece
  of it
{% plural %}
  {{ n }} pieces
  of it
{% endblocktranslate %}
{% blocktranslate with rate=rate %}{{ rate }} % VAT{% endblocktranslate %}
{% include "x.html" with label=_("Steps") only %}{% translate name %}"""
    assert set(in_template(source)) == {
        Text("button", "Close “it”"),
        Text(None, "%(n)s piece of it", "%(n)s pieces of it"),
        Text(None, "%(rate)s %% VAT"),
        Text(None, "Steps"),
    }


def test_a_singular_translation_does_not_serve_for_a_plural() -> None:
    catalog = Catalog(locale="de")
    catalog.add("line", "Zeile")
    catalog.add(("piece", "pieces"), ("Stück", "Stücke"))
    catalog.add("guess", "Vermutung", flags=["fuzzy"])
    there = known(catalog)
    assert Text(None, "line", "lines") not in there
    assert {Text(None, "line"), Text(None, "piece", "pieces"), Text(None, "piece")} <= there
    assert Text(None, "guess") not in there
    assert Text("sign", "line") not in there


def test_what_is_missing_comes_as_an_entry_to_fill() -> None:
    entry = as_entry(Text("stock", '%(n)d "piece"', "%(n)d pieces"), ["b.py", "a.py", "b.py"])
    assert entry.splitlines() == [
        "#: a.py b.py",
        "#, python-format",
        'msgctxt "stock"',
        'msgid "%(n)d \\"piece\\""',
        'msgid_plural "%(n)d pieces"',
        'msgstr[0] ""',
        'msgstr[1] ""',
    ]
