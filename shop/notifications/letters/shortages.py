"""Letters on goods that are missing: what was changed in the order because of it."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from checkout.order.models import Amendment, Order
from checkout.payment.models import CARD, PREPAYMENT
from fulfilment.finance.invoicing.letterhead import money
from fulfilment.warehouse.shortages import access
from fulfilment.warehouse.shortages.actions.answering import rule_for
from fulfilment.warehouse.shortages.models import ShortageQuestion
from fulfilment.warehouse.shortages.words import choices_in_words, title_of
from shop.notifications import facts
from shop.notifications.letter import Block, Button, Goods, Item, Letter, Paragraph
from shop.ui.times import short_datetime

from .orders import link, signature


def amended(order: Order, changes: Sequence[Amendment], amount_minor: int) -> Letter:
    """Pieces of the order will not come, perhaps a substitute does; ``amount_minor``: by how much it is cheaper now."""
    gone = [change for change in changes if change.kind == Amendment.CANCELLED]
    added = [change for change in changes if change.kind == Amendment.ADDED]
    number = {"number": order.number}
    opening = (
        _("We have changed your order %(number)s: you get a substitute for what we could not find.")
        if added
        else _("We are sorry: a part of your order %(number)s cannot be delivered, so we have cancelled it.")
    )
    blocks: list[Block] = [
        Paragraph(opening % number),
        Goods(_items(gone, order), title=_("No longer part of your order")),
        *([Goods(_items(added, order), title=_("Instead you get"))] if added else []),
        Paragraph(_about_money(order, amount_minor)),
        link(order),
    ]
    return Letter(
        subject=_("Your order %(number)s was changed") % number,
        preheader=_("What comes, what does not, and what happens to your money."),
        heading=_("Your order was changed"),
        greeting=facts.greeting(order),
        blocks=blocks,
        closing=signature(),
    )


def asked(question: ShortageQuestion, order: Order) -> Letter:
    """Pieces are missing: what the customer may choose, until when, and what happens without an answer."""
    number = {"number": order.number}
    line = question.order_line
    url = settings.SITE_URL + reverse("orders:shortage", args=[access.token(question)])
    until = {"moment": short_datetime(question.deadline)}
    blocks: list[Block] = [
        Paragraph(
            _(
                "We are sorry: while packing your order %(number)s we could not find everything. We have looked in "
                "every bin and at every site. Please tell us how we shall go on."
            )
            % number
        ),
        Goods([Item(line.title, facts.detail_of(line), question.pieces)], title=_("This is missing")),
        Paragraph(_("You may choose") + ":"),
        *[Paragraph(f"{choice.title}\n{choice.effect}") for choice in choices_in_words(question)],
        Button(_("Choose how we go on"), url),
        Paragraph(
            _("Please answer by %(moment)s.") % until
            + " "
            + _("If we hear nothing, we do this: “%(choice)s”.") % {"choice": title_of(rule_for(question))}
        ),
        Paragraph(_("Opening the page decides nothing; only the button there does."), small=True),
    ]
    return Letter(
        subject=_("A question about your order %(number)s: something is missing") % number,
        preheader=_("Please tell us how we shall go on."),
        heading=_("Something of your order is missing"),
        greeting=facts.greeting(order),
        blocks=blocks,
        closing=signature(),
    )


def _items(changes: Sequence[Amendment], order: Order) -> list[Item]:
    return [
        Item(
            change.line.title,
            facts.detail_of(change.line),
            change.quantity,
            money(change.amount_minor, order.currency, order.language),
        )
        for change in changes
    ]


def _about_money(order: Order, amount_minor: int) -> str:
    if not amount_minor:
        return _("The price of your order stays the same.")
    amount = {"amount": money(amount_minor, order.currency, order.language)}
    if order.status == "awaiting_payment":
        return _("Your order costs %(amount)s less; please transfer only the new total.") % amount
    if order.payment_method in (CARD, PREPAYMENT):
        return (
            _("You get back %(amount)s the way you paid. We write to you when the money is on its way.")
            % amount
        )
    return _("Your order costs %(amount)s less. The invoice asks only for what we send you.") % amount
