"""Another size for what was sent: kept for the customer at once, sent when the old piece is here like new.

Price rule (decision 0077): what was paid for the piece is paid for the new one. A size that is cheaper today brings its
part of that back when the old piece is accepted; a dearer one is no exchange but an order anew, said in words.
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
from checkout.order.actions import (
    NotReplaceable,
    cancel,
    hold,
    place_replacement,
    release_hold,
)
from checkout.order.models import Line, Order
from checkout.payment.actions import request_refund
from fulfilment.customer_service.changes.wishes import other_sizes
from fulfilment.customer_service.withdrawals.period import excluded_lines, until_of
from fulfilment.finance.invoicing import accounts
from fulfilment.finance.invoicing.actions import credit_note
from fulfilment.finance.invoicing.actions.rests import credited_minor
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.warehouse.receiving import actions as dock
from fulfilment.warehouse.receiving.models import GRADE_A, Return
from shop.kernel.clock import now, today
from shop.kernel.money import split
from shop.kernel.states import StateError, move
from shop.kernel.transactions import retrying

from .left import CAUSE, given_twice, left_of
from .models import Exchange
from .plan import free_after, payments_back
from .states import CALLED_OFF, SENT, WAITING

KEY_MAX = 40


class NotExchanged(ValueError):
    """It is not done; the message says why, for people. Nothing was changed."""


@dataclass(frozen=True)
class Size:
    """A size that may come instead: what goes back a piece (minor units), or why it cannot be chosen."""

    record: StockRecord
    back_minor: int
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
    if record.price_minor > line.stockrecord.price_minor:
        return Size(record, 0, _("It costs more today: please order it anew and send this one back."))
    return Size(record, back_minor(line, 1, record))


def back_minor(line: Line, pieces: int, record: StockRecord) -> int:
    """What of the price paid for so many pieces goes back (gross minor units): the part by which the new size is
    cheaper today."""
    own, new = line.stockrecord.price_minor, record.price_minor
    return split(line.owed_for(pieces), [own - new, new])[0] if new < own else 0


def refusal(order: Order, *, by_staff: bool = False) -> str:
    """Why nothing of the order can be exchanged, in words; "" when something can be tried. Customers may as long as
    they may withdraw, staff at any time."""
    if order.status == "cancelled" or order.is_replacement:
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
) -> Exchange:
    """Keep other sizes for the customer and let the dock expect the old ones. ``wanted``: order line id -> (stock
    record id, pieces); ``key`` names the form (at most 40 characters): a second click finds the same exchange.

    One transaction: a free order that waits (on hold), its stock reserved; a return with its slip. Raises NotExchanged
    in words: too late, not sent, gone, dearer.
    """
    known = Exchange.objects.filter(key=key).first()
    if known is not None:
        return known
    if problem := refusal(order, by_staff=by_staff):
        raise NotExchanged(problem)

    def write() -> Exchange:
        account = accounts.locked(order)  # of two forms at once the second sees what the first one took
        facts = _facts(order, wanted)
        with translation.override(settings.LANGUAGE_CODE):
            why = _("Waits for what is exchanged of order %(number)s") % {"number": account.order_number}
        made = place_replacement(
            order=order,
            pieces={fact["order_line_id"]: fact["quantity"] for fact in facts},
            instead={fact["order_line_id"]: fact["stockrecord_id"] for fact in facts},
            source=f"exchange:{key}",
            why=why,
            by=by,
        )
        hold(order=made, by=by, why=why)
        returning = dock.announce(
            order_id=order.pk,
            lines={fact["order_line_id"]: fact["quantity"] for fact in facts},
            cause=f"{CAUSE}:{made.number}",
            by=by,
        )
        if returning is None or sum(i.quantity for i in returning.items.all()) != sum(
            f["quantity"] for f in facts
        ):
            raise NotExchanged(_("These pieces are announced to come back already. Please look again."))
        return Exchange.objects.create(
            key=key,
            order=order,
            made=made,
            returning=returning,
            lines=facts,
            back_minor=sum(fact["back_minor"] for fact in facts),
            by=by if getattr(by, "pk", None) else None,
        )

    try:
        return retrying(write)
    except IntegrityError:  # the second click of a double one was as fast as the first
        return Exchange.objects.get(key=key)
    except NotReplaceable as problem:
        raise NotExchanged(str(problem)) from None
    except InsufficientStock:
        raise NotExchanged(
            _("This size has just been sold. Please choose another one; nothing was changed.")
        ) from None


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
            }
        )
    if not facts:
        raise NotExchanged(_("Please choose a size."))
    return facts


def finish(*, returning: Return, lines: list[dict[str, Any]]) -> bool:
    """The old pieces were accepted: the new ones may go, and what the cheaper size leaves goes back. Within the
    caller's transaction. False when it is no exchange, was finished, or a person must look (traces, pieces missing,
    money was given for them meanwhile)."""
    found = (
        Exchange.objects.filter(returning=returning, state=WAITING).select_related("order", "made").first()
    )
    if found is None:
        return False
    came: dict[int, int] = {}
    for line in lines:
        if line["grade"] == GRADE_A and line["order_line_id"] is not None:
            came[line["order_line_id"]] = came.get(line["order_line_id"], 0) + line["quantity"]
    if any(came.get(fact["order_line_id"], 0) < fact["quantity"] for fact in found.lines):
        return False
    if given_twice(found.order) & set(came):
        return False
    send(found=found)
    return True


def let_go(*, made: Order, by: Any) -> bool:
    """A person releases the order that sends the new pieces, traces or not. False when no exchange waits behind it."""
    found = Exchange.objects.filter(made=made, state=WAITING).select_related("order", "made").first()
    if found is not None:
        send(found=found, by=by)
    return found is not None


def send(*, found: Exchange, by: Any = None) -> None:
    """Let the new pieces go and give back what is due. StateError when it was sent or called off meanwhile."""

    def write() -> None:
        accounts.locked(found.order)
        fresh = Exchange.objects.select_related("order", "made").get(pk=found.pk)
        move(fresh, to=SENT, by=by, done_at=now())
        release_hold(order=fresh.made, by=by)
        if fresh.back_minor:
            _give_back(fresh, by)

    retrying(write)


def _give_back(found: Exchange, by: Any) -> None:
    """Credit what the new sizes are cheaper on the invoices that asked for it; refund what no open invoice takes."""
    with translation.override(found.order.language):
        reason = _("Exchange for a cheaper size, order %(number)s") % {"number": found.made.number}
    left, line_ids = found.back_minor, [fact["order_line_id"] for fact in found.lines]
    claims = Invoice.objects.claims().filter(order=found.order, lines__order_line_id__in=line_ids)
    rows = list(claims.exclude(state="cancelled").distinct().order_by("pk"))
    free = free_after(found.order, left)
    for claim in rows:
        amount = min(left, claim.gross_minor - credited_minor(claim))
        if amount > 0:
            source = f"exchange:{found.pk}:{claim.pk}"
            credit_note(invoice=claim, source=source, reason=reason, amount_minor=amount, by=by)
            left -= amount
    for payment, amount in payments_back(found.order, min(free, found.back_minor - left)):
        source = f"exchange:{found.pk}:{payment.pk}"
        request_refund(payment=payment, amount_minor=amount, source=source, reason=reason, by=by)


def call_off_late() -> int:
    """What nobody sent back in time is not exchanged: the new size is free for others. Returns how many."""
    late = Exchange.objects.filter(state=WAITING).select_related("returning", "made")
    gone = 0
    for found in late.order_by("pk"):
        returning = found.returning
        if returning.state in ("expired", "rejected") or returning.is_late:
            gone += call_off(found=found)
    return gone


def call_off(*, found: Exchange, by: Any = None) -> bool:
    """Free what was kept and expect nothing any more; the customer keeps what was sent. False when it was over."""
    with translation.override(settings.LANGUAGE_CODE):
        why = _("What was to be exchanged did not come back")

    def write() -> bool:
        fresh = Exchange.objects.select_related("made", "returning").get(pk=found.pk)
        try:
            move(fresh, to=CALLED_OFF, by=by, why=why, done_at=now())
        except StateError:
            return False
        dock.call_off(order_id=fresh.order_id, cause=f"{CAUSE}:{fresh.made.number}", by=by, why=why)
        cancel(order=fresh.made, by=by, why=why)
        return True

    return retrying(write)


def waits_until(found: Exchange) -> dt.date:
    """The day until which the new size is kept."""
    return found.returning.expected_by or today()
