"""What a change does to an order that is held: its lines and stock, its walks, its money, its address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from catalogue.partner.models import StockRecord
from checkout.order.actions import correct_address
from checkout.order.actions.amend_more import Changes, Delivery, Extra, Swap, change_order
from checkout.order.models import BillingAddress, Line, Order, ShippingAddress
from checkout.payment.actions.amend import card_again, card_off, paid_minor
from checkout.payment.models import INVOICE
from checkout.payment.rules import refusal_of_more
from fulfilment.warehouse.picking.actions import follow_order

from .models import DELIVERY
from .wishes import MORE_MAX, Wish, deliveries, open_lines, other_sizes

ADDRESS_PARTS = ("first_name", "last_name", "line1", "line2", "postcode", "line4")


class ChangeRefused(ValueError):
    """Nothing was changed; the text says why, for the person who tried."""


class CostsMore(Exception):
    """The order is paid, and would cost more: by so many minor units. The caller takes everything back and asks for
    the difference first."""

    def __init__(self, more_minor: int) -> None:
        super().__init__(f"{more_minor} more")
        self.more_minor = more_minor


def alter(order: Order, wish: Wish, source: str, by: Any, why: str, *, paid: bool = True) -> dict[str, Any]:
    """Pieces or delivery, within a transaction that holds the order: its lines, reservations and money, and the walks
    that are planned. Returns what is to be remembered. ``paid`` False: the difference may still be open.

    Raises CostsMore, ChangeRefused in words, InsufficientStock; the caller's transaction must then be rolled back.
    """
    facts: dict[str, Any] = {}
    changes = _delivery(order, wish, facts) if wish.kind == DELIVERY else _pieces(order, wish)
    card_off(order=order, by=by)
    done = change_order(order=order, changes=changes, source=source, why=why, by=by)
    card_again(order=order)
    if done.less_minor < 0:
        _refuse_unpayable(order, paid)
    follow_order(
        order=order, added=[line.pk for line in done.added], anew=changes.delivery is not None, by=by
    )
    return facts


def _refuse_unpayable(order: Order, paid: bool) -> None:
    """The order costs more than before: can it be paid the way it is? Raises ChangeRefused, CostsMore."""
    if order.payment_method == INVOICE:
        reason = refusal_of_more(order)
        if reason:
            raise ChangeRefused(reason)
    elif paid and order.status != "awaiting_payment":  # paid, or nothing was to be paid
        more = order.total_minor - paid_minor(order)
        if more > 0:
            raise CostsMore(more)


def _pieces(order: Order, wish: Wish) -> Changes:
    lines = {line.pk: line for line in open_lines(order)}
    foreign = (set(wish.pieces) | set(wish.sizes)) - set(lines)
    if foreign:
        raise ChangeRefused(_("Your order has changed in this moment. Please look again."))
    sizes = other_sizes(list(lines.values()))
    less: dict[int, int] = {}
    swaps, extras = [], []
    for pk, line in lines.items():
        wanted = wish.pieces.get(pk, line.quantity_open)
        if not 0 <= wanted <= line.quantity_open + MORE_MAX:
            raise ChangeRefused(_("At most %(n)s pieces of one article can be added.") % {"n": MORE_MAX})
        size = _size(line, wish.sizes.get(pk), sizes[pk])
        if wanted < line.quantity_open:
            less[pk] = line.quantity_open - wanted
        if size is not None and wanted:
            swaps.append(Swap(pk, size, min(wanted, line.quantity_open)))
        if wanted > line.quantity_open:
            extras.append(Extra(pk, size or _own(line), wanted - line.quantity_open))
    if not (less or swaps or extras):
        raise ChangeRefused(_("Nothing was changed. Please choose what shall be different."))
    if not swaps and not extras and all(less.get(pk) == line.quantity_open for pk, line in lines.items()):
        raise ChangeRefused(_("Nothing would be left of the order. Please cancel it as a whole instead."))
    return Changes(less, tuple(swaps), tuple(extras))


def _size(line: Line, wanted: int | None, offered: list[StockRecord]) -> StockRecord | None:
    """The other size that is wanted; None for the line's own."""
    if wanted is None or wanted == line.stockrecord_id:
        return None
    for record_ in offered:
        if record_.pk == wanted:
            return record_
    raise ChangeRefused(
        _("%(title)s: this size is not to be had any more. Please choose another one.")
        % {"title": line.title}
    )


def _own(line: Line) -> StockRecord:
    if line.stockrecord is None or line.product is None or not line.product.is_public:
        raise ChangeRefused(_("%(title)s is not sold any more.") % {"title": line.title})
    return line.stockrecord


def _delivery(order: Order, wish: Wish, facts: dict[str, Any]) -> Changes:
    way = next((way for way in deliveries(order, open_lines(order)) if way.code == wish.delivery), None)
    if way is None:
        raise ChangeRefused(_("Please choose one of the ways to deliver."))
    address = order.shipping_address
    if way.kind == "pickup":
        address = None
    elif address is None:
        address = _copy(order.billing_address)
    facts |= {
        "from": order.shipping_method,
        "to": way.name,
        "charge_before": order.shipping_minor,
        "charge_after": way.gross_minor,
        "address_before": order.shipping_address_id,
    }
    return Changes(delivery=Delivery(way.code, way.name, way.gross_minor, address))


def _copy(billing: BillingAddress | None) -> ShippingAddress:
    if billing is None:
        raise ChangeRefused(_("Please choose one of the ways to deliver."))
    names = ("title", "first_name", "last_name", "line1", "line2", "line3", "line4", "state", "postcode")
    values = {name: getattr(billing, name) for name in names}
    return ShippingAddress.objects.create(country_id=billing.country_id, **values)


def readdress(order: Order, parts: Mapping[str, str], by: Any, why: str) -> dict[str, Any]:
    """Where the order goes, within its country. Returns what is to be remembered."""
    unknown = set(parts) - set(ADDRESS_PARTS)
    if unknown:
        raise ChangeRefused(
            _(
                "The country of an order cannot be changed: other prices and taxes hold there. Please cancel it."
            )
        )
    fields: dict[str, Any] = dict(parts)
    made = correct_address(order=order, by=by, why=why, **fields)
    return {"correction": made.pk}
