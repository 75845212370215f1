"""What the database itself refuses in the access log, on SQLite and PostgreSQL alike: every UPDATE, and the DELETE of
what is not old enough to go. It asks its own clock: nobody makes a row old by turning ours."""

from __future__ import annotations

from shop.kernel.guards import Guard, function_postgresql, refuse_sqlite

TABLE = "audit_access"
KEPT_DAYS = 730  #: how long a row is kept: two years, then the purge deletes it (and writes that down)

NEVER_CHANGED = "audit: the access log is never changed"
TOO_YOUNG = "audit: rows of the access log stay until their time is over"


def _refuse(name: str, on: str, sqlite: str, postgresql: str, message: str, row: str) -> Guard:
    body = f"IF {postgresql} THEN RAISE EXCEPTION '{message}' USING ERRCODE = 'check_violation'; END IF; RETURN {row};"
    return Guard(
        name,
        TABLE,
        refuse_sqlite(name, TABLE, on, sqlite, message),
        function_postgresql(name, TABLE, on, body),
    )


GUARDS = [
    _refuse("audit_access_no_update", "BEFORE UPDATE", "1", "TRUE", NEVER_CHANGED, "NEW"),
    _refuse(
        "audit_access_no_delete",
        "BEFORE DELETE",
        f"OLD.at > datetime('now', '-{KEPT_DAYS} days')",
        f"OLD.at > now() - interval '{KEPT_DAYS} days'",
        TOO_YOUNG,
        "OLD",
    ),
]
