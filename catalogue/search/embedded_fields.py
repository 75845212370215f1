"""What the embedded index is made of: its fields, and products and words as rows of it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import cache
from hashlib import sha256

import tantivy

from . import variants
from .port import LANGUAGES, WEIGHTS, Document, KnownWord
from .shape import shape

VALUES = ("category", "brand", "rating", *variants.FIELDS)
#: What filters are counted by where nothing else is chosen: all values of a product as one term beside the single ones.
#: A field with exactly one term a product is counted six times as fast as one with several.
WHOLE = ("category", "brand", "rating", *(variants.field_of([part]) for part in variants.PARTS))
AND = "\x1e"  #: between the values of such a term


def _schema() -> tantivy.Schema:
    made = tantivy.SchemaBuilder()
    made.add_integer_field("id", indexed=True, fast=True)
    made.add_integer_field("price", fast=True)
    for language in LANGUAGES:
        made.add_integer_field(f"name_{language}", fast=True)
        for place in WEIGHTS:
            made.add_text_field(f"{place}_{language}", tokenizer_name="whitespace", index_option="freq")
    made.add_text_field("code", tokenizer_name="raw", index_option="basic")
    made.add_text_field("start", tokenizer_name="whitespace", index_option="basic")
    for name in VALUES:
        made.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    for name in WHOLE:
        made.add_text_field(whole(name), tokenizer_name="raw", index_option="basic", fast=True)
    return made.build()


def whole(name: str) -> str:
    """The field that holds all values of ``name`` as one term."""
    return f"all_{name}"


def single(counted: Mapping[str, int]) -> dict[str, int]:
    """Products per value, of products per term of a whole field."""
    found: dict[str, int] = {}
    for term, count in counted.items():
        for value in filter(None, term.split(AND)):
            found[value] = found.get(value, 0) + count
    return found


def _word_schema() -> tantivy.Schema:
    made = tantivy.SchemaBuilder()
    made.add_text_field("word", stored=True, tokenizer_name="raw", index_option="basic")
    made.add_text_field("shown", stored=True, tokenizer_name="raw", index_option="basic")
    made.add_integer_field("count", stored=True)
    return made.build()


PRODUCTS, WORDS = _schema(), _word_schema()


@cache
def schema_name() -> str:
    """An index with other fields cannot be read."""
    fields = (
        LANGUAGES,
        tuple(WEIGHTS),
        VALUES,
        WHOLE,
        inspect.getsource(_schema),
        inspect.getsource(_word_schema),
    )
    return sha256(repr(fields).encode()).hexdigest()[:12]


def made_by() -> str:
    """How the versions of today's code begin: fields, and what makes terms."""
    return f"{schema_name()}-{shape('embedded.py', 'embedded_fields.py')}-"


def row_of(document: Document) -> tantivy.Document:
    """A product as tantivy takes it."""
    row = tantivy.Document()
    row.add_integer("id", document.id)
    row.add_integer("price", document.price)
    for language, number in document.names.items():
        row.add_integer(f"name_{language}", number)
    for name, text in document.words.items():
        row.add_text(name, text)
    row.add_text("start", document.starts)
    for code in document.codes:
        row.add_text("code", code)
    for name, values in document.values.items():
        for value in values:
            row.add_text(name, value)
    for name in WHOLE:
        row.add_text(whole(name), AND.join(sorted(document.values.get(name, ()))))
    return row


def word_row(word: KnownWord) -> tantivy.Document:
    """A word of the range as tantivy takes it."""
    row = tantivy.Document()
    row.add_text("word", word.word)
    row.add_text("shown", word.shown)
    row.add_integer("count", word.count)
    return row
