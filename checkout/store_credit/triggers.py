"""What the database itself refuses: a movement of credit is never changed and never deleted."""

from __future__ import annotations

from shop.kernel.guards import Guard, function_postgresql, refuse_sqlite

TABLE = "store_credit_movement"
REFUSAL = "movements of store credit are never changed or deleted; write a further one"


def _guard(name: str, on: str) -> Guard:
    body = f"RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'check_violation';"
    return Guard(
        name,
        TABLE,
        refuse_sqlite(name, TABLE, on, "1", REFUSAL),
        function_postgresql(name, TABLE, on, body),
    )


GUARDS = [
    _guard("store_credit_kept", "BEFORE UPDATE"),
    _guard("store_credit_stays", "BEFORE DELETE"),
]
