"""Which lots and serial numbers go into which parcel: what was picked for a line, less what is in other parcels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from django.db.models import Sum
from django.utils.translation import gettext as _

from fulfilment.warehouse.picking.models import PickedLot, PickList
from fulfilment.warehouse.stock.models import Lot

from .errors import DispatchError
from .models import PackScan, ParcelLine, ParcelLot

Left = dict[int, int]  #: lot id -> pieces


def at_hand(pick_list: PickList) -> dict[int, Left]:
    """Order line id -> lots at the packing place for it; lines of untraced articles are not in it. Two queries."""
    found: dict[int, Left] = defaultdict(dict)
    picked = PickedLot.objects.filter(
        pick_line__pick_list=pick_list, pick_line__put_back=False, quantity__gt=0
    )
    for line_id, lot_id, pieces in (
        picked.order_by("lot__best_before", "lot__received_at", "lot")
        .values_list("pick_line__order_line", "lot")
        .annotate(n=Sum("quantity"))
    ):
        found[line_id][lot_id] = pieces
    packed = ParcelLot.objects.filter(parcel_line__parcel__pick_list=pick_list).exclude(
        parcel_line__parcel__state="unpacked"
    )
    for line_id, lot_id, pieces in (
        packed.order_by().values_list("parcel_line__order_line", "lot").annotate(n=Sum("quantity"))
    ):
        if lot_id in found.get(line_id, {}):
            found[line_id][lot_id] -= pieces
    return dict(found)


def into_parcel(*, pick_list: PickList, lines: Sequence[ParcelLine]) -> None:
    """Write down which lots a parcel holds: those that were scanned, then the first to expire. In the packing's
    transaction. DispatchError when a traced line has fewer lots at hand than pieces are packed."""
    known = at_hand(pick_list)
    if not known:
        return
    scanned = _scanned(pick_list)
    for line in lines:
        left = known.get(line.order_line_id)
        if left is None:
            continue
        taken = _take(line.quantity, left, scanned.get(line.order_line_id, {}))
        if sum(taken.values()) != line.quantity:
            raise DispatchError(
                _("%(sku)s: not all of these pieces have a lot or serial number.")
                % {"sku": line.order_line.partner_sku}
            )
        ParcelLot.objects.bulk_create(
            [ParcelLot(parcel_line=line, lot_id=lot, quantity=n) for lot, n in taken.items()]
        )


def _take(wanted: int, left: Left, first: Left) -> Left:
    taken: Left = {}
    for lot, most in [*first.items(), *left.items()]:
        number = min(most, left.get(lot, 0) - taken.get(lot, 0), wanted - sum(taken.values()))
        if number > 0:
            taken[lot] = taken.get(lot, 0) + number
    return taken


def _scanned(pick_list: PickList) -> dict[int, Left]:
    found: dict[int, Left] = defaultdict(dict)
    scans = PackScan.objects.filter(pick_list=pick_list, parcel=None, taken_back=False, lot__isnull=False)
    for line_id, lot_id, pieces in (
        scans.order_by().values_list("order_line", "lot").annotate(n=Sum("quantity"))
    ):
        found[line_id][lot_id] = pieces
    return found


def lot_of(code: str, stockrecord_ids: Sequence[int | None]) -> Lot | None:
    """The lot or serial number that was scanned, of one of these articles; None when the code is none or means two."""
    found = list(
        Lot.objects.filter(stockrecord__in=[pk for pk in stockrecord_ids if pk], code__iexact=code)[:2]
    )
    return found[0] if len(found) == 1 else None
