"""Before anybody picks: fewer pieces, more of them, another size, another way to deliver; in one transaction.

What it costs is written in docs/decisions/0068: pieces that go take what was owed for them; another size costs what
was agreed and the difference between both sizes today; pieces that come cost what they cost today.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from catalogue.partner import actions as stock
from catalogue.partner.models import Reservation, StockRecord
from checkout.order.models import Amendment, Line, Order, ShippingAddress
from shop.kernel.money import net_from_gross, split, to_decimal
from shop.kernel.states import MoveNotAllowed

from .amend import AlreadyAmended, _begin, _cancel, _finish, _note, add_line, price_for


@dataclass(frozen=True)
class Swap:
    """Pieces of an order line that shall be another article (another size of it)."""

    line_id: int
    stockrecord: StockRecord
    quantity: int


@dataclass(frozen=True)
class Extra:
    """Further pieces, beside an order line."""

    line_id: int
    stockrecord: StockRecord
    quantity: int


@dataclass(frozen=True)
class Delivery:
    """Another way to deliver: its code, its name in the order's language, its gross charge in minor units, and where it
    goes (None: fetched in the store)."""

    code: str
    name: str
    gross_minor: int
    address: ShippingAddress | None


@dataclass(frozen=True)
class Changes:
    """What shall be different. ``less``: order line id -> pieces that are not wanted any more."""

    less: Mapping[int, int] = field(default_factory=dict)
    swaps: Sequence[Swap] = ()
    extras: Sequence[Extra] = ()
    delivery: Delivery | None = None


@dataclass(frozen=True)
class Changed:
    """``less_minor``: by how much less is owed (negative: more); ``added``: the new lines."""

    less_minor: int
    added: tuple[Line, ...] = ()


def change_order(*, order: Order, changes: Changes, source: str, why: str, by: Any = None) -> Changed:
    """Within a transaction that holds the order, of which nobody has begun to pick: lines, stock, charge and money.

    ``source`` names the fact, once. What was paid too much goes back, an open payment asks for the new total. Raises
    MoveNotAllowed when its state forbids it, when a card is being charged or nothing would be left of it (that is a
    cancellation); ValueError for pieces that are not open; InsufficientStock when pieces are gone. Then the caller's
    transaction must be rolled back.
    """
    try:
        _begin(order, source)
    except AlreadyAmended as before:
        added = Line.objects.filter(amendments__source=source, amendments__kind=Amendment.ADDED)
        return Changed(before.amount_minor, tuple(added.order_by("pk")))
    total = order.total_minor
    freed = _take_away(order, changes, source, why, by)
    added = _bring(order, changes, freed, source, why, by)
    if not any(line.quantity_open for line in Line.objects.filter(order=order)):
        raise MoveNotAllowed(f"order {order.number}: nothing would be left of it")
    if changes.delivery is not None:
        _deliver_otherwise(order, changes.delivery)
    _finish(order, None, source, why, by)
    return Changed(total - order.total_minor, tuple(added))


def _take_away(order: Order, changes: Changes, source: str, why: str, by: Any) -> dict[int, list[int]]:
    """Cancel what goes and what shall be another size. Per line what each swap of it frees, in minor units."""
    pieces: dict[int, list[int]] = {}
    for swap in changes.swaps:
        pieces.setdefault(swap.line_id, []).append(swap.quantity)
    going = {line_id: sum(parts) for line_id, parts in pieces.items()}
    for line_id, quantity in changes.less.items():
        going[line_id] = going.get(line_id, 0) + quantity
    freed = {}
    for line_id, quantity in sorted(going.items()):
        amount = _cancel(order, line_id, quantity, source, why, by)
        parts = pieces.get(line_id, [])
        freed[line_id] = split(amount, [*parts, quantity - sum(parts)])[: len(parts)] if parts else []
    return freed


def _bring(
    order: Order, changes: Changes, freed: dict[int, list[int]], source: str, why: str, by: Any
) -> list[Line]:
    """Write the new lines and reserve their pieces, all or none."""
    lines = {line.pk: line for line in Line.objects.filter(order=order).select_related("stockrecord")}
    added = []
    for swap in changes.swaps:
        like = lines[swap.line_id]
        agreed = freed[swap.line_id].pop(0)
        gross = max(0, agreed + dearer(like, swap.stockrecord) * swap.quantity)
        before = max(gross, price_for(like, swap.stockrecord, _price(swap.stockrecord)) * swap.quantity)
        added.append(
            add_line(order, like, swap.stockrecord, swap.quantity, gross_minor=gross, before_minor=before)
        )
    for extra in changes.extras:
        like = lines[extra.line_id]
        gross = price_for(like, extra.stockrecord, _price(extra.stockrecord)) * extra.quantity
        added.append(
            add_line(
                order,
                like,
                extra.stockrecord,
                extra.quantity,
                gross_minor=gross,
                before_minor=gross,
                instead=False,
            )
        )
    for line in added:
        _note(order, line, Amendment.ADDED, line.quantity, line.gross_minor, source, why, by)
    if added:
        waiting = Reservation.objects.filter(order_id=order.pk, expires_at__isnull=False)
        wishes = [stock.Wish(line.stockrecord_id, line.pk, order.pk, line.quantity) for line in added]
        until = waiting.values_list("expires_at", flat=True).first()
        stock.reserve(wishes, expires_at=until if order.status == "awaiting_payment" else None)
    return added


def dearer(like: Line, stockrecord: StockRecord) -> int:
    """By how much a piece of the other article costs more today than one of the line's own. Minor units."""
    own = like.stockrecord
    if own is None:
        return 0
    return price_for(like, stockrecord, _price(stockrecord)) - price_for(like, own, _price(own))


def _price(stockrecord: StockRecord) -> int:
    return int(stockrecord.price_minor)


def _deliver_otherwise(order: Order, delivery: Delivery) -> None:
    values: dict[str, Any] = {
        "shipping_address": delivery.address,
        "shipping_code": delivery.code,
        "shipping_method": delivery.name,
        "shipping_incl_tax": to_decimal(delivery.gross_minor, order.currency),
        "shipping_excl_tax": to_decimal(
            net_from_gross(delivery.gross_minor, order.shipping_rate_bp), order.currency
        ),
    }
    Order.objects.filter(pk=order.pk).update(**values)
    for name, value in values.items():
        setattr(order, name, value)
