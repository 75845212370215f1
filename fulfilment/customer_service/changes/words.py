"""What a change means, in the shopper's words: for the page before, the message after and the mail."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from checkout.order.models import Order
from checkout.payment.models import CARD, INVOICE, PREPAYMENT
from shop.ui.numbers import money_text

from .models import ADDRESS, CANCEL, DELIVERY, PIECES
from .preview import Preview


def title_of(kind: str) -> str:
    """A kind of change as a heading."""
    titles = {
        CANCEL: _("Cancel the whole order"),
        PIECES: _("Change pieces or sizes"),
        ADDRESS: _("Change the delivery address"),
        DELIVERY: _("Change the way of delivery"),
    }
    return str(titles[kind])


def effects(seen: Preview, order: Order, kind: str) -> list[str]:
    """What happens when this is confirmed, point by point."""
    if kind == ADDRESS:
        return [
            _("We send your order to the new address."),
            _("The price stays the same."),
            _("We confirm the change to you by mail."),
        ]
    points = [_("Nothing of this order is sent.")] if kind == CANCEL else []
    return [*points, *_money(seen, order, kind), _("We confirm the change to you by mail.")]


def _money(seen: Preview, order: Order, kind: str) -> list[str]:
    points = [_back(one.amount_minor, one.way, one.card_label, seen.currency) for one in seen.back]
    if kind == CANCEL:
        return points or [_("You pay nothing.")]
    total = {"total": money_text(seen.after_minor, seen.currency)}
    if seen.more_minor:
        more = {"more": money_text(seen.more_minor, seen.currency)}
        return [
            _("You pay the difference of %(more)s by card on the next page.") % more,
            _("Your order is changed when the money is here. Without it, it stays as it is."),
        ]
    if seen.asked_by == PREPAYMENT:
        return [*points, _("Please transfer %(total)s in all then.") % total]
    if seen.asked_by == CARD:
        return [*points, _("You pay %(total)s by card then.") % total]
    if order.payment_method == INVOICE:
        return [*points, _("Your invoice will ask for %(total)s.") % total]
    return points or [_("The price stays the same.")]


def _back(amount_minor: int, way: str, card_label: str, currency: str) -> str:
    amount = {"amount": money_text(amount_minor, currency), "card": card_label}
    if way == CARD and card_label:
        return _("%(amount)s go back to your card %(card)s.") % amount
    if way == CARD:
        return _("%(amount)s go back to your card.") % amount
    return _("%(amount)s go back to you by bank transfer.") % amount


def done(kind: str) -> str:
    """What was done, for the message after it."""
    texts = {
        CANCEL: _("Your order is cancelled."),
        PIECES: _("Your order is changed."),
        ADDRESS: _("The delivery address is changed."),
        DELIVERY: _("The way of delivery is changed."),
    }
    return str(texts[kind])


def joined(points: Sequence[str]) -> str:
    """Points as one text."""
    return " ".join(points)
