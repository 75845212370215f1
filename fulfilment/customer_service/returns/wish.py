"""How the money of a return shall come back: the way it was paid, unless the customer expressly wants store credit."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fulfilment.finance.invoicing import accounts
from fulfilment.warehouse.receiving.models import Return
from shop.kernel.transactions import retrying

from .models import Exchange, RefundWish, Settlement
from .plan import first_order

AS_PAID, AS_CREDIT = "as_paid", "credit"
OVER = (
    "rejected",
    "expired",
)  #: states of a return of which no money comes, unless its settlement stands already
#: What the customer agrees to; kept with the choice. The law wants their express word and no costs (§ 357 (3) BGB).
WORDS = {
    AS_PAID: gettext_lazy("Money back the way I paid"),
    AS_CREDIT: gettext_lazy(
        "As store credit for my next order: at once when the goods are checked, free of charge"
    ),
}


class NotChosen(ValueError):
    """It cannot be chosen any more, or not here; the message says why, for people."""


def choose(*, returning: Return, way: str, by: Any = None) -> RefundWish:
    """Note how the customer wants the money of this return; the same again changes nothing. Raises NotChosen.

    Credit lies in an account, so only its owner (``by``) chooses it: who holds the order's link may be another.
    """
    if way not in WORDS:
        raise NotChosen(_("Please choose how you want your money back."))

    def work() -> RefundWish:
        order = first_order(returning.order)
        accounts.locked(order)  # whoever settles the return waits, or is waited for
        if Settlement.objects.filter(returning=returning).exclude(state=Settlement.machine.initial).exists():
            raise NotChosen(_("The money of this return has been settled already; nothing was changed."))
        if not may_choose(returning):
            raise NotChosen(_("No money comes back by this return; nothing was changed."))
        if way == AS_CREDIT and order.user_id is None:
            raise NotChosen(_("Store credit needs a customer account; this order was placed without one."))
        if way == AS_CREDIT and getattr(by, "pk", None) != order.user_id:
            raise NotChosen(_("Please sign in with the account of this order to choose store credit."))
        last = RefundWish.objects.filter(returning=returning).last()
        if last is not None and last.as_credit == (way == AS_CREDIT):
            return last
        return RefundWish.objects.create(
            returning=returning, as_credit=way == AS_CREDIT, words=str(WORDS[way])[:300], by=by
        )

    return retrying(work)


def may_choose(returning: Return) -> bool:
    """Whether money may still come of it: it is neither rejected nor given up, nor goes for another size. Two queries
    at most."""
    is_over = returning.state in OVER and not Settlement.objects.filter(returning=returning).exists()
    return not is_over and not Exchange.objects.filter(returning=returning).exists()


def wants_credit(returning: Return) -> bool:
    """Whether its money becomes store credit. One query; two for goods of an order that stands for another."""
    last = RefundWish.objects.filter(returning=returning).last()
    return last is not None and last.as_credit and first_order(returning.order).user_id is not None
