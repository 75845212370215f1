"""Asking for an export, which fixes what it holds, and making its file. The only writers of this room."""

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
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from fulfilment.finance.ledger import charts
from fulfilment.finance.ledger.models import Account, EntryLine
from shop.kernel import clock
from shop.kernel.states import StaleState, move
from shop.kernel.transactions import forbid_network_in_transaction, retrying

from . import datev, journal
from .datev_rows import Line
from .models import DATEV, JOURNAL, Export

log = logging.getLogger(__name__)

CHUNK_LINES = 5_000
BOOKS_CURRENCY = "EUR"
#: A worker has so long before the sweep takes an export for forgotten.
PATIENCE = dt.timedelta(seconds=120)
EXPORTS_PER_SWEEP = 5

# An entry that a batch has already is passed over, also when that batch commits in this very moment.
TAKE = """
INSERT INTO exports_batchentry (entry_id, export_id)
SELECT e.id, %s FROM ledger_entry e
WHERE e.posted_at IS NOT NULL AND e.booked_on BETWEEN %s AND %s
  AND NOT EXISTS (SELECT 1 FROM exports_batchentry b WHERE b.entry_id = e.id)
ORDER BY e.id
ON CONFLICT (entry_id) DO NOTHING
"""


class Refused(Exception):
    """The export cannot be made; says why in the reader's language."""


def ask_for_datev(
    *,
    first_day: dt.date,
    last_day: dt.date,
    consultant: int,
    client: int,
    year_month: int,
    is_final: bool,
    by: Any,
) -> Export:
    """A DATEV batch of all entries of these days that no batch has yet; from now on they are in this one.

    consultant, client: DATEV's numbers; year_month: month (1 to 12) in which fiscal years begin; is_final:
    DATEV may not change the rows. Raises Refused when the days are of two fiscal years (rows carry no year), when there
    is nothing new, or when an entry is in another currency. Made by a worker afterwards.
    """
    if datev.fiscal_year(first_day, year_month) != datev.fiscal_year(last_day, year_month):
        raise Refused(_("A DATEV batch lies in one fiscal year. Please choose days of the same year."))
    facts = {
        "consultant": consultant,
        "client": client,
        "year_month": year_month,
        "is_final": is_final,
        "account_length": charts.NUMBER_LENGTH,
        "chart": charts.chosen().removeprefix("skr"),
        "clearing": Account.objects.get(role="unexplained").number,
    }

    def work() -> Export:
        with transaction.atomic():
            export = _create(DATEV, first_day, last_day, facts, by)
            with connection.cursor() as cursor:
                cursor.execute(TAKE, [export.pk, first_day, last_day])
                export.entries = cursor.rowcount
            _refuse_batch(export)
            export.save(update_fields=["entries"])
        return export

    return _told(retrying(work))


def ask_for_journal(*, first_day: dt.date, last_day: dt.date, by: Any) -> Export:
    """The journal of these days as JSON lines, made by a worker afterwards."""
    return _told(retrying(lambda: _create(JOURNAL, first_day, last_day, {}, by)))


def make(export_id: int) -> Export:
    """Make the file of an export and keep it. Made once: a second call returns what is there. Outside transactions."""
    forbid_network_in_transaction("storing an export")
    export = Export.objects.get(pk=export_id)
    if export.state == "made":
        return export
    with tempfile.TemporaryFile() as file:
        entries = write(export, file)
        digest, size = _digest(file), file.tell()
        name = file_name(export)
        file.seek(0)
        store = storages["documents"]
        key = f"exports/{export.created_at.year}/{export.pk}-{digest[:24]}"
        if not store.exists(key):
            key = str(store.save(key, File(file)))
    try:
        retrying(
            lambda: move(
                export,
                to="made",
                why="made",
                name=name,
                key=key,
                sha256=digest,
                size_bytes=size,
                entries=entries,
            )
        )
    except StaleState:  # another worker made it
        export.refresh_from_db()
    return export


def make_waiting() -> int:
    """Make what a dead worker or a broken queue left; returns how many. Runs by beat."""
    due = Export.objects.filter(state="waiting", created_at__lt=clock.now() - PATIENCE).order_by("pk")
    found = list(due.values_list("pk", flat=True)[:EXPORTS_PER_SWEEP])
    for pk in found:
        make(pk)
    return len(found)


def write(export: Export, file: IO[bytes]) -> int:
    """Write the bytes of an export to ``file``; returns how many entries they hold. A DATEV batch always gives the same
    bytes, whatever was posted since."""
    if export.kind == DATEV:
        return _write_datev(export, file)
    count = 0
    for _pk, line in journal.lines(export.first_day, export.last_day):
        file.write(line)
        count += 1
    return count


def file_name(export: Export) -> str:
    """What the file is called when it is downloaded."""
    if export.kind == DATEV:
        return f"DATEV-{export.first_day}-{export.last_day}-{export.pk}.zip"
    return f"journal-{export.first_day}-{export.last_day}-{export.pk}.jsonl"


def _create(kind: str, first: dt.date, last: dt.date, facts: dict[str, Any], by: Any) -> Export:
    return Export.objects.create(
        kind=kind,
        first_day=first,
        last_day=last,
        facts=facts,
        created_by=by if getattr(by, "pk", None) else None,
    )


def _refuse_batch(export: Export) -> None:
    if not export.entries:
        raise Refused(_("There is nothing new in these days: every entry is in a DATEV batch already."))
    other = (
        EntryLine.objects.filter(entry__datev_batch__export=export)
        .exclude(currency=BOOKS_CURRENCY)
        .values_list("entry_id", flat=True)
        .first()
    )
    if other is not None:
        raise Refused(
            _("Entry %(pk)d is not in euros; DATEV needs a rate for it. Please leave its day out.")
            % {"pk": other}
        )


def _told(export: Export) -> Export:
    """Ask a worker to make it now. A broken queue is no error: the sweep comes by."""
    from .tasks import make_export

    try:
        make_export.delay(export.pk)
    except Exception as error:  # whatever a broker client may raise
        log.warning("queue not reachable, export %s waits for the sweep: %s", export.pk, error)
    return export


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
    """The entries of a batch by day, read in chunks."""
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
