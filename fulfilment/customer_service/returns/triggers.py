"""What the database itself refuses: a customer's express word about the money of a return (§ 357 (3) BGB) is the proof,
and is neither changed nor deleted."""

from __future__ import annotations

from shop.kernel.guards import Guard, function_postgresql, refuse_sqlite

TABLE = "returns_refundwish"
REFUSAL = "wishes about refunds are never changed or deleted; write a further one"
#: Everything but who wrote it: a user who is deleted is forgotten there.
KEPT = ("returning_id", "as_credit", "words", "at")


def _guard(name: str, on: str, sqlite_when: str, postgresql_when: str, back: str) -> Guard:
    refuse = f"RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'check_violation';"
    body = f"IF {postgresql_when} THEN {refuse} END IF;\nRETURN {back};"
    return Guard(
        name,
        TABLE,
        refuse_sqlite(name, TABLE, on, sqlite_when, REFUSAL),
        function_postgresql(name, TABLE, on, body),
    )


GUARDS = [
    _guard(
        "returns_wish_kept",
        "BEFORE UPDATE",
        " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in KEPT),
        " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in KEPT),
        "NEW",
    ),
    _guard("returns_wish_stays", "BEFORE DELETE", "1", "TRUE", "OLD"),
]
