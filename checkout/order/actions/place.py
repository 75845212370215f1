"""Placing: ONE transaction makes order, lines, reservations and payment row, and tells it. No network, no mail."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from catalogue.partner.actions import Wish, reserve
from checkout import hoarding
from checkout.basket.models import Basket
from checkout.basket.totals import BasketTotals
from checkout.order.events import OrderPlaced
from checkout.order.models import AcceptedSummary, Order
from checkout.order.numbers import new_order_number
from checkout.order.texts import SeenText
from checkout.payment.models import CARD, CREDIT, INVOICE, NOTHING, PREPAYMENT, Payment
from checkout.store_credit.actions import NotEnough
from shop.kernel.clock import now
from shop.kernel.outbox import current_correlation_id, record, record_all, remember
from shop.kernel.transactions import retrying

from .life import confirm

#: How long stock waits for the money, by method (order.md): an abandoned card page must not block the last pair.
RESERVED_FOR: dict[str, dt.timedelta | None] = {
    CARD: dt.timedelta(minutes=30),
    PREPAYMENT: dt.timedelta(days=7),
    INVOICE: None,
    NOTHING: None,
    CREDIT: None,
}
#: An order taken by phone is paid by a link in a mail, which one reads in the evening.
LINK_RESERVED_FOR = dt.timedelta(days=1)

#: Ways to pay that wait for no money before the contract is concluded, with the reason the history keeps.
CONFIRMED_AT_ONCE = {
    INVOICE: "purchase on account",
    NOTHING: "nothing to pay",
    CREDIT: "paid with store credit",
}


class PlacingRefused(Exception):
    """Base of why an order was not placed; nothing was changed."""


class PriceChanged(PlacingRefused):
    """The total is no longer what the shopper saw; carries both in minor units."""

    def __init__(self, seen_minor: int, present_minor: int) -> None:
        super().__init__(f"seen {seen_minor}, now {present_minor}")
        self.seen_minor, self.present_minor = seen_minor, present_minor


class CreditChanged(PlacingRefused):
    """The customer's credit is no longer what the summary counted on: it was spent in another tab."""


class KeepsTooMuch(PlacingRefused):
    """Goods are kept already for so many unpaid orders of this person (checkout/hoarding.py)."""


class BasketGone(PlacingRefused):
    """The basket is empty or belongs to no open session any more."""


class BasketChanged(PlacingRefused):
    """Goods, address, delivery or payment were changed (in another tab) since the summary was shown."""


@dataclass(frozen=True)
class Contact:
    """How to reach the buyer, and which firm they buy for.

    ``carrier_agreed_at``: when they agreed that the carrier gets it too; None: not. ``vat_check_id``: the register's
    answer about the VAT id, None when it was not asked.
    """

    email: str
    phone: str = ""
    language: str = "de"
    carrier_agreed_at: dt.datetime | None = None
    company: str = ""
    vat_id: str = ""
    buyer_reference: str = ""
    vat_check_id: int | None = None


@dataclass(frozen=True)
class Placement:
    """Everything that makes an order, already checked by the caller. Addresses are unsaved model instances.

    ``taken_by``: the colleague who takes it by phone; None: the customer placed it. ``texts``: the legal texts that
    apply, in the versions that the summary names. ``credit_minor``: what of the total the customer's store credit pays.
    ``is_limited``: whether goods are kept for a few unpaid orders of this person only (in the web shop; staff may).
    """

    basket: Any
    totals: BasketTotals
    contact: Contact
    billing_address: Any
    shipping_address: Any | None
    delivery_code: str
    delivery_name: str
    payment_method: str
    user: Any = None
    seen_total_minor: int | None = None
    accepted_html: str = ""
    seen_sha256: str | None = None
    taken_by: Any = None
    texts: Sequence[SeenText] = ()
    credit_minor: int = 0
    is_limited: bool = False

    @property
    def keeps_goods(self) -> dict[str, Any] | None:
        """What checkout.hoarding asks about, where this order is to be paid before it is sent and limits apply."""
        if not self.is_limited or RESERVED_FOR[self.payment_method] is None:
            return None
        pieces = sum(line.quantity for line in self.totals.lines)
        return {"user": self.user, "email": self.contact.email, "pieces": pieces}


def place(placement: Placement, *, by: Any = None) -> Order:
    """Place an order, once per basket: a second click or tab gets the same order back.

    Raises PriceChanged when the total differs from what was seen, BasketChanged when anything else of the summary
    does (§ 312j BGB: what is kept as accepted is what was shown), CreditChanged when less credit is there, BasketGone
    for an empty or foreign basket, and InsufficientStock naming the SKU when the last piece went to somebody else. In
    each case nothing was changed.

    An order over 0.00 is confirmed at once and has no payment, whatever way to pay was chosen; so is one that store
    credit pays as a whole, which is its payment.
    """
    try:
        checked = _as_seen(placement)
    except (PriceChanged, BasketChanged, CreditChanged):
        already = placed_from(placement.basket.pk)
        if already is None:
            raise
        return already  # the first click was faster, and the credit it spent is what differs
    number = new_order_number()
    return retrying(lambda: _place(checked, number, by))


def _as_seen(placement: Placement) -> Placement:
    """The placement with the way to pay that is left for it; raises where it is not what was seen."""
    if not placement.totals.lines:
        raise BasketGone("the basket is empty")
    if placement.seen_total_minor is not None and placement.seen_total_minor != placement.totals.total_minor:
        raise PriceChanged(placement.seen_total_minor, placement.totals.total_minor)
    if placement.seen_sha256 not in (None, AcceptedSummary.digest(placement.accepted_html)):
        raise BasketChanged("the summary is no longer the one that was seen")
    if not placement.totals.total_minor:
        return replace(placement, payment_method=NOTHING, credit_minor=0)
    if placement.credit_minor == placement.totals.total_minor:
        return replace(placement, payment_method=CREDIT)
    if placement.payment_method == CREDIT or not 0 <= placement.credit_minor < placement.totals.total_minor:
        raise CreditChanged("credit does not pay the whole order")
    if placement.payment_method == NOTHING:
        raise PriceChanged(0, placement.totals.total_minor)
    return placement


def _reserved_for(placement: Placement) -> dt.timedelta | None:
    if placement.taken_by is not None and placement.payment_method == CARD:
        return LINK_RESERVED_FOR
    return RESERVED_FOR[placement.payment_method]


def placed_from(basket_id: int) -> Order | None:
    """The order made of a basket, if any."""
    return Order.objects.filter(placement_key=f"basket:{basket_id}").first()


def _place(placement: Placement, number: str, by: Any) -> Order:
    keeps = placement.keeps_goods
    room = hoarding.room(**keeps) if keeps else []
    taken = Basket.objects.filter(*room, pk=placement.basket.pk, status=Basket.OPEN).update(
        status=Basket.SUBMITTED, date_submitted=now()
    )
    if not taken:
        already = placed_from(placement.basket.pk)
        if (
            already is None
            and keeps
            and Basket.objects.filter(pk=placement.basket.pk, status=Basket.OPEN).exists()
        ):
            raise KeepsTooMuch(hoarding.words(**keeps))
        if already is None:
            raise BasketGone("this basket has been emptied or merged in another tab")
        return already
    from checkout.order.utils import OrderCreator  # the seam of Oscar; it knows the models, we know the rules

    order, lines = OrderCreator().write(placement, number=number, correlation_id=current_correlation_id())
    remember({"order_id": order.pk}, order.correlation_id)
    wait = _reserved_for(placement)
    expires_at = now() + wait if wait else None
    if placement.accepted_html:
        _keep_summary(order, placement)
    rest = order.total_minor - placement.credit_minor
    if rest:
        Payment.objects.create(
            order=order,
            method=placement.payment_method,
            amount_minor=rest,
            currency=order.currency,
            expires_at=expires_at,
            state="authorised" if placement.payment_method == INVOICE else "created",
        )
    told: list[Any] = [
        OrderPlaced(order.pk, order.number, order.payment_method, order.total_minor, order.currency)
    ]
    at_once = CONFIRMED_AT_ONCE.get(placement.payment_method, "")
    if not at_once:
        record_all(told)
    # As late as can be: from here until the end everybody waits who wants the same SKU.
    wishes = [Wish(line.stockrecord_id, line.pk, order.pk, line.quantity) for line in lines]
    reserve(wishes, expires_at=expires_at)
    # Stock before credit, as where an order is cancelled: so nobody waits for the other in a circle.
    if placement.credit_minor:
        _spend(order, placement.credit_minor, by, told.append if at_once else record)
    if at_once:
        confirm(order=order, by=by, why=at_once, tell=told.append, never_expires=expires_at is None)
        record_all(told)
    return order


def _keep_summary(order: Order, placement: Placement) -> None:
    """What was shown above the button, with the texts it rested on."""
    digest = AcceptedSummary.digest(placement.accepted_html)
    texts = [text.facts() for text in placement.texts]
    AcceptedSummary.objects.create(order=order, html=placement.accepted_html, sha256=digest, texts=texts)


def _spend(order: Order, credit_minor: int, by: Any, tell: Callable[[Any], Any]) -> None:
    from checkout.payment.actions.store_credit import pay_with_credit

    try:
        pay_with_credit(order=order, amount_minor=credit_minor, by=by, tell=tell)
    except NotEnough as less:
        raise CreditChanged(str(less)) from None
