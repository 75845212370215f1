"""What starting a recall does in the house: picks stop, goods that have not left come back, bins are cleared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import F, Sum

from catalogue.partner.models import StockRecord
from fulfilment.warehouse.dispatch.actions import unpack
from fulfilment.warehouse.dispatch.models import Parcel, ParcelLot
from fulfilment.warehouse.picking.actions import PickError, plan_rest
from fulfilment.warehouse.picking.models import PickedLot, PickLine, PickList
from fulfilment.warehouse.receiving.places import place_of_kind
from fulfilment.warehouse.stock.actions import packing_place, shift
from fulfilment.warehouse.stock.models import PACKING, QUARANTINE, TRANSFER, TRANSIT, Bin, Lot, LotStock, Site
from shop.kernel.states import move

from .models import Recall
from .trace import INSIDE

HOLD_SEQUENCE = 990_000  #: behind every bin that people walk to, and behind the packing places


def stop_picks(recall: Recall, lots: Sequence[Lot], *, by: Any) -> tuple[int, list[PickList]]:
    """Close the open picks of the lots, and take back what was picked and has not left. Returns how many lines were
    stopped, and the lists that now lack pieces."""
    lists: dict[int, PickList] = {}
    stopped = 0
    why = f"recall {recall.number}"
    for line in PickLine.objects.filter(state="open", lot__in=lots).select_related("pick_list__order"):
        move(line, to="short", by=by, why=why)
        lists[line.pick_list_id] = line.pick_list
        stopped += 1
    picked = PickedLot.objects.filter(lot__in=lots, quantity__gt=0, pick_line__put_back=False)
    rows = picked.select_related("pick_line__pick_list__order", "pick_line__order_line", "lot").order_by("pk")
    for row in rows:
        pieces = _still_here(row)
        if not pieces:
            continue
        _unpack_parcels(row, by=by, why=why)
        _take_back(recall, row, pieces, by=by)
        lists[row.pick_line.pick_list_id] = row.pick_line.pick_list
        stopped += 1
    return stopped, list(lists.values())


def _still_here(row: PickedLot) -> int:
    """Pieces of a pick that lie at the packing place: what was taken less what left in parcels, and never more than
    the bin holds of the lot."""
    line = row.pick_line
    place = line.pick_list.packing_place_id
    there = LotStock.objects.filter(lot=row.lot, bin=place).values_list("quantity", flat=True).first() or 0
    left = ParcelLot.objects.filter(
        lot=row.lot,
        parcel_line__order_line=line.order_line_id,
        parcel_line__parcel__pick_list=line.pick_list_id,
    ).exclude(parcel_line__parcel__state__in=INSIDE)
    sent = left.aggregate(n=Sum("quantity"))["n"] or 0
    return max(0, min(row.quantity - sent, there, line.quantity_picked))


def _unpack_parcels(row: PickedLot, *, by: Any, why: str) -> None:
    """Parcels that hold the line and have not left are taken apart."""
    lines = {"lines__order_line": row.pick_line.order_line_id, "pick_list": row.pick_line.pick_list_id}
    for parcel in Parcel.objects.filter(state="packed", **lines).distinct():
        unpack(parcel=parcel, by=by, why=why)


def _take_back(recall: Recall, row: PickedLot, pieces: int, *, by: Any) -> None:
    """The pieces leave the packing place, and the order lacks them again: a line of their own says that they were
    picked and put back."""
    line = row.pick_line
    if pieces == line.quantity_picked and line.state != "open":
        PickLine.objects.filter(pk=line.pk).update(put_back=True)
    else:
        _split(line, row, pieces, by)
    _carry(recall, row.lot, line.pick_list.packing_place, pieces, by=by)


def _split(line: PickLine, row: PickedLot, pieces: int, by: Any) -> None:
    PickLine.objects.filter(pk=line.pk).update(
        quantity=F("quantity") - pieces, quantity_picked=F("quantity_picked") - pieces
    )
    back = PickLine.objects.create(
        pick_list_id=line.pick_list_id,
        order_line_id=line.order_line_id,
        stockrecord_id=line.stockrecord_id,
        bin_id=line.bin_id,
        lot=row.lot,
        quantity=pieces,
        quantity_picked=pieces,
        position=line.position,
        put_back=True,
    )
    move(back, to="picked", by=by, why="recalled")
    PickedLot.objects.filter(pk=row.pk).update(quantity=F("quantity") - pieces)
    PickedLot.objects.create(pick_line=back, lot=row.lot, quantity=pieces)


def clear_bins(recall: Recall, lots: Sequence[Lot], *, by: Any) -> tuple[int, int]:
    """Carry every piece of the lots that is not in quarantine out of reach. Returns (pieces in quarantine now, pieces
    that are promised to customers or on their way to another site, which nobody picks either).

    What is on its way stays its transfer's: taken from it, the transfer could never be received, closed or sent back.
    """
    rows = LotStock.objects.filter(lot__in=lots, quantity__gt=0).select_related("bin__site", "lot")
    for row in rows.exclude(bin__kind__in=(QUARANTINE, TRANSIT)).order_by("pk"):
        _carry(recall, row.lot, row.bin, row.quantity, by=by)
    now_lying = LotStock.objects.filter(lot__in=lots, quantity__gt=0).select_related("bin")
    quarantined = sum(row.quantity for row in now_lying if row.bin.is_blocked)
    return quarantined, sum(row.quantity for row in now_lying if not row.bin.is_blocked)


def _carry(recall: Recall, lot: Lot, source: Bin, pieces: int, *, by: Any) -> None:
    """To quarantine as many as are not promised to customers; the rest to a bin that nobody picks from."""
    record = StockRecord.objects.get(pk=lot.stockrecord_id)
    free = pieces if source.is_blocked or record.backorderable else min(pieces, record.available)
    _shift(recall, lot, source, place_of_kind(QUARANTINE, source.site), free, by)
    _shift(recall, lot, source, hold_place(source.site), pieces - free, by)


def _shift(recall: Recall, lot: Lot, source: Bin, target: Bin, pieces: int, by: Any) -> None:
    if not pieces or source.pk == target.pk:
        return
    shift(
        kind=TRANSFER,
        stockrecord_id=lot.stockrecord_id,
        source_id=source.pk,
        target_id=target.pk,
        quantity=pieces,
        cause=f"recall:{recall.number}",
        why="",
        by=by,
        lot=lot,
    )


def hold_place(site: Site) -> Bin:
    """Where recalled pieces wait that are promised to customers: nobody picks here. Made at its first use.

    Of the packing kind: its pieces stay in stock (a promise must be covered), and no walk leads to it.
    """
    packing_place(site)  # the real one stands first
    code = f"RECALL-{site.code}".upper()[:30]
    defaults = {"kind": PACKING, "site": site, "sequence": HOLD_SEQUENCE}
    return Bin.objects.get_or_create(code=code, defaults=defaults)[0]


def plan_again(lists: Iterable[PickList], *, by: Any) -> None:
    """Look for other pieces for the orders that lost theirs; an order for which nothing is found shows as short."""
    for pick_list in lists:
        try:
            plan_rest(pick_list=pick_list, by=by)
        except PickError:
            continue
