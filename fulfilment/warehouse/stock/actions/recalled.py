"""Lots that a recall keeps off sale: the fact, and the way out of reach for their pieces.

Which recall it is and why is known above; here only its number stands at the lot, and ``bins.lot_in`` obeys it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from catalogue.partner.models import StockRecord
from fulfilment.warehouse.stock.models import QUARANTINE, TRANSFER, Bin, Lot, LotStock, Site

from .bins import movement, shift
from .places import hold_place, place_of_kind


def block_lots(*, lots: Collection[int], number: str) -> None:
    """From now on pieces of these lots go only where nothing is sold or picked from (``Bin.holds_recalled``); those
    that lie elsewhere already are the caller's to carry_off(). ``number``: of the recall.

    Part of a caller's transaction: bookings that are under way come first, later ones are refused. Each open site gets
    a place for quarantine, so that a refusal can name it.
    """
    Lot.objects.filter(pk__in=lots).update(recall_number=number)
    for site in Site.objects.filter(is_active=True):
        place_of_kind(QUARANTINE, site)


def free_lots(*, lots: Collection[int], number: str) -> int:
    """The recall of this number keeps the lots off sale no longer; one that another recall holds stays. Nothing moves.
    Returns how many are free."""
    return Lot.objects.filter(pk__in=lots, recall_number=number).update(recall_number="")


def carry_off(
    *,
    lot: Lot,
    source: Bin,
    quantity: int,
    cause: str,
    by: Any,
    why: str = "",
    target: Bin | None = None,
) -> list[tuple[Bin, int]]:
    """Pieces of a recalled lot leave ``source``: as many as are not promised to customers for ``target`` (None: the
    site's quarantine), the rest for the place that nobody picks from, where they still cover the promise.

    Part of a caller's transaction. Returns where they lie now, and how many. NotEnoughInBin, StockError like shift().
    """
    target = target or place_of_kind(QUARANTINE, source.site)
    free = (
        quantity if source.is_blocked or not target.is_blocked else _unpromised(lot.stockrecord_id, quantity)
    )
    parts = [(target, free)]
    if quantity - free:
        parts.append((hold_place(target.site), quantity - free))
    done = [(place, pieces) for place, pieces in parts if pieces and place.pk != source.pk]
    for place, pieces in done:
        shift(
            kind=TRANSFER,
            stockrecord_id=lot.stockrecord_id,
            source_id=source.pk,
            target_id=place.pk,
            quantity=pieces,
            cause=cause,
            why=why,
            by=by,
            lot=lot,
        )
    return done


def _unpromised(stockrecord_id: int, quantity: int) -> int:
    """How many of the pieces may leave the sale; the record is held, so that nobody buys between look and booking."""
    rows = StockRecord.objects.select_for_update(no_key=True, of=("self",))
    record = rows.get(pk=stockrecord_id)
    return quantity if record.backorderable else max(0, min(quantity, record.available))


def place_to_correct(*, lot: Lot | None, bin: Bin, difference: int) -> Bin:
    """Where a counted difference of a bin is booked: of a recalled lot in quarantine, where its pieces are now, unless
    the bin may hold them or (for fewer pieces) still does."""
    if lot is None or bin.holds_recalled:
        return bin
    fresh = Lot.objects.only("recall_number").get(pk=lot.pk)
    lying = LotStock.objects.filter(lot=lot, bin=bin, quantity__gte=-difference)
    if not fresh.is_recalled or (difference < 0 and lying.exists()):
        return bin
    return place_of_kind(QUARANTINE, bin.site)


def return_recalled(*, lot: Lot, source: Bin, bin: Bin, quantity: int, cause: str, by: Any) -> None:
    """Pieces that were set aside as missing from ``bin`` count as found again, but of a recalled lot: in the books they
    pass the bin on their way to quarantine. Part of a caller's transaction."""
    recall = f"recall:{lot.recall_number}"
    carry_off(
        lot=lot,
        source=source,
        target=place_of_kind(QUARANTINE, bin.site),
        quantity=quantity,
        cause=cause,
        by=by,
    )
    for change, told in ((quantity, cause), (-quantity, recall)):
        movement(TRANSFER, lot.stockrecord_id, bin.pk, change, told, "", by, lot).save(force_insert=True)
