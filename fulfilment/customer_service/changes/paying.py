"""A paid order would cost more: the change waits for the difference, is made when it comes, or lapses.

Nothing of the order is touched while it waits, only that nobody begins to pick it. Pieces are not kept meanwhile: when
they are gone, the difference goes back by itself (docs/decisions/0068).
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from catalogue.partner.models import InsufficientStock
from checkout.order.actions import hold, release_hold
from checkout.order.models import Order
from checkout.payment.actions.amend import paid_minor
from checkout.payment.actions.settle import close_card_attempt
from checkout.payment.actions.supplement import TooSmall, ask_supplement, refuse_supplement
from checkout.payment.models import Payment
from checkout.payment.stripe_client import ProviderDown
from fulfilment.warehouse.picking.actions import hold_order
from shop.kernel.clock import now
from shop.kernel.outbox import record
from shop.kernel.states import StateError, move
from shop.kernel.transactions import retrying
from shop.ui.numbers import money_text

from .altering import ChangeRefused, CostsMore, alter
from .events import OrderChangeNews
from .models import CUSTOMER, STAFF, WHY, OrderChange
from .rules import what_may_change
from .states import DONE, LAPSED, WAITING
from .wishes import Wish

#: How long a change waits for its payment: the shopper is at the page; whom staff changed it for gets a mail.
LASTS = {CUSTOMER: dt.timedelta(minutes=30), STAFF: dt.timedelta(hours=48)}
BATCH = 100


def wait_for_difference(
    *, order_id: int, wish: Wish, key: str, more_minor: int, seen_minor: int | None, by: Any, why: str
) -> OrderChange:
    """Within a transaction: ask for the difference by card, and let nobody begin to pick meanwhile. Raises
    ChangeRefused in words."""
    order = hold_order(order_id)
    after, voice = paid_minor(order) + more_minor, STAFF if by is not None else CUSTOMER
    if seen_minor is not None and seen_minor != after:
        raise ChangeRefused(_("A price has changed since you looked. Please look again."))
    try:
        payment = ask_supplement(order=order, amount_minor=more_minor, lasts=LASTS[voice])
    except TooSmall as small:
        raise ChangeRefused(
            _("The difference of %(more)s cannot be charged to a card; %(least)s is the least.")
            % {
                "more": money_text(more_minor, order.currency),
                "least": money_text(small.least_minor, order.currency),
            }
        ) from None
    with translation.override(settings.LANGUAGE_CODE):  # kept as text, for staff
        held_as = "" if order.on_hold else _("Waits for the payment of what the customer added.")
    if held_as:
        hold(order=order, by=by, why=held_as)
    made = OrderChange.objects.create(
        order=order,
        kind=wish.kind,
        key=key,
        voice=voice,
        state=WAITING,
        why=why,
        before_minor=order.total_minor,
        after_minor=after,
        facts={"held_as": held_as},
        wish=wish.plain(),
        payment=payment,
        by=by,
    )
    record(OrderChangeNews(made.pk, order.pk, WAITING))
    return made


def make_paid_change(payment: Payment) -> bool:
    """The difference is in (within the transaction of its capture): the change is made as it was wished. False when
    that is not possible any more; the money then goes back."""
    row = OrderChange.objects.filter(payment=payment, state=WAITING).first()
    if row is None:
        return False
    order = hold_order(row.order_id)
    try:
        with transaction.atomic(), translation.override(order.language):  # what stood against it is told
            _make(row, order)
    except InsufficientStock:
        with translation.override(order.language):
            problem = _("the pieces have been sold meanwhile")
    except (ChangeRefused, CostsMore, StateError) as refused:
        problem = str(refused)
    else:
        _let_go(order, row)
        return True
    row.refresh_from_db()
    _lapse(order, row, problem)
    return False


def _make(row: OrderChange, order: Order) -> None:
    move(row, to=DONE, by=row.by, why="paid")  # first: else it would stand in its own way
    may = what_may_change(order)[row.kind]
    if not may.allowed:
        raise ChangeRefused(may.reason)
    facts = alter(order, Wish.of(row.wish), row.source, row.by, row.why or WHY)
    if order.total_minor != row.after_minor:
        raise ChangeRefused(_("A price has changed since you looked. Please look again."))
    row.facts = row.facts | facts
    row.save(update_fields=["facts"])


def drop(*, change: OrderChange, why: str, by: Any = None) -> bool:
    """The change is not wanted any more, or its time is over: it is closed at the provider first, so that no money can
    come. False when money came meanwhile, or the bank is still asking. Raises ProviderDown."""
    order = Order.objects.get(pk=change.order_id)
    if order.status != "cancelled" and not close_card_attempt(order=order, by=by):
        return False

    def work() -> bool:
        held = hold_order(order.pk)
        row = OrderChange.objects.select_related("payment").get(pk=change.pk)
        if row.state != WAITING or row.payment is None or row.payment.state == "captured":
            return False
        refuse_supplement(payment=row.payment, why="not paid in time", by=by)
        _lapse(held, row, why)
        return True

    return retrying(work)


def drop_unpaid() -> int:
    """Every change whose time to be paid is over, or whose order is gone. Returns how many."""
    done = 0
    waiting = OrderChange.objects.filter(state=WAITING).select_related("payment", "order").order_by("pk")
    for row in waiting[:BATCH]:
        expires_at = row.payment.expires_at if row.payment else None
        if row.order.status == "cancelled" or (expires_at is not None and expires_at <= now()):
            try:
                with translation.override(row.order.language):
                    done += drop(change=row, why=_("the difference was not paid in time"))
            except ProviderDown:  # better a change that waits a little longer than money for nothing
                break
    return done


def _lapse(order: Order, row: OrderChange, problem: str) -> None:
    _let_go(order, row)
    move(row, to=LAPSED, why=problem[:300], facts=row.facts | {"problem": problem})
    if order.status != "cancelled":
        record(OrderChangeNews(row.pk, order.pk, LAPSED))


def _let_go(order: Order, row: OrderChange) -> None:
    """Picking may begin, unless somebody holds the order for another reason."""
    held_as = row.facts.get("held_as")
    if held_as and order.on_hold and order.hold_reason == held_as:
        release_hold(order=order, by=row.by)


def waiting_change(order: Order) -> OrderChange | None:
    """The change of an order that waits for its payment. One query."""
    return OrderChange.objects.filter(order=order, state=WAITING).select_related("payment").first()
