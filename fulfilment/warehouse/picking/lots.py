"""Lots and serial numbers at the shelf: which one was scanned, and which ones were taken for a line."""

from __future__ import annotations

from django.db import connection
from django.utils.translation import gettext as _

from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.models import Lot
from shop.kernel.clock import today

from .models import PickedLot, PickLine


def scanned_lot(line: PickLine, code: str) -> Lot | None:
    """The lot that was scanned for a line; None without a code (an article that asks for one is refused by stock).

    StockError in words: an unknown lot or one of another article, another one than planned, one with too few days left,
    a recalled one.
    """
    if not code.strip() or line.stockrecord_id is None:
        return None
    lot = stock.find_lot(stockrecord_id=line.stockrecord_id, code=code)
    handling = stock.handling_of(line.stockrecord_id)
    if handling.is_tracked:
        stock.refuse_unsendable(handling=handling, lot=lot, on=today())
    if lot.is_recalled:
        stock.refuse_recalled(lot=lot, bin=line.pick_list.packing_place)
    if line.lot is not None and line.lot_id != lot.pk:
        raise stock.StockError(
            _("This is lot %(scanned)s. Please take lot %(wanted)s.") % {"scanned": lot, "wanted": line.lot}
        )
    return lot


def note_picked(line: PickLine, lot: Lot, quantity: int) -> None:
    """Write down which lot was taken for a line. Part of the scan's transaction."""
    table = PickedLot._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (pick_line_id, lot_id, quantity) VALUES (%s, %s, %s) "
            f"ON CONFLICT (pick_line_id, lot_id) DO UPDATE SET quantity = {table}.quantity + excluded.quantity",
            [line.pk, lot.pk, quantity],
        )


def portions(line: PickLine) -> list[tuple[Lot | None, int]]:
    """What was picked for a line, lot by lot; one portion without lot where the article has none. One query."""
    taken = line.picked_lots.filter(quantity__gt=0).select_related("lot").order_by("pk")
    return [(row.lot, row.quantity) for row in taken] or [(None, line.quantity_picked)]
