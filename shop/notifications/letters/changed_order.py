"""Letters on what was changed in an order before it was picked."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.utils.translation import gettext as _

from checkout.order import access
from checkout.order.models import Amendment, Order
from checkout.payment.models import CARD, PREPAYMENT
from fulfilment.customer_service.changes.models import ADDRESS, CUSTOMER, DELIVERY, OrderChange
from fulfilment.finance.invoicing.letterhead import money
from shop.notifications import facts
from shop.notifications.letter import Block, Button, Facts, Goods, Item, Letter, Paragraph
from shop.ui.times import short_datetime

from . import shortages
from .orders import link, signature, ways


def amended(order: Order, source: str, less_minor: int) -> Letter:
    """The letter on what ``source`` changed: a change that was wished for, or pieces that could not be found.
    ``less_minor``: by how much the order is cheaper now."""
    rows = Amendment.objects.filter(order=order, source=source).select_related("line").order_by("pk")
    change = OrderChange.of_source(source)
    if change is None:
        return shortages.amended(order, list(rows), less_minor)
    return changed(order, change, list(rows))


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


def waits(order: Order, change: OrderChange) -> Letter:
    """A change that makes a paid order dearer waits for the difference: where to pay it, and until when."""
    payment = change.payment
    amount = money(payment.amount_minor if payment else 0, order.currency, order.language)
    until = short_datetime(payment.expires_at) if payment and payment.expires_at else ""
    facts_ = {"number": order.number, "amount": amount, "moment": until}
    opening = (
        _("You want to change your order %(number)s. It then costs %(amount)s more; please pay that by card.")
        if change.voice == CUSTOMER
        else _(
            "We change your order %(number)s for you. It then costs %(amount)s more; please pay that by card."
        )
    )
    url = access.link(order, base=settings.SITE_URL)
    return Letter(
        subject=_("Your change of order %(number)s waits for %(amount)s") % facts_,
        preheader=_("We change it when the money is here."),
        heading=_("Please pay the difference"),
        greeting=facts.greeting(order),
        blocks=[
            Paragraph(opening % facts_),
            Button(_("Pay the difference"), url),
            Paragraph(
                _("This is possible until %(moment)s. Without the payment your order stays as it is.")
                % facts_
            ),
            ways(order),
        ],
        closing=signature(),
    )


def not_made(order: Order, change: OrderChange) -> Letter:
    """A change that waited for its payment was not made; what came goes back."""
    facts_ = {"number": order.number, "problem": str(change.facts.get("problem", ""))}
    money_came = change.payment is not None and change.payment.state == "captured"
    blocks: list[Block] = [
        Paragraph(_("We have not changed your order %(number)s: %(problem)s. It stays as it was.") % facts_)
    ]
    if money_came:
        blocks.append(Paragraph(_("What you paid for the change goes back to your card at once.")))
    return Letter(
        subject=_("Your order %(number)s stays as it was") % facts_,
        preheader=_("The change was not made."),
        heading=_("Your order stays as it was"),
        greeting=facts.greeting(order),
        blocks=[*blocks, link(order), ways(order)],
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
