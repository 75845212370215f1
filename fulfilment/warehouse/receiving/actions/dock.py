"""At the dock: book each piece with its grade and place, note what is wrong, take back a slip, finish."""

from __future__ import annotations

from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _

from checkout.order.actions import note_return, undo_return
from checkout.order.models import Line
from fulfilment.warehouse.receiving import pieces
from fulfilment.warehouse.receiving.events import ReturnReceived
from fulfilment.warehouse.receiving.models import ASIDE, DISPOSAL, GRADES, Return, ReturnItem
from fulfilment.warehouse.receiving.places import check_place
from fulfilment.warehouse.receiving.states import ACCEPTANCE, AT_THE_DOCK
from fulfilment.warehouse.stock.actions import AlreadyBooked, StockError, check_quantity
from fulfilment.warehouse.stock.models import Bin, Lot, Movement
from shop.kernel.clock import now
from shop.kernel.outbox import record
from shop.kernel.states import move
from shop.kernel.transactions import retrying

from .settle import settle_if_decided

CODE_KEPT_CHARS = 60
NOTE_MAX_CHARS = 200


class DockError(StockError):
    """What the person at the dock must be told; nothing was changed. The text is for them."""


class NotOfThisOrder(DockError):
    """The article was not sent with this order, or every piece of it came back before."""


def book(
    *,
    returning: Return,
    order_line: Line,
    quantity: int,
    grade: str,
    disposition: str,
    bin: Bin | None,
    by: Any,
    lot: Lot | None = None,
    note: str = "",
    key: str | None = None,
) -> ReturnItem:
    """``quantity`` pieces of a line came, were graded, and lie in ``bin`` now (disposal: they are thrown away).

    One transaction: the order line, the item, the movements and the stock record. Pieces are for sale when they lie in
    a sellable bin. In quarantine the shop has not decided yet whether it takes them. ``key``: of the form that was
    sent; AlreadyBooked when it comes a second time. Raises DockError and StockError in words: finished meanwhile, more
    than was sent, a bin that does not fit, a lot that is missing or foreign.
    """
    check_quantity(quantity)
    if grade not in dict(GRADES):
        raise DockError(_("Please grade the piece: A, B, D (defect) or S (scrap)."))
    if order_line.order_id != returning.order_id:
        raise NotOfThisOrder(
            _("This article is not part of order %(number)s.") % {"number": returning.order.number}
        )
    if order_line.stockrecord_id is None:
        raise DockError(
            _("%(sku)s is no longer kept in stock; please put it aside.") % {"sku": order_line.partner_sku}
        )
    check_place(grade=grade, disposition=disposition, bin=bin)

    def write() -> ReturnItem:
        held = hold(returning)
        _refuse_repeat(key)
        try:
            note_return(order_line_id=order_line.pk, quantity=quantity)
        except ValueError:
            raise NotOfThisOrder(_too_many(order_line, quantity)) from None
        item = _take_from_announced(held, order_line, quantity)
        movement = pieces.bring_in(item=item, disposition=disposition, bin=bin, lot=lot, by=by)
        move(
            item,
            to="received",
            by=by,
            grade=grade,
            disposition=disposition,
            bin=bin,
            lot=lot,
            movement=movement,
            note=note.strip()[:NOTE_MAX_CHARS],
            key=key,
            booked_by=by,
            booked_at=now(),
        )
        accepted = "undecided" if disposition == ASIDE else "accepted"
        move(item, machine=ACCEPTANCE, to=accepted, by=by)
        return item

    return retrying(write)


def _too_many(line: Line, quantity: int) -> str:
    line.refresh_from_db(fields=["quantity_dispatched", "quantity_returned"])
    return _("%(sku)s: only %(left)s of the pieces that were sent have not come back, not %(wanted)s.") % {
        "sku": line.partner_sku,
        "left": line.quantity_returnable,
        "wanted": quantity,
    }


def hold(returning: Return) -> Return:
    """Read the return anew and hold its row until the transaction ends: whoever books beside us waits, and then sees
    what we did. DockError when it is finished, rejected or settled meanwhile."""
    rows = Return.objects.filter(pk=returning.pk, state__in=AT_THE_DOCK)
    if not rows.update(revision=F("revision") + 1):
        fresh = Return.objects.get(pk=returning.pk)
        raise DockError(
            _("Return %(number)s is %(state)s already; nothing was booked.")
            % {"number": fresh.number, "state": fresh.get_state_display()}
        )
    return Return.objects.select_related("order").get(pk=returning.pk)


def _take_from_announced(returning: Return, line: Line, quantity: int) -> ReturnItem:
    """A row of ``quantity`` awaited pieces: cut from what was announced, as far as anything was."""
    waiting = ReturnItem.objects.filter(returning=returning, order_line=line, reception="awaiting").first()
    if waiting is not None and waiting.quantity <= quantity:
        ReturnItem.objects.filter(pk=waiting.pk).update(quantity=quantity)
        waiting.quantity = quantity
        return waiting
    announced = 0
    if waiting is not None:
        announced = quantity
        ReturnItem.objects.filter(pk=waiting.pk).update(
            quantity=F("quantity") - quantity, quantity_announced=F("quantity_announced") - quantity
        )
    return ReturnItem.objects.create(
        returning=returning,
        order_line=line,
        stockrecord_id=line.stockrecord_id,
        quantity=quantity,
        quantity_announced=announced,
    )


def _refuse_repeat(key: str | None) -> None:
    """Looked at while the return is held: of two clicks the second one sees what the first one did."""
    if key and ReturnItem.objects.filter(key=key).exists():
        raise AlreadyBooked(_("This was booked already; nothing was booked twice."))


def record_wrong(
    *,
    returning: Return,
    code: str,
    by: Any,
    quantity: int = 1,
    note: str = "",
    key: str | None = None,
) -> ReturnItem:
    """Something lies in the parcel that was not sent with this order, or more pieces than were: it is the customer's,
    so it gets no place in stock; service decides what becomes of it."""
    check_quantity(quantity)
    if not code.strip():
        raise DockError(_("Please scan the article, or say in a word what it is."))

    def write() -> ReturnItem:
        held = hold(returning)
        _refuse_repeat(key)
        item = ReturnItem.objects.create(
            returning=held,
            quantity=quantity,
            code=code.strip()[:CODE_KEPT_CHARS],
            note=note.strip()[:NOTE_MAX_CHARS],
            key=key,
            booked_by=by,
            booked_at=now(),
        )
        move(item, to="wrong_item", by=by)
        move(item, machine=ACCEPTANCE, to="undecided", by=by)
        return item

    return retrying(write)


def undo_last(*, returning: Return, item_id: int, by: Any) -> ReturnItem:
    """Take back the last booking, the one the person saw: the pieces leave their bin, the return waits for them again.

    DockError in words when it is not the last one any more, when pieces of that bin have moved on, or the return is
    finished; StockError when they are promised to customers.
    """

    def write() -> ReturnItem:
        held = hold(returning)
        last = last_booking(held)
        if last is None or last.pk != item_id:
            raise DockError(_("Meanwhile something else was booked. Please look again."))
        if last.reception == "wrong_item":
            last.delete()
            return last
        _refuse_moved_on(last)
        undo_return(order_line_id=last.order_line_id or 0, quantity=last.quantity)
        pieces.take_away(item=last, by=by, why="undone")
        _await_again(last, by)
        return last

    return retrying(write)


def last_booking(returning: Return) -> ReturnItem | None:
    """The last thing that was booked at the dock; None when nothing was. One query."""
    booked = returning.items.filter(reception__in=("received", "wrong_item"), booked_at__isnull=False)
    return booked.select_related("order_line", "bin", "lot").order_by("-booked_at", "-pk").first()


def _refuse_moved_on(item: ReturnItem) -> None:
    if item.movement_id is None or item.disposition == DISPOSAL:
        return
    later = Movement.objects.filter(
        stockrecord=item.stockrecord_id, bin=item.bin_id, pk__gt=item.movement_id, quantity__lt=0
    )
    if later.exists():
        raise DockError(
            _("Pieces from bin %(bin)s have moved on since; this cannot be undone.") % {"bin": item.bin}
        )


def _await_again(item: ReturnItem, by: Any) -> None:
    """What was announced waits again; what came on top is forgotten (the movements remember it)."""
    waiting = ReturnItem.objects.filter(
        returning=item.returning_id, order_line=item.order_line_id, reception="awaiting"
    )
    announced = item.quantity_announced
    if announced == 0 or waiting.update(
        quantity=F("quantity") + announced, quantity_announced=F("quantity_announced") + announced
    ):
        item.delete()
        return
    move(item, machine=ACCEPTANCE, to="pending", by=by, why="undone")
    move(
        item,
        to="awaiting",
        by=by,
        why="undone",
        quantity=announced,
        grade="",
        disposition="",
        bin=None,
        lot=None,
        movement=None,
        note="",
        key=None,
        booked_by=None,
        booked_at=None,
    )


def finish(*, returning: Return, by: Any) -> Return:
    """Everything in the parcel was looked at. What was announced and did not come is noted as missing, the house is
    told; when nothing is left to decide the return is settled at once.

    DockError when nothing was scanned and nothing was announced, or it is finished already.
    """

    def write() -> Return:
        held = hold(returning)
        items = list(held.items.all())
        if not items:
            raise DockError(_("Nothing was scanned yet."))
        came = {item.order_line_id for item in items if item.reception == "received"}
        for item in items:
            if item.reception == "awaiting":
                move(item, to="short" if item.order_line_id in came else "lost", by=by)
        move(held, to="received", by=by, received_at=now(), received_by=by)
        record(_told(held, items))
        settle_if_decided(held, by=by)
        return held

    done = retrying(write)
    returning.refresh_from_db()
    return done


def _told(returning: Return, items: list[ReturnItem]) -> ReturnReceived:
    return ReturnReceived(
        return_id=returning.pk,
        number=returning.number,
        order_id=returning.order_id,
        order_number=returning.order.number,
        cause=returning.cause,
        received_at=(returning.received_at or now()).isoformat(),
        lines=[
            {
                "order_line_id": item.order_line_id,
                "quantity": item.quantity,
                "reception": item.reception,
                "grade": item.grade,
                "disposition": item.disposition,
                "acceptance": item.acceptance,
            }
            for item in items
        ],
    )
