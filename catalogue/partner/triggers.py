"""What the database itself refuses in the price history, on SQLite and PostgreSQL alike: an interval may be closed
once, by a moment; nothing else of it ever changes, and none is deleted."""

from __future__ import annotations

from shop.kernel.guards import Guard, function_postgresql, refuse_sqlite

TABLE = "partner_priceperiod"
MESSAGE = "partner: the price history is append-only"
COLUMNS = ("stockrecord_id", "gross_minor", "currency", "reference_minor", "valid_from")
SAME_SQLITE = " AND ".join(f"NEW.{name} IS OLD.{name}" for name in COLUMNS)
SAME_POSTGRESQL = " AND ".join(f"NEW.{name} IS NOT DISTINCT FROM OLD.{name}" for name in COLUMNS)
CLOSES = "OLD.valid_to IS NULL AND NEW.valid_to IS NOT NULL"
REFUSE = f"RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'check_violation'"
NEEDS = (f"{TABLE}.reference_minor",)

GUARDS = [
    Guard(
        "partner_price_no_update",
        TABLE,
        refuse_sqlite(
            "partner_price_no_update", TABLE, "BEFORE UPDATE", f"NOT ({CLOSES} AND {SAME_SQLITE})", MESSAGE
        ),
        function_postgresql(
            "partner_price_no_update",
            TABLE,
            "BEFORE UPDATE",
            f"IF NOT ({CLOSES} AND {SAME_POSTGRESQL}) THEN {REFUSE}; END IF; RETURN NEW;",
        ),
        columns=NEEDS,
    ),
    Guard(
        "partner_price_no_delete",
        TABLE,
        refuse_sqlite("partner_price_no_delete", TABLE, "BEFORE DELETE", "1", MESSAGE),
        function_postgresql("partner_price_no_delete", TABLE, "BEFORE DELETE", f"{REFUSE}; RETURN OLD;"),
        columns=NEEDS,
    ),
]
