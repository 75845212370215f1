"""Orders come into a batch and leave it while it runs."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError
from django.db.models import Max
from django.utils.translation import gettext as _

from fulfilment.warehouse.picking.models import BY_ZONE, SINGLE, Batch, BatchBox, PickLine, PickList
from shop.kernel.states import StaleState
from shop.kernel.transactions import retrying

from .batches import start_list, take_box_out
from .rules import (
    ACTIVE,
    WANTED,
    PickError,
    batch_of,
    held,
    held_batch,
    refuse_unwanted,
    why_not,
    why_not_batch,
)
from .sites import hold_order
from .waves import join_lines


def add_to_batch(*, batch: Batch, pick_list: PickList, by: Any) -> BatchBox:
    """An order joins a batch, also one that is on its way: it gets the next box, its stops take their turn on the walk.

    Stops that lie ahead of the picker come when they are reached; those already passed come next, because the walk
    is always made in the order of the bins. PickError when the batch is closed or of one order, when the list is
    picked elsewhere, on hold or cancelled, or has nothing to pick (in the batch's zone).
    """

    def join() -> BatchBox:
        hold_order(pick_list.order_id)
        current = held_batch(batch.pk)
        if current.state not in ACTIVE:
            raise why_not_batch(batch, by)
        if current.kind == SINGLE:
            raise PickError(_("Batch %(batch)s is the walk of one order.") % {"batch": current.number})
        found = held(pick_list)
        _refuse(current, found, by)
        last = current.boxes.aggregate(last=Max("box"))["last"] or 0
        box = BatchBox.objects.create(batch=current, pick_list=found, box=last + 1)
        lines = PickLine.objects.filter(pick_list=found)
        if current.kind == BY_ZONE:
            lines = lines.filter(bin__zone=current.zone_id)
        if not join_lines(lines, current.pk, current.pk):
            raise PickError(
                _("There is nothing to pick for order %(number)s.") % {"number": found.order.number}
            )
        if current.state == "picking":
            start_list(found, current, current.picker)
        return box

    try:
        return retrying(join)
    except (IntegrityError, StaleState):
        raise PickError(_("This order came into the batch at the same moment. Please look again.")) from None


def _refuse(batch: Batch, pick_list: PickList, by: Any) -> None:
    refuse_unwanted(pick_list.order)
    if pick_list.order.status not in WANTED:
        raise PickError(_("This order is no longer wanted."))
    if pick_list.site_id != batch.site_id:
        raise PickError(_("This order is picked at %(site)s.") % {"site": pick_list.site})
    other = batch_of(pick_list)
    shared = batch.kind == BY_ZONE and (other is None or (other.kind == BY_ZONE and other.pk != batch.pk))
    if other is not None and not shared:
        raise PickError(
            _("Order %(number)s is picked in batch %(batch)s.")
            % {"number": pick_list.order.number, "batch": other.number}
        )
    if pick_list.state != "open" and not (
        shared and pick_list.state == "picking" and pick_list.picker_id is None
    ):
        raise why_not(pick_list, by)


def remove_from_batch(*, batch: Batch, pick_list: PickList, by: Any, why: str) -> None:
    """An order leaves the batch; what was picked of it stays picked, the rest is planned anew.

    PickError without a reason, when the batch is closed or has no box for the order. The last order is not taken out:
    then the batch is cancelled instead.
    """
    if not why.strip():
        raise PickError(_("Please say why."))

    def leave() -> None:
        current = held_batch(batch.pk)
        if current.state not in ACTIVE:
            raise why_not_batch(batch, by)
        found = held(pick_list)
        box = current.boxes.filter(pick_list=found).first()
        if box is None:
            raise PickError(_("Order %(number)s has no box in this batch.") % {"number": found.order.number})
        if current.boxes.count() == 1:
            raise PickError(_("It is the last order of the batch. Please cancel the batch instead."))
        take_box_out(box, found, by=by, why=f"{current.number}: {why.strip()}")

    retrying(leave)
    batch.refresh_from_db()
