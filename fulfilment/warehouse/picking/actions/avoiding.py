"""A bin was found empty: walks that nobody has begun are sent to other bins, where those hold enough."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from fulfilment.warehouse.picking.models import BY_ZONE, PickLine
from fulfilment.warehouse.picking.planning import Want, plan
from shop.kernel.transactions import retrying

from .making import add_lines, hold_with_batches


def avoid_bin(*, stockrecord_id: int, bin_id: int, by: Any = None) -> int:
    """Plan the untouched lines of a doubted bin anew, list by list. Returns the pieces that are fetched elsewhere now.

    A line stays where it is when the other bins do not hold all of it: its picker then looks, and may still find it.
    Walks that have begun and those of one zone are left alone.
    """
    lines = _untouched(stockrecord_id, bin_id).order_by("pick_list", "pk")
    return sum(
        retrying(lambda pk=pk: _move(pk, stockrecord_id, bin_id, by))
        for pk in lines.values_list("pk", flat=True)
    )


def _untouched(stockrecord_id: int, bin_id: int) -> Any:
    not_begun = Q(batch=None) | (Q(batch__state="open") & ~Q(batch__kind=BY_ZONE))
    return PickLine.objects.filter(
        not_begun,
        stockrecord=stockrecord_id,
        bin=bin_id,
        state="open",
        quantity_picked=0,
        scans=None,
        pick_list__state="open",
    )


def _move(line_id: int, stockrecord_id: int, bin_id: int, by: Any) -> int:
    seen = PickLine.objects.select_related("pick_list").filter(pk=line_id).first()
    if seen is None:
        return 0
    pick_list, batches = hold_with_batches(seen.pick_list, seen.batch_id)
    line = _untouched(stockrecord_id, bin_id).filter(pk=line_id).first()
    if line is None:
        return 0  # begun in the meantime
    want, empty = Want(line.order_line_id, stockrecord_id, line.quantity), {(stockrecord_id, bin_id)}
    if any(stop.bin_id is None for stop in plan([want], site_id=pick_list.site_id, avoid=empty)):
        return 0
    line.delete()  # a plan that nobody has acted on, not history
    joined = [batch for batch in batches if batch.pk == line.batch_id]
    add_lines(pick_list, [want], by=by, avoid=empty, only_found=True, batches=joined)
    return want.quantity
