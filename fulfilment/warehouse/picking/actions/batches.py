"""Verbs of a batch: start, take over, let go, finish, cancel. Its lists follow it."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from checkout.order.actions import start_fulfilment
from fulfilment.warehouse.picking.models import BY_ZONE, Batch, BatchBox, PickList
from shop.kernel.clock import now
from shop.kernel.states import MoveNotAllowed, StaleState, move
from shop.kernel.transactions import retrying

from .lists import refuse_open
from .rules import WANTED, PickError, batch_is_mine, held, held_batch, why_not_batch
from .sites import hold_orders_of


def start_batch(*, batch: Batch, by: Any) -> list[str]:
    """Begin the walk: the batch is ``by``'s, its orders are being prepared. Repeating it as the same person is fine.

    Orders that meanwhile are on hold or cancelled stay behind; their numbers are returned. NotYourList when a
    colleague was faster, PickError when the batch is closed or nothing in it is wanted any more.
    """
    if batch.state == "picking" and batch.picker_id == by.pk:
        return []

    def take() -> list[str]:
        hold_orders_of(batch.pk)
        return _begin(held_batch(batch.pk), by)

    left_behind = retrying(take)
    batch.refresh_from_db()
    return left_behind


def _begin(batch: Batch, by: Any) -> list[str]:
    left_behind = []
    try:
        move(batch, to="picking", by=by, picker=by, started_at=batch.started_at or now())
    except (StaleState, MoveNotAllowed):
        raise why_not_batch(batch, by) from None
    for box in batch.boxes.order_by("pick_list"):
        pick_list = held(box.pick_list)
        if pick_list.order.on_hold or pick_list.order.status not in WANTED:
            left_behind.append(pick_list.order.number)
            take_box_out(box, pick_list, by=by, why="not wanted when the batch was started")
        else:
            start_list(pick_list, batch, by)
    if not batch.boxes.exists():
        raise PickError(_("None of these orders may be picked now: they are on hold or cancelled."))
    return left_behind


def start_list(pick_list: PickList, batch: Batch, by: Any) -> None:
    """A list begins with its batch. In zones several people pick it, so it is nobody's own."""
    if pick_list.state == "open":
        picker = None if batch.kind == BY_ZONE else by
        move(pick_list, to="picking", by=by, why=batch.number, picker=picker, started_at=now())
    elif batch.kind != BY_ZONE:
        PickList.objects.filter(pk=pick_list.pk).update(picker=by)
    start_fulfilment(order=pick_list.order, by=by)


def take_box_out(box: BatchBox, pick_list: PickList, *, by: Any, why: str) -> None:
    """The list leaves the batch; its open lines are planned anew. Part of a caller's transaction that holds both."""
    pick_list.lines.filter(batch=box.batch_id, state="open").update(batch=None)
    box.delete()
    settle_list(pick_list, by=by, why=why)


def take_over_batch(*, batch: Batch, by: Any) -> list[str]:
    """Go on where a colleague stopped; who it was stays in the history. Result and errors as start_batch()."""
    if batch.state == "picking" and batch.picker_id == by.pk:
        return []

    def change() -> list[str]:
        hold_orders_of(batch.pk)
        current = held_batch(batch.pk)
        try:
            move(current, to="open", by=by, why=f"taken over from {current.picker}", picker=None)
        except (StaleState, MoveNotAllowed):
            raise why_not_batch(batch, by) from None
        return _begin(current, by)

    left_behind = retrying(change)
    batch.refresh_from_db()
    return left_behind


def let_go_batch(*, batch: Batch, by: Any) -> None:
    """Leave the batch to others; what was picked stays picked. NotYourList, PickError."""

    def change() -> None:
        current = held_batch(batch.pk)
        batch_is_mine(current, by)
        move(current, to="open", by=by, why="put back", picker=None)
        for box in current.boxes.order_by("pick_list"):
            settle_list(held(box.pick_list), by=by, why=f"{current.number} put back")

    retrying(change)
    batch.refresh_from_db()


def finish_batch(*, batch: Batch, by: Any) -> list[PickList]:
    """The cart stands at the packing place: lists with nothing open in any batch are picked. Returns those lists.

    PickError while lines are open; an order on hold is named: it may be taken out of the batch.
    """

    def close() -> list[PickList]:
        current = held_batch(batch.pk)
        batch_is_mine(current, by)
        waiting = current.lines.filter(state="open")
        on_hold = waiting.filter(pick_list__order__on_hold=True).values_list(
            "pick_list__order__number", flat=True
        )
        if number := on_hold.first():
            text = _("Order %(number)s is on hold and not picked. Please take it out of the batch first.")
            raise PickError(text % {"number": number})
        refuse_open(waiting.count())
        move(current, to="picked", by=by, picked_at=now())
        lists = [held(box.pick_list) for box in current.boxes.order_by("pick_list")]
        for pick_list in lists:
            settle_list(pick_list, by=by, why=current.number)
        return [pick_list for pick_list in lists if pick_list.state == "picked"]

    done = retrying(close)
    batch.refresh_from_db()
    return done


def cancel_batch(*, batch: Batch, by: Any, why: str) -> int:
    """The walk does not take place: open lines go back to be planned, what was picked stays picked.

    Returns the lines that wait again. PickError without a reason, and when the batch is already closed.
    """
    if not why.strip():
        raise PickError(_("Please say why."))

    def close() -> int:
        current = held_batch(batch.pk)
        try:
            move(current, to="cancelled", by=by, why=why.strip())
        except (StaleState, MoveNotAllowed):
            raise why_not_batch(batch, by) from None
        freed = current.lines.filter(state="open").update(batch=None)
        for box in current.boxes.order_by("pick_list"):
            settle_list(held(box.pick_list), by=by, why=f"{current.number} cancelled")
        return freed

    freed = retrying(close)
    batch.refresh_from_db()
    return freed


def settle_list(pick_list: PickList, *, by: Any, why: str) -> None:
    """What becomes of a list when one of its batches stopped: picked, when nothing is open and no cart is out with it;
    being picked, while another one walks; else open for whoever plans next. Part of a caller's transaction."""
    if pick_list.state != "picking":
        return
    carts = pick_list.boxes.aggregate(
        out=Count("pk", filter=Q(batch__state="picking")), waiting=Count("pk", filter=Q(batch__state="open"))
    )
    if carts["out"]:
        return
    if carts["waiting"] or pick_list.lines.filter(state="open").exists():
        move(pick_list, to="open", by=by, why=why, picker=None)
    else:
        move(pick_list, to="picked", by=by, why=why, picked_at=now())
