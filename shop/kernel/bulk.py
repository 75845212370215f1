"""Rows by the thousand: one statement per table and chunk, COPY where the database has it.

For nightly work over very many rows. Models' ``save`` and signals are passed over; constraints and triggers are not.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models

from .transactions import InTransaction, in_transaction


def reserve_ids(model: type[models.Model], count: int) -> list[int]:
    """``count`` primary keys that nobody else gets, in rising order, for rows that others point to at once.

    Must run inside the transaction that inserts the rows (SQLite holds its write lock from there). Raises
    InTransaction.
    """
    if not in_transaction():
        raise InTransaction("keys are reserved inside the transaction that inserts the rows")
    if count <= 0:
        return []
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
                [table, model._meta.pk.column, count],
            )
            return sorted(int(row[0]) for row in cursor.fetchall())
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        row = cursor.fetchone()
    first = int(row[0]) + 1 if row else 1
    return list(range(first, first + count))


def insert(model: type[models.Model], fields: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert ``rows``, whose values stand in the order of ``fields`` (names of concrete fields, ``invoice_id`` for a
    foreign key); columns that are not named need a default of the database or take NULL. JSON is given as Python."""
    found = {name: field for field in model._meta.concrete_fields for name in (field.name, field.attname)}
    chosen = [found[name] for name in fields]
    quote = connection.ops.quote_name
    table, columns = quote(model._meta.db_table), ", ".join(quote(str(field.column)) for field in chosen)
    if connection.vendor == "postgresql":
        _copy(f"COPY {table} ({columns}) FROM STDIN", chosen, rows)
        return
    marks = ", ".join(["%s"] * len(chosen))
    prepared = [
        [field.get_db_prep_save(value, connection) for field, value in zip(chosen, row, strict=True)]
        for row in rows
    ]
    if prepared:
        with connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", prepared)


def _copy(statement: str, chosen: Sequence[Any], rows: Iterable[Sequence[Any]]) -> None:
    documents = [position for position, field in enumerate(chosen) if isinstance(field, models.JSONField)]
    with connection.cursor() as cursor, cursor.copy(statement) as copy:  # type: ignore[attr-defined]
        for row in rows:
            if documents:
                row = list(row)
                for position in documents:
                    row[position] = json.dumps(row[position], cls=DjangoJSONEncoder)
            copy.write_row(row)
