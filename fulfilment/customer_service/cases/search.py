"""Words in messages and heads of cases, found by the database's own index: GIN over tsvector on PostgreSQL, FTS5 on
SQLite (messages only)."""

from __future__ import annotations

import re

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from .models import Case
from .words import folded

WORDS_MAX = 6
WORD_MAX_CHARS = 40
FOUND_MAX = 1_000  #: messages that are looked at, the newest first; who has more must search more exactly
NUMBER = re.compile(r"[A-Za-z]\d{3,12}")

_POSTGRES = """
(SELECT case_id FROM cases_message WHERE to_tsvector('simple', words) @@ to_tsquery('simple', %s)
 ORDER BY id DESC LIMIT %s)
UNION ALL
(SELECT id FROM cases_case
 WHERE to_tsvector('simple', words) @@ to_tsquery('simple', %s)
 ORDER BY id DESC LIMIT %s)
"""
_SQLITE = """
SELECT case_id FROM cases_message WHERE id IN (
    SELECT rowid FROM cases_message_words WHERE cases_message_words MATCH %s ORDER BY rowid DESC LIMIT %s
)
"""


def words_of(text: str) -> list[str]:
    """The words of a search, folded, at most ``WORDS_MAX``."""
    return [word[:WORD_MAX_CHARS] for word in folded(text).split()][:WORDS_MAX]


def search(rows: QuerySet[Case], text: str) -> QuerySet[Case]:
    """``rows`` narrowed by what somebody typed: a case's or order's number, an e-mail address, or words."""
    typed = text.strip()
    if NUMBER.fullmatch(typed):
        return rows.filter(Q(number__istartswith=typed) | Q(order__number__istartswith=typed))
    if "@" in typed and " " not in typed:
        return rows.filter(email__in={typed, typed.lower()})
    return with_words(rows, typed)


def with_words(rows: QuerySet[Case], text: str) -> QuerySet[Case]:
    """``rows`` narrowed to cases in whose head or in one of whose messages every word begins a word; all without words.

    Part of the list's own statement. Letters and digits only reach the index, so no sign has a meaning to it.
    """
    words = words_of(text)
    if not words:
        return rows
    if connection.vendor == "postgresql":
        query = " & ".join(f"{word}:*" for word in words)
        found = RawSQL(_POSTGRES, [query, FOUND_MAX, query, FOUND_MAX])  # noqa: S611 - no text of people in it
        return rows.filter(pk__in=found)
    found = RawSQL(_SQLITE, [" ".join(f'"{word}"*' for word in words), FOUND_MAX])  # noqa: S611 - as above
    head = Q()
    for word in words:
        head &= Q(words__contains=word)
    return rows.filter(Q(pk__in=found) | head)
