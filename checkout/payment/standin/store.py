"""The state file: every object as JSON in SQLite, so that a restart loses nothing.

One connection and one lock: whoever changes something holds the lock for the whole change, so two
requests never act on the same stale object. That is the stand-in's whole concurrency story.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import sqlite3
import string
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Body = dict[str, Any]

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects(
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
    created INTEGER NOT NULL, body TEXT NOT NULL, hidden TEXT NOT NULL DEFAULT '{}');
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects(kind, seq);
CREATE INDEX IF NOT EXISTS objects_by_intent ON objects(json_extract(body, '$.payment_intent'), kind);
CREATE INDEX IF NOT EXISTS objects_by_charge ON objects(json_extract(body, '$.charge'), kind);
CREATE INDEX IF NOT EXISTS objects_by_source ON objects(json_extract(body, '$.source'), kind);
CREATE INDEX IF NOT EXISTS objects_by_payout ON objects(json_extract(hidden, '$.payout'), kind);
CREATE TABLE IF NOT EXISTS idempotency(
    key TEXT PRIMARY KEY, path TEXT NOT NULL, fingerprint TEXT NOT NULL, status INTEGER NOT NULL,
    body TEXT NOT NULL, request_id TEXT NOT NULL, created INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS deliveries(
    id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, type TEXT NOT NULL, state TEXT NOT NULL,
    position REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, next_at REAL NOT NULL,
    last_status INTEGER, last_error TEXT NOT NULL DEFAULT '', last_at INTEGER);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries(state, next_at);
CREATE TABLE IF NOT EXISTS jobs(
    id INTEGER PRIMARY KEY AUTOINCREMENT, due REAL NOT NULL, verb TEXT NOT NULL, target TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS facts(name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
TABLES = ("objects", "idempotency", "deliveries", "jobs", "facts")
FILTERS = {
    "payment_intent": "json_extract(body, '$.payment_intent') = ?",
    "charge": "json_extract(body, '$.charge') = ?",
    "source": "json_extract(body, '$.source') = ?",
    "type": "json_extract(body, '$.type') = ?",
    "currency": "json_extract(body, '$.currency') = ?",
    "status": "json_extract(body, '$.status') = ?",
    "payout": "json_extract(hidden, '$.payout') = ?",
}
COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_ALPHABET = string.ascii_letters + string.digits


def new_id(prefix: str, length: int = 24) -> str:
    """A fresh id such as `pi_3Q...`, unguessable."""
    return f"{prefix}_{''.join(secrets.choice(_ALPHABET) for _ in range(length))}"


class Store:
    """The state file at `path`; all methods are safe from any thread."""

    def __init__(self, path: str) -> None:
        self.lock = threading.RLock()
        if path != ":memory:":
            Path(path).touch(mode=0o600)
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(SCHEMA)
        self._depth = 0

    def close(self) -> None:
        """Close the file; nothing may be asked afterwards."""
        with self.lock:
            self._db.close()

    @contextlib.contextmanager
    def change(self) -> Iterator[None]:
        """Hold the write lock; everything inside is kept together or not at all. May be nested."""
        with self.lock:
            if self._depth:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            else:
                self._db.execute("COMMIT")
            finally:
                self._depth -= 1

    def sql(self, statement: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows."""
        with self.lock:
            return self._db.execute(statement, values).fetchall()

    def add(self, body: Body, hidden: Body | None = None) -> Body:
        """Keep a new object; `hidden` is what only the stand-in may know of it."""
        self.sql(
            "INSERT INTO objects(id, kind, created, body, hidden) VALUES(?,?,?,?,?)",
            (body["id"], body["object"], int(body["created"]), json.dumps(body), json.dumps(hidden or {})),
        )
        return body

    def save(self, body: Body) -> Body:
        """Write an object back."""
        self.sql("UPDATE objects SET body = ? WHERE id = ?", (json.dumps(body), body["id"]))
        return body

    def get(self, kind: str, ident: Any) -> Body | None:
        """One object, or None."""
        rows = self.sql("SELECT body FROM objects WHERE id = ? AND kind = ?", (str(ident), kind))
        return json.loads(rows[0][0]) if rows else None

    def anything(self, ident: str) -> Body | None:
        """One object of whatever kind, or None (for `expand`)."""
        rows = self.sql("SELECT body FROM objects WHERE id = ?", (ident,))
        return json.loads(rows[0][0]) if rows else None

    def hidden(self, ident: str) -> Body:
        """What only the stand-in knows of an object."""
        rows = self.sql("SELECT hidden FROM objects WHERE id = ?", (ident,))
        return json.loads(rows[0][0]) if rows else {}

    def hide(self, ident: str, **facts: Any) -> None:
        """Add to what only the stand-in knows of an object."""
        with self.change():
            merged = self.hidden(ident) | facts
            self.sql("UPDATE objects SET hidden = ? WHERE id = ?", (json.dumps(merged), ident))

    def find(
        self,
        kind: str,
        *,
        limit: int = 1000,
        created: dict[str, int] | None = None,
        after: str | None = None,
        before: str | None = None,
        types: list[str] | None = None,
        **equal: Any,
    ) -> list[Body]:
        """Objects of one kind, newest first; `created` is `{"gte": unix seconds, ...}`.

        `after` and `before` are ids to page from (Stripe's starting_after and ending_before).
        """
        where: list[str] = ["kind = ?"]
        values: list[Any] = [kind]
        for name, value in equal.items():
            if value is not None:
                where.append(FILTERS[name])
                values.append(value)
        for name, value in (created or {}).items():
            where.append(f"created {COMPARISONS[name]} ?")
            values.append(value)
        if types:
            where.append(f"json_extract(body, '$.type') IN ({','.join('?' * len(types))})")
            values.extend(types)
        for ident, sign in ((after, "<"), (before, ">")):
            if ident:
                where.append(f"seq {sign} (SELECT seq FROM objects WHERE id = ?)")
                values.append(ident)
        order = "ASC" if before else "DESC"
        rows = self.sql(
            f"SELECT body FROM objects WHERE {' AND '.join(where)} ORDER BY seq {order} LIMIT ?",
            (*values, limit),
        )
        found = [json.loads(row[0]) for row in rows]
        return found[::-1] if before else found

    def fact(self, name: str, default: Any = None) -> Any:
        """One named setting of the state file."""
        rows = self.sql("SELECT value FROM facts WHERE name = ?", (name,))
        return json.loads(rows[0][0]) if rows else default

    def set_fact(self, name: str, value: Any) -> None:
        """Keep one named setting."""
        self.sql("INSERT OR REPLACE INTO facts(name, value) VALUES(?,?)", (name, json.dumps(value)))

    def clear(self) -> None:
        """Forget everything."""
        with self.change():
            for table in TABLES:
                self.sql(f"DELETE FROM {table}")
