"""Another size for what was sent: kept for the customer at once, sent when the old piece is here like new.

Price rule (decisions 0077, 0079): what was paid for the piece is paid for the new one. A size that is cheaper today
brings its part of that back when the old piece is accepted; for a dearer one both sizes' difference of today is paid at
once, or nothing is exchanged.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import IntegrityError
from django.utils import translation
from django.utils.translation import gettext as _

from catalogue.partner.actions import InsufficientStock
from catalogue.partner.models import StockRecord
from checkout.order.actions import Asked, NotReplaceable, dearer, hold, place_replacement
from checkout.order.actions.place import RESERVED_FOR
from checkout.order.models import Line, Order
from checkout.payment.minimums import card_minimum_minor
from checkout.payment.models import CARD, PREPAYMENT
from fulfilment.customer_service.changes.wishes import other_sizes
from fulfilment.customer_service.withdrawals.period import excluded_lines, until_of
from fulfilment.finance.invoicing import accounts
from fulfilment.warehouse.picking.actions import hold_order
from fulfilment.warehouse.receiving import actions as dock
from fulfilment.warehouse.receiving.models import Return
from shop.kernel.clock import today
from shop.kernel.money import split
from shop.kernel.transactions import retrying

from .left import CAUSE, left_of
from .models import Exchange

KEY_MAX = 40
STAFF_LASTS = dt.timedelta(hours=48)  #: whom staff exchange for pays by a link in a mail


class NotExchanged(ValueError):
    """It is not done; the message says why, for people. Nothing was changed."""


@dataclass(frozen=True)
class Size:
    """A size that may come instead: what goes back a piece or is paid more for it (minor units), or why it cannot be
    chosen."""

    record: StockRecord
    back_minor: int
    more_minor: int = 0
    refused: str = ""


@dataclass(frozen=True)
class Option:
    """A line of which pieces may be exchanged, and for which sizes."""

    line: Line
    pieces: int
    sizes: list[Size]


def options(order: Order) -> list[Option]:
    """Lines of which something is with the customer, nothing was given for it yet (new goods, money), and which come in
    other sizes. Seven queries."""
    left = left_of(order)
    rows = Line.objects.filter(order=order).select_related(
        "product__parent", "product__colour", "stockrecord"
    )
    lines = [
        line for line in rows.order_by("pk") if line.product is not None and line.stockrecord is not None
    ]
    out = {line.pk for line, _why in excluded_lines(order.pk)}
    sizes = other_sizes(lines)
    found = []
    for line in lines:
        pieces = min(left.get(line.pk, 0), line.quantity_returnable)
        if pieces > 0 and sizes[line.pk] and line.pk not in out:
            found.append(Option(line, pieces, [_size(line, record) for record in sizes[line.pk]]))
    return found


def _size(line: Line, record: StockRecord) -> Size:
    if line.stockrecord.price is None:
        return Size(
            record,
            0,
            refused=_("What you have is not sold any more, so its price cannot be compared. Please ask us."),
        )
    return Size(record, back_minor(line, 1, record), more_minor(line, 1, record))


def back_minor(line: Line, pieces: int, record: StockRecord) -> int:
    """What of the price paid for so many pieces goes back (gross minor units): the part by which the new size is
    cheaper today."""
    own, new = line.stockrecord.price_minor, record.price_minor
    return split(line.owed_for(pieces), [own - new, new])[0] if new < own else 0


def more_minor(line: Line, pieces: int, record: StockRecord) -> int:
    """What so many pieces of the new size cost more (gross minor units): by what both sizes differ today, as when an
    order is changed before it is picked (decision 0068)."""
    return max(0, dearer(line, record) * pieces) if record.price_minor > line.stockrecord.price_minor else 0


def refusal(order: Order, *, by_staff: bool = False) -> str:
    """Why nothing of the order can be exchanged, in words; "" when something can be tried. Customers may as long as
    they may withdraw, staff at any time."""
    if order.status == "cancelled" or order.replaces_id is not None:
        return _("This order cannot be exchanged.")
    until = until_of(order.pk)
    if not by_staff and until is not None and until < today():
        return _("The time for sending goods back is over. Please ask us.")
    return ""


def exchange(
    *,
    order: Order,
    wanted: Mapping[int, tuple[int, int]],
    key: str,
    by: Any = None,
    by_staff: bool = False,
    seen_minor: int | None = None,
    seen_more_minor: int | None = None,
) -> Exchange:
    """Keep other sizes for the customer and let the dock expect the old ones. ``wanted``: order line id -> (stock
    record id, pieces); ``key`` names the form (at most 40 characters): a second click finds the same exchange.
    ``seen_minor``, ``seen_more_minor``: what the page said that goes back and is to be paid (gross minor units); other
    amounts now are refused.

    One transaction: an order that waits (on hold, and for the difference where there is one), its stock reserved; a
    return with its slip. Raises NotExchanged in words: too late, not sent, gone.
    """
    if (again := made_by(order, key)) is not None:
        return again
    if problem := refusal(order, by_staff=by_staff):
        raise NotExchanged(problem)

    def write() -> Exchange:
        # Of two forms at once the second sees what the first one took, and a second click the first one's exchange.
        hold_order(order.pk)
        accounts.locked(order)
        if (again := made_by(order, key)) is not None:
            return again
        facts = _facts(order, wanted)
        back, more = _amounts(facts, seen_minor, seen_more_minor)
        made = _keep(order, facts, key, by, by_staff)
        returning = _expect(order, made, facts, by)
        return Exchange.objects.create(
            key=key,
            order=order,
            made=made,
            returning=returning,
            lines=facts,
            held_as=made.hold_reason,
            back_minor=back,
            more_minor=more,
            by=by if getattr(by, "pk", None) else None,
        )

    try:
        return retrying(write)
    except IntegrityError:
        if not Exchange.objects.filter(key=key).exists():
            raise
        # it is another order's form
        raise NotExchanged(_("This form was sent before. Please load the page again.")) from None
    except NotReplaceable as problem:
        raise NotExchanged(str(problem)) from None
    except InsufficientStock:
        raise NotExchanged(
            _("This size has just been sold. Please choose another one; nothing was changed.")
        ) from None


def _keep(order: Order, facts: list[dict[str, Any]], key: str, by: Any, by_staff: bool) -> Order:
    """The order that sends the new pieces, on hold. Raises NotReplaceable, InsufficientStock."""
    with translation.override(settings.LANGUAGE_CODE):
        why = _("Waits for what is exchanged of order %(number)s") % {"number": order.number}
    made = place_replacement(
        order=order,
        pieces={fact["order_line_id"]: fact["quantity"] for fact in facts},
        instead={fact["order_line_id"]: fact["stockrecord_id"] for fact in facts},
        source=f"exchange:{key}",
        why=why,
        by=by,
        asked=_asked(order, facts, by_staff),
    )
    hold(order=made, by=by, why=why)
    return made


def _amounts(
    facts: list[dict[str, Any]], seen_minor: int | None, seen_more_minor: int | None
) -> tuple[int, int]:
    """What goes back and what is to be paid; NotExchanged when the page said otherwise."""
    back, more = sum(fact["back_minor"] for fact in facts), sum(fact["more_minor"] for fact in facts)
    if seen_minor not in (None, back) or seen_more_minor not in (None, more):
        raise NotExchanged(_("A price has changed since you looked. Please look again."))
    return back, more


def _asked(order: Order, facts: list[dict[str, Any]], by_staff: bool) -> Asked | None:
    """How the difference is paid; None where no new size is dearer. What is too little for a card is transferred."""
    more = {fact["order_line_id"]: fact["more_minor"] for fact in facts if fact["more_minor"]}
    if not more:
        return None
    method = CARD if sum(more.values()) >= card_minimum_minor(order.currency) else PREPAYMENT
    lasts = RESERVED_FOR[method]
    assert lasts is not None  # both methods are paid before
    return Asked(more, method, max(lasts, STAFF_LASTS) if by_staff else lasts)


def _expect(order: Order, made: Order, facts: list[dict[str, Any]], by: Any) -> Return:
    """Let the dock expect the old pieces, all of them. Raises NotExchanged when another return awaits some."""
    wanted = {fact["order_line_id"]: fact["quantity"] for fact in facts}
    returning = dock.announce(order_id=order.pk, lines=wanted, cause=f"{CAUSE}:{made.number}", by=by)
    if returning is None or sum(item.quantity for item in returning.items.all()) != sum(wanted.values()):
        raise NotExchanged(_("These pieces are announced to come back already. Please look again."))
    return returning


def made_by(order: Order, key: str) -> Exchange | None:
    """What this form made of this order before. One query."""
    return Exchange.objects.filter(key=key, order=order).first()


def _facts(order: Order, wanted: Mapping[int, tuple[int, int]]) -> list[dict[str, Any]]:
    offered = {option.line.pk: option for option in options(order)}
    facts = []
    for line_id, (record_id, pieces) in sorted(wanted.items()):
        option = offered.get(line_id)
        size = next((one for one in option.sizes if one.record.pk == record_id), None) if option else None
        if option is None or size is None or not 0 < pieces <= option.pieces:
            raise NotExchanged(_("This cannot be had any more as it was chosen. Please choose anew."))
        if size.refused:
            raise NotExchanged(size.refused)
        line = option.line
        facts.append(
            {
                "order_line_id": line.pk,
                "stockrecord_id": record_id,
                "quantity": pieces,
                "title": line.title,
                "new_title": size.record.product.title_local,
                "back_minor": back_minor(line, pieces, size.record),
                "more_minor": more_minor(line, pieces, size.record),
            }
        )
    if not facts:
        raise NotExchanged(_("Please choose a size."))
    return facts


def waits_until(found: Exchange) -> dt.date:
    """The day until which the new size is kept."""
    return found.returning.expected_by or today()
