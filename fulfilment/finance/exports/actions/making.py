"""Making the file of an export: by a worker, once, kept with its hash."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import tempfile
import zipfile
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import IO, Any

from django.core.files import File
from django.core.files.storage import storages
from django.db.models import F, Q
from django.utils import timezone

from fulfilment.finance.exports import datev, journal, reasons, z3
from fulfilment.finance.exports.datev_rows import WITH_VAT_ID, Line
from fulfilment.finance.exports.models import DATEV, Z3, Export
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.ledger.models import EntryLine
from shop.kernel import clock
from shop.kernel.states import StaleState, move
from shop.kernel.transactions import forbid_network_in_transaction, retrying

log = logging.getLogger(__name__)

CHUNK_LINES, CHUNK_ENTRIES = 5_000, 1_000
#: An export nobody began is forgotten by its queue after so long.
PATIENCE = dt.timedelta(seconds=120)
#: A worker that took so long is dead: longer than any task may run (settings.CELERY_TASK_TIME_LIMIT).
CLAIM = dt.timedelta(seconds=330)
#: A failure may pass by itself: tried again after a rest, so often in all.
REST, ATTEMPTS_MAX = dt.timedelta(seconds=60), 3
#: One after the other, each in a task of its own: a long one must not use up the time of the next.
EXPORTS_PER_SWEEP = 1


def make(export_id: int) -> Export:
    """Make the file of an export and keep it. Made once, by one worker at a time: a second call returns what is there.

    Outside transactions. What goes wrong is no exception: the export says why, is tried again after a rest and has
    failed after ATTEMPTS_MAX attempts, until a person asks for it again.
    """
    forbid_network_in_transaction("storing an export")
    export = _claim(export_id)
    if export is None:
        return Export.objects.get(pk=export_id)
    if export.attempts > ATTEMPTS_MAX:  # each time the worker died before it could say why
        _fail(export, export.problem or reasons.LOST, export.detail)
        return export
    try:
        fields = _stored(export)
    except Exception as error:  # whatever it is: a person is told, and the next export has its turn
        log.exception("export %s could not be made", export.pk)
        _trouble(export, error)
        return export
    _move(export, to="made", why="made", **fields)
    return export


def make_waiting() -> int:
    """Make what a dead worker or a broken queue left, what was tried least first; returns how many. Runs by beat."""
    now = clock.now()
    left = Q(claimed_until=None, created_at__lt=now - PATIENCE) | Q(claimed_until__lte=now)
    due = Export.objects.filter(left, state="waiting").order_by("attempts", "pk")
    found = list(due.values_list("pk", flat=True)[:EXPORTS_PER_SWEEP])
    for pk in found:
        make(pk)
    return len(found)


def write(export: Export, file: IO[bytes]) -> int:
    """Write the bytes of an export to ``file``; returns how many entries they hold. A DATEV batch always gives the same
    bytes, whatever was posted since; a Z3 export does when its months are closed."""
    if export.kind == DATEV:
        return _write_datev(export, file)
    if export.kind == Z3:
        return z3.write(z3.Stretch(export.first_day, export.last_day), file)
    count = 0
    for _pk, line in journal.lines(export.first_day, export.last_day):
        file.write(line)
        count += 1
    return count


def file_name(export: Export) -> str:
    """What the file is called when it is downloaded."""
    name, ending = {DATEV: ("DATEV", "zip"), Z3: ("GoBD-Z3", "zip")}.get(export.kind, ("journal", "jsonl"))
    return f"{name}-{export.first_day}-{export.last_day}-{export.pk}.{ending}"


def _claim(export_id: int) -> Export | None:
    """The export, ours to make; None when it does not wait, or another worker is at it."""

    def work() -> Export | None:
        now = clock.now()
        free = Export.objects.filter(Q(claimed_until=None) | Q(claimed_until__lte=now), state="waiting")
        if not free.filter(pk=export_id).update(claimed_until=now + CLAIM, attempts=F("attempts") + 1):
            return None
        return Export.objects.get(pk=export_id)

    return retrying(work)


def _stored(export: Export) -> dict[str, Any]:
    """Write the file and put it into the documents' storage; returns what the export shall say of it."""
    with tempfile.TemporaryFile() as file:
        entries = write(export, file)
        digest, size = _digest(file), file.tell()
        file.seek(0)
        store = storages["documents"]
        key = f"exports/{export.created_at.year}/{export.pk}-{digest[:24]}"
        if not store.exists(key):
            key = str(store.save(key, File(file)))
    return {
        "name": file_name(export),
        "key": key,
        "sha256": digest,
        "size_bytes": size,
        "entries": entries,
        "problem": "",
        "detail": "",
        "claimed_until": None,
    }


def _trouble(export: Export, error: Exception) -> None:
    """Note what went wrong; after a rest it is tried again, until that was often enough."""
    problem, detail = reasons.of(error), type(error).__name__[:80]
    if export.attempts >= ATTEMPTS_MAX:
        _fail(export, problem, detail)
        return
    waiting = Export.objects.filter(pk=export.pk, state="waiting", attempts=export.attempts)
    retrying(
        lambda: waiting.update(
            problem=problem, detail=detail, claimed_until=clock.now() + REST * export.attempts
        )
    )
    export.refresh_from_db()


def _fail(export: Export, problem: str, detail: str) -> None:
    _move(export, to="failed", why=problem, problem=problem, detail=detail, claimed_until=None)


def _move(export: Export, *, to: str, why: str, **fields: Any) -> None:
    try:
        retrying(lambda: move(export, to=to, why=why, **fields))
    except StaleState:  # another worker came to an end first
        export.refresh_from_db()


def _write_datev(export: Export, file: IO[bytes]) -> int:
    """A ZIP whose entries bear the time the export was asked for."""
    facts, made_at = export.facts, timezone.localtime(export.created_at)
    head = datev.Head(first_day=export.first_day, last_day=export.last_day, made_at=made_at, **facts)
    with zipfile.ZipFile(file, "w") as packed:
        for name, chunks in datev.files(head, _booked(export)):
            info = zipfile.ZipInfo(name, made_at.timetuple()[:6])
            info.compress_type = zipfile.ZIP_DEFLATED
            with packed.open(info, "w") as member:
                for chunk in chunks:
                    member.write(chunk)
    return export.entries


def _booked(export: Export) -> Iterator[datev.Booked]:
    """The entries of a batch by day, read in chunks; with the buyer's VAT id where DATEV asks for it."""
    for chunk in z3.table.chunked(_entries(export), CHUNK_ENTRIES):
        asked = {one.document for one in chunk if any(line.role in WITH_VAT_ID for line in one.lines)}
        found = (
            Invoice.objects.filter(number__in=asked).values_list("number", "buyer__vat_id") if asked else ()
        )
        ids = dict(found)
        for entry in chunk:
            entry.vat_id = ids.get(entry.document) or ""
            yield entry


def _entries(export: Export) -> Iterator[datev.Booked]:
    found = (
        EntryLine.objects.filter(entry__datev_batch__export=export)
        .order_by("entry__booked_on", "entry_id", "pk")
        .values_list(
            "entry_id", "entry__booked_on", "entry__document", "entry__text", "account__role", "account__number",
            "debit_minor", "credit_minor", "vat_country", "vat_rate_bp",
        )
    )  # fmt: skip
    for pk, group in groupby(found.iterator(chunk_size=CHUNK_LINES), key=itemgetter(0)):
        rows = list(group)
        lines = [
            Line(role, number, debit - credit, country, rate)
            for *_head, role, number, debit, credit, country, rate in rows
        ]
        yield datev.Booked(pk, rows[0][1], rows[0][2], rows[0][3], lines)


def _digest(file: IO[bytes]) -> str:
    """SHA-256 of the whole file, which is left at its end."""
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
