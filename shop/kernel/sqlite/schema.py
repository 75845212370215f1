"""How tables are altered: with all triggers out of the way, in the transaction of the migration.

SQLite alters a table by making a new one, dropping the old one and giving its name to the new one. Between the last two
no trigger may name the table, not even one of another table: SQLite reads them all and refuses ("no such table"). The
triggers of the table itself vanish with it, without a word. So all are taken away before and made again after, word by
word; where the migration breaks off, nothing happened. Those that name a column that is gone would break every later
write: these wait for the end of ``migrate``, when each room makes its triggers as they are to be (guards.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.backends.sqlite3 import schema
from django.db.models import Field, Model


class SchemaEditor(schema.DatabaseSchemaEditor):
    """Django's, for a database with triggers."""

    def remove_field(self, model: type[Model], field: Field[Any, Any]) -> None:
        """Take a column away."""
        with self._without_triggers(model._meta.db_table):
            super().remove_field(model, field)

    def _remake_table(self, model: type[Model], *args: Any, **kwargs: Any) -> None:
        with self._without_triggers(model._meta.db_table):
            super()._remake_table(model, *args, **kwargs)

    @contextmanager
    def _without_triggers(self, table: str) -> Iterator[None]:
        """Take all triggers away, and bring back those that name no column that ``table`` has lost meanwhile."""
        kept, columns = self._triggers(), self._columns(table)
        for name in kept:
            self.execute(f"DROP TRIGGER {self.quote_name(name)}", params=None)
        yield
        lost = columns - self._columns(table)
        for sql in kept.values():
            if not (_names(sql, {table}) and _names(sql, lost)):
                self.execute(sql, params=None)

    def _triggers(self) -> dict[str, str]:
        """Name of each -> what made it."""
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY rowid")
            return dict(cursor.fetchall())

    def _columns(self, table: str) -> set[str]:
        with self.connection.cursor() as cursor:
            return {
                field.name for field in self.connection.introspection.get_table_description(cursor, table)
            }


def _names(sql: str, words: set[str]) -> bool:
    """Whether one of the words stands in it."""
    return any(re.search(rf"\b{re.escape(word)}\b", sql, re.IGNORECASE) for word in words)
