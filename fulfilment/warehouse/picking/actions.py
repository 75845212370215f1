"""Verbs of picking: make a list, start, scan, report short, finish, hand over, cancel, put back."""

from __future__ import annotations

from collections.abc import Collection
from copy import copy
from typing import Any

from django.db import IntegrityError
from django.db.models import F, Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from checkout.order.actions import start_fulfilment
from checkout.order.models import Line, Order
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.models import PICKED, TRANSFER
from shop.kernel.clock import now
from shop.kernel.states import MoveNotAllowed, StaleState, move
from shop.kernel.transactions import retrying

from .models import PickLine, PickList
from .planning import Stop, Want, plan

CODE_SHOWN_CHARS = 60  #: of a scan, in messages
#: Orders in these states are worth a walk.
WANTED = ("confirmed", "in_fulfilment")


class PickError(stock.StockError):
    """What the picker must be told; nothing was changed. The text is for them."""


class NotYourList(PickError):
    """Another person picks this list."""


def make_pick_list(*, order_id: int, by: Any = None) -> PickList | None:
    """The pick list of a confirmed order, once: a repeat returns the one there is (a cancelled one opens again).

    None when the order is no longer wanted (it was cancelled before the warehouse heard of it).
    """

    def make() -> PickList | None:
        order = Order.objects.get(pk=order_id)
        found = PickList.objects.filter(order=order).first()
        if order.status not in WANTED:
            return found
        if found is None:
            site = stock.default_site()
            found = PickList.objects.create(order=order, site=site, packing_place=stock.packing_place(site))
        elif found.state == "cancelled":
            move(found, to="open", by=by, why="order confirmed anew", picker=None, put_back_at=None)
        else:
            return found
        _add_lines(found, missing_of(order_id), by=by)
        return found

    return retrying(make)


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


def _add_lines(
    pick_list: PickList,
    wants: list[Want],
    *,
    by: Any,
    avoid: Collection[tuple[int, int]] = (),
    only_found: bool = False,
) -> list[Stop]:
    stops = plan(wants, site_id=pick_list.site_id, avoid=avoid)
    stops = [stop for stop in stops if stop.bin_id is not None or not only_found]
    lines = PickLine.objects.bulk_create(
        [
            PickLine(
                pick_list=pick_list,
                order_line_id=stop.want.order_line_id,
                stockrecord_id=stop.want.stockrecord_id,
                bin_id=stop.bin_id,
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


def start(*, pick_list: PickList, by: Any) -> None:
    """Begin to pick: the list is ``by``'s, the order is being prepared. Repeating it as the same person is fine.

    Raises NotYourList when a colleague was faster, PickError when the order is on hold or the list is closed.
    """
    if pick_list.state == "picking" and pick_list.picker_id == by.pk:
        return

    retrying(lambda: _begin(_fresh(pick_list), by))
    pick_list.refresh_from_db()


def _fresh(pick_list: PickList) -> PickList:
    """The list as it is now: work that may be repeated never starts from what an earlier try left in memory."""
    return PickList.objects.select_related("order", "picker").get(pk=pick_list.pk)


def _held(pick_list: PickList) -> PickList:
    """The same, held until the end of the transaction: no line is added to a list that is finished meanwhile."""
    PickList.objects.select_for_update(no_key=True).get(pk=pick_list.pk)
    return _fresh(pick_list)


def _begin(pick_list: PickList, by: Any) -> None:
    _refuse_unwanted(pick_list.order)
    try:
        move(pick_list, to="picking", by=by, picker=by, started_at=now())
        start_fulfilment(order=pick_list.order, by=by)
    except (StaleState, MoveNotAllowed):
        raise _why_not(pick_list, by) from None


def scan(*, line: PickLine, code: str, quantity: int, by: Any, bin_code: str = "") -> int:
    """Pieces of a line were taken from its bin: they lie at the packing place now. Returns what is left to take here.

    ``code``: SKU or GTIN as scanned; ``bin_code``: optional, checked when given. Raises PickError in words for a wrong
    product or bin, too many pieces, a list of somebody else; then nothing was changed.
    """
    _may_scan(line, by)
    check_code(line, code)
    if bin_code and not same_code(bin_code, line.bin.code if line.bin else ""):
        raise PickError(
            _("This is bin %(scanned)s. Please go to %(wanted)s.") % {"scanned": bin_code, "wanted": line.bin}
        )
    stock.check_quantity(quantity)
    if quantity > line.quantity_open:
        raise PickError(
            _("Only %(open)s pieces are wanted here, not %(quantity)s.")
            % {"open": line.quantity_open, "quantity": quantity}
        )
    try:
        retrying(lambda: _take(copy(line), quantity, by))
    except (IntegrityError, StaleState):
        raise PickError(
            _("This line was scanned a second time at the same moment. Please look again.")
        ) from None
    return line.quantity_open - quantity


def _take(line: PickLine, quantity: int, by: Any) -> None:
    """Line, bins and movements in one transaction; of two scans at the same moment one wins."""
    if line.stockrecord_id is None or line.bin_id is None:
        raise PickError(_("No bin holds this article."))
    if quantity == line.quantity_open:
        # The CHECK constraint refuses the sum when somebody else took a part in between.
        move(line, to="picked", by=by, quantity_picked=F("quantity_picked") + quantity)
    else:
        rows = PickLine.objects.filter(pk=line.pk, state="open", quantity_picked=line.quantity_picked)
        if not rows.update(quantity_picked=F("quantity_picked") + quantity):
            raise StaleState("the line was scanned by somebody else")
    stock.shift(
        kind=PICKED,
        stockrecord_id=line.stockrecord_id,
        source_id=line.bin_id,
        target_id=line.pick_list.packing_place_id,
        quantity=quantity,
        cause=f"order:{line.pick_list.order.number}",
        by=by,
    )


def report_short(*, line: PickLine, by: Any, why: str = "") -> int:
    """The bin holds no more of it: the line is closed as short and other bins are asked at once.

    Returns how many of the missing pieces were found elsewhere (new lines of the same list).
    """
    _may_scan(line, by)

    def close() -> int:
        _held(line.pick_list)
        fresh = PickLine.objects.get(pk=line.pk)
        want = Want(fresh.order_line_id, fresh.stockrecord_id, fresh.quantity_open)
        try:
            move(fresh, to="short", by=by, why=why or "not found in the bin")
        except (StaleState, MoveNotAllowed):
            raise PickError(_("This line is already closed.")) from None
        empty = _found_empty(line.pick_list)
        stops = _add_lines(line.pick_list, [want], by=by, avoid=empty, only_found=True)
        return sum(stop.quantity for stop in stops)

    found = retrying(close)
    line.refresh_from_db(fields=["state"])
    return found


def _found_empty(pick_list: PickList) -> set[tuple[int, int]]:
    rows = pick_list.lines.filter(state="short", bin__isnull=False, stockrecord__isnull=False)
    return set(rows.values_list("stockrecord_id", "bin_id"))


def finish(*, pick_list: PickList, by: Any) -> None:
    """Every line is picked or short: the goods go to packing. PickError while lines are open."""
    _mine(pick_list, by)

    def close() -> None:
        fresh = _fresh(pick_list)
        _mine(fresh, by)
        try:
            move(fresh, to="picked", by=by, picked_at=now())
        except (StaleState, MoveNotAllowed):
            raise _why_not(pick_list, by) from None
        # Looked at after the move, which holds the list: a line planned in this moment is seen or waits for us.
        open_lines = fresh.lines.filter(state="open").count()
        if open_lines:
            text = ngettext("%(n)s line is still open.", "%(n)s lines are still open.", open_lines)
            raise PickError(text % {"n": open_lines})

    retrying(close)
    pick_list.refresh_from_db()


def take_over(*, pick_list: PickList, by: Any) -> None:
    """Go on where a colleague stopped; who it was stays in the history. Same errors as start()."""
    if pick_list.state == "picking" and pick_list.picker_id == by.pk:
        return

    def change() -> None:
        fresh = _fresh(pick_list)
        try:
            move(fresh, to="open", by=by, why=f"taken over from {fresh.picker}", picker=None)
        except (StaleState, MoveNotAllowed):
            raise _why_not(pick_list, by) from None
        _begin(fresh, by)

    retrying(change)
    pick_list.refresh_from_db()


def let_go(*, pick_list: PickList, by: Any) -> None:
    """Put the list back for others; what was picked stays picked. NotYourList, PickError."""
    _mine(pick_list, by)
    move(pick_list, to="open", by=by, why="put back", picker=None)


def plan_rest(*, pick_list: PickList, by: Any = None) -> int:
    """Look again for pieces that were missing: goods may have come. Returns the pieces found; the list opens for them.

    PickError when the order is no longer wanted or nothing is found.
    """

    def again() -> int:
        fresh = _held(pick_list)
        if fresh.order.status not in WANTED or fresh.state == "cancelled":
            raise PickError(_("This order is no longer wanted."))
        found = _add_lines(fresh, missing_of(fresh.order_id), by=by, only_found=True)
        if not found:
            raise PickError(_("Nothing was found: no bin holds the missing pieces."))
        if fresh.state in ("picked", "packed"):
            move(fresh, to="open", by=by, why="missing pieces have come", picker=None)
        return sum(stop.quantity for stop in found)

    return retrying(again)


def cancel(*, order_id: int, by: Any = None, why: str) -> list[PickList]:
    """The order will not be fulfilled: its lists are closed. Picked pieces wait to be put back. Returns its lists.

    Nothing happens while the order is wanted: a cancellation may be heard after the order was confirmed anew.
    """

    def close() -> list[PickList]:
        lists = list(PickList.objects.select_related("order").filter(order_id=order_id))
        for found in lists:
            if found.state == "cancelled" or found.order.status in WANTED:
                continue
            for line in found.lines.filter(state="open"):
                move(line, to="short", by=by, why="order cancelled")
            move(found, to="cancelled", by=by, why=why)
        return lists

    return retrying(close)


def put_back(*, pick_list: PickList, by: Any) -> int:
    """The goods of a cancelled list lie in their bins again. Returns the pieces; safe to repeat (then 0).

    PickError when the list is not cancelled.
    """
    if pick_list.state != "cancelled":
        raise PickError(_("Only the goods of a cancelled order are put back."))

    def carry() -> int:
        rows = PickList.objects.filter(pk=pick_list.pk, state="cancelled", put_back_at=None)
        if not rows.update(put_back_at=now()):
            return 0
        pieces = 0
        for line in pick_list.lines.filter(quantity_picked__gt=0, put_back=False):
            if line.stockrecord_id is None or line.bin_id is None:
                continue  # never: only a line with both can be picked from
            stock.shift(
                kind=TRANSFER,
                stockrecord_id=line.stockrecord_id,
                source_id=pick_list.packing_place_id,
                target_id=line.bin_id,
                quantity=line.quantity_picked,
                cause=f"order:{pick_list.order.number}",
                why="order cancelled",
                by=by,
            )
            pieces += line.quantity_picked
        pick_list.lines.update(put_back=True)
        return pieces

    return retrying(carry)


def same_code(scanned: str, code: str) -> bool:
    """Whether a scan means this code: case and surrounding blanks do not matter."""
    return bool(code) and scanned.strip().casefold() == code.strip().casefold()


def check_code(line: PickLine, code: str) -> None:
    """PickError in words unless ``code`` is the line's SKU or GTIN."""
    wanted = line.order_line
    if not code.strip():
        raise PickError(_("Please scan the product."))
    if not same_code(code, wanted.partner_sku) and not same_code(code, wanted.upc or ""):
        raise PickError(
            _("Wrong product: you scanned %(scanned)s, wanted is %(sku)s (%(title)s).")
            % {"scanned": code.strip()[:CODE_SHOWN_CHARS], "sku": wanted.partner_sku, "title": wanted.title}
        )


def _may_scan(line: PickLine, by: Any) -> None:
    _mine(line.pick_list, by)
    if line.state != "open":
        raise PickError(_("This line is already closed."))


def _mine(pick_list: PickList, by: Any) -> None:
    if pick_list.state != "picking" or pick_list.picker_id != by.pk:
        raise _why_not(pick_list, by)
    _refuse_unwanted(pick_list.order)


def _refuse_unwanted(order: Order) -> None:
    if order.status == "cancelled":
        text = _("Order %(number)s was cancelled. Please put the goods back.")
        raise PickError(text % {"number": order.number})
    if order.on_hold:
        raise PickError(
            _("Order %(number)s is on hold: %(reason)s")
            % {"number": order.number, "reason": order.hold_reason}
        )


def _why_not(pick_list: PickList, by: Any) -> PickError:
    """Read the list anew and say who or what was in the way."""
    fresh = _fresh(pick_list)
    if fresh.state == "cancelled" or fresh.order.status == "cancelled":
        text = _("Order %(number)s was cancelled. Please put the goods back.")
        return PickError(text % {"number": fresh.order.number})
    if fresh.state == "picking" and fresh.picker_id != getattr(by, "pk", None):
        name = fresh.picker.name if fresh.picker else "?"
        return NotYourList(_("%(name)s is picking this order. You can take it over.") % {"name": name})
    if fresh.state == "open":
        return PickError(_("Please start this pick list first."))
    return PickError(_("This pick list is already finished."))
