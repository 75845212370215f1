"""Staff send an order, or what is still open of a list, from another site."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from fulfilment.warehouse.picking.models import PickLine, PickList
from fulfilment.warehouse.picking.planning import Want, plan
from fulfilment.warehouse.routing.actions import note_moved
from fulfilment.warehouse.routing.deciding import Part
from fulfilment.warehouse.routing.queries import sending_sites
from fulfilment.warehouse.stock.models import Site
from shop.kernel.states import StaleState, move
from shop.kernel.transactions import retrying

from .making import add_lines, hold_with_batches
from .rules import WANTED, PickError, refuse_batched
from .sites import hold_order, list_at, reopen

MOVABLE = ("open", "picking")


@dataclass(frozen=True, slots=True)
class Outlook:
    """What would happen if a list were moved: pieces that the site has, that stay, and that are picked already."""

    site: Site
    moves: int
    stays: int
    picked: int


def outlooks(pick_list: PickList) -> list[Outlook]:
    """What moving the list to each other site would mean. Three queries and two per site."""
    wants = _open_wants(pick_list)
    picked = sum(pick_list.lines.values_list("quantity_picked", flat=True))
    wanted = sum(want.quantity for want in wants)
    found = []
    for site in sending_sites():
        if site.pk != pick_list.site_id:
            moves = _found(wants, site.pk)
            found.append(Outlook(site, moves, wanted - moves, picked))
    return found


def reroute(*, pick_list: PickList, site: Site, by: Any, why: str) -> Outlook:
    """Move the open pieces of a list to another site as far as that has them; what it has not stays where it is.

    Returns what was done. PickError in words without a reason, for a list that is finished or picked through a batch,
    for a site that may not send, has nothing of it, or is the list's own.
    """
    if not why.strip():
        raise PickError(_("Please say why."))
    if site.pk == pick_list.site_id or not (site.is_active and site.ships):
        raise PickError(_("Please choose another site that sends parcels."))

    def work() -> Outlook:
        order = hold_order(pick_list.order_id)
        source, _batches = hold_with_batches(pick_list)
        if order.status not in WANTED or source.state not in MOVABLE:
            raise PickError(_("This pick list is already finished."))
        refuse_batched(source)
        wants = _open_wants(source)
        stops = [stop for stop in plan(wants, site_id=site.pk) if stop.bin_id is not None]
        moving: dict[int, int] = {}
        for stop in stops:
            key = stop.want.order_line_id
            moving[key] = moving.get(key, 0) + stop.quantity
        if not moving:
            raise PickError(_("%(site)s has none of these pieces. Nothing was changed.") % {"site": site})
        take_off(source, moving, by=by, why="sent from another site")
        target, batches = hold_with_batches(list_at(order, site.pk))
        parts = [
            Want(w.order_line_id, w.stockrecord_id, moving[w.order_line_id])
            for w in wants
            if w.order_line_id in moving
        ]
        add_lines(target, parts, by=by, only_found=True, batches=batches)
        reopen(target, sum(moving.values()), by)
        noted = [Part(line_id, site.code, pieces) for line_id, pieces in sorted(moving.items())]
        note_moved(order=order, parts=noted, site=site, why=why.strip(), by=by)
        picked = sum(source.lines.values_list("quantity_picked", flat=True))
        if not picked and not source.lines.filter(state="open").exists():
            move(source, to="cancelled", by=by, why=f"moved to {site}")
        moved = sum(moving.values())
        return Outlook(site, moved, sum(want.quantity for want in wants) - moved, picked)

    try:
        return retrying(work)
    except StaleState:
        raise PickError(_("A piece was scanned at the same moment. Please look again.")) from None


def _open_wants(pick_list: PickList) -> list[Want]:
    sums: dict[tuple[int, int | None], int] = {}
    for line in pick_list.lines.filter(state="open"):
        key = (line.order_line_id, line.stockrecord_id)
        sums[key] = sums.get(key, 0) + line.quantity_open
    return [Want(line_id, record_id, pieces) for (line_id, record_id), pieces in sorted(sums.items())]


def _found(wants: list[Want], site_id: int) -> int:
    return sum(stop.quantity for stop in plan(wants, site_id=site_id) if stop.bin_id is not None)


def take_off(source: PickList, moving: dict[int, int], *, by: Any, why: str) -> None:
    """Take pieces (order line id -> how many) off the list's open lines, the last stops of the walk first. Part of a
    caller's transaction that holds the list."""
    left = dict(moving)
    for line in source.lines.filter(state="open").order_by("-position", "-pk"):
        taken = min(left.get(line.order_line_id, 0), line.quantity_open)
        if taken:
            left[line.order_line_id] -= taken
            _shorten(line, taken, by, why)


def _shorten(line: PickLine, pieces: int, by: Any, why: str) -> None:
    rest = line.quantity - pieces
    rows = PickLine.objects.filter(pk=line.pk, state="open", quantity_picked=line.quantity_picked)
    if rest > line.quantity_picked:
        done = rows.update(quantity=rest)
    elif rest:
        done = rows.update(quantity=rest)
        line.quantity = rest
        move(line, to="picked", by=by, why="the rest is sent from another site")
    elif line.scans.exists():  # a line that was scanned at, in vain, is kept for the history
        move(line, to="short", by=by, why=why)
        return
    else:
        done = rows.delete()[0]
    if not done:
        raise StaleState("the line was scanned by somebody else")
