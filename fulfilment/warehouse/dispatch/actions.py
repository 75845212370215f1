"""Verbs of dispatch: pack, unpack, dispatch (or hand over), note what became of a parcel. Labels are in labels.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import F, Max, Q
from django.utils.translation import gettext as _

from catalogue.partner.actions import ship
from checkout.order.actions import note_dispatch
from checkout.order.models import Order
from checkout.shipping.models import PICKUP, DeliveryMethod
from fulfilment.warehouse.picking.actions import WANTED
from fulfilment.warehouse.picking.actions.sites import hold_order
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.stock.actions import check_quantity, leave
from shop.kernel.clock import now
from shop.kernel.outbox import record
from shop.kernel.states import MoveNotAllowed, StaleState, move
from shop.kernel.transactions import retrying

from . import labels, lots, outcomes
from .carriers import OWN
from .errors import DispatchError
from .events import ParcelDispatched
from .models import HANDED_OVER, SENT, Carton, PackScan, Parcel, ParcelLine
from .queries import to_pack

WEIGHT_MAX_G = OWN.weight_max_g
CARTON_G = 250  #: added to the weight of the goods when no carton was chosen
#: A parcel that weighs more or less than expected by both of these is pointed out.
TOLERANCE_G, TOLERANCE_PERCENT = 50, 5
OUTCOMES = ("delivered", "lost", "returned")


def pack(
    *,
    pick_list: PickList,
    quantities: Mapping[int, int],
    by: Any,
    weight_g: int = 0,
    carton: Carton | None = None,
    revision: int | None = None,
) -> Parcel:
    """Put picked pieces into a parcel. ``quantities``: order line id -> pieces; not everything needs to go along.

    ``revision``: that of the page the person saw; a second click or a colleague's packing in between is refused.
    ``weight_g``: grams as weighed, 0: articles and carton added up. Its label is wanted in the same transaction: our
    own is there when this returns, a carrier's is booked by a worker; ``labels.live`` says how far it is. Raises
    DispatchError in words (hold, cancelled, waits for an answer, more than was picked, nothing chosen, too heavy).
    """
    wanted = {line_id: check_quantity(quantity) for line_id, quantity in quantities.items() if quantity != 0}
    if not wanted:
        raise DispatchError(_("Please choose at least one piece for the parcel."))
    if not 0 <= weight_g <= WEIGHT_MAX_G:
        raise DispatchError(_("The weight must be between 0 and %(most)s g.") % {"most": WEIGHT_MAX_G})
    seen = pick_list.revision if revision is None else revision
    parcel = retrying(lambda: _pack(pick_list.pk, wanted, weight_g, carton, seen, by))
    labels.at_once(parcel)
    return parcel


def _pack(
    pick_list_id: int, wanted: dict[int, int], weight_g: int, carton: Carton | None, revision: int, by: Any
) -> Parcel:
    # Held: two sites that pack one order count its parcels one after the other, and a hold in this moment is seen.
    hold_order(PickList.objects.values_list("order", flat=True).get(pk=pick_list_id))
    pick_list = PickList.objects.select_related("order").get(pk=pick_list_id)
    check_order(pick_list.order)
    check_list(pick_list)
    rows = PickList.objects.filter(pk=pick_list.pk, state="picked", revision=revision, waits_for_answer=False)
    if not rows.update(revision=F("revision") + 1):
        raise DispatchError(_("Something was packed in the meantime. Please look at the page again."))
    waiting = {row.order_line.pk: row for row in to_pack(pick_list)}
    _check_wanted(wanted, waiting)
    expected = expected_weight(wanted, waiting, carton)
    _check_carton(carton, weight_g or expected)
    parcel = _new_parcel(pick_list, weight_g or expected, expected, carton, by)
    lines = ParcelLine.objects.bulk_create(
        [ParcelLine(parcel=parcel, order_line_id=pk, quantity=n) for pk, n in sorted(wanted.items())]
    )
    lots.into_parcel(pick_list=pick_list, lines=lines)
    PackScan.objects.filter(pick_list=pick_list, parcel=None, taken_back=False).update(parcel=parcel)
    if all(row.quantity == wanted.get(pk, 0) for pk, row in waiting.items()):
        move(pick_list, to="packed", by=by, why=parcel.number)
    if not parcel.is_handover:
        labels.want(parcel=parcel, by=by)
    return parcel


def check_list(pick_list: PickList) -> None:
    """DispatchError in words when nothing of this list may be packed now."""
    if pick_list.waits_for_answer:
        raise DispatchError(_("The customer is asked about missing pieces; this order waits for the answer."))
    if pick_list.state != "picked":
        raise DispatchError(_("This order is not ready to be packed: finish picking first."))


def check_order(order: Order) -> None:
    """DispatchError in words when nothing of this order may leave now."""
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


def expected_weight(wanted: Mapping[int, int], waiting: Mapping[int, Any], carton: Carton | None) -> int:
    """Grams of these pieces with their carton, as far as articles have a weight."""
    goods = sum(waiting[pk].order_line.weight_g * quantity for pk, quantity in wanted.items())
    return min(WEIGHT_MAX_G, goods + (carton.weight_g if carton else CARTON_G))


def weighs_oddly(parcel: Parcel) -> bool:
    """Whether the scales and the sum of the articles disagree so much that somebody should look inside."""
    difference = abs(parcel.weight_g - parcel.expected_weight_g)
    return difference > max(TOLERANCE_G, parcel.expected_weight_g * TOLERANCE_PERCENT // 100)


def _check_carton(carton: Carton | None, weight_g: int) -> None:
    if carton is not None and weight_g > carton.max_weight_g:
        raise DispatchError(
            _("%(weight)s g are too heavy for carton %(code)s; it takes %(most)s g.")
            % {"weight": weight_g, "code": carton.code, "most": carton.max_weight_g}
        )


def _new_parcel(
    pick_list: PickList, weight_g: int, expected_g: int, carton: Carton | None, by: Any
) -> Parcel:
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
        carrier=PICKUP if fetched else _carrier(pick_list, method),
        weight_g=weight_g,
        expected_weight_g=expected_g,
        carton=carton,
        packed_by=by,
    )


def _carrier(pick_list: PickList, method: DeliveryMethod | None) -> str:
    """Who takes it: as the list is planned, which staff may have changed; else as the customer chose."""
    if pick_list.carrier not in ("", PICKUP):
        return pick_list.carrier
    return method.carrier if method and method.carrier else OWN.code


def unpack(*, parcel: Parcel, by: Any, why: str = "") -> None:
    """Take a parcel apart that has not left: its pieces wait to be packed again, its label is given back.

    DispatchError when it has left.
    """

    def apart() -> None:
        fresh = Parcel.objects.get(pk=parcel.pk)
        try:
            move(fresh, to="unpacked", by=by, why=why)
        except (StaleState, MoveNotAllowed):
            raise DispatchError(_("Parcel %(number)s has already left.") % {"number": fresh.number}) from None
        Parcel.objects.filter(pk=fresh.pk).update(tracking_number="")
        label = labels.live(fresh.pk)
        if label is not None:
            labels.give_back(label, by=by, why=f"{fresh.number} unpacked")
        # Taken before it is looked at: a colleague may pack the last pieces of the list in this moment.
        PickList.objects.filter(pk=fresh.pick_list_id).update(revision=F("revision") + 1)
        pick_list = PickList.objects.get(pk=fresh.pick_list_id)
        if pick_list.state == "packed":
            move(pick_list, to="picked", by=by, why=f"{fresh.number} unpacked")

    retrying(apart)
    parcel.refresh_from_db(fields=["state", "tracking_number"])
    labels.at_once(parcel)


def dispatch(*, parcel: Parcel, by: Any) -> bool:
    """The parcel leaves: stock, reservation, order line, parcel and its telling in ONE transaction.

    Returns False when it had left before: a second click, or a colleague's at the same moment, dispatches nothing
    twice. Raises DispatchError in words (hold, cancelled, unpacked, no label); then nothing was changed.
    """
    done = retrying(lambda: _dispatch(parcel.pk, by))
    parcel.refresh_from_db(fields=["state", "dispatched_at", "dispatched_by", "tracking_number"])
    return done


def _dispatch(parcel_id: int, by: Any) -> bool:
    # Held: an order that is held or cancelled in this moment is seen, or waits until the parcel is gone.
    hold_order(Parcel.objects.values_list("order", flat=True).get(pk=parcel_id))
    parcel = Parcel.objects.select_related("order", "pick_list").get(pk=parcel_id)
    if parcel.state in ("dispatched", "delivered", "lost", "returned"):
        return False
    check_order(parcel.order)
    moment = now()
    _hold_labelled(parcel)
    try:
        move(parcel, to="dispatched", by=by, dispatched_at=moment, dispatched_by=by)
    except StaleState:
        return False  # a colleague clicked in the same moment
    except MoveNotAllowed:
        raise DispatchError(_("Parcel %(number)s was unpacked again.") % {"number": parcel.number}) from None
    lines = list(
        parcel.lines.select_related("order_line")
        .prefetch_related("lots__lot")
        .order_by("order_line__partner_sku", "pk")
    )
    try:
        for line in lines:
            _out_of_the_house(parcel, line, by)
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


def _hold_labelled(parcel: Parcel) -> None:
    """Take the parcel's row, so that its label cannot be given back while it leaves. DispatchError without a label."""
    may_leave = ~Q(tracking_number="") | Q(kind=HANDED_OVER)
    held = Parcel.objects.filter(may_leave, pk=parcel.pk).update(kind=F("kind"))
    if held:  # another label may have come before we held it
        parcel.refresh_from_db(fields=["tracking_number"])
    if held or parcel.state != "packed":
        return
    label = labels.live(parcel.pk)
    values = {"number": parcel.number, "reason": label.reason if label else ""}
    if label is not None and label.stage == "refused":
        raise DispatchError(_("The carrier does not take parcel %(number)s: %(reason)s") % values)
    if label is not None and label.stage == "wanted":
        raise DispatchError(_("The label of parcel %(number)s is not booked yet.") % values)
    raise DispatchError(_("Parcel %(number)s has no label.") % values)


def _out_of_the_house(parcel: Parcel, line: ParcelLine, by: Any) -> None:
    """Stock record and bin of one line; traced articles lot by lot."""
    gone = ship(order_line_id=line.order_line_id, quantity=line.quantity, by=by, why=parcel.number)
    portions: Sequence[tuple[Any, int]] = [(part.lot, part.quantity) for part in line.lots.all()]
    for lot, quantity in portions or [(None, line.quantity)]:
        more = {"lot": lot} if lot is not None else {}
        leave(
            stockrecord_id=gone.pk,
            bin_id=parcel.pick_list.packing_place_id,
            quantity=quantity,
            cause=f"parcel:{parcel.number}",
            by=by,
            **more,
        )


def note_outcome(*, parcel: Parcel, outcome: str, by: Any, why: str = "") -> None:
    """Write down what became of a parcel (delivered, lost, returned), and tell it. Stock and money are not touched.

    Raises DispatchError for an outcome that its state does not allow.
    """
    try:
        if outcome not in OUTCOMES:
            raise MoveNotAllowed(outcome)
        outcomes.arrive(parcel=parcel, outcome=outcome, by=by, why=why)
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
