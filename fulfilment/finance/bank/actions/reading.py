"""Reading a file: understood whole first, then written in chunks that a killed worker's successor goes on with."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
from dataclasses import dataclass

from django.core.files.storage import storages
from django.db.models import Q

from fulfilment.finance.bank.accounts import account_of, mapping_of
from fulfilment.finance.bank.models import (
    TEXT_MAX_CHARS,
    BankAccount,
    Statement,
    StatementFile,
    StatementLine,
)
from fulfilment.finance.bank.parsers import Parsed, ParsedLine, ParsedStatement, Refused, parse
from fulfilment.finance.bank.parsers.csv_file import Mapping
from fulfilment.finance.bank.parsers.identity import fingerprint
from fulfilment.finance.bank.parsers.parsed import MAX_AMOUNT_MINOR
from shop.kernel import clock
from shop.kernel.states import StaleState, move
from shop.kernel.transactions import forbid_network_in_transaction, retrying

from .finishing import finish
from .places import Places

log = logging.getLogger(__name__)

CHUNK_LINES = 500  #: written in one transaction: short locks, and progress that can be seen
#: A worker that has not written for so long is dead; longer than understanding the largest file takes.
CLAIM = dt.timedelta(seconds=120)
FILES_PER_SWEEP = 20
NOTES_MAX = 15  #: kept with a statement


@dataclass(frozen=True)
class Row:
    """A line on its way into the table: where it belongs and who it is."""

    statement: int  #: position in the file, from 1
    position: int
    account: BankAccount
    line: ParsedLine
    fingerprint: str


class TakenOver(Exception):
    """Another worker goes on with this file."""


def read(file_id: int) -> StatementFile:
    """Read a file that waits (or that a dead worker left): import it whole or refuse it whole with the reason.

    Idempotent and resumable: lines are known by fingerprint and occurrence, ``lines_done`` says how far a worker got.
    Must run outside a transaction.
    """
    forbid_network_in_transaction("reading a file of the bank")
    file = _claim(file_id)
    if file is None:
        return StatementFile.objects.get(pk=file_id)
    try:
        parsed, accounts = _understood(file)
    except Refused as refused:
        _refuse(file, refused)
        return file
    try:
        rows = list(_rows(parsed, accounts))
        statements = _begin(file, parsed, accounts, len(rows))
        places = _begun(file, rows)
        while file.lines_done < file.lines_total:
            _write_chunk(file, rows, statements, places)
        finish(file=file, accounts=accounts, told=_told(rows))
    except (TakenOver, StaleState):
        log.info("bank file %s is read by another worker", file_id)
        file.refresh_from_db()
    return file


def _told(rows: list[Row]) -> dict[int, dict[str, set[str]]]:
    """By account, the batches whose transactions the file tells one by one, with their fingerprints."""
    found: dict[int, dict[str, set[str]]] = {}
    for row in rows:
        if row.line.batch and not row.line.is_collective:
            found.setdefault(row.account.pk, {}).setdefault(row.line.batch, set()).add(row.fingerprint)
    return found


def read_waiting() -> int:
    """Read what waits, and what dead workers left; returns how many files. For the sweep."""
    due = StatementFile.objects.filter(
        Q(state="waiting") | Q(state="reading", claimed_until__lt=clock.now())
    ).order_by("pk")
    found = list(due.values_list("pk", flat=True)[:FILES_PER_SWEEP])
    for pk in found:
        read(pk)
    return len(found)


def _claim(file_id: int) -> StatementFile | None:
    """The file, ours to read; None when it is read already or by somebody else."""

    def work() -> StatementFile | None:
        file = StatementFile.objects.select_related("mapping__account").get(pk=file_id)
        until = clock.now() + CLAIM
        if file.state == "waiting":
            move(file, to="reading", why="a worker reads it", claimed_until=until)
            return file
        if file.state != "reading":
            return None
        left = StatementFile.objects.filter(pk=file_id, state="reading", claimed_until__lt=clock.now())
        if not left.update(claimed_until=until):
            return None
        file.claimed_until = until
        return file

    try:
        return retrying(work)
    except StaleState:
        return None


def _understood(file: StatementFile) -> tuple[Parsed, list[BankAccount]]:
    """What the file says and the account of each statement. Refused when anything in it cannot be taken."""
    with storages["documents"].open(file.key) as stored:
        data: bytes = stored.read()
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise Refused("damaged", None)
    mapping = mapping_of(file, data)
    own = mapping.account if mapping else None
    try:
        parsed = parse(
            data,
            mapping=Mapping.of(mapping.settings) if mapping else None,
            iban=own.iban if own else "",
            number_of_account=own.number if own else "",
        )
    except Refused:
        raise
    except Exception as error:  # a file nobody thought of: said to a person, not tried again for ever
        log.exception("bank file %s was not understood", file.pk)
        raise Refused("not_understood", None) from error
    file.kind = parsed.kind
    for statement in parsed.statements:
        if (
            abs(statement.turnover_minor) >= MAX_AMOUNT_MINOR
        ):  # each line is possible, all of them together are not
            raise Refused(
                "amount_too_large", statement.line or None, amount=str(statement.turnover_minor)[:24]
            )
    return parsed, [account_of(statement) for statement in parsed.statements]


def _refuse(file: StatementFile, refused: Refused) -> None:
    def work() -> None:
        move(
            file,
            to="refused",
            why=refused.code,
            kind=file.kind,
            refused_code=refused.code,
            refused_facts=refused.facts,
            refused_line=refused.line,
            claimed_until=None,
            finished_at=clock.now(),
        )

    try:
        retrying(work)
    except StaleState:
        file.refresh_from_db()


def _rows(parsed: Parsed, accounts: list[BankAccount]) -> list[Row]:
    """Every line in the order of the file, with what it is known by."""
    rows = []
    for number, (statement, account) in enumerate(zip(parsed.statements, accounts, strict=True), start=1):
        rows += [
            Row(number, position, account, line, fingerprint(line))
            for position, line in enumerate(statement.lines, start=1)
        ]
    return rows


def _begun(file: StatementFile, rows: list[Row]) -> Places:
    """The places of the file's lines; those that a dead worker wrote have theirs."""
    places = Places(file.kind)
    for at in range(0, file.lines_done, CHUNK_LINES):
        chunk = rows[at : min(at + CHUNK_LINES, file.lines_done)]
        places.keep(chunk, places.of(chunk))
    return places


def _begin(file: StatementFile, parsed: Parsed, accounts: list[BankAccount], total: int) -> dict[int, int]:
    """Write the statements once; returns their keys by position. A successor finds them."""

    until = clock.now() + CLAIM
    pending = sum(statement.pending for statement in parsed.statements)

    def work() -> dict[int, int]:
        _hold(file, until=until, kind=parsed.kind, lines_total=total, lines_pending=pending)
        if not file.statements.exists():
            numbered_ones = enumerate(zip(parsed.statements, accounts, strict=True), start=1)
            Statement.objects.bulk_create(
                [
                    _statement(file, parsed.kind, number, one, account)
                    for number, (one, account) in numbered_ones
                ]
            )
        return dict(file.statements.values_list("position", "pk"))

    statements = retrying(work)
    file.refresh_from_db()
    return statements


def _write_chunk(file: StatementFile, rows: list[Row], statements: dict[int, int], places: Places) -> None:
    """Write the next lines and how far we are, in one transaction. TakenOver when another worker goes on."""
    start = file.lines_done
    chunk = rows[start : start + CHUNK_LINES]
    until = clock.now() + CLAIM

    def work() -> list[int]:
        _hold(file, until=until, lines_done=start + len(chunk))
        # Another file of an account waits here, and then sees which of its lines are known.
        keys = sorted({row.account.pk for row in chunk})
        list(BankAccount.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk"))
        found = places.of(chunk)
        lines = [
            _line(row, statements[row.statement], place) for row, place in zip(chunk, found, strict=True)
        ]
        StatementLine.objects.bulk_create(lines, ignore_conflicts=True)
        return found

    places.keep(chunk, retrying(work))
    file.lines_done, file.claimed_until = start + len(chunk), until


def _hold(file: StatementFile, *, until: dt.datetime, **also: object) -> None:
    """Go on only from where we were, and only while nobody else does; renews our claim. TakenOver otherwise."""
    mine = StatementFile.objects.filter(
        pk=file.pk, state="reading", lines_done=file.lines_done, claimed_until=file.claimed_until
    )
    if not mine.update(claimed_until=until, **also):
        raise TakenOver


def _statement(
    file: StatementFile, kind: str, number: int, one: ParsedStatement, account: BankAccount
) -> Statement:
    return Statement(
        file=file,
        position=number,
        account=account,
        kind=kind,
        number=one.number,
        currency=one.currency,
        opening_minor=one.opening_minor,
        closing_minor=one.closing_minor,
        turnover_minor=one.turnover_minor,
        lines_total=len(one.lines),
        first_day=one.first_day,
        last_day=one.last_day,
        is_off=one.is_off,
        note=" ".join(one.notes[:NOTES_MAX]),
    )


def _line(row: Row, statement_id: int, occurrence: int) -> StatementLine:
    line = row.line
    return StatementLine(
        statement_id=statement_id,
        account=row.account,
        position=row.position,
        booked_on=line.booked_on,
        valued_on=line.valued_on,
        amount_minor=line.amount_minor,
        currency=line.currency,
        code=line.code,
        end_to_end_id=line.end_to_end_id,
        mandate_id=line.mandate_id,
        counterparty=line.counterparty,
        counterparty_iban=line.counterparty_iban,
        counterparty_bic=line.counterparty_bic,
        text=line.text[:TEXT_MAX_CHARS],
        structured_reference=line.structured_reference,
        bank_reference=line.bank_reference,
        original_amount_minor=line.original_amount_minor,
        original_currency=line.original_currency,
        charges_minor=line.charges_minor,
        is_reversal=line.is_reversal,
        return_reason=line.return_reason,
        batch=line.batch,
        is_collective=line.is_collective,
        fingerprint=row.fingerprint,
        occurrence=occurrence,
    )
