"""How an exchange ends: the new pieces may go, or it is off.

Whoever ends one holds the account of the first order, then the order that sends the new pieces, then the return.
"""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from checkout.order.actions import cancel, release_hold
from checkout.order.models import Order
from checkout.payment.actions import request_refund
from fulfilment.finance.invoicing import accounts
from fulfilment.finance.invoicing.actions import credit_note
from fulfilment.finance.invoicing.actions.rests import credited_minor
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.warehouse.picking.actions import hold_order
from fulfilment.warehouse.receiving import actions as dock
from fulfilment.warehouse.receiving.models import GRADE_A, Return
from fulfilment.warehouse.receiving.states import EXPECTED
from fulfilment.warehouse.stock.actions import StockError
from shop.kernel.clock import now
from shop.kernel.states import StateError, move
from shop.kernel.transactions import retrying

from .left import CAUSE, given_twice
from .models import Exchange
from .plan import free_after, payments_back
from .states import CALLED_OFF, CANCELLED, SENT, WAITING

log = logging.getLogger(__name__)
NOT_COMING = ("expired", "rejected")


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


def release(*, order: Order, by: Any) -> bool:
    """A person lets an order go on that was held; the only way for staff. An exchange that waits behind it is finished
    with it, traces or not, and gives back what is due: then True."""

    def write() -> bool:
        found = Exchange.objects.filter(made=order, state=WAITING).select_related("order", "made").first()
        if found is not None:
            send(found=found, by=by)
        release_hold(order=order, by=by)
        return found is not None

    return retrying(write)


def send(*, found: Exchange, by: Any = None) -> None:
    """Let the new pieces go and give back what is due. StateError when it was sent or called off meanwhile."""

    def write() -> None:
        accounts.locked(found.order)
        made = hold_order(found.made_id)
        fresh = Exchange.objects.select_related("order", "made").get(pk=found.pk)
        move(fresh, to=SENT, by=by, done_at=now())
        release_hold(order=made, by=by)
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
    """What nobody sent back in time is not exchanged: the new size is free for others. Returns how many.

    What its customer says is on its way is waited for until the dock gives it up. One that cannot be called off is
    logged, and the others are."""
    late = Exchange.objects.filter(state=WAITING).select_related("returning", "made", "order")
    gone = 0
    for found in late.order_by("pk"):
        returning = found.returning
        if returning.state in NOT_COMING or (returning.is_late and returning.state != "in_transit"):
            try:
                gone += call_off(found=found)
            except (StateError, StockError):
                log.exception("exchange %s is not called off", found.pk)
    return gone


def call_off(*, found: Exchange, by: Any = None) -> bool:
    """Free what was kept and expect nothing any more; the customer keeps what was sent. False when it was over, or when
    the old pieces are here after all: then they are looked at.

    An order that goes on already is left alone: its pieces leave, so the exchange counts as sent, and as the old ones
    never came nothing goes back."""
    with translation.override(settings.LANGUAGE_CODE):
        why = _("What was to be exchanged did not come back")

    def write() -> bool:
        accounts.locked(found.order)
        made = hold_order(found.made_id)
        returning = Return.objects.select_for_update(no_key=True).get(pk=found.returning_id)
        fresh = Exchange.objects.get(pk=found.pk)
        if fresh.state != WAITING or not _is_missing(returning):
            return False
        if made.status != "cancelled" and not made.on_hold:
            move(fresh, to=SENT, by=by, why=why, back_minor=0, done_at=now())
            return False
        move(fresh, to=CALLED_OFF, by=by, why=why, done_at=now())
        dock.call_off(order_id=fresh.order_id, cause=f"{CAUSE}:{made.number}", by=by, why=why)
        cancel(order=made, by=by, why=why)
        return True

    return retrying(write)


def _is_missing(returning: Return) -> bool:
    """Whether nothing of it came, not even on a table of the dock where somebody is unpacking it. The row is held."""
    if returning.state not in (*EXPECTED, *NOT_COMING):
        return False
    return not returning.items.filter(reception="received").exists()


def end_with(*, made: Order, by: Any = None) -> bool:
    """The order that was to send the new pieces is cancelled, so its exchange is over; the dock waits no more for what
    is not on its way. Within the caller's transaction, which holds the account. False when no exchange was open."""
    found = Exchange.objects.filter(made=made, state__in=(WAITING, SENT)).select_related("returning").first()
    if found is None:
        return False
    with translation.override(settings.LANGUAGE_CODE):
        why = _("Order %(number)s was cancelled") % {"number": made.number}
    move(found, to=CALLED_OFF if found.state == WAITING else CANCELLED, by=by, why=why, done_at=now())
    if found.returning.state != "in_transit" and _is_missing(found.returning):
        dock.call_off(order_id=found.order_id, cause=found.returning.cause, by=by, why=why)
    return True
