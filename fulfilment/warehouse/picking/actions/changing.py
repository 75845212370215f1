"""An order was changed before anybody walked for it: its lists follow in the same transaction."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from django.db.models import Sum

from checkout.order.models import Line, Order
from fulfilment.warehouse.picking.models import BatchBox, PickLine, PickList
from fulfilment.warehouse.picking.planning import Want
from fulfilment.warehouse.routing.models import Routing
from shop.kernel.states import move

from .cutoffs import carrier_of, next_cut_off
from .making import hold_with_batches, missing_of
from .rerouting import take_off
from .sites import distribute

WHY = "the order was changed"


def is_begun(order: Order) -> bool:
    """Whether somebody has begun to pick the order, or pieces of it lie at a packing place. One query at most.

    Whoever begins holds the order first: within a transaction that holds it too, the answer stays true to its end.
    """
    if order.status in ("in_fulfilment", "completed"):
        return True
    taken = PickLine.objects.filter(pick_list__order=order, put_back=False, quantity_picked__gt=0)
    return order.status == "confirmed" and taken.exists()


def follow_order(*, order: Order, added: Collection[int] = (), anew: bool = False, by: Any = None) -> None:
    """Within a transaction that holds the order and has changed it: nobody walks for what is not wanted any more, and
    the new order lines (``added``: their ids) are planned. ``anew``: all of it is planned anew, as the way to deliver
    is another one. Without lists yet there is nothing to do: they are made of the order as it is then.
    """
    lists = list(PickList.objects.filter(order=order).exclude(state="cancelled").order_by("pk"))
    if not lists:
        return
    surplus = taken = _planned(order) if anew else _surplus(order)
    for pick_list in lists:
        held, _batches = hold_with_batches(pick_list)
        here = dict(
            held.lines.filter(state="open").order_by().values_list("order_line").annotate(n=Sum("quantity"))
        )
        going = {line_id: min(surplus.get(line_id, 0), pieces) for line_id, pieces in here.items()}
        take_off(held, going, by=by, why=WHY)
        surplus = {line_id: pieces - going.get(line_id, 0) for line_id, pieces in surplus.items()}
        if anew:
            carrier = carrier_of(order)
            due_at = next_cut_off(site_id=held.site_id, carrier=carrier)
            PickList.objects.filter(pk=held.pk).update(carrier=carrier, due_at=due_at)
    wants = [want for want in missing_of(order.pk) if want.order_line_id in added]
    if anew:
        wants += _again(order, taken)
    if wants:
        distribute(order, wants, cause=Routing.CHANGED, by=by)
    _close_empty(order, by)


def _again(order: Order, taken: dict[int, int]) -> list[Want]:
    """What was taken off the lists and is still wanted; what no bin held before stays as it is. Three queries."""
    return [
        replace(want, quantity=min(want.quantity, taken[want.order_line_id]))
        for want in missing_of(order.pk)
        if taken.get(want.order_line_id)
    ]


def _planned(order: Order) -> dict[int, int]:
    """Order line id -> pieces on open stops, at all sites. One query."""
    rows = PickLine.objects.filter(pick_list__order=order, state="open").order_by()
    return dict(rows.values_list("order_line").annotate(n=Sum("quantity")))


def _surplus(order: Order) -> dict[int, int]:
    """Order line id -> pieces on open stops beyond what is wanted. Two queries."""
    wanted = {line.pk: line.quantity_open for line in Line.objects.filter(order=order)}
    return {line_id: max(0, pieces - wanted[line_id]) for line_id, pieces in _planned(order).items()}


def _close_empty(order: Order, by: Any) -> None:
    """A list with nothing to pick leads nowhere, while another one has it all: it is closed and leaves its cart."""
    lists = list(PickList.objects.filter(order=order).exclude(state="cancelled").order_by("pk"))
    full = set(PickLine.objects.filter(pick_list__in=lists).values_list("pick_list", flat=True))
    if not full:
        return
    for pick_list in lists:
        if pick_list.pk not in full and pick_list.state == "open":
            BatchBox.objects.filter(pick_list=pick_list, batch__state="open").delete()
            move(pick_list, to="cancelled", by=by, why=WHY)
