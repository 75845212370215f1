"""The scans of a phone, each of which happens once: its id is written in the transaction in which the pieces move.

A phone that was without network sends what it has kept; what it is not sure of it sends again. A scan that cannot
happen any more (the line was closed, cancelled or taken over) is refused in words and kept, for staff to look at.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fulfilment.warehouse.picking.models import SCAN_PICK, SCAN_SHORT, Batch, PickLine, PickList, ScanRecord
from fulfilment.warehouse.stock.actions import StockError
from shop.kernel.clock import now
from shop.kernel.transactions import retrying

from .rules import PickError
from .taking import report_short, scan

CODE_KEPT_CHARS = 60
QUANTITY_KEPT_MAX = 2**31 - 1  #: what the column holds; a larger number is nonsense and refused anyway


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan as the phone tells it. ``quantity``: how often the code was scanned; ``at``: by the phone's clock."""

    id: uuid.UUID
    kind: str
    line: int | None
    code: str = ""
    quantity: int = 0
    lot: str = ""
    bin: str = ""
    at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a scan. ``repeated``: it was answered before and nothing was done now."""

    scan_id: uuid.UUID
    accepted: bool
    text: str
    line: int | None
    repeated: bool = False


def take_scans(*, walk: PickList | Batch, scans: Sequence[Scan], by: Any) -> list[Answer]:
    """Answer each scan in the order given, each in a transaction of its own; a repeat gets its first answer again."""
    ids = [scan.id for scan in scans]
    known = {record.scan_id: record for record in ScanRecord.objects.filter(scan_id__in=ids)}
    answers = []
    for one in scans:
        record, repeated = known.get(one.id), True
        if record is None:
            record, repeated = _once(walk, one, by)
            known[one.id] = record
        answers.append(Answer(one.id, record.accepted, record.answer, record.line_id, repeated))
    return answers


def _once(walk: PickList | Batch, one: Scan, by: Any) -> tuple[ScanRecord, bool]:
    """The scan's record, and whether it was there before: of the same scan sent twice at one moment one happens."""

    def happen() -> ScanRecord:
        line = _line(one, walk)
        text = _pick(line, one, by) if one.kind == SCAN_PICK else _short(line, one, by)
        return _write(walk, one, by, accepted=True, text=text, line_id=line.pk)

    def refuse(reason: str) -> ScanRecord:
        line_id = (
            PickLine.objects.filter(pk=one.line).values_list("pk", flat=True).first() if one.line else None
        )
        return _write(walk, one, by, accepted=False, text=reason, line_id=line_id)

    try:
        try:
            return retrying(happen), False
        except StockError as error:  # everything was rolled back; only the refusal is kept
            reason = str(error)
        return retrying(lambda: refuse(reason)), False
    except IntegrityError:
        found = ScanRecord.objects.filter(scan_id=one.id).first()
        if found is None:
            raise
        return found, True


def _line(one: Scan, walk: PickList | Batch) -> PickLine:
    """The line meant; for a pick held until the end of the transaction, so that scans of one line queue. What is short
    is planned anew, which holds order, batch and list before the line. One query."""
    rows = PickLine.objects.select_related("pick_list__order", "order_line", "bin", "batch")
    if one.kind == SCAN_PICK:
        rows = rows.select_for_update(of=("self",), no_key=True)
    line = rows.filter(pk=one.line).first() if one.line else None
    of_walk = line is not None and (
        line.batch_id == walk.pk if isinstance(walk, Batch) else line.pick_list_id == walk.pk
    )
    if line is None or not of_walk:
        raise PickError(_("This stop is not on your walk any more."))
    return line


def _pick(line: PickLine, one: Scan, by: Any) -> str:
    pieces_before = line.quantity_open
    left = scan(line=line, code=one.code, quantity=one.quantity, by=by, bin_code=one.bin, lot=one.lot)
    return picked_words(line, pieces_before - left, left)


def _short(line: PickLine, one: Scan, by: Any) -> str:
    missing = line.quantity_open
    return short_words(missing, report_short(line=line, by=by))


def picked_words(line: PickLine, pieces: int, left: int) -> str:
    """What the picker hears after a right scan."""
    text = _("Right: %(n)s × %(sku)s.") % {"n": pieces, "sku": line.order_line.partner_sku}
    if left:
        text += " " + ngettext("%(n)s piece more here.", "%(n)s pieces more here.", left) % {"n": left}
    return text


def short_words(missing: int, found: int) -> str:
    """What the picker hears after pieces were not there."""
    words = []
    if found:
        text = ngettext(
            "%(n)s piece was found in another bin.", "%(n)s pieces were found in other bins.", found
        )
        words.append(text % {"n": found})
    if found < missing:
        text = ngettext(
            "%(n)s piece is missing; the order shows it.",
            "%(n)s pieces are missing; the order shows it.",
            missing - found,
        )
        words.append(text % {"n": missing - found})
    return " ".join(words)


def _write(
    walk: PickList | Batch, one: Scan, by: Any, *, accepted: bool, text: str, line_id: int | None
) -> ScanRecord:
    return ScanRecord.objects.create(
        scan_id=one.id,
        kind=one.kind if one.kind in (SCAN_PICK, SCAN_SHORT) else SCAN_PICK,
        line_id=line_id,
        batch=walk if isinstance(walk, Batch) else None,
        pick_list=walk if isinstance(walk, PickList) else None,
        code=one.code[:CODE_KEPT_CHARS],
        bin_code=one.bin[:CODE_KEPT_CHARS],
        lot_code=one.lot[:CODE_KEPT_CHARS],
        quantity=min(max(one.quantity, 0), QUANTITY_KEPT_MAX),
        accepted=accepted,
        answer=text[: ScanRecord.ANSWER_MAX_CHARS],
        by=by,
        at_client=one.at,
    )


def settle_scan(*, record: ScanRecord, by: Any, note: str) -> None:
    """Somebody looked after a refused scan (put the pieces back, counted the bin): it is no longer shown as open.

    ``note``: what was done, kept with who. PickError without it, for an accepted scan, and when a colleague was faster.
    """
    note = note.strip()[:200]
    if not note:
        raise PickError(_("Please say what was done."))
    rows = ScanRecord.objects.filter(pk=record.pk, accepted=False, settled_at=None)
    if not rows.update(settled_at=now(), settled_by=by, settled_note=note):
        raise PickError(_("This scan is already settled."))
    record.refresh_from_db()
