"""The database notes each entry in the moment it is posted, whoever posts it and by what statement.

A row of its own per entry: two postings never wait for each other, and the note commits with its entry, so one that
commits late is found late and never missed (a watermark of ids or times would pass it by).
"""

from __future__ import annotations

from fulfilment.finance.ledger.guards import Guard

_NAME, _TABLE = "reports_entry_noted", "ledger_entry"

_SQLITE = (
    f"CREATE TRIGGER {_NAME} AFTER UPDATE ON {_TABLE} FOR EACH ROW "
    "WHEN OLD.posted_at IS NULL AND NEW.posted_at IS NOT NULL "
    "BEGIN INSERT INTO reports_newentry (entry_id) VALUES (NEW.id); END"
)
# Once per statement, not per row: a bulk of ten thousand is noted by one INSERT.
_POSTGRESQL = (
    f"CREATE OR REPLACE FUNCTION {_NAME}() RETURNS trigger LANGUAGE plpgsql AS $guard$\n"
    "BEGIN\nINSERT INTO reports_newentry (entry_id) SELECT after.id FROM after JOIN before ON before.id = after.id "
    "WHERE before.posted_at IS NULL AND after.posted_at IS NOT NULL; RETURN NULL;\nEND $guard$;\n"
    f"DROP TRIGGER IF EXISTS {_NAME} ON {_TABLE};\n"
    f"CREATE TRIGGER {_NAME} AFTER UPDATE ON {_TABLE} REFERENCING OLD TABLE AS before NEW TABLE AS after "
    f"FOR EACH STATEMENT EXECUTE FUNCTION {_NAME}()"
)

GUARDS = [Guard(_NAME, _TABLE, _SQLITE, _POSTGRESQL)]
