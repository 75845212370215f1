"""Change or cancel an order before anybody picks it: order, stock, lists and money in one transaction, or nothing."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalogue.partner.models import InsufficientStock, StockRecord
from checkout.order.actions import AddressNotCorrected, cancel
from checkout.order.events import OrderAmended
from checkout.order.models import Order
from checkout.payment.actions import close_unpaid
from checkout.payment.actions.amend import CardStillOpen, card_again
from checkout.payment.actions.settle import close_card_attempt
from fulfilment.warehouse.picking.actions import hold_order
from shop.kernel.outbox import record
from shop.kernel.states import StateError, move
from shop.kernel.text import clean_line
from shop.kernel.transactions import retrying

from .altering import ChangeRefused, CostsMore, alter, readdress
from .models import (
    ADDRESS,
    CANCEL,
    CUSTOMER,
    DELIVERY,
    PIECES,
    STAFF,
    WHY,
    OrderChange,
    source_of,
)  # fmt: skip
from .paying import wait_for_difference
from .rules import May, what_may_change
from .states import LAPSED, WAITING
from .wishes import Wish

WHY_MAX = 300


class TooLate(ChangeRefused):
    """The order can no longer be changed like this: somebody began to pick it. ``may`` says what is possible."""

    def __init__(self, may: May) -> None:
        super().__init__(may.reason)
        self.may = may


def change(
    *, order: Order, wish: Wish, key: str, by: Any = None, why: str = "", seen_minor: int | None = None
) -> OrderChange:
    """Carry a change out; one that makes a paid order dearer waits for the difference (its ``state``).

    ``key`` names the form: a double click finds the first one's result. ``by``: staff, who say why; None: the customer.
    ``seen_minor``: the total that the preview named; another one now is refused. Raises TooLate, ChangeRefused in
    words; ProviderDown when the card provider cannot be asked. Nothing is changed then.
    """
    reason = clean_line(why)[:WHY_MAX]
    if by is not None and not reason:
        raise ChangeRefused(_("Please say why."))
    if wish.kind == CANCEL and order.status == "awaiting_payment":
        return _close_unpaid(order, key, by, reason)
    closed = _close_card(order, wish, key, by, seen_minor)
    try:
        done = _make(order, wish, key, by, reason, seen_minor)
    except ChangeRefused:
        if closed:  # nothing was changed, so the order is paid by card as before
            retrying(lambda: card_again(order=hold_order(order.pk)))
        raise
    order.refresh_from_db()
    return done


def _close_card(order: Order, wish: Wish, key: str, by: Any, seen_minor: int | None) -> bool:
    """The open card payment of an order that will ask for another amount is closed at the provider, else that would
    take the old one. Only when nothing stands against the change: one that is refused leaves the payment alone. Returns
    whether it may be closed now. Raises as change()."""
    from .preview import preview  # it carries out what it shows, so it needs this file

    if order.status != "awaiting_payment" or wish.kind not in (PIECES, DELIVERY):
        return False
    if OrderChange.objects.filter(key=key, order=order).exists():
        return False
    refuse_other_total(preview(order=order, wish=wish, by=by).after_minor, seen_minor)
    close_card_attempt(order=order, by=by)  # network
    return True


def refuse_other_total(total_minor: int, seen_minor: int | None) -> None:
    """Raises ChangeRefused when the order would cost something else than its page said (``seen_minor``)."""
    if seen_minor is not None and seen_minor != total_minor:
        raise ChangeRefused(_("A price has changed since you looked. Please look again."))


def _make(order: Order, wish: Wish, key: str, by: Any, reason: str, seen_minor: int | None) -> OrderChange:
    """The part of change() without network; what stands against it is said in words."""
    try:
        return retrying(lambda: _carry_out_or_wait(order.pk, wish, key, by, reason, seen_minor))
    except InsufficientStock as gone:
        raise ChangeRefused(sold(gone)) from None
    except AddressNotCorrected as problem:
        raise ChangeRefused(str(problem)) from None
    except CardStillOpen:
        raise ChangeRefused(_("A card payment was begun in this moment. Please look again.")) from None
    except StateError:
        raise ChangeRefused(_("Your order has changed in this moment. Please look again.")) from None


def _carry_out_or_wait(
    order_id: int, wish: Wish, key: str, by: Any, why: str, seen_minor: int | None
) -> OrderChange:
    try:
        with transaction.atomic():
            return carry_out(order_id, wish, key, by, why, seen_minor)
    except CostsMore as costs:
        return wait_for_difference(
            order_id=order_id,
            wish=wish,
            key=key,
            more_minor=costs.more_minor,
            seen_minor=seen_minor,
            by=by,
            why=why,
        )


def carry_out(
    order_id: int,
    wish: Wish,
    key: str,
    by: Any,
    why: str,
    seen_minor: int | None = None,
    *,
    paid: bool = True,
) -> OrderChange:
    """The part of change() that belongs in a transaction. ``paid`` False: for a reckoning that is taken back, also when
    the difference is not paid yet; else CostsMore is raised."""
    order = hold_order(order_id)
    known = OrderChange.objects.filter(key=key, order=order).first()
    if known is not None:
        return known
    refuse(order, wish.kind)
    before, facts = order.total_minor, {}
    if wish.kind == CANCEL:
        cancel(order=order, by=by, why=why or WHY)
        for waiting in OrderChange.objects.filter(order=order, state=WAITING):
            move(waiting, to=LAPSED, by=by, why="order cancelled")
    elif wish.kind == ADDRESS:
        facts = readdress(order, wish.address, by, why or WHY)
    else:
        facts = alter(order, wish, source_of(key), by, why or WHY, paid=paid)
    after = 0 if wish.kind == CANCEL else order.total_minor
    refuse_other_total(after, seen_minor)
    made = OrderChange.objects.create(
        order=order,
        kind=wish.kind,
        key=key,
        voice=STAFF if by is not None else CUSTOMER,
        why=why,
        before_minor=before,
        after_minor=after,
        facts=facts,
        by=by,
    )
    if wish.kind == ADDRESS:
        record(OrderAmended(order.pk, order.number, made.source, 0, order.currency))
    return made


def refuse(order: Order, kind: str) -> None:
    """Raises TooLate, with what is possible instead, when this kind of change is not possible."""
    may = what_may_change(order).get(kind)
    if may is None:
        raise ChangeRefused(_("Please choose what shall be changed."))
    if not may.allowed:
        raise TooLate(may)


def sold(gone: InsufficientStock) -> str:
    """In words that a shopper understands: what is not there any more."""
    record_ = StockRecord.objects.filter(partner_sku=gone.sku).select_related("product__parent").first()
    title = record_.product.title_local if record_ else gone.sku
    if gone.left < 1:
        return _("%(title)s has been sold meanwhile. Nothing was changed.") % {"title": title}
    text = ngettext(
        "Of %(title)s only %(n)s piece is left. Nothing was changed.",
        "Of %(title)s only %(n)s pieces are left. Nothing was changed.",
        gone.left,
    )
    return text % {"title": title, "n": gone.left}


def _close_unpaid(order: Order, key: str, by: Any, why: str) -> OrderChange:
    """An order that waits for its money is closed at the provider first, so that none can come any more."""
    refuse(order, CANCEL)
    before = order.total_minor
    if not close_unpaid(order=order, by=by, why=why or WHY):
        known = OrderChange.objects.filter(key=key).first()
        if known is not None:
            return known
        raise ChangeRefused(
            _("Your payment has just arrived. Please look again; you can still cancel the order.")
        )
    order.refresh_from_db()
    made, _new = OrderChange.objects.get_or_create(
        key=key,
        defaults={
            "order": order,
            "kind": CANCEL,
            "voice": STAFF if by is not None else CUSTOMER,
            "why": why,
            "before_minor": before,
            "after_minor": 0,
            "by": by,
        },
    )
    return made
