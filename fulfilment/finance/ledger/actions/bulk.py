"""Post many entries in few statements, for imports: the promises of ``post`` at a fraction of its cost."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from fulfilment.finance.ledger.models import Account
from fulfilment.finance.ledger.postings import Posting
from shop.kernel import clock
from shop.kernel.transactions import retrying

from .days import closed_in_words, closed_stretches, moved_day
from .posting import BY_NUMBER, TEXT_MAX, moved_text, refuse_unknown, refuse_unsound

CHUNK = 2_000  #: entries per statement on PostgreSQL; memory stays small however many there are
CHUNK_SQLITE = 200  #: SQLite takes 32,766 values per statement
ENTRY_COLUMNS = "source, kind, booked_on, text, document, into_closed, by_id, created_at"
LINE_COLUMNS = (
    "entry_id, account_id, debit_minor, credit_minor, currency, subject, vat_country, vat_rate_bp, "
    "tax_base_minor"
)


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry to be posted with others; fields as in ``post``."""

    source: str
    kind: str
    lines: Sequence[Posting]
    booked_on: dt.date = field(default_factory=clock.today)
    text: str = ""
    document: str = ""


def post_many(*, entries: Sequence[NewEntry], by: Any = None) -> dict[str, int]:
    """Post all of them or none, in the caller's transaction or one of its own.

    A source that was posted before, or stands twice in the list, changes nothing. Entries of a closed month go to the
    next open day, as with ``post``. Returns source and id of those that are new. Raises LedgerError before anything is
    written; the database's triggers see every entry all the same.
    """
    for entry in entries:
        refuse_unsound(entry.source, entry.lines)
    refuse_unknown(line for entry in entries for line in entry.lines)
    once = list({entry.source: entry for entry in reversed(entries)}.values())[::-1]
    size = CHUNK if connection.vendor == "postgresql" else CHUNK_SQLITE

    def work() -> dict[str, int]:
        accounts = _accounts()
        made: dict[str, int] = {}
        for at in range(0, len(once), size):
            made |= _write(once[at : at + size], accounts, getattr(by, "pk", None))
        return made

    return retrying(work)


def _accounts() -> dict[str, int]:
    """Ids by role, and by "#" and number. One query."""
    rows = list(Account.objects.values_list("pk", "role", "number"))
    by_role = {role: pk for pk, role, _number in rows if role}
    return by_role | {f"{BY_NUMBER}{number}": pk for pk, _role, number in rows}


def _write(entries: Sequence[NewEntry], accounts: dict[str, int], by_id: int | None) -> dict[str, int]:
    """Entries, lines, posting: three statements."""
    with connection.cursor() as cursor:
        made = _insert_entries(cursor, list(_entry_rows(entries, by_id)))
        fresh = [entry for entry in entries if entry.source in made]
        if fresh:
            rows = (_line_row(made[entry.source], line, accounts) for entry in fresh for line in entry.lines)
            _insert_lines(cursor, rows)
            with closed_in_words():
                _publish(cursor, list(made.values()))
    return made


def _entry_rows(entries: Sequence[NewEntry], by_id: int | None) -> Iterator[tuple[Any, ...]]:
    ops, closed = connection.ops, closed_stretches()
    moment = ops.adapt_datetimefield_value(clock.now())
    for entry in entries:
        day = moved_day(entry.booked_on, closed)
        text = entry.text[:TEXT_MAX] if day == entry.booked_on else moved_text(entry.text, entry.booked_on)
        yield (
            entry.source, entry.kind, ops.adapt_datefield_value(day), text, entry.document[:60], "", by_id, moment,
        )  # fmt: skip


def _line_row(entry_id: int, line: Posting, accounts: dict[str, int]) -> tuple[Any, ...]:
    return (
        entry_id, accounts[line.role], line.debit_minor, line.credit_minor, line.currency, line.subject,
        line.vat_country, line.vat_rate_bp, line.tax_base_minor,
    )  # fmt: skip


def _insert_entries(cursor: Any, rows: list[tuple[Any, ...]]) -> dict[str, int]:
    """Ids by source of those that were not there."""
    ending = "ON CONFLICT (source) DO NOTHING RETURNING source, id"
    if connection.vendor == "postgresql":
        types = ("text", "text", "date", "text", "text", "text", "bigint", "timestamptz")
        arrays = ", ".join(f"%s::{kind}[]" for kind in types)
        columns = [list(column) for column in zip(*rows, strict=True)]
        cursor.execute(
            f"INSERT INTO ledger_entry ({ENTRY_COLUMNS}) SELECT * FROM unnest({arrays}) {ending}", columns
        )
    else:
        cursor.execute(
            f"INSERT INTO ledger_entry ({ENTRY_COLUMNS}) VALUES {_marks(rows)} {ending}", _flat(rows)
        )
    return dict(cursor.fetchall())


def _insert_lines(cursor: Any, rows: Iterator[tuple[Any, ...]]) -> None:
    if connection.vendor == "postgresql":
        with cursor.copy(f"COPY ledger_entryline ({LINE_COLUMNS}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    values = list(rows)
    for at in range(0, len(values), CHUNK):
        part = values[at : at + CHUNK]
        cursor.execute(f"INSERT INTO ledger_entryline ({LINE_COLUMNS}) VALUES {_marks(part)}", _flat(part))


def _publish(cursor: Any, ids: list[int]) -> None:
    moment = connection.ops.adapt_datetimefield_value(clock.now())
    if connection.vendor == "postgresql":
        cursor.execute("UPDATE ledger_entry SET posted_at = %s WHERE id = ANY(%s)", [moment, ids])
        return
    marks = ", ".join(["%s"] * len(ids))
    cursor.execute(f"UPDATE ledger_entry SET posted_at = %s WHERE id IN ({marks})", [moment, *ids])


def _marks(rows: Sequence[tuple[Any, ...]]) -> str:
    return ", ".join([f"({', '.join(['%s'] * len(rows[0]))})"] * len(rows))


def _flat(rows: Sequence[tuple[Any, ...]]) -> list[Any]:
    return [value for row in rows for value in row]
