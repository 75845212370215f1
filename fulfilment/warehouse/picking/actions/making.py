"""What a pick list is made of: an order's missing pieces become lines, each at its bin."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django.db.models import Sum

from checkout.order.models import Line, Order
from fulfilment.warehouse.picking.models import BY_ZONE, Batch, PickLine, PickList
from fulfilment.warehouse.picking.planning import Stop, Want, plan
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.models import Bin
from shop.kernel.states import move

from .cutoffs import carrier_of, next_cut_off
from .rules import ACTIVE, held, held_batch


def new_list(order: Order, site: Any = None) -> PickList:
    """An empty list of an order at a site (None: the default one), with its carrier and the cut-off it shall make."""
    site = site or stock.default_site()
    carrier = carrier_of(order)
    return PickList.objects.create(
        order=order,
        site=site,
        packing_place=stock.packing_place(site),
        carrier=carrier,
        due_at=next_cut_off(site_id=site.pk, carrier=carrier),
    )


def missing_of(order_id: int) -> list[Want]:
    """What an order still needs beyond what is picked or planned, at any site. Three queries."""
    lines = PickLine.objects.filter(pick_list__order_id=order_id)
    have = dict(
        lines.filter(put_back=False)
        .order_by()
        .values("order_line")
        .annotate(n=Sum("quantity_picked"))
        .values_list("order_line", "n")
    )
    for line in lines.filter(state="open"):
        have[line.order_line_id] = have.get(line.order_line_id, 0) + line.quantity_open
    wants = []
    for wanted in Line.objects.filter(order_id=order_id).order_by("pk"):
        # Picked pieces include those already dispatched; cancelled ones are no longer wanted.
        left = wanted.quantity - wanted.quantity_cancelled - have.get(wanted.pk, 0)
        if left > 0:
            wants.append(Want(wanted.pk, wanted.stockrecord_id, left))
    return wants


def add_lines(
    pick_list: PickList,
    wants: list[Want],
    *,
    by: Any,
    avoid: Collection[tuple[int, int]] = (),
    only_found: bool = False,
    batches: Sequence[Batch] = (),
) -> list[Stop]:
    """Plan ``wants`` into lines of the list; part of a caller's transaction that holds the list.

    ``batches``: running ones that have a box for the list; each line joins the one that walks its zone, else the
    first. ``only_found``: nothing is written for what no bin holds.
    """
    stops = plan(wants, site_id=pick_list.site_id, avoid=avoid)
    stops = [stop for stop in stops if stop.bin_id is not None or not only_found]
    joins = _batch_by_bin({stop.bin_id for stop in stops if stop.bin_id}, batches)
    lines = PickLine.objects.bulk_create(
        [
            PickLine(
                pick_list=pick_list,
                order_line_id=stop.want.order_line_id,
                stockrecord_id=stop.want.stockrecord_id,
                bin_id=stop.bin_id,
                lot_id=stop.lot_id,
                batch_id=joins.get(stop.bin_id or 0),
                quantity=stop.quantity,
                position=stop.position,
            )
            for stop in stops
        ]
    )
    for line in lines:
        if line.bin_id is None:
            move(line, to="short", by=by, why="no bin holds it")
    return stops


def _batch_by_bin(bins: set[int], batches: Sequence[Batch]) -> dict[int, int]:
    """Which batch walks by each bin. One query, none without batches."""
    if not bins or not batches:
        return {}
    by_zone = {batch.zone_id: batch.pk for batch in batches if batch.kind == BY_ZONE}
    zones = Bin.objects.filter(pk__in=bins).values_list("pk", "zone_id")
    return {pk: by_zone.get(zone_id, batches[0].pk) for pk, zone_id in zones}


def hold_with_batches(pick_list: PickList, first: int | None = None) -> tuple[PickList, list[Batch]]:
    """The list and the active batches with a box for it, all held; the batch ``first`` is named first.

    Part of a caller's transaction, which holds the order. Locks go order, batch, list, line.
    """
    rows = Batch.objects.filter(boxes__pick_list=pick_list, state__in=ACTIVE).values_list("pk", flat=True)
    batches = [held_batch(pk) for pk in sorted({*rows, *([first] if first else [])})]
    active = [batch for batch in batches if batch.state in ACTIVE]
    return held(pick_list), sorted(active, key=lambda batch: (batch.pk != first, batch.pk))
