"""Triggers as data, for SQLite and PostgreSQL: installed after every migrate, and looked for by checks and verify.

Why after every migrate: a new release may want others, a column they name may have gone (sqlite/schema.py), and some
restores bring none. Why idempotent: the same call runs in the first migration and in every start of a new release.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connections, transaction


@dataclass(frozen=True)
class Guard:
    """One trigger in both dialects. ``postgresql`` may hold several statements (the function, then the trigger).

    columns: "table.column" that it names and that were not there from the beginning: until a migration has made them
    it waits (SQLite alters no table while some trigger names a column that is not there).
    """

    name: str
    table: str
    sqlite: str
    postgresql: str
    columns: tuple[str, ...] = ()


def refuse_sqlite(name: str, table: str, on: str, when: str, message: str) -> str:
    """CREATE TRIGGER for SQLite that aborts ``on`` (``BEFORE UPDATE``) of ``table`` when ``when`` holds."""
    return (
        f"CREATE TRIGGER {name} {on} ON {table} FOR EACH ROW WHEN {when} "
        f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
    )


def function_postgresql(name: str, table: str, on: str, body: str, declare: str = "") -> str:
    """The function and trigger for PostgreSQL; ``body`` is plpgsql without BEGIN and END."""
    return (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $guard$\n{declare}\n"
        f"BEGIN\n{body}\nEND $guard$;\n"
        f"DROP TRIGGER IF EXISTS {name} ON {table};\n"
        f"CREATE TRIGGER {name} {on} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"
    )


def tables(using: str = "default") -> set[str]:
    """Names of the tables that exist."""
    connection = connections[using]
    with connection.cursor() as cursor:
        return set(connection.introspection.table_names(cursor))


def install(guards: Sequence[Guard], using: str = "default") -> list[str]:
    """Make every guard that is missing or differs and whose table and columns are there. Returns the names of those
    made."""
    absent = set(missing(guards, using))
    connection = connections[using]
    there = tables(using)
    made = [
        guard
        for guard in guards
        if guard.name in absent and guard.table in there and _has_columns(guard, using)
    ]
    if made:
        with transaction.atomic(using=using), connection.cursor() as cursor:
            for guard in made:
                if connection.vendor == "sqlite":
                    cursor.execute(f"DROP TRIGGER IF EXISTS {guard.name}")
                    cursor.execute(guard.sqlite)
                else:
                    cursor.execute(guard.postgresql)
    return [guard.name for guard in made]


def _has_columns(guard: Guard, using: str) -> bool:
    connection = connections[using]
    with connection.cursor() as cursor:
        for name in guard.columns:
            table, _dot, column = name.partition(".")
            known = {field.name for field in connection.introspection.get_table_description(cursor, table)}
            if column not in known:
                return False
    return True


def missing(guards: Sequence[Guard], using: str = "default") -> list[str]:
    """Names of guards that the database lacks, or has in another wording than ours."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            have = {name: _plain(sql) for name, sql in cursor.fetchall()}
            return [guard.name for guard in guards if have.get(guard.name) != _plain(guard.sqlite)]
        # Enabled in every session: not "D" (asleep) and not "R" (awake in replicas only).
        cursor.execute(
            "SELECT t.tgname, c.relname, p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid "
            "JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')"
        )
        sources = {(name, table): source for name, table, source in cursor.fetchall()}
    return [
        guard.name
        for guard in guards
        if _plain(sources.get((guard.name, guard.table), "?")) not in _plain(guard.postgresql)
    ]


def _plain(sql: str) -> str:
    return re.sub(r"\s+", " ", sql).strip()
