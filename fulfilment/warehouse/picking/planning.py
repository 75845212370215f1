"""Which bin each piece is taken from. Pure planning on top of two queries; nothing here moves goods."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db.models import Case, IntegerField, Sum, Value, When

from fulfilment.warehouse.stock.models import PICK, PICKABLE, RECEIVING, RESERVE, SHOP_FLOOR, BinStock

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
    """One stop of the walk; ``bin_id`` None: nowhere found."""

    want: Want
    bin_id: int | None
    quantity: int
    position: int


def plan(wants: Iterable[Want], *, site_id: int, avoid: Collection[tuple[int, int]] = ()) -> list[Stop]:
    """Stops for all wants at a site in walking order.

    A want may be split over bins; what no bin holds comes last, without bin.
    Pieces that other open pick lines will take are not offered again. ``avoid``: (stock record, bin) pairs where the
    shelf was just found empty. Two queries.
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
                stops.append(Stop(want, offer.bin_id, taken, offer.sequence))
        if left:
            stops.append(Stop(want, None, left, 0))
    return sorted(stops, key=lambda stop: (stop.bin_id is None, stop.position, stop.want.order_line_id))


@dataclass(slots=True)
class _Offer:
    bin_id: int
    sequence: int
    free: int


def _offers(stockrecords: set[int], site_id: int, avoid: set[tuple[int, int]]) -> dict[int, list[_Offer]]:
    """Free pieces per SKU: picking bins first, and of those the one that can give most, so that walks stay short."""
    # On PostgreSQL the lock lets two planners queue; on SQLite every writer already does. It is only a plan: what is
    # taken is decided by the conditional update at the shelf.
    rank = Case(
        *[When(bin__kind=kind, then=Value(n)) for n, kind in enumerate(PREFERENCE)],
        output_field=IntegerField(),
    )
    rows = (
        BinStock.objects.filter(
            stockrecord__in=stockrecords,
            quantity__gt=0,
            is_doubtful=False,
            bin__site=site_id,
            bin__is_active=True,
            bin__kind__in=PICKABLE,
        )
        .annotate(rank=rank)
        .order_by("stockrecord", "rank", "-quantity", "bin__sequence")
        .select_related("bin")
        .select_for_update(of=("self",))
    )
    planned = _planned(stockrecords)
    offers: dict[int, list[_Offer]] = defaultdict(list)
    for row in rows:
        key = (row.stockrecord_id, row.bin_id)
        if key not in avoid:
            offers[key[0]].append(_Offer(row.bin_id, row.bin.sequence, row.quantity - planned.get(key, 0)))
    return offers


def _planned(stockrecords: set[int]) -> dict[tuple[int, int], int]:
    rows = (
        PickLine.objects.filter(state="open", stockrecord__in=stockrecords, bin__isnull=False)
        .order_by()
        .values("stockrecord_id", "bin_id")
        .annotate(pieces=Sum("quantity") - Sum("quantity_picked"))
    )
    return {(row["stockrecord_id"], row["bin_id"]): row["pieces"] for row in rows}
