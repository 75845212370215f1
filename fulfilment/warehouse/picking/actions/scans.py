"""The scans of a phone, each of which happens once: its id is written in the transaction in which the pieces move.

A phone that was without network sends what it has kept; what it is not sure of it sends again. A scan that cannot
happen any more (the line was closed, cancelled or taken over) is refused in words and kept, for staff to look at.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
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


class NoSuchWalk(LookupError):
    """There is no list or batch of this number; nothing was written."""


@dataclass(frozen=True, slots=True)
class WalkId:
    """A pick list or a batch by its number alone, as a phone names it. It is not read for a scan that goes well: the
    line scanned says that it is there."""

    is_batch: bool
    pk: int

    @classmethod
    def of(cls, walk: PickList | Batch | WalkId) -> WalkId:
        """The number of a list or batch that was read already."""
        return walk if isinstance(walk, WalkId) else cls(isinstance(walk, Batch), walk.pk)

    def has(self, line: PickLine) -> bool:
        """Whether this line is a stop of the walk."""
        return (line.batch_id if self.is_batch else line.pick_list_id) == self.pk

    def is_there(self) -> bool:
        """Whether there is such a list or batch. One query."""
        rows = Batch.objects.filter(pk=self.pk) if self.is_batch else PickList.objects.filter(pk=self.pk)
        return rows.exists()


@dataclass(frozen=True, slots=True)
class Stop:
    """Pieces of a line: how many were ``picked`` so far, how many are ``open``."""

    picked: int
    open: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a scan. ``repeated``: it was answered before and nothing was done now; ``stop``: the line after
    pieces were picked, None when they were not, or when more than this line may have changed."""

    scan_id: uuid.UUID
    accepted: bool
    text: str
    line: int | None
    repeated: bool = False
    stop: Stop | None = None


def take_scans(*, walk: PickList | Batch | WalkId, scans: Sequence[Scan], by: Any) -> list[Answer]:
    """Answer each scan in the order given, each in a transaction of its own; a repeat gets its first answer again.

    NoSuchWalk when a scan is to be refused and kept, and there is no such list or batch to keep it with.
    """
    named = WalkId.of(walk)
    # Of a scan that comes alone the unique id says when it is kept whether it was there before: that is rare, and
    # asking first would be one more query for each scan of the day.
    known = _answered(scans) if len(scans) > 1 else {}
    answers = []
    for one in scans:
        answer = known.get(one.id) or _once(named, one, by)
        known[one.id] = replace(answer, repeated=True, stop=None)
        answers.append(answer)
    return answers


def _answered(scans: Sequence[Scan]) -> dict[uuid.UUID, Answer]:
    """The answers of those that were answered before. One query."""
    rows = ScanRecord.objects.filter(scan_id__in=[scan.id for scan in scans])
    return {record.scan_id: _answer(record, repeated=True) for record in rows}


def _answer(record: ScanRecord, *, repeated: bool = False, stop: Stop | None = None) -> Answer:
    return Answer(record.scan_id, record.accepted, record.answer, record.line_id, repeated, stop)


def _once(walk: WalkId, one: Scan, by: Any) -> Answer:
    """The scan's answer; of the same scan sent twice, also at one moment, one happens: all of the other is undone."""

    def happen() -> Answer:
        line = _line(one, walk)
        text, stop = _pick(line, one, by) if one.kind == SCAN_PICK else (_short(line, one, by), None)
        return _answer(_write(walk, one, by, accepted=True, text=text, line_id=line.pk), stop=stop)

    def refuse(reason: str) -> Answer:
        if not walk.is_there():
            raise NoSuchWalk
        line_id = (
            PickLine.objects.filter(pk=one.line).values_list("pk", flat=True).first() if one.line else None
        )
        return _answer(_write(walk, one, by, accepted=False, text=reason, line_id=line_id))

    try:
        try:
            return retrying(happen)
        except StockError as error:  # everything was rolled back; only the refusal is kept
            reason = str(error)
        return retrying(lambda: refuse(reason))
    except IntegrityError:
        found = ScanRecord.objects.filter(scan_id=one.id).first()
        if found is None:
            raise
        return _answer(found, repeated=True)


def _line(one: Scan, walk: WalkId) -> PickLine:
    """The line meant; for a pick held until the end of the transaction, so that scans of one line queue. What is short
    is planned anew, which holds order, batch and list before the line. One query."""
    rows = PickLine.objects.select_related("pick_list__order", "order_line", "bin", "batch")
    if one.kind == SCAN_PICK:
        rows = rows.select_for_update(of=("self",), no_key=True)
    line = rows.filter(pk=one.line).first() if one.line else None
    if line is None or not walk.has(line):
        raise PickError(_("This stop is not on your walk any more."))
    return line


def _pick(line: PickLine, one: Scan, by: Any) -> tuple[str, Stop]:
    pieces_before = line.quantity_open
    left = scan(line=line, code=one.code, quantity=one.quantity, by=by, bin_code=one.bin, lot=one.lot)
    return picked_words(line, pieces_before - left, left), Stop(line.quantity - left, left)


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


def _write(walk: WalkId, one: Scan, by: Any, *, accepted: bool, text: str, line_id: int | None) -> ScanRecord:
    return ScanRecord.objects.create(
        scan_id=one.id,
        kind=one.kind if one.kind in (SCAN_PICK, SCAN_SHORT) else SCAN_PICK,
        line_id=line_id,
        batch_id=walk.pk if walk.is_batch else None,
        pick_list_id=None if walk.is_batch else walk.pk,
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
