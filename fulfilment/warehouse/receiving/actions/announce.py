"""Before the parcel stands at the dock: announce, authorise, on its way, rejected, expired; and opened on the spot."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext as _

from checkout.order.models import Line, Order
from fulfilment.warehouse.dispatch.models import Parcel
from fulfilment.warehouse.picking.actions.sites import hold_order
from fulfilment.warehouse.receiving.events import ReturnAuthorised
from fulfilment.warehouse.receiving.models import Return, ReturnItem
from fulfilment.warehouse.receiving.states import EXPECTED
from fulfilment.warehouse.stock.actions import StockError
from shop.kernel.clock import today
from shop.kernel.numbers import next_with_gaps
from shop.kernel.outbox import record
from shop.kernel.states import MoveNotAllowed, StaleState, move
from shop.kernel.transactions import retrying

PREFIX, FIRST = "R", 10_000
EXPECTED_DAYS = 21  #: 14 days to send the goods after a withdrawal (§ 357 (4) BGB), and a week on the road
EXPIRES_DAYS = 60  #: after so many days beyond that nobody waits any more


def announce(
    *,
    order_id: int,
    lines: Mapping[int, int] | None = None,
    cause: str,
    by: Any = None,
    parcel: Parcel | None = None,
    on_its_way: bool = False,
) -> Return | None:
    """Pieces of an order will come back: the dock expects them. Once per ``cause``: a repeat returns the same return,
    and one that nobody waited for any more is expected again, with what can come by now.

    ``lines``: order line id -> pieces; None: everything that was sent and has not come back. What was not sent yet,
    came back already or is announced by another return is left out, and the rest is announced.
    ``cause``: what asks for it (``withdrawal:W10001``, ``parcel:K10001-1``). ``on_its_way``: a carrier brings it.
    Returns None when nothing of it can come back. The return is authorised at once: who calls has the right.
    """
    known = Return.objects.filter(order_id=order_id, cause=cause).first()
    if known is not None and known.state != "expired":
        return known
    number = "" if known is not None else _new_number()

    def write() -> Return | None:
        # Held: of two causes that announce the same pieces in one moment, the second sees what the first one did.
        hold_order(order_id)
        found = Return.objects.filter(order_id=order_id, cause=cause).first()
        if found is not None and found.state != "expired":
            return found
        wanted = _announceable(order_id, lines)
        if not wanted:
            return None
        if found is None:
            found = _create(number or _new_number(), order_id, cause, by, parcel)
        else:
            _wait_again(found, by)
        _expect(found, wanted)
        move(found, to="authorised", by=by, why=cause)
        if on_its_way:
            move(found, to="in_transit", by=by, why=cause)
        else:
            _tell(found)
        return found

    return retrying(write)


def _tell(returning: Return) -> None:
    record(
        ReturnAuthorised(
            return_id=returning.pk,
            number=returning.number,
            order_id=returning.order_id,
            cause=returning.cause,
        )
    )


def _wait_again(returning: Return, by: Any) -> None:
    """Forget what a given up return waited for, and set a new day: what can come is found anew."""
    returning.items.filter(reception="awaiting").delete()
    move(returning, to="announced", by=by, why=returning.cause, expected_by=_expected_by())


def _expect(returning: Return, wanted: Mapping[int, int]) -> None:
    """One awaited item per order line, with ``wanted`` pieces by its id."""
    lines = Line.objects.filter(pk__in=wanted).in_bulk()
    ReturnItem.objects.bulk_create(
        [
            ReturnItem(
                returning=returning,
                order_line_id=pk,
                stockrecord_id=lines[pk].stockrecord_id,
                quantity=pieces,
                quantity_announced=pieces,
            )
            for pk, pieces in sorted(wanted.items())
        ]
    )


def _expected_by() -> dt.date:
    return today() + dt.timedelta(days=EXPECTED_DAYS)


def _new_number() -> str:
    return f"{PREFIX}{FIRST + next_with_gaps('return')}"


def _create(number: str, order_id: int, cause: str, by: Any, parcel: Parcel | None) -> Return:
    return Return.objects.create(
        number=number,
        order_id=order_id,
        parcel=parcel,
        cause=cause,
        announced_by=by if getattr(by, "pk", None) else None,
        expected_by=_expected_by(),
    )


def _announceable(order_id: int, lines: Mapping[int, int] | None) -> dict[int, int]:
    """Pieces per line that can be announced: sent, not back, not announced elsewhere. Two queries."""
    waiting = dict(
        ReturnItem.objects.filter(
            returning__order_id=order_id, returning__state__in=EXPECTED, reception="awaiting"
        )
        .order_by()
        .values("order_line")
        .annotate(n=Sum("quantity"))
        .values_list("order_line", "n")
    )
    found = {}
    for line in Line.objects.filter(order_id=order_id):
        left = line.quantity_returnable - waiting.get(line.pk, 0)
        pieces = left if lines is None else min(left, lines.get(line.pk, 0))
        if pieces > 0:
            found[line.pk] = pieces
    return found


def open_at_dock(*, order: Order, by: Any, parcel: Parcel | None = None) -> Return:
    """A parcel of this order stands at the dock: the return that is expected, else a new one made on the spot.

    StockError in words when nothing of the order can come back.
    """
    expected = Return.objects.filter(order=order, state__in=EXPECTED).order_by("announced_at", "pk")
    found = expected.filter(parcel=parcel).first() if parcel else None
    found = found or expected.first()
    if found is not None:
        return found
    if not any(line.quantity_returnable for line in Line.objects.filter(order=order)):
        raise StockError(
            _("Nothing of order %(number)s can come back: nothing was sent, or all of it came back before.")
            % {"number": order.number}
        )
    number = _new_number()
    return retrying(lambda: _create(number, order.pk, "", by, parcel))


def authorise(*, returning: Return, by: Any, why: str = "") -> None:
    """The customer may send it, and is told how. StockError when it is past that."""

    def write() -> None:
        _move(returning, "authorised", by, why)
        _tell(returning)

    retrying(write)


def note_on_its_way(*, returning: Return, by: Any = None, why: str = "") -> None:
    """The carrier has it. StockError when it is past that."""
    _move(returning, "in_transit", by, why)


def note_tracking(*, returning: Return, tracking_number: str) -> None:
    """With which number the parcel travels; the dock finds it by it. Nothing once it is not awaited any more."""
    Return.objects.filter(pk=returning.pk, state__in=EXPECTED).update(tracking_number=tracking_number)


def reject(*, returning: Return, by: Any, why: str) -> None:
    """The shop does not take it back, for a reason that is kept. StockError without one, or once it is on its way."""
    if not why.strip():
        raise StockError(_("Please say why."))
    _move(returning, "rejected", by, why)


def expire(*, returning: Return, by: Any = None, why: str = "") -> None:
    """Nobody waits for it any more; should it come after all, the dock still takes it."""
    _move(returning, "expired", by, why)


def call_off(*, order_id: int, cause: str, by: Any = None, why: str) -> bool:
    """What announced a return no longer does (a withdrawal was assigned to another order). False: it came already."""
    found = Return.objects.filter(order_id=order_id, cause=cause, state__in=EXPECTED).first()
    if found is None:
        return False
    expire(returning=found, by=by, why=why)
    return True


def expire_late() -> int:
    """Let returns go that should have come long ago. Returns how many."""
    day = today() - dt.timedelta(days=EXPIRES_DAYS)
    gone = 0
    for found in Return.objects.filter(state__in=EXPECTED, expected_by__lt=day):
        try:
            expire(returning=found, why="did not come")
        except StockError:  # it came in this moment
            continue
        gone += 1
    return gone


def _move(returning: Return, to: str, by: Any, why: str) -> None:
    try:
        move(returning, to=to, by=by, why=why.strip())
    except (StaleState, MoveNotAllowed):
        returning.refresh_from_db(fields=["state"])
        raise StockError(
            _("Return %(number)s is %(state)s; that is not possible any more.")
            % {"number": returning.number, "state": returning.get_state_display()}
        ) from None
