"""What a change would do, reckoned by doing it and taking it back: so the page says what really happens."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from catalogue.partner.models import InsufficientStock
from checkout.order.actions import AddressNotCorrected
from checkout.order.models import Line, Order
from checkout.payment.actions.amend import forget_card, paid_minor
from checkout.payment.actions.refunds import refundable_minor
from checkout.payment.models import CREDIT, INVOICE, OPEN_STATES, Payment, Refund
from fulfilment.warehouse.picking.actions import hold_order
from shop.kernel.states import StateError
from shop.kernel.transactions import rehearsed, retrying

from .actions import carry_out, refuse, sold
from .altering import ChangeRefused
from .models import CANCEL
from .wishes import Wish


@dataclass(frozen=True)
class Row:
    """One line of the order before and after: title, pieces, what is owed for it in minor units."""

    title: str
    pieces_before: int
    pieces_after: int
    before_minor: int
    after_minor: int


@dataclass(frozen=True)
class Back:
    """Money that goes back: minor units, ``card`` or by bank transfer, and the card's name."""

    amount_minor: int
    way: str
    card_label: str


@dataclass(frozen=True)
class Preview:
    """What would be different. ``asked_minor``: what an open payment would ask for then; None: nothing is open.
    ``more_minor``: the difference that a paid order would have to get first."""

    rows: tuple[Row, ...]
    shipping_before: int
    shipping_after: int
    before_minor: int
    after_minor: int
    back: tuple[Back, ...]
    asked_minor: int | None
    asked_by: str
    currency: str
    more_minor: int = 0

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to deliver."""
        return not any(row.pieces_after for row in self.rows)

    @property
    def less_minor(self) -> int:
        """By how much less the order costs; negative: more."""
        return self.before_minor - self.after_minor

    @property
    def back_minor(self) -> int:
        """What goes back in all."""
        return sum(one.amount_minor for one in self.back)


def preview(*, order: Order, wish: Wish, by: Any = None) -> Preview:
    """What the change would do now. Raises as change(); nothing is changed in any case."""
    if wish.kind == CANCEL and order.status == "awaiting_payment":
        refuse(order, CANCEL)
        return _nothing_left(order)
    try:
        return retrying(lambda: rehearsed(lambda: _reckon(order, wish, by)))
    except InsufficientStock as gone:
        raise ChangeRefused(sold(gone)) from None
    except AddressNotCorrected as problem:
        raise ChangeRefused(str(problem)) from None
    except StateError:
        raise ChangeRefused(_("Your order has changed in this moment. Please look again.")) from None


def _reckon(order: Order, wish: Wish, by: Any) -> Preview:
    """The order is held before its payment is touched, as where money comes in: neither waits for the other's row."""
    hold_order(order.pk)
    lines = {line.pk: line for line in Line.objects.filter(order=order)}
    known = set(Refund.objects.filter(payment__order=order).values_list("pk", flat=True))
    forget_card(order=order)
    carry_out(order.pk, wish, f"preview:{secrets.token_urlsafe(16)}", by, _("preview"), paid=False)
    return _look(order, wish, lines, known)


def _look(order: Order, wish: Wish, before: dict[int, Line], known: set[int]) -> Preview:
    now = Order.objects.get(pk=order.pk)
    gone = wish.kind == CANCEL
    rows = []
    for line in Line.objects.filter(order=order).order_by("pk"):
        old = before.get(line.pk)
        pieces = old.quantity_open if old else 0
        if pieces or not old:
            rows.append(
                Row(
                    line.title,
                    pieces,
                    0 if gone else line.quantity_open,
                    old.owed_minor if old else 0,
                    0 if gone else line.owed_minor,
                )
            )
    refunds = Refund.objects.filter(payment__order=order).exclude(pk__in=known).select_related("payment")
    waiting = Payment.objects.of_order(order).filter(state__in=OPEN_STATES).first()
    return Preview(
        rows=tuple(rows),
        shipping_before=order.shipping_minor,
        shipping_after=0 if gone else now.shipping_minor,
        before_minor=order.total_minor,
        after_minor=0 if gone else now.total_minor,
        back=tuple(Back(one.amount_minor, one.way, one.payment.card_label) for one in refunds),
        asked_minor=waiting.amount_minor if waiting else None,
        asked_by=waiting.method if waiting else "",
        currency=order.currency,
        more_minor=0 if gone or waiting or now.status == "awaiting_payment" else _missing(now),
    )


def _missing(order: Order) -> int:
    """What a paid order lacks; of one on account nothing is to come before its invoice."""
    return 0 if order.payment_method == INVOICE else max(0, order.total_minor - paid_minor(order))


def _nothing_left(order: Order) -> Preview:
    """An order that waits for its money: what credit or a part of the money has paid goes back."""
    lines = Line.objects.filter(order=order).order_by("pk")
    return Preview(
        rows=tuple(Row(line.title, line.quantity_open, 0, line.owed_minor, 0) for line in lines),
        shipping_before=order.shipping_minor,
        shipping_after=0,
        before_minor=order.total_minor,
        after_minor=0,
        back=_what_came(order),
        asked_minor=None,
        asked_by="",
        currency=order.currency,
    )


def _what_came(order: Order) -> tuple[Back, ...]:
    """What cancelling gives back, as ``refund_captured`` does it."""
    found = []
    for payment in Payment.objects.filter(order=order, state="captured").order_by("pk"):
        left = refundable_minor(payment)
        if left:
            nobodys = payment.method == CREDIT and order.user_id is None
            way = Refund(payment=payment, by_transfer=nobodys).way
            found.append(Back(left, way, payment.card_label))
    return tuple(found)
