"""Letters on what was changed in an order before it was picked."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from checkout.order.models import Amendment, Order
from checkout.payment.models import CARD, PREPAYMENT
from fulfilment.customer_service.changes.models import ADDRESS, CUSTOMER, DELIVERY, OrderChange
from fulfilment.finance.invoicing.letterhead import money
from shop.notifications import facts
from shop.notifications.letter import Block, Facts, Goods, Item, Letter, Paragraph

from .orders import link, signature, ways


def changed(order: Order, change: OrderChange, amendments: Sequence[Amendment]) -> Letter:
    """What is different now, and what becomes of the money. By staff: who reads it may not know why, so it says so."""
    number = {"number": order.number}
    opening = (
        _("You have changed your order %(number)s. This is how it stands now.")
        if change.voice == CUSTOMER
        else _("We have changed your order %(number)s for you. This is how it stands now.")
    )
    blocks: list[Block] = [Paragraph(opening % number), *_what(order, change, amendments)]
    if change.kind != ADDRESS:
        blocks += [
            Facts([(_("New total"), money(change.after_minor, order.currency, order.language))]),
            Paragraph(_about_money(order, change)),
        ]
    blocks += [
        link(order),
        Paragraph(_("Was it not you, or is something wrong? Please write to us at once."), small=True),
        ways(order),
    ]
    return Letter(
        subject=_("Your order %(number)s was changed") % number,
        preheader=_("What is different now, and what happens to your money."),
        heading=_("Your order was changed"),
        greeting=facts.greeting(order),
        blocks=blocks,
        closing=signature(),
    )


def _what(order: Order, change: OrderChange, amendments: Sequence[Amendment]) -> list[Block]:
    if change.kind == ADDRESS:
        return [facts.addresses(order)]
    if change.kind == DELIVERY:
        rows = [
            (_("Delivery before"), str(change.facts.get("from", ""))),
            (_("Delivery now"), str(change.facts.get("to", ""))),
        ]
        return [Facts(rows), facts.addresses(order)]
    gone = [one for one in amendments if one.kind == Amendment.CANCELLED]
    added = [one for one in amendments if one.kind == Amendment.ADDED]
    blocks: list[Block] = []
    if gone:
        blocks.append(Goods(_items(gone, order), title=_("No longer part of your order")))
    if added:
        blocks.append(Goods(_items(added, order), title=_("New in your order")))
    return blocks


def _items(amendments: Sequence[Amendment], order: Order) -> list[Item]:
    return [
        Item(
            one.line.title,
            facts.detail_of(one.line),
            one.quantity,
            money(one.amount_minor, order.currency, order.language),
        )
        for one in amendments
    ]


def _about_money(order: Order, change: OrderChange) -> str:
    total = {"total": money(change.after_minor, order.currency, order.language)}
    if order.payment_method == PREPAYMENT and order.status == "awaiting_payment":
        return _("Please transfer %(total)s in all.") % total
    if order.payment_method == CARD and order.status == "awaiting_payment":
        return _("Please pay %(total)s by card; you find the way to it with your order.") % total
    if not change.less_minor:
        return _("The price of your order stays the same.")
    if order.payment_method in (CARD, PREPAYMENT) and change.less_minor > 0:
        return _(
            "You get back %(amount)s the way you paid. We write to you when the money is on its way."
        ) % {"amount": money(change.less_minor, order.currency, order.language)}
    return _("The invoice asks only for what we send you.")
