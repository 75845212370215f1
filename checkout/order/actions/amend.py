"""After the contract: pieces that cannot come are cancelled, or replaced. Order, stock and money in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db.models import F, Sum

from catalogue.partner import actions as stock
from catalogue.partner.models import StockRecord
from catalogue.partner.vat import rate_bp
from checkout.order.events import OrderAmended
from checkout.order.lines import new_line
from checkout.order.models import Amendment, Line, Order
from shop.kernel.money import net_from_gross, to_decimal
from shop.kernel.outbox import record
from shop.kernel.states import MoveNotAllowed, move
from shop.kernel.transactions import retrying

from .life import cancel

AMENDABLE = ("awaiting_payment", "confirmed", "in_fulfilment")


class AlreadyAmended(Exception):
    """This source has changed the order before; carries by how much less it owes since (minor units)."""

    def __init__(self, amount_minor: int) -> None:
        super().__init__(f"done before: {amount_minor} less")
        self.amount_minor = amount_minor


def cancel_pieces(*, order: Order, lines: Mapping[int, int], source: str, why: str, by: Any = None) -> int:
    """Cancel pieces that have not left: they are free again and no longer owed. ``lines``: order line id -> pieces.

    What was paid for them goes back; an open payment asks for less. The shipping charge stays, unless nothing of the
    order is left: then the whole of it is cancelled. Returns what is owed less, in minor units; a repeat with the same
    ``source`` returns the same. Raises MoveNotAllowed when the order is over, ValueError when fewer pieces are open.
    """

    def work() -> int:
        fresh = _held(order.pk)
        try:
            _begin(fresh, source)
        except AlreadyAmended as before:
            return before.amount_minor
        if _is_all(fresh, lines):
            return _cancel_all(fresh, by, why)
        amount = sum(_cancel(fresh, pk, pieces, source, why, by) for pk, pieces in sorted(lines.items()))
        _finish(fresh, amount, source, why, by)
        return amount

    amount = retrying(work)
    order.refresh_from_db()
    return amount


def replace_pieces(
    *,
    order: Order,
    line_id: int,
    quantity: int,
    stockrecord: StockRecord,
    unit_minor: int,
    source: str,
    why: str,
    by: Any = None,
) -> Line:
    """Cancel pieces of a line and add a line with a substitute instead, reserved at once.

    It costs ``unit_minor`` a piece (gross, minor units), but never more than the pieces it replaces; the difference
    goes back. A repeat with the same ``source`` returns the same line. Raises InsufficientStock when the substitute is
    gone, else as cancel_pieces(); then nothing was changed.
    """

    def work() -> Line:
        fresh = _held(order.pk)
        try:
            _begin(fresh, source)
        except AlreadyAmended:
            return Line.objects.get(amendments__source=source, amendments__kind=Amendment.ADDED)
        freed = _cancel(fresh, line_id, quantity, source, why, by)
        line = _substitute(fresh, line_id, stockrecord, quantity, unit_minor, freed)
        _note(fresh, line, Amendment.ADDED, quantity, line.gross_minor, source, why, by)
        _finish(fresh, freed - line.gross_minor, source, why, by)
        return line

    added = retrying(work)
    order.refresh_from_db()
    return added


def _held(order_id: int) -> Order:
    """The order, held to the end of the transaction: money that comes in and parcels that leave queue behind us."""
    return Order.objects.select_for_update(no_key=True).get(pk=order_id)


def _begin(order: Order, source: str) -> None:
    from checkout.payment.actions import refuse_open_card

    known = Amendment.objects.filter(order=order, source=source)
    if known.exists():
        sums = dict(known.order_by().values_list("kind").annotate(Sum("amount_minor")))
        raise AlreadyAmended(sums.get(Amendment.CANCELLED, 0) - sums.get(Amendment.ADDED, 0))
    if order.status not in AMENDABLE:
        raise MoveNotAllowed(f"order {order.number} is {order.status}: its lines stay as they are")
    refuse_open_card(order=order)


def _is_all(order: Order, lines: Mapping[int, int]) -> bool:
    """Whether nothing of the order would be left, and nothing has left the house."""
    rows = Line.objects.filter(order=order)
    return all(
        not line.quantity_dispatched and line.quantity_open == lines.get(line.pk, 0) for line in rows
    ) and set(lines) <= {line.pk for line in rows}


def _cancel_all(order: Order, by: Any, why: str) -> int:
    amount = order.total_minor
    cancel(order=order, by=by, why=why)
    return amount


def _cancel(order: Order, line_id: int, quantity: int, source: str, why: str, by: Any) -> int:
    line = Line.objects.filter(pk=line_id, order=order).first()
    if line is None:
        raise ValueError(f"order {order.number} has no line {line_id}")
    if not 0 < quantity <= line.quantity_open:
        raise ValueError(f"order {order.number}: {quantity} pieces of line {line_id} are not open")
    left = line.quantity - line.quantity_cancelled - quantity
    amount = line.owed_minor - line.owed_for(left)
    # A parcel that leaves in this moment holds the reservation: after this line its pieces are counted as dispatched.
    stock.release_line(order_line_id=line_id, quantity=quantity, by=by, why=why)
    rows = Line.objects.filter(
        pk=line_id,
        quantity_cancelled=line.quantity_cancelled,
        quantity__gte=F("quantity_dispatched") + F("quantity_cancelled") + quantity,
    )
    if not rows.update(
        quantity_cancelled=F("quantity_cancelled") + quantity, cancelled_minor=F("cancelled_minor") + amount
    ):
        raise ValueError(f"order {order.number}: {quantity} pieces of line {line_id} are not open")
    _note(order, line, Amendment.CANCELLED, quantity, amount, source, why, by)
    return amount


def _substitute(
    order: Order, line_id: int, stockrecord: StockRecord, quantity: int, unit_minor: int, most_minor: int
) -> Line:
    if unit_minor < 0:
        raise ValueError("a price is not negative")
    replaced = Line.objects.get(pk=line_id)
    unit_minor = price_for(replaced, stockrecord, unit_minor)
    before = unit_minor * quantity
    line = add_line(
        order, replaced, stockrecord, quantity, gross_minor=min(before, most_minor), before_minor=before
    )
    stock.reserve([stock.Wish(stockrecord.pk, line.pk, order.pk, quantity)], expires_at=None)
    return line


def price_for(like: Line, stockrecord: StockRecord, gross_minor: int) -> int:
    """What a piece costs that stands beside or in place of ``like``: what comes to goods without VAT has none either,
    and costs its net price (decision 0060). Minor units."""
    if not like.vat_category:
        return gross_minor
    vat_class = stockrecord.product.own_or_parent.vat_class
    return net_from_gross(gross_minor, rate_bp(vat_class, settings.KONTOR_HOME_COUNTRY))


def add_line(
    order: Order,
    like: Line,
    stockrecord: StockRecord,
    quantity: int,
    *,
    gross_minor: int,
    before_minor: int,
    instead: bool = True,
) -> Line:
    """Write a further line of the order, in place of ``like`` or (``instead`` False) beside it; amounts of all its
    pieces in minor units. Nothing is reserved here."""
    vat_class, category = stockrecord.product.own_or_parent.vat_class, like.vat_category
    line = new_line(
        order=order,
        product=stockrecord.product,
        stockrecord=stockrecord,
        quantity=quantity,
        gross_minor=gross_minor,
        before_minor=before_minor,
        unit_minor=before_minor // quantity,
        vat_class=vat_class,
        vat_rate_bp=0 if category else rate_bp(vat_class, order.vat_country),
        vat_category=category,
        replaces=like if instead else None,
    )
    line.save()
    return line


def _note(
    order: Order, line: Line, kind: str, quantity: int, amount_minor: int, source: str, why: str, by: Any
) -> None:
    Amendment.objects.create(
        order=order,
        line=line,
        kind=kind,
        quantity=quantity,
        amount_minor=amount_minor,
        source=source,
        why=why[:300],
        by=by if getattr(by, "pk", None) else None,
    )


def _finish(order: Order, amount_minor: int | None, source: str, why: str, by: Any) -> None:
    """The order's total, its payment and its state follow; the house is told. ``amount_minor``: by how much less it
    owes; None: by what its total says."""
    from checkout.payment.actions import follow_total

    lines = list(Line.objects.filter(order=order))
    gross = sum(line.owed_minor for line in lines) + order.shipping_minor
    vat = sum(line.owed_vat_minor for line in lines)
    if amount_minor is None:
        amount_minor = order.total_minor - gross
    net = gross - vat - (order.shipping_minor - net_from_gross(order.shipping_minor, order.shipping_rate_bp))
    values = {
        "total_incl_tax": to_decimal(gross, order.currency),
        "total_excl_tax": to_decimal(net, order.currency),
    }
    Order.objects.filter(pk=order.pk).update(**values)
    order.total_incl_tax, order.total_excl_tax = values["total_incl_tax"], values["total_excl_tax"]
    follow_total(order=order, source=source, why=why, by=by)
    record(OrderAmended(order.pk, order.number, source, amount_minor, order.currency))
    if order.status == "in_fulfilment" and not any(line.quantity_open for line in lines):
        move(order, to="completed", by=by, why="the rest was cancelled")
