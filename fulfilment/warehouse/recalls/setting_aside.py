"""What starting a recall does in the house: picks stop, goods that have not left come back, bins are cleared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import F, QuerySet, Sum

from fulfilment.warehouse.dispatch.actions import unpack
from fulfilment.warehouse.dispatch.models import Parcel, ParcelLot
from fulfilment.warehouse.picking.actions import PickError, plan_rest
from fulfilment.warehouse.picking.models import PickedLot, PickLine, PickList
from fulfilment.warehouse.stock.actions import carry_off
from fulfilment.warehouse.stock.models import PICKABLE, QUARANTINE, TRANSIT, Bin, BinStock, Lot, LotStock
from shop.kernel.states import move

from .models import Recall
from .trace import INSIDE


def stop_picks(recall: Recall, lots: Sequence[Lot], *, by: Any) -> tuple[int, list[PickList]]:
    """Close the open picks of the lots, and take back what was picked and has not left. Returns how many lines were
    stopped, and the lists that now lack pieces."""
    why = f"recall {recall.number}"
    planned = PickLine.objects.filter(state="open", lot__in=lots).select_related("pick_list__order")
    stopped, lists = _stop(planned.order_by("pk"), by, why)
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


def _stop(lines: Iterable[PickLine], by: Any, why: str) -> tuple[int, dict[int, PickList]]:
    stopped, lists = 0, {}
    for line in lines:
        move(line, to="short", by=by, why=why)
        lists[line.pick_list_id] = line.pick_list
        stopped += 1
    return stopped, lists


def stop_late_plans(recall: Recall, lots: Sequence[Lot], *, by: Any) -> tuple[int, list[PickList]]:
    """After the bins are cleared: close the lines that were planned in the same moment, and those that named no serial
    number but counted on pieces that are gone. Returns like stop_picks().

    Whoever planned held the sums of the bins; those we have taken from are ours now, so nobody plans beside us.
    """
    open_lines = PickLine.objects.filter(state="open").select_related("pick_list__order")
    late = list(open_lines.filter(lot__in=lots).order_by("pk"))
    if any(lot.is_serial for lot in lots):
        late += _uncovered(open_lines.filter(stockrecord=recall.stockrecord_id, lot=None))
    stopped, lists = _stop(late, by, f"recall {recall.number}")
    return stopped, list(lists.values())


def _uncovered(lines: QuerySet[PickLine]) -> list[PickLine]:
    """Lines without serial number for which their bin holds too little now; those that were planned last go first."""
    lying = BinStock.objects.filter(bin__kind__in=PICKABLE, stockrecord__in=lines.values("stockrecord"))
    left: dict[int | None, int] = dict(lying.values_list("bin", "quantity"))
    found = []
    for line in lines.exclude(bin=None).order_by("pk"):
        left[line.bin_id] = left.get(line.bin_id, 0) - line.quantity_open
        if left[line.bin_id] < 0:
            found.append(line)
            left[line.bin_id] += line.quantity_open
    return found


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
    carry_off(lot=lot, source=source, quantity=pieces, cause=f"recall:{recall.number}", by=by)


def plan_again(lists: Iterable[PickList], *, by: Any) -> None:
    """Look for other pieces for the orders that lost theirs; an order for which nothing is found shows as short."""
    for pick_list in lists:
        try:
            plan_rest(pick_list=pick_list, by=by)
        except PickError:
            continue
