"""At the shelf: pieces are taken, or they are not there."""

from __future__ import annotations

from copy import copy
from typing import Any

from django.db import IntegrityError
from django.db.models import F
from django.utils.translation import gettext as _

from fulfilment.warehouse.picking.events import PickedShort
from fulfilment.warehouse.picking.lots import note_picked, scanned_lot
from fulfilment.warehouse.picking.models import PickLine, PickList
from fulfilment.warehouse.picking.planning import Want
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.models import PICKED, BinStock, Lot
from shop.kernel.outbox import record
from shop.kernel.states import MoveNotAllowed, StaleState, move
from shop.kernel.transactions import retrying

from .making import add_lines, hold_with_batches
from .rules import PickError, check_bin, check_code, may_scan
from .sites import hold_order, look_elsewhere


def scan(*, line: PickLine, code: str, quantity: int, by: Any, bin_code: str = "", lot: str = "") -> int:
    """Pieces of a line were taken from its bin: they lie at the packing place now. Returns what is left to take here.

    ``code``: SKU, GTIN, or the code of a pack, which counts its pieces ``quantity`` times; ``bin_code``: optional,
    checked when given; ``lot``: lot or serial number as scanned, for articles that ask for it. Raises PickError (or
    its base StockError) in words for a wrong product, bin or lot, a lot with too few days left, too many pieces, a list
    or batch of somebody else; then nothing was changed.
    """
    may_scan(line, by)
    per_scan = check_code(line, code)
    check_bin(line, bin_code)
    pieces = stock.check_quantity(quantity) * per_scan
    if pieces > line.quantity_open:
        raise PickError(
            _("Only %(open)s pieces are wanted here, not %(quantity)s.")
            % {"open": line.quantity_open, "quantity": pieces}
        )
    taken = scanned_lot(line, lot)
    try:
        retrying(lambda: _take(copy(line), pieces, by, taken))
    except (IntegrityError, StaleState):
        raise PickError(
            _("This line was scanned a second time at the same moment. Please look again.")
        ) from None
    return line.quantity_open - pieces


def _take(line: PickLine, quantity: int, by: Any, lot: Lot | None) -> None:
    """Line, bins and movements in one transaction; of two scans at the same moment one wins."""
    if line.stockrecord_id is None or line.bin_id is None:
        raise PickError(_("No bin holds this article."))
    if quantity == line.quantity_open:
        # The CHECK constraint refuses the sum when somebody else took a part in between.
        move(line, to="picked", by=by, quantity_picked=F("quantity_picked") + quantity)
    else:
        rows = PickLine.objects.filter(pk=line.pk, state="open", quantity_picked=line.quantity_picked)
        if not rows.update(quantity_picked=F("quantity_picked") + quantity):
            raise StaleState("the line was scanned by somebody else")
    stock.shift(
        kind=PICKED,
        stockrecord_id=line.stockrecord_id,
        source_id=line.bin_id,
        target_id=line.pick_list.packing_place_id,
        quantity=quantity,
        cause=f"order:{line.pick_list.order.number}",
        by=by,
        lot=lot,
    )
    if lot is not None:
        note_picked(line, lot, quantity)


def report_short(*, line: PickLine, by: Any, why: str = "") -> int:
    """The bin holds no more of it: the line is closed as short, the bin is doubted, other bins are asked at once.

    Returns how many of the missing pieces were found elsewhere: new lines of the same list, on the same walk, or a list
    at another site.
    """
    may_scan(line, by)

    def close() -> int:
        order = hold_order(line.pick_list.order_id)
        now, batches = hold_with_batches(line.pick_list, line.batch_id)
        fresh = PickLine.objects.get(pk=line.pk)
        want = Want(fresh.order_line_id, fresh.stockrecord_id, fresh.quantity_open)
        try:
            move(fresh, to="short", by=by, why=why or "not found in the bin")
        except (StaleState, MoveNotAllowed):
            raise PickError(_("This line is already closed.")) from None
        _doubt(fresh)
        stops = add_lines(now, [want], by=by, avoid=_found_empty(now), only_found=True, batches=batches)
        found = sum(stop.quantity for stop in stops)
        found += look_elsewhere(order, want, found, site_id=now.site_id, by=by)
        _tell(fresh, want.quantity - found)
        return found

    found = retrying(close)
    line.refresh_from_db(fields=["state"])
    return found


def _tell(line: PickLine, missing: int) -> None:
    """Others hear of every empty bin, also when other bins or sites have it all (``quantity`` 0). Pieces that stay
    missing hold the order back from packing until it is known what becomes of them."""
    if line.stockrecord_id is None or line.bin_id is None:
        return
    if missing:
        lists = PickList.objects.filter(order=line.pick_list.order_id)
        lists.update(waits_for_answer=True)
    record(
        PickedShort(
            line.pick_list_id,
            line.pk,
            line.pick_list.order_id,
            line.order_line_id,
            line.stockrecord_id,
            line.bin_id,
            line.pick_list.site_id,
            missing,
        )
    )


def _doubt(line: PickLine) -> None:
    """Nobody else is sent to this bin for it until it is counted or filled."""
    BinStock.objects.filter(stockrecord=line.stockrecord_id, bin=line.bin_id).update(is_doubtful=True)


def _found_empty(pick_list: PickList) -> set[tuple[int, int]]:
    rows = pick_list.lines.filter(state="short", bin__isnull=False, stockrecord__isnull=False)
    return set(rows.values_list("stockrecord_id", "bin_id"))
