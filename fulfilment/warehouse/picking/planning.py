"""Which bin, and of traced articles which lot, each piece is taken from. Planning only; nothing here moves goods.

First expired, first out, wherever it lies, for lots with a best-before date; what may no longer be sent, or is
recalled, is not offered. Everything else is first in, first out among bins of the same kind: shelves before the
reserve, so that walks stay short.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, IntegerField, QuerySet, Sum, Value, When

from fulfilment.warehouse.stock.models import (
    BY_LOT,
    NO_TRACKING,
    PICK,
    PICKABLE,
    RECEIVING,
    RESERVE,
    SHOP_FLOOR,
    BinStock,
    Handling,
    LotStock,
)
from shop.kernel.clock import today

from .models import PickLine

#: Where to look first: picking bins, then what stands elsewhere.
PREFERENCE = (PICK, SHOP_FLOOR, RESERVE, RECEIVING)


@dataclass(frozen=True, slots=True)
class Want:
    """Pieces of one order line that are to be found."""

    order_line_id: int
    stockrecord_id: int | None
    quantity: int


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop of the walk; ``bin_id`` None: nowhere found; ``lot_id`` None: any piece of the article in the bin."""

    want: Want
    bin_id: int | None
    quantity: int
    position: int
    lot_id: int | None = None


def plan(wants: Iterable[Want], *, site_id: int, avoid: Collection[tuple[int, int]] = ()) -> list[Stop]:
    """Stops for all wants at a site in walking order.

    A want may be split over bins; what no bin holds comes last, without bin.
    Pieces that other open pick lines will take are not offered again. ``avoid``: (stock record, bin) pairs where the
    shelf was just found empty. Three queries, four where articles have lots.
    """
    wishes = list(wants)
    offers = _offers({w.stockrecord_id for w in wishes if w.stockrecord_id}, site_id, set(avoid))
    stops = []
    for want in wishes:
        left = want.quantity
        for offer in offers.get(want.stockrecord_id or 0, []):
            taken = min(left, offer.free)
            if taken > 0:
                offer.free -= taken
                left -= taken
                stops.append(Stop(want, offer.bin_id, taken, offer.sequence, offer.lot_id))
        if left:
            stops.append(Stop(want, None, left, 0))
    return sorted(stops, key=lambda stop: (stop.bin_id is None, stop.position, stop.want.order_line_id))


@dataclass(slots=True)
class _Offer:
    turn: tuple[Any, ...]
    bin_id: int
    sequence: int
    free: int
    lot_id: int | None = None


#: Pieces that open lines will take, by stock record, bin and lot (None: any).
_Planned = dict[tuple[int, int, int | None], int]


def _offers(stockrecords: set[int], site_id: int, avoid: set[tuple[int, int]]) -> dict[int, list[_Offer]]:
    """Free pieces per SKU, in the turn in which they are to be taken."""
    asking = {
        row.stockrecord_id: row
        for row in Handling.objects.filter(stockrecord__in=stockrecords).exclude(tracking=NO_TRACKING)
    }
    rows = [row for row in _lying(stockrecords, site_id) if (row.stockrecord_id, row.bin_id) not in avoid]
    lots = _lots(asking, site_id)
    planned = _planned(stockrecords)
    offers: dict[int, list[_Offer]] = defaultdict(list)
    for row in rows:
        handling = asking.get(row.stockrecord_id)
        found = _by_bin(row, planned) if handling is None else _by_lot(row, handling, lots, planned)
        offers[row.stockrecord_id] += found
    for given in offers.values():
        given.sort(key=lambda offer: offer.turn)
    return offers


def _lying(stockrecords: set[int], site_id: int) -> QuerySet[BinStock]:
    """Bins that a picker may be sent to, with ``rank``: the turn of their kind."""
    # On PostgreSQL the lock lets two planners queue; on SQLite every writer already does. It is only a plan: what is
    # taken is decided by the conditional update at the shelf.
    rank = Case(
        *[When(bin__kind=kind, then=Value(n)) for n, kind in enumerate(PREFERENCE)],
        output_field=IntegerField(),
    )
    rows = BinStock.objects.filter(
        stockrecord__in=stockrecords,
        quantity__gt=0,
        is_doubtful=False,
        bin__site=site_id,
        bin__is_active=True,
        bin__kind__in=PICKABLE,
    )
    return rows.annotate(rank=rank).order_by("pk").select_related("bin").select_for_update(of=("self",))


def _by_bin(row: Any, planned: _Planned) -> list[_Offer]:
    free = row.quantity - planned.get((row.stockrecord_id, row.bin_id, None), 0)
    turn = (row.rank, row.since, row.bin.sequence, row.bin_id)
    return [_Offer(turn, row.bin_id, row.bin.sequence, free)]


def _by_lot(
    row: Any, handling: Handling, lots: dict[tuple[int, int], list[LotStock]], planned: _Planned
) -> list[_Offer]:
    """Lots of a bin that may still be sent. Serial numbers without a date are as good as each other: one offer for
    all of them, and the picker scans which one it was."""
    day, offers, pieces = today(), [], 0
    for lying in lots.get((row.stockrecord_id, row.bin_id), []):
        if not handling.may_send(lying.lot, day):
            continue
        pieces += lying.quantity
        free = lying.quantity - planned.get((row.stockrecord_id, row.bin_id, lying.lot_id), 0)
        ends = lying.lot.best_before or dt.date.max
        turn = (ends, row.rank, lying.lot.received_at, row.bin.sequence, lying.lot_id)
        offers.append(_Offer(turn, row.bin_id, row.bin.sequence, free, lying.lot_id))
    if handling.tracking == BY_LOT or handling.has_best_before:
        return offers
    taken = sum(n for key, n in planned.items() if key[:2] == (row.stockrecord_id, row.bin_id))
    turn = (dt.date.max, row.rank, row.since, row.bin.sequence, row.bin_id)
    return [_Offer(turn, row.bin_id, row.bin.sequence, pieces - taken)]


def _lots(asking: Collection[int], site_id: int) -> dict[tuple[int, int], list[LotStock]]:
    found: dict[tuple[int, int], list[LotStock]] = defaultdict(list)
    if asking:
        rows = LotStock.objects.filter(
            lot__stockrecord__in=asking,
            lot__recall_number="",
            bin__site=site_id,
            bin__kind__in=PICKABLE,
            quantity__gt=0,
        )
        for row in rows.select_related("lot"):
            found[row.lot.stockrecord_id, row.bin_id].append(row)
    return found


def _planned(stockrecords: set[int]) -> _Planned:
    rows = (
        PickLine.objects.filter(state="open", stockrecord__in=stockrecords, bin__isnull=False)
        .order_by()
        .values("stockrecord_id", "bin_id", "lot_id")
        .annotate(pieces=Sum("quantity") - Sum("quantity_picked"))
    )
    return {(row["stockrecord_id"], row["bin_id"], row["lot_id"]): row["pieces"] for row in rows}
