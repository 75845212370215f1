"""What the database itself refuses in the ledger, on SQLite and PostgreSQL alike.

An entry is born as a draft; the UPDATE that posts it is refused unless it has two lines, balances per currency and its
day is not in a closed period (softly closed: unless it says why); a posted entry and its lines refuse every change, and
so do what hangs on it, the seals and their links. On PostgreSQL the line's trigger reads the entry FOR SHARE: without
it a line could slip in while another transaction posts. And who posts holds the closing lock, shared; who closes a
period takes it alone: without it an entry could be committed into a period that was closed meanwhile.
"""

from __future__ import annotations

from .guards import Guard, function_postgresql, refuse_sqlite

BORN = "ledger: an entry is born as a draft"
KEPT = "ledger: a posted entry is never changed or deleted; reverse it"
LINES_KEPT = "ledger: the lines of a posted entry are never changed; reverse the entry"
TWO_LINES = "ledger: an entry has two lines or more"
BALANCED = "ledger: debits and credits differ"
CLOSED = "ledger: the period is closed"
ATTACHED = "ledger: what hangs on a posted entry stays"
SEALED = "ledger: seals are never changed or deleted"

_FEW = "(SELECT COUNT(*) FROM ledger_entryline WHERE entry_id = OLD.id) < 2"
_OFF = (
    "EXISTS (SELECT 1 FROM ledger_entryline WHERE entry_id = OLD.id "
    "GROUP BY currency HAVING SUM(debit_minor) <> SUM(credit_minor))"
)
_SHUT = (
    "EXISTS (SELECT 1 FROM ledger_period WHERE first_day <= NEW.booked_on AND last_day >= NEW.booked_on "
    "AND (state = 'hard' OR (state = 'soft' AND NEW.into_closed = '')))"
)
#: Key of PostgreSQL's advisory lock between posting (shared) and closing a period (alone).
CLOSING_LOCK = 74_110_001


def _posted(row: str) -> str:
    return f"(SELECT posted_at FROM ledger_entry WHERE id = {row}.entry_id) IS NOT NULL"


def _refuse_pg(condition: str, message: str) -> str:
    return f"IF {condition} THEN RAISE EXCEPTION '{message}' USING ERRCODE = 'check_violation'; END IF;"


_LINE_PG = (
    "IF TG_OP <> 'INSERT' THEN "
    "SELECT posted_at INTO posted FROM ledger_entry WHERE id = OLD.entry_id FOR SHARE; "
    f"{_refuse_pg('posted IS NOT NULL', LINES_KEPT)} END IF; "
    "IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; "
    "SELECT posted_at INTO posted FROM ledger_entry WHERE id = NEW.entry_id FOR SHARE; "
    f"{_refuse_pg('posted IS NOT NULL', LINES_KEPT)} RETURN NEW;"
)
_POST_SQLITE = (
    "CREATE TRIGGER ledger_entry_post BEFORE UPDATE ON ledger_entry FOR EACH ROW "
    "WHEN OLD.posted_at IS NULL AND NEW.posted_at IS NOT NULL BEGIN "
    f"SELECT RAISE(ABORT, '{TWO_LINES}') WHERE {_FEW}; "
    f"SELECT RAISE(ABORT, '{BALANCED}') WHERE {_OFF}; "
    f"SELECT RAISE(ABORT, '{CLOSED}') WHERE {_SHUT}; END"
)
_POST_PG = (
    f"{_refuse_pg('OLD.posted_at IS NOT NULL', KEPT)} "
    f"IF NEW.posted_at IS NOT NULL THEN {_refuse_pg(_FEW, TWO_LINES)} {_refuse_pg(_OFF, BALANCED)} "
    f"PERFORM pg_advisory_xact_lock_shared({CLOSING_LOCK}); {_refuse_pg(_SHUT, CLOSED)} END IF; RETURN NEW;"
)


def _kept(table: str, verb: str, condition: str, message: str) -> Guard:
    """Refuse UPDATE or DELETE of the rows of ``table`` of which ``condition`` (over OLD) holds."""
    name, row = f"{table}_{verb}", "OLD" if verb == "delete" else "NEW"
    return Guard(
        name,
        table,
        refuse_sqlite(name, table, f"BEFORE {verb.upper()}", condition, message),
        function_postgresql(
            name, table, f"BEFORE {verb.upper()}", f"{_refuse_pg(condition, message)} RETURN {row};"
        ),
    )


GUARDS = [
    Guard(
        "ledger_entry_born",
        "ledger_entry",
        refuse_sqlite(
            "ledger_entry_born", "ledger_entry", "BEFORE INSERT", "NEW.posted_at IS NOT NULL", BORN
        ),
        function_postgresql(
            "ledger_entry_born",
            "ledger_entry",
            "BEFORE INSERT",
            f"{_refuse_pg('NEW.posted_at IS NOT NULL', BORN)} RETURN NEW;",
        ),
    ),
    Guard(
        "ledger_entry_post",
        "ledger_entry",
        _POST_SQLITE,
        function_postgresql("ledger_entry_post", "ledger_entry", "BEFORE UPDATE", _POST_PG),
        columns=("ledger_period.state", "ledger_entry.into_closed"),
    ),
    Guard(
        "ledger_entry_kept",
        "ledger_entry",
        refuse_sqlite(
            "ledger_entry_kept", "ledger_entry", "BEFORE UPDATE", "OLD.posted_at IS NOT NULL", KEPT
        ),
        function_postgresql(
            "ledger_entry_kept",
            "ledger_entry",
            "BEFORE UPDATE",
            f"{_refuse_pg('OLD.posted_at IS NOT NULL', KEPT)} RETURN NEW;",
        ),
    ),
    Guard(
        "ledger_entry_stays",
        "ledger_entry",
        refuse_sqlite(
            "ledger_entry_stays", "ledger_entry", "BEFORE DELETE", "OLD.posted_at IS NOT NULL", KEPT
        ),
        function_postgresql(
            "ledger_entry_stays",
            "ledger_entry",
            "BEFORE DELETE",
            f"{_refuse_pg('OLD.posted_at IS NOT NULL', KEPT)} RETURN OLD;",
        ),
    ),
    *(
        Guard(
            f"ledger_line_{verb}",
            "ledger_entryline",
            refuse_sqlite(
                f"ledger_line_{verb}", "ledger_entryline", f"BEFORE {verb.upper()}", when, LINES_KEPT
            ),
            function_postgresql(
                f"ledger_line_{verb}",
                "ledger_entryline",
                f"BEFORE {verb.upper()}",
                _LINE_PG,
                "DECLARE posted timestamptz;",
            ),
        )
        for verb, when in (
            ("insert", _posted("NEW")),
            ("update", f"{_posted('OLD')} OR {_posted('NEW')}"),
            ("delete", _posted("OLD")),
        )
    ),
    *(
        _kept(table, verb, condition, message)
        for table, condition, message in (
            ("ledger_attachment", "OLD.entry_id IS NOT NULL", ATTACHED),
            ("ledger_seal", "OLD.id IS NOT NULL", SEALED),
            ("ledger_seallink", "OLD.position IS NOT NULL", SEALED),
        )
        for verb in ("update", "delete")
    ),
]
