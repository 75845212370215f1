"""Words in messages, found by the database's own index: GIN over tsvector on PostgreSQL, FTS5 on SQLite."""

from __future__ import annotations

import re

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from .models import Case

WORD = re.compile(r"\w+")
WORDS_MAX = 6
WORD_MAX_CHARS = 40
FOUND_MAX = 1_000  #: messages that are looked at, the newest first; who has more must search more exactly

_POSTGRES = """
SELECT case_id FROM cases_message WHERE to_tsvector('simple', body) @@ to_tsquery('simple', %s)
ORDER BY id DESC LIMIT %s
"""
_SQLITE = """
SELECT case_id FROM cases_message WHERE id IN (
    SELECT rowid FROM cases_message_words WHERE cases_message_words MATCH %s ORDER BY rowid DESC LIMIT %s
)
"""


def words_of(text: str) -> list[str]:
    """The words of a search, in small letters, at most ``WORDS_MAX``."""
    return [word[:WORD_MAX_CHARS].lower() for word in WORD.findall(text)][:WORDS_MAX]


def with_words(rows: QuerySet[Case], text: str) -> QuerySet[Case]:
    """``rows`` narrowed to cases with a message in which every word begins a word; all rows when there are no words.

    Part of the list's own statement. Letters and digits only reach the index, so no sign has a meaning to it.
    """
    words = words_of(text)
    if not words:
        return rows
    if connection.vendor == "postgresql":
        found = RawSQL(_POSTGRES, [" & ".join(f"{word}:*" for word in words), FOUND_MAX])  # noqa: S611 - no text of people in it
    else:
        found = RawSQL(_SQLITE, [" ".join(f'"{word}"*' for word in words), FOUND_MAX])  # noqa: S611 - as above
    return rows.filter(pk__in=found)
