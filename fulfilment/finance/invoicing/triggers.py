"""What the database itself refuses about invoices: facts and lines never change, nothing is deleted."""

from __future__ import annotations

from fulfilment.finance.ledger.guards import Guard, function_postgresql, refuse_sqlite

FACTS_KEPT = "invoicing: the facts of an issued document never change; correct it by a further one"
KEPT = "invoicing: issued documents are never deleted"

_COLUMNS = (
    "number", "kind", "source", "order_id", "account_id", "order_number", "order_placed_on", "corrects_id", "currency",
    "net_minor", "vat_minor", "gross_minor", "prepaid_minor", "issued_on", "delivered_on", "due_on", "payment_method",
    "language", "vat_country", "seller", "buyer", "ship_to", "payment", "taxes", "charges", "notes", "reason",
    "buyer_reference", "replaces_id", "vat_check_id",
)  # fmt: skip
_LATER = ("buyer_reference", "replaces_id", "vat_check_id")  #: not there when the guards are first installed
_SQLITE_CHANGED = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in _COLUMNS)
_PG_CHANGED = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in _COLUMNS)


def _raise(message: str) -> str:
    return f"RAISE EXCEPTION '{message}' USING ERRCODE = 'check_violation';"


def _always(name: str, table: str, on: str, message: str) -> Guard:
    return Guard(
        name,
        table,
        refuse_sqlite(name, table, on, "1", message),
        function_postgresql(name, table, on, _raise(message)),
    )


GUARDS = [
    Guard(
        "invoicing_facts_kept",
        "invoicing_invoice",
        refuse_sqlite(
            "invoicing_facts_kept", "invoicing_invoice", "BEFORE UPDATE", f"({_SQLITE_CHANGED})", FACTS_KEPT
        ),
        function_postgresql(
            "invoicing_facts_kept",
            "invoicing_invoice",
            "BEFORE UPDATE",
            f"IF {_PG_CHANGED} THEN {_raise(FACTS_KEPT)} END IF; RETURN NEW;",
        ),
        columns=tuple(f"invoicing_invoice.{column}" for column in _LATER),
    ),
    _always("invoicing_stays", "invoicing_invoice", "BEFORE DELETE", KEPT),
    _always("invoicing_line_kept", "invoicing_invoiceline", "BEFORE UPDATE", FACTS_KEPT),
    _always("invoicing_line_stays", "invoicing_invoiceline", "BEFORE DELETE", KEPT),
]
