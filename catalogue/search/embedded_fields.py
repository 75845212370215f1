"""What the embedded index is made of: its fields, and products and words as rows of it."""

from __future__ import annotations

import inspect
from functools import cache
from hashlib import sha256

import tantivy

from . import variants
from .port import LANGUAGES, WEIGHTS, Document, KnownWord
from .shape import shape

VALUES = ("category", "brand", "rating", *variants.FIELDS)


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
    return made.build()


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
    fields = (LANGUAGES, tuple(WEIGHTS), VALUES, inspect.getsource(_schema), inspect.getsource(_word_schema))
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
    return row


def word_row(word: KnownWord) -> tantivy.Document:
    """A word of the range as tantivy takes it."""
    row = tantivy.Document()
    row.add_text("word", word.word)
    row.add_text("shown", word.shown)
    row.add_integer("count", word.count)
    return row
