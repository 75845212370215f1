"""What an article asks of those who handle it, and what that means for the pieces that lie there already."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils.translation import gettext as _

from catalogue.partner.models import StockRecord
from fulfilment.warehouse.stock.models import (
    BY_SERIAL,
    NO_TRACKING,
    PACKING,
    TRANSFER,
    TRANSIT,
    BinStock,
    Handling,
    Movement,
)
from shop.kernel.transactions import retrying

from .bins import lot_in, movement
from .errors import StockError
from .lots import handling_of, note_lot


def set_handling(
    *,
    stockrecord: StockRecord,
    by: Any = None,
    initial_lot: str = "",
    initial_best_before: dt.date | None = None,
    **wanted: Any,
) -> Handling:
    """Say what an article asks for (fields of Handling). Pieces that lie there without lot get ``initial_lot``.

    StockError in words when pieces lie there that could not follow: no lot is named for them, or they have lots or
    serial numbers and would be kept otherwise. ValidationError for values that no field takes.
    """

    def change() -> Handling:
        handling = handling_of(stockrecord.pk)
        before = handling.tracking if handling.pk else NO_TRACKING
        for name, value in wanted.items():
            setattr(handling, name, value)
        handling.full_clean()
        rows = BinStock.objects.select_for_update(of=("self",)).filter(
            stockrecord=stockrecord, quantity__gt=0
        )
        lying = list(rows.select_related("bin").order_by("pk")) if handling.tracking != before else []
        if lying:
            _refuse(lying, before, handling, initial_lot)
        handling.save()
        if lying:
            _give_lot(stockrecord.pk, lying, initial_lot, initial_best_before, by)
        return handling

    return retrying(change)


def _refuse(lying: list[BinStock], before: str, handling: Handling, initial_lot: str) -> None:
    facts = {"pieces": sum(row.quantity for row in lying)}
    if before != NO_TRACKING or handling.tracking == BY_SERIAL:
        raise StockError(
            _("%(pieces)s pieces lie in bins; count them out before the article is kept in another way.")
            % facts
        )
    if any(row.bin.kind == PACKING for row in lying):
        raise StockError(_("Pieces of this article are just being packed; please wait until they have left."))
    if any(
        row.bin.kind == TRANSIT for row in lying
    ):  # its transfer knows them without lot and would never end
        raise StockError(_("Pieces of this article are on their way; please receive the transfer first."))
    if not initial_lot:
        raise StockError(
            _("%(pieces)s pieces lie in bins without a lot; please name the lot they belong to.") % facts
        )


def _give_lot(
    stockrecord_id: int, lying: list[BinStock], code: str, best_before: dt.date | None, by: Any
) -> None:
    """Pieces without lot get one: out of the bin without it, in again with it."""
    lot = note_lot(stockrecord_id=stockrecord_id, code=code, best_before=best_before)
    why, rows = "kept by lots from now on", []
    for row in lying:
        place = (TRANSFER, stockrecord_id, row.bin_id)
        rows.append(movement(*place, -row.quantity, "", why, by))
        rows.append(movement(*place, row.quantity, "", why, by, lot))
        lot_in(lot=lot, bin_id=row.bin_id, quantity=row.quantity)
    Movement.objects.bulk_create(rows)
