"""One pick list per site that sends of an order. Routing says which site sends what; picking makes the lists."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from django.db.models import Exists, OuterRef, Sum
from django.utils.translation import gettext as _

from checkout.order.models import Order
from fulfilment.warehouse.picking.models import BatchBox, PickLine, PickList
from fulfilment.warehouse.picking.planning import Want
from fulfilment.warehouse.routing.actions import route
from fulfilment.warehouse.routing.deciding import Need
from fulfilment.warehouse.routing.models import Routing
from fulfilment.warehouse.stock.actions import default_site
from fulfilment.warehouse.stock.models import BinStock, Site
from shop.kernel.states import move
from shop.kernel.transactions import retrying

from .making import add_lines, hold_with_batches, missing_of, new_list
from .rules import WANTED, PickError


def make_pick_list(*, order_id: int, by: Any = None) -> PickList | None:
    """The pick lists of a confirmed order, one per site that sends of it, once: a repeat changes nothing, cancelled
    lists open again. Returns the first; None when the order is no longer wanted (cancelled before we heard of it).
    """

    def make() -> PickList | None:
        order = hold_order(order_id)
        lists = PickList.objects.filter(order=order).order_by("pk")
        alive = lists.exclude(state="cancelled")
        if order.status not in WANTED or alive.exists():
            return lists.first()
        # Goods of a cancelled list that were never put back still wait at its packing place.
        for found in lists.filter(lines__put_back=False, lines__quantity_picked__gt=0).distinct():
            reopen(found, 0, by)
        wants = missing_of(order_id)
        if wants:
            distribute(order, wants, cause=Routing.PLACED, by=by)
        elif not alive.exists():
            reopen(list_at(order, default_site().pk), 0, by)
        return alive.first()

    return retrying(make)


def plan_rest(*, pick_list: PickList, by: Any = None) -> int:
    """Look again, at all sites, for pieces that were missing: goods may have come. Returns the pieces found; the lists
    there open for them.

    In a running batch the new stops join its walk. PickError when the order is no longer wanted or nothing is found.
    """

    def again() -> int:
        order = hold_order(pick_list.order_id)
        if order.status not in WANTED or PickList.objects.filter(pk=pick_list.pk, state="cancelled").exists():
            raise PickError(_("This order is no longer wanted."))
        wants = missing_of(order.pk)
        found = distribute(order, wants, cause=Routing.REST, by=by, only_found=True) if wants else 0
        if not found:
            raise PickError(_("Nothing was found: no bin holds the missing pieces."))
        return found

    return retrying(again)


def distribute(
    order: Order,
    wants: Sequence[Want],
    *,
    cause: str,
    by: Any = None,
    avoid_sites: Collection[int] = (),
    only_found: bool = False,
) -> int:
    """Put the wanted pieces of an order on lists, one per site that routing names. Returns how many were found.

    Part of a caller's transaction that holds the order (``hold_order``): else two planners would want the same pieces
    twice. ``only_found``: what lies nowhere stays off the lists.
    """
    needs = [Need(want.order_line_id, want.stockrecord_id, want.quantity) for want in wants]
    records = {want.stockrecord_id for want in wants if want.stockrecord_id is not None}
    per_site = route(
        order=order,
        needs=needs,
        cause=cause,
        planned=planned_per_site(records),
        avoid=avoid_sites,
        only_found=only_found,
        by=by,
    )
    found = 0
    for site_id, parts in per_site.items():
        here = [Want(part.order_line_id, part.stockrecord_id, part.quantity) for part in parts]
        pick_list, batches = hold_with_batches(list_at(order, site_id))
        stops = add_lines(pick_list, here, by=by, only_found=only_found, batches=batches)
        pieces = sum(stop.quantity for stop in stops if stop.bin_id is not None)
        reopen(pick_list, pieces, by)
        found += pieces
    if not only_found and found < sum(want.quantity for want in wants):
        _wait_for_missing(order, wants)
    return found


def _wait_for_missing(order: Order, wants: Sequence[Want]) -> None:
    """Nobody packs before it is known what becomes of pieces that no bin held. What is sold before it is there was
    ordered knowing that: the rest goes, and the pieces follow."""
    lost = PickLine.objects.filter(
        pick_list__order=order,
        order_line__in=[want.order_line_id for want in wants],
        state="short",
        bin=None,
    )
    if lost.exclude(stockrecord__backorderable=True).exists():
        PickList.objects.filter(order=order).update(waits_for_answer=True)


def look_elsewhere(order: Order, want: Want, found: int, *, site_id: int, by: Any) -> int:
    """The rest of a want of which ``found`` were found at its site: lists are made where others have it. How many."""
    if want.quantity <= found:
        return 0
    rest = replace(want, quantity=want.quantity - found)
    return distribute(order, [rest], cause=Routing.SHORT, by=by, avoid_sites=[site_id], only_found=True)


def hold_order(order_id: int) -> Order:
    """The order, held to the end of the transaction: of two planners of one order the second sees the first's lines.

    Locks go order, batch, list, line: also for who begins to pick, for that moves the order.
    """
    return Order.objects.select_for_update(no_key=True).get(pk=order_id)


def hold_orders_of(batch_id: int) -> None:
    """The orders that have a box in a batch, held before the batch is. One that gets a box in this very moment is held
    when its list begins."""
    inside = BatchBox.objects.filter(batch=batch_id).values("pick_list__order")
    orders = Order.objects.select_for_update(no_key=True).filter(pk__in=inside)
    list(orders.order_by("pk").values_list("pk", flat=True))


def list_at(order: Order, site_id: int) -> PickList:
    """The order's list at a site; made when there is none."""
    found = PickList.objects.filter(order=order, site_id=site_id).first()
    return found or new_list(order, Site.objects.get(pk=site_id))


def reopen(pick_list: PickList, pieces: int, by: Any) -> None:
    """A list that was closed is open again when it got something to pick."""
    if pick_list.state == "cancelled":
        move(pick_list, to="open", by=by, why="order confirmed anew", picker=None, put_back_at=None)
    elif pieces and pick_list.state in ("picked", "packed"):
        move(pick_list, to="open", by=by, why="missing pieces have come", picker=None)


def planned_per_site(stockrecords: Collection[int]) -> dict[tuple[int, int], int]:
    """(site id, stock record id) -> pieces that open pick lines will take there. One query.

    Lines at a doubtful bin are left out as the bin itself is: they take nothing of what lies in the others.
    """
    doubtful = BinStock.objects.filter(
        stockrecord=OuterRef("stockrecord"), bin=OuterRef("bin"), is_doubtful=True
    )
    rows = (
        PickLine.objects.filter(
            ~Exists(doubtful), state="open", stockrecord__in=stockrecords, bin__isnull=False
        )
        .order_by()
        .values_list("bin__site", "stockrecord")
        .annotate(pieces=Sum("quantity") - Sum("quantity_picked"))
    )
    return {(site_id, record_id): pieces for site_id, record_id, pieces in rows}
