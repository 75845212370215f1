"""How an exchange ends: the new pieces may go, or it is off.

Whoever ends one holds the account of the first order, then the order that sends the new pieces, then the return.
"""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from checkout.order.actions import cancel, hold, release_hold
from checkout.order.models import Line, Order
from checkout.payment.actions import request_refund
from fulfilment.finance.invoicing import accounts
from fulfilment.finance.invoicing.actions import credit_note
from fulfilment.finance.invoicing.actions.rests import rest_of_line
from fulfilment.finance.invoicing.models import Invoice, InvoiceLine
from fulfilment.warehouse.picking.actions import hold_order
from fulfilment.warehouse.receiving import actions as dock
from fulfilment.warehouse.receiving.models import GRADE_A, Return
from fulfilment.warehouse.receiving.states import EXPECTED
from fulfilment.warehouse.stock.actions import StockError
from shop.approvals import actions as approvals
from shop.kernel.clock import now
from shop.kernel.states import StateError, move
from shop.kernel.transactions import retrying
from shop.ui.numbers import money_text

from . import approving, automatic
from .left import CAUSE, given_twice
from .models import Exchange, Settlement
from .plan import free_after, payments_back
from .states import CALLED_OFF, CANCELLED, DONE, NOTHING, PROPOSED, SENT, WAITING

log = logging.getLogger(__name__)
NOT_COMING = ("expired", "rejected")
NOT_PAID = gettext_lazy(
    "The difference of %(amount)s is not paid yet; without it the exchange ends by itself."
)
KIND = "replacement"  #: whose limit holds for new goods that leave before the old ones are here


class NotReleased(ValueError):
    """The new pieces do not go; the message says why, for people. Nothing was changed."""


def in_words(problem: ValueError) -> str:
    """Why new pieces do not go, for people: our own words, those of finance, or that something has changed."""
    return str(problem) if isinstance(problem, NotReleased) else approving.in_words(problem)


def finish(*, returning: Return, lines: list[dict[str, Any]]) -> bool:
    """The old pieces were accepted: the new ones may go, and what the cheaper size leaves goes back. Within the
    caller's transaction, which holds the account.

    False when a person must look first: traces, pieces missing, money was given for them meanwhile, the order is held
    for another reason, finance cannot credit. The order's hold then says so. True as well for what is no exchange.
    """
    found = Exchange.objects.filter(returning=returning, state__in=(WAITING, SENT)).first()
    if found is None:
        return True
    problem = ""
    if _is_whole(found, lines) and not given_twice(found.order) & _line_ids(found):
        try:
            with transaction.atomic():
                _finish(found)
            return True
        except ValueError as refused:
            problem = in_words(refused)
    if found.state == WAITING:
        _say_that_a_person_looks(found, problem)
    return False


def _is_whole(found: Exchange, lines: list[dict[str, Any]]) -> bool:
    """Whether all that is exchanged came, like new."""
    came: dict[int, int] = {}
    for line in lines:
        if line["grade"] == GRADE_A and line["order_line_id"] is not None:
            came[line["order_line_id"]] = came.get(line["order_line_id"], 0) + line["quantity"]
    return all(came.get(fact["order_line_id"], 0) >= fact["quantity"] for fact in found.lines)


def _line_ids(found: Exchange) -> set[int]:
    return {fact["order_line_id"] for fact in found.lines}


def _finish(found: Exchange) -> None:
    """Send it; of one that a person let go before, only the money is still to go back. ValueError in words."""
    if found.state == SENT:
        _give_back(found, None)
        return
    made = hold_order(found.made_id)
    if made.status == "awaiting_payment":
        raise NotReleased(NOT_PAID % {"amount": money_text(found.more_minor, found.order.currency)})
    if made.on_hold and made.hold_reason != found.held_as:
        raise NotReleased(_("It is held for another reason."))
    send(found=found)


def _say_that_a_person_looks(found: Exchange, problem: str) -> None:
    """In the words of the hold, unless it is held for another reason by now."""
    made = hold_order(found.made_id)
    if made.hold_reason != found.held_as:
        return
    with translation.override(settings.LANGUAGE_CODE):  # kept as text, for staff
        why = _(
            "What is exchanged is here with return %(number)s, but a person must look at it. Release this order, or "
            "cancel it and decide about the money."
        ) % {"number": found.returning.number}
    hold(order=made, by=None, why=f"{why} {problem}".strip())
    Exchange.objects.filter(pk=found.pk).update(held_as=made.hold_reason)


def release(*, order: Order, by: Any, why: str = "", approved: bool = False) -> bool:
    """A person lets an order go on that was held; the only way for staff. An exchange that waits behind it is finished
    with it, traces or not: then True. What is due goes back with it, or later when the old pieces are accepted.
    ``approved``: a second person agreed, so no limit is asked for.

    Raises NotReleased in words: goods that are worth more than ``by`` may send alone before the old ones are here, no
    reason for it, money that was given instead, an invoice that finance cannot credit.
    """

    def write() -> bool:
        found = waiting_behind(order)
        if found is not None:
            accounts.locked(found.order)
            found = waiting_behind(order)  # whoever held the account may have ended it
        if found is not None:
            _let_go(found, by, why, approved)
        release_hold(order=order, by=by)
        return found is not None

    return retrying(write)


def waiting_behind(order: Order) -> Exchange | None:
    """The exchange whose new pieces this order sends while it waits for the old ones. One query, none for others."""
    if order.replaces_id is None:
        return None
    rows = Exchange.objects.filter(made=order, state=WAITING).select_related("order", "made", "returning")
    return rows.first()


def _let_go(found: Exchange, by: Any, why: str, approved: bool) -> None:
    if problem := refusal(found) or ("" if approved else above_limit(found, by)):
        raise NotReleased(problem)
    if not is_here(found) and not why.strip():
        raise NotReleased(_("Please say why the new pieces go before the old ones are here."))
    send(found=found, by=by, why=why)
    settlement = Settlement.objects.filter(returning=found.returning_id, state=PROPOSED).first()
    if settlement is not None and automatic.is_replaced(settlement):
        said = automatic.new_goods_go(found.made)
        move(settlement, to=NOTHING, by=by, why=said, kept_why=said, done_at=now(), done_by=by)
        approving.void(settlement)


def is_here(found: Exchange) -> bool:
    """Whether the dock has what is exchanged and finished its parcel."""
    return found.returning.state in ("received", "settled")


def refusal(found: Exchange) -> str:
    """Why nobody can let the new pieces go, in words; "" when it is possible."""
    if found.made.status == "cancelled":
        return _("The order is cancelled already.")
    if found.made.status == "awaiting_payment":
        return NOT_PAID % {"amount": money_text(found.more_minor, found.order.currency)}
    if Settlement.objects.filter(returning=found.returning_id, state=DONE).exists() or given_twice(
        found.order
    ) & _line_ids(found):
        return _(
            "Money was given for what is exchanged. Cancel this order: nobody gets new goods and the money."
        )
    return ""


def above_limit(found: Exchange, by: Any) -> str:
    """Why ``by`` needs a second person to let the new pieces go before the old ones are here; "" when they may."""
    worth = worth_minor(found)
    if not is_here(found) and approvals.needed(kind_name=KIND, amount_minor=worth, by=by):
        return _(
            "The old pieces are not here, and %(worth)s you may not send alone. Wait for return %(number)s, or ask "
            "for approval: “Help the customer”, “Release the order”."
        ) % {"worth": money_text(worth, found.order.currency), "number": found.returning.number}
    return ""


def worth_minor(found: Exchange) -> int:
    """What the customer paid (or owes) for the pieces that are exchanged, gross minor units. One query."""
    lines = Line.objects.in_bulk(_line_ids(found))
    return sum(lines[fact["order_line_id"]].owed_for(fact["quantity"]) for fact in found.lines)


def effects(found: Exchange) -> list[str]:
    """What happens when a person lets the new pieces go, point by point."""
    words = {"number": found.returning.number}
    points = [
        _("The old pieces are here with return %(number)s.") % words
        if is_here(found)
        else _("The old pieces are not here yet: return %(number)s is awaited.") % words
    ]
    points += [
        _("%(n)d × %(title)s may leave; the warehouse goes on with the order.")
        % {"n": fact["quantity"], "title": fact["new_title"]}
        for fact in found.lines
    ]
    amount = {"amount": money_text(found.back_minor, found.order.currency)}
    if not found.back_minor:
        return [*points, _("No money moves: nothing is credited and nothing asked for.")]
    if found.returning.state == "settled":
        return [*points, _("%(amount)s are credited and go back, because the new size costs less.") % amount]
    return [
        *points,
        _("%(amount)s are credited and go back when the old pieces are accepted, not before.") % amount,
    ]


def send(*, found: Exchange, by: Any = None, why: str = "") -> None:
    """Let the new pieces go, and give back what is due if the old ones were accepted. StateError when it was sent or
    called off meanwhile, ValueError when finance cannot credit."""

    def write() -> None:
        accounts.locked(found.order)
        made = hold_order(found.made_id)
        fresh = Exchange.objects.select_related("order", "made", "returning").get(pk=found.pk)
        move(fresh, to=SENT, by=by, why=why, done_at=now())
        release_hold(order=made, by=by)
        if fresh.returning.state == "settled":
            _give_back(fresh, by)

    retrying(write)


def _give_back(found: Exchange, by: Any) -> None:
    """Credit what the new sizes are cheaper, each on the line that asked for its old piece, so that no other article
    bears it; refund what no open invoice takes. ValueError when the invoices have less left than was promised."""
    if not found.back_minor:
        return
    with translation.override(found.order.language):
        reason = _("Exchange for a cheaper size, order %(number)s") % {"number": found.made.number}
    free = free_after(found.order, found.back_minor)
    for fact in found.lines:
        left = fact["back_minor"]
        for line in _invoiced(found.order, fact["order_line_id"]):
            amount = min(left, rest_of_line(line)[1])
            if amount > 0:
                source = f"exchange:{found.pk}:{line.pk}"
                credit_note(
                    invoice=line.invoice, source=source, reason=reason, amount_minor=amount, of_line=line, by=by
                )  # fmt: skip
                left -= amount
        if left:
            raise NotReleased(
                _("The invoices have less left of %(title)s than was promised back.")
                % {"title": fact["title"]}
            )
    for payment, amount in payments_back(found.order, min(free, found.back_minor)):
        source = f"exchange:{found.pk}:{payment.pk}"
        request_refund(payment=payment, amount_minor=amount, source=source, reason=reason, by=by)


def _invoiced(order: Order, line_id: int) -> list[InvoiceLine]:
    claims = Invoice.objects.claims().filter(order=order).exclude(state="cancelled")
    rows = InvoiceLine.objects.filter(invoice__in=claims, order_line_id=line_id)
    return list(rows.select_related("invoice__order").order_by("pk"))


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


def ask_about_missing() -> int:
    """New pieces went out before the old ones were here, and those never came: a person is asked, once, on the list of
    returns' money. Returns how many. What its customer says is on its way is waited for."""
    rows = Exchange.objects.filter(state=SENT, returning__settlement__isnull=True)
    asked = 0
    for found in rows.select_related("returning", "order").order_by("pk"):
        if found.returning.state in NOT_COMING or (
            found.returning.is_late and found.returning.state != "in_transit"
        ):
            asked += _ask_about(found)
    return asked


def _ask_about(found: Exchange) -> bool:
    def write() -> bool:
        accounts.locked(found.order)
        returning = Return.objects.select_for_update(no_key=True).get(pk=found.returning_id)
        known = Settlement.objects.filter(returning=returning).exists()
        if known or not _is_missing(returning):
            return False
        Settlement.objects.create(
            returning=returning,
            order=found.order,
            cause=returning.cause,
            currency=found.order.currency,
            lines=[],
            waits_because=automatic.NEVER_CAME,
        )
        return True

    return retrying(write)


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
