"""Movements refuse UPDATE and DELETE in the database itself, on SQLite and PostgreSQL alike.

Installed after every migrate. ``missing()`` lets ``verify_stock`` and a test look that they are there.
"""

from __future__ import annotations

from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

from .models import Movement

NAMES = ("stock_movement_no_update", "stock_movement_no_delete")
REFUSAL = "stock movements are never changed or deleted; write a further one"


def install(using: str = DEFAULT_DB_ALIAS, **kwargs: Any) -> None:
    """Make the triggers where they are missing; safe to repeat. Receiver of ``post_migrate``."""
    connection = connections[using]
    table = Movement._meta.db_table
    if table not in connection.introspection.table_names() or not missing(using):
        return
    statements = _postgresql(table) if connection.vendor == "postgresql" else _sqlite(table)
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def missing(using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """Names of the triggers that are not there."""
    connection = connections[using]
    if connection.vendor == "postgresql":
        query = "SELECT tgname FROM pg_trigger WHERE tgname LIKE 'stock_movement_no_%%' AND NOT tgisinternal"
    else:
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    with connection.cursor() as cursor:
        cursor.execute(query)
        there = {row[0] for row in cursor.fetchall()}
    return [name for name in NAMES if name not in there]


def _sqlite(table: str) -> list[str]:
    return [
        f"CREATE TRIGGER IF NOT EXISTS {name} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        for name, verb in zip(NAMES, ("UPDATE", "DELETE"), strict=True)
    ]


def _postgresql(table: str) -> list[str]:
    function = (
        "CREATE OR REPLACE FUNCTION stock_movement_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    made = [function]
    for name, verb in zip(NAMES, ("UPDATE", "DELETE"), strict=True):
        made.append(f"DROP TRIGGER IF EXISTS {name} ON {table}")
        made.append(
            f"CREATE TRIGGER {name} BEFORE {verb} ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION stock_movement_refuse()"
        )
    return made
