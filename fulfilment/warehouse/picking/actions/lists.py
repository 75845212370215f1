"""Verbs of a whole pick list: start, finish, take over, let go, and what is urgent."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from checkout.order.actions import start_fulfilment
from fulfilment.warehouse.picking.models import NORMAL, URGENT, PickList
from shop.kernel.clock import now
from shop.kernel.models import StateChange
from shop.kernel.outbox import current_correlation_id, thread_on
from shop.kernel.states import MoveNotAllowed, StaleState, move
from shop.kernel.transactions import retrying

from .rules import PickError, fresh, held, mine, refuse_batched, refuse_unwanted, why_not
from .sites import hold_order

#: Under this name the history keeps who changed what a list is planned by.
PLANNED_BY = "pick_list_plan"
WHY_SHOWN_CHARS = 200


def start(*, pick_list: PickList, by: Any) -> None:
    """Begin to pick: the list is ``by``'s, the order is being prepared. Repeating it as the same person is fine.

    Raises NotYourList when a colleague was faster, PickError when the order is on hold, the list is closed or is
    picked through a batch.
    """
    if pick_list.state == "picking" and pick_list.picker_id == by.pk:
        return

    def take() -> None:
        hold_order(pick_list.order_id)
        begin(held(pick_list), by)

    retrying(take)
    pick_list.refresh_from_db()


def begin(pick_list: PickList, by: Any) -> None:
    """The part of start() that belongs to a caller's transaction, which holds order and list."""
    refuse_unwanted(pick_list.order)
    refuse_batched(pick_list)
    try:
        move(pick_list, to="picking", by=by, picker=by, started_at=now())
        start_fulfilment(order=pick_list.order, by=by)
    except (StaleState, MoveNotAllowed):
        raise why_not(pick_list, by) from None


def finish(*, pick_list: PickList, by: Any) -> None:
    """Every line is picked or short: the goods go to packing. PickError while lines are open."""
    mine(pick_list, by)

    def close() -> None:
        current = fresh(pick_list)
        mine(current, by)
        refuse_batched(current)
        try:
            move(current, to="picked", by=by, picked_at=now())
        except (StaleState, MoveNotAllowed):
            raise why_not(pick_list, by) from None
        # Looked at after the move, which holds the list: a line planned in this moment is seen or waits for us.
        refuse_open(current.lines.filter(state="open").count())

    retrying(close)
    pick_list.refresh_from_db()


def refuse_open(open_lines: int) -> None:
    """PickError while lines are open."""
    if open_lines:
        text = ngettext("%(n)s line is still open.", "%(n)s lines are still open.", open_lines)
        raise PickError(text % {"n": open_lines})


def take_over(*, pick_list: PickList, by: Any) -> None:
    """Go on where a colleague stopped; who it was stays in the history. Same errors as start()."""
    if pick_list.state == "picking" and pick_list.picker_id == by.pk:
        return

    def change() -> None:
        hold_order(pick_list.order_id)
        current = held(pick_list)
        refuse_batched(current)
        try:
            move(current, to="open", by=by, why=f"taken over from {current.picker}", picker=None)
        except (StaleState, MoveNotAllowed):
            raise why_not(pick_list, by) from None
        begin(current, by)

    retrying(change)
    pick_list.refresh_from_db()


def let_go(*, pick_list: PickList, by: Any) -> None:
    """Put the list back for others; what was picked stays picked. NotYourList, PickError."""
    mine(pick_list, by)

    def change() -> None:
        current = held(pick_list)
        mine(current, by)
        refuse_batched(current)
        move(current, to="open", by=by, why="put back", picker=None)

    retrying(change)
    pick_list.refresh_from_db()


def reschedule(
    *,
    pick_list: PickList,
    by: Any,
    why: str,
    urgent: bool | None = None,
    due_at: dt.datetime | None = None,
    carrier: str | None = None,
) -> None:
    """Change what a list is planned by: urgent or not, the cut-off it shall make, its carrier. None: stays.

    Who and why is kept in the list's history. PickError without a reason, and for a list that is packed or cancelled.
    """
    if not why.strip():
        raise PickError(_("Please say why."))

    def change() -> None:
        current = held(pick_list)
        if current.state in ("packed", "cancelled"):
            raise PickError(_("This pick list is already finished."))
        before, fields = _plan_words(current), []
        if urgent is not None:
            current.priority = URGENT if urgent else NORMAL
            fields.append("priority")
        if due_at is not None:
            current.due_at = due_at
            fields.append("due_at")
        if carrier is not None:
            current.carrier = carrier
            fields.append("carrier")
        after = _plan_words(current)
        if after == before:
            return
        current.save(update_fields=fields)
        actor = by if getattr(by, "pk", None) else None
        StateChange.objects.create(
            machine=PLANNED_BY,
            thing_id=current.pk,
            old=before,
            new=after,
            by=actor,
            why=why.strip()[:WHY_SHOWN_CHARS],
            correlation_id=thread_on(current) or current_correlation_id(),
        )

    retrying(change)
    pick_list.refresh_from_db()


def _plan_words(pick_list: PickList) -> str:
    """What the list is planned by, short enough for the history: ``urgent own 2026-11-25 15:00``. People read it as
    ``picking.history`` says it."""
    when = timezone.localtime(pick_list.due_at).strftime("%Y-%m-%d %H:%M") if pick_list.due_at else ""
    parts = ["urgent" if pick_list.priority >= URGENT else "normal", pick_list.carrier[:14], when]
    return " ".join(part for part in parts if part)
