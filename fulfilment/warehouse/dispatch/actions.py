"""Verbs of dispatch: pack, unpack, dispatch (or hand over), note what became of a parcel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import F, Max
from django.utils.translation import gettext as _

from catalogue.partner.actions import ship
from checkout.order.actions import note_dispatch
from checkout.order.models import Order
from checkout.shipping.models import PICKUP, DeliveryMethod
from fulfilment.warehouse.picking.actions import WANTED
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.stock.actions import StockError, check_quantity, leave
from shop.kernel.clock import now
from shop.kernel.outbox import record
from shop.kernel.states import MoveNotAllowed, StaleState, move
from shop.kernel.transactions import retrying

from .carriers import OWN, CarrierRefused, Shipment, carrier
from .events import ParcelDispatched
from .models import HANDED_OVER, SENT, Parcel, ParcelLine
from .queries import to_pack

WEIGHT_MAX_G = 70_000  #: heavier is freight, not a parcel
CARTON_G = 250  #: added to the weight of the goods when nobody weighed
OUTCOMES = ("delivered", "lost", "returned")


class DispatchError(StockError):
    """What the person at the packing table must be told; nothing was changed. The text is for them."""


class BookingRefused(DispatchError):
    """The carrier does not take the parcel. It stays packed, without tracking number; dispatch asks again."""


def pack(
    *,
    pick_list: PickList,
    quantities: Mapping[int, int],
    by: Any,
    weight_g: int = 0,
    revision: int | None = None,
) -> Parcel:
    """Put picked pieces into a parcel. ``quantities``: order line id -> pieces; not everything needs to go along.

    ``revision``: that of the page the person saw; a second click or a colleague's packing in between is refused.
    ``weight_g``: grams as weighed, 0: added up from the articles. The carrier is asked afterwards, without
    transaction. Raises DispatchError in words (hold, cancelled, more than was picked, nothing chosen), and
    BookingRefused when the parcel is packed but its carrier does not take it.
    """
    wanted = {line_id: check_quantity(quantity) for line_id, quantity in quantities.items() if quantity != 0}
    if not wanted:
        raise DispatchError(_("Please choose at least one piece for the parcel."))
    if not 0 <= weight_g <= WEIGHT_MAX_G:
        raise DispatchError(_("The weight must be between 0 and %(most)s g.") % {"most": WEIGHT_MAX_G})
    seen = pick_list.revision if revision is None else revision
    parcel = retrying(lambda: _pack(pick_list.pk, wanted, weight_g, seen, by))
    book(parcel=parcel)
    return parcel


def _pack(pick_list_id: int, wanted: dict[int, int], weight_g: int, revision: int, by: Any) -> Parcel:
    pick_list = PickList.objects.select_related("order").get(pk=pick_list_id)
    order = pick_list.order
    _check_order(order)
    if pick_list.state != "picked":
        raise DispatchError(_("This order is not ready to be packed: finish picking first."))
    rows = PickList.objects.filter(pk=pick_list.pk, state="picked", revision=revision)
    if not rows.update(revision=F("revision") + 1):
        raise DispatchError(_("Something was packed in the meantime. Please look at the page again."))
    waiting = {row.order_line.pk: row for row in to_pack(pick_list)}
    _check_wanted(wanted, waiting)
    parcel = _new_parcel(pick_list, weight_g or _weight(wanted, waiting), by)
    ParcelLine.objects.bulk_create(
        [ParcelLine(parcel=parcel, order_line_id=pk, quantity=n) for pk, n in sorted(wanted.items())]
    )
    if all(row.quantity == wanted.get(pk, 0) for pk, row in waiting.items()):
        move(pick_list, to="packed", by=by, why=parcel.number)
    return parcel


def _check_order(order: Order) -> None:
    if order.status not in WANTED:
        raise DispatchError(
            _("Order %(number)s is %(status)s; nothing may leave.")
            % {"number": order.number, "status": order.get_status_display()}
        )
    if order.on_hold:
        raise DispatchError(
            _("Order %(number)s is on hold: %(reason)s")
            % {"number": order.number, "reason": order.hold_reason}
        )


def _check_wanted(wanted: dict[int, int], waiting: Mapping[int, Any]) -> None:
    for line_id, quantity in wanted.items():
        row = waiting.get(line_id)
        if row is None:
            raise DispatchError(_("A line of another order was sent. Please look at the page again."))
        if quantity > row.quantity:
            raise DispatchError(
                _("%(sku)s: only %(left)s pieces are waiting to be packed, not %(wanted)s.")
                % {"sku": row.order_line.partner_sku, "left": row.quantity, "wanted": quantity}
            )


def _weight(wanted: dict[int, int], waiting: Mapping[int, Any]) -> int:
    goods = sum(waiting[pk].order_line.weight_g * quantity for pk, quantity in wanted.items())
    return min(WEIGHT_MAX_G, goods + CARTON_G)


def _new_parcel(pick_list: PickList, weight_g: int, by: Any) -> Parcel:
    order = pick_list.order
    sequence = (Parcel.objects.filter(order=order).aggregate(n=Max("sequence"))["n"] or 0) + 1
    method = DeliveryMethod.objects.filter(code=order.shipping_code).first()
    fetched = method is not None and method.kind == PICKUP
    return Parcel.objects.create(
        order=order,
        pick_list=pick_list,
        number=f"{order.number}-{sequence}",
        sequence=sequence,
        kind=HANDED_OVER if fetched else SENT,
        carrier=PICKUP if fetched else (method.carrier if method and method.carrier else OWN.code),
        weight_g=weight_g,
        packed_by=by,
    )


def book(*, parcel: Parcel) -> Parcel:
    """Get a tracking number from the carrier, once: a repeat keeps the first. Not for what is handed over.

    Called outside of transactions (a carrier may use the network). BookingRefused with the carrier's reason.
    """
    if parcel.is_handover or parcel.tracking_number:
        return parcel
    address = parcel.order.shipping_address or parcel.order.billing_address
    shipment = Shipment(
        parcel.number,
        address.country_id if address else "",
        address.postcode if address else "",
        parcel.weight_g,
    )
    try:
        number = carrier(parcel.carrier).book(shipment)
    except CarrierRefused as error:
        raise BookingRefused(
            _("The carrier does not take parcel %(number)s: %(reason)s")
            % {"number": parcel.number, "reason": error}
        ) from None
    Parcel.objects.filter(pk=parcel.pk, tracking_number="").update(tracking_number=number)
    parcel.refresh_from_db(fields=["tracking_number"])
    return parcel


def unpack(*, parcel: Parcel, by: Any, why: str = "") -> None:
    """Take a parcel apart that has not left: its pieces wait to be packed again. DispatchError when it has left."""

    def apart() -> None:
        fresh = Parcel.objects.get(pk=parcel.pk)
        try:
            move(fresh, to="unpacked", by=by, why=why)
        except (StaleState, MoveNotAllowed):
            raise DispatchError(_("Parcel %(number)s has already left.") % {"number": fresh.number}) from None
        pick_list = PickList.objects.get(pk=fresh.pick_list_id)
        PickList.objects.filter(pk=pick_list.pk).update(revision=F("revision") + 1)
        if pick_list.state == "packed":
            move(pick_list, to="picked", by=by, why=f"{fresh.number} unpacked")

    retrying(apart)
    parcel.refresh_from_db(fields=["state"])


def dispatch(*, parcel: Parcel, by: Any) -> bool:
    """The parcel leaves: stock, reservation, order line, parcel and its telling in ONE transaction.

    Returns False when it had left before: a second click, or a colleague's at the same moment, dispatches nothing
    twice. Raises DispatchError in words (hold, cancelled, unpacked); then nothing was changed.
    """
    if parcel.state == "packed":
        book(parcel=parcel)
    done = retrying(lambda: _dispatch(parcel.pk, by))
    parcel.refresh_from_db(fields=["state", "dispatched_at", "dispatched_by", "tracking_number"])
    return done


def _dispatch(parcel_id: int, by: Any) -> bool:
    parcel = Parcel.objects.select_related("order", "pick_list").get(pk=parcel_id)
    if parcel.state in ("dispatched", "delivered", "lost", "returned"):
        return False
    _check_order(parcel.order)
    moment = now()
    try:
        move(parcel, to="dispatched", by=by, dispatched_at=moment, dispatched_by=by)
    except StaleState:
        return False  # a colleague clicked in the same moment
    except MoveNotAllowed:
        raise DispatchError(_("Parcel %(number)s was unpacked again.") % {"number": parcel.number}) from None
    lines = list(parcel.lines.select_related("order_line").order_by("order_line__partner_sku", "pk"))
    place = parcel.pick_list.packing_place_id
    try:
        for line in lines:
            gone = ship(order_line_id=line.order_line_id, quantity=line.quantity, by=by, why=parcel.number)
            leave(
                stockrecord_id=gone.pk,
                bin_id=place,
                quantity=line.quantity,
                cause=f"parcel:{parcel.number}",
                by=by,
            )
        note_dispatch(order=parcel.order, lines={line.order_line_id: line.quantity for line in lines}, by=by)
    except ValueError as error:  # reservation or stock do not hold what the parcel holds
        raise DispatchError(
            _("Parcel %(number)s cannot leave: %(reason)s") % {"number": parcel.number, "reason": error}
        ) from None
    if parcel.is_handover:
        move(parcel, to="delivered", by=by, why="handed over in the store")
    record(
        ParcelDispatched(
            parcel_id=parcel.pk,
            order_id=parcel.order_id,
            order_number=parcel.order.number,
            tracking_number=parcel.tracking_number,
            carrier=parcel.carrier,
            dispatched_at=moment.isoformat(),
            lines=[{"order_line_id": line.order_line_id, "quantity": line.quantity} for line in lines],
        )
    )
    return True


def note_outcome(*, parcel: Parcel, outcome: str, by: Any, why: str = "") -> None:
    """Write down what became of a parcel (delivered, lost, returned). Stock and money are not touched by it.

    Raises DispatchError for an outcome that its state does not allow.
    """
    try:
        if outcome not in OUTCOMES:
            raise MoveNotAllowed(outcome)
        move(parcel, to=outcome, by=by, why=why)
    except (StaleState, MoveNotAllowed):
        raise DispatchError(
            _("Parcel %(number)s is %(state)s; that cannot be noted now.")
            % {"number": parcel.number, "state": parcel.get_state_display()}
        ) from None


def unpack_all(*, order_id: int, by: Any = None, why: str) -> int:
    """The order was cancelled: parcels that have not left are taken apart. Returns how many.

    Nothing happens while the order is wanted: a cancellation may be heard after the order was confirmed anew.
    """
    waiting = list(Parcel.objects.filter(order_id=order_id, state="packed").exclude(order__status__in=WANTED))
    for parcel in waiting:
        unpack(parcel=parcel, by=by, why=why)
    return len(waiting)
