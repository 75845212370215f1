"""What a change means, in the shopper's words: for the page before, the message after and the mail."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from checkout.order.models import Order
from checkout.payment.models import CARD, CREDIT, INVOICE, PREPAYMENT
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
    asked = seen.after_minor if seen.asked_minor is None else seen.asked_minor  # store credit may pay a part
    total = {"total": money_text(asked, seen.currency)}
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
    if order.payment_method == INVOICE and not (points and seen.asked_minor is None):
        return [*points, _("Your invoice will ask for %(total)s.") % total]
    return points or [_("The price stays the same.")]


def _back(amount_minor: int, way: str, card_label: str, currency: str) -> str:
    amount = {"amount": money_text(amount_minor, currency), "card": card_label}
    if way == CARD and card_label:
        return _("%(amount)s go back to your card %(card)s.") % amount
    if way == CARD:
        return _("%(amount)s go back to your card.") % amount
    if way == CREDIT:
        return _("%(amount)s are yours again as store credit, at once.") % amount
    return _("%(amount)s go back to you by bank transfer.") % amount


def staff_effects(seen: Preview, order: Order, kind: str) -> list[str]:
    """What happens when staff confirm this: stock, walks, money, bookings, mail; point by point."""
    mail = _("The customer is told by mail: %(email)s") % {"email": order.email or "–"}
    if kind == ADDRESS:
        return [_("The parcel goes to the new address; the invoice address stays."), mail]
    return [*goods(seen, kind), *staff_money(seen, order), mail]


def goods(seen: Preview, kind: str) -> list[str]:
    """Stock and walks, for staff."""
    freed = sum(max(0, row.pieces_before - row.pieces_after) for row in seen.rows)
    taken = sum(max(0, row.pieces_after - row.pieces_before) for row in seen.rows)
    points = []
    if freed:
        points.append(
            ngettext(
                "%(n)s reserved piece is free for others again.",
                "%(n)s reserved pieces are free for others again.",
                freed,
            )
            % {"n": freed}
        )
    if taken:
        text = ngettext("%(n)s piece is reserved.", "%(n)s pieces are reserved.", taken)
        points.append(text % {"n": taken})
    if kind == DELIVERY:
        points.append(_("Its pick lists are planned anew for the other way of delivery."))
    elif freed or taken:
        points.append(_("Its pick lists follow; nobody has begun to pick them."))
    return points


def staff_money(seen: Preview, order: Order) -> list[str]:
    """What is asked for or goes back, and what is booked, for staff."""
    asked = seen.after_minor if seen.asked_minor is None else seen.asked_minor  # store credit may pay a part
    money = {
        "after": money_text(asked, seen.currency),
        "more": money_text(seen.more_minor, seen.currency),
    }
    if seen.more_minor:
        return [
            _("The customer is asked to pay %(more)s by card within two days; the order is held until then.")
            % money,
            _("It is changed when the money is here. Without it, it stays as it is."),
        ]
    back = _all_back(seen)
    if seen.asked_minor is not None and order.payment_method != INVOICE:
        if back:
            return [*back, _("The open payment asks for %(after)s.") % money]
        return [_("The open payment asks for %(after)s. Nothing is booked before money comes.") % money]
    if seen.asked_minor is not None and back:
        return [*back, _("The invoice will ask for %(after)s.") % money]
    if back:
        return back
    if order.payment_method == INVOICE:
        return [_("The invoice will ask for %(after)s. Nothing is booked now.") % money]
    return [_("The price stays the same; nothing is booked.")]


def _all_back(seen: Preview) -> list[str]:
    """What goes back, each the way it came, and when that is booked; [] when nothing does."""
    credit = sum(one.amount_minor for one in seen.back if one.way == CREDIT)
    sent = seen.back_minor - credit
    points = [_staff_back(one.amount_minor, one.way, seen.currency) for one in seen.back]
    if credit:
        amount = {"back": money_text(credit, seen.currency)}
        points.append(_("Booked at once: receivable of the order to store credit, %(back)s.") % amount)
    if sent:
        amount = {"back": money_text(sent, seen.currency)}
        points.append(
            _("Booked when it is sent: receivable of the order to card clearing or bank, %(back)s.") % amount
        )
    return points


def _staff_back(amount_minor: int, way: str, currency: str) -> str:
    amount = {"amount": money_text(amount_minor, currency)}
    if way == CARD:
        return _("%(amount)s go back to the customer's card, by themselves.") % amount
    if way == CREDIT:
        return _("%(amount)s become the customer's store credit, at once.") % amount
    return (
        _("%(amount)s are to be sent back by bank transfer; accounting finds it under transfers to send.")
        % amount
    )


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
