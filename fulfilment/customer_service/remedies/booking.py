"""Credit notes and the money that goes back with them, as one step; the same for doing it and for saying it before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db.models import Sum
from django.utils import translation
from django.utils.translation import gettext as _

from checkout.order.models import Order
from checkout.payment.actions import request_refund
from checkout.payment.models import CARD, CREDIT, Refund
from fulfilment.customer_service.returns.plan import payments_back
from fulfilment.finance.invoicing.actions import AlreadyCancelled, CreditTooLarge, GivenUp
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.ledger import rules
from fulfilment.finance.ledger.postings import Posting
from shop.kernel.transactions import rehearsed
from shop.ui.numbers import money_text

from .acts.base import Refused
from .effects import MAIL, MONEY, Effects, of_entries, of_postings


@dataclass
class Booked:
    """What was credited and what goes back. Amounts in minor units; ``refunds``: by card or by transfer."""

    notes: list[Invoice] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    open_minor: int = 0  #: taken off what the customer still owes
    left_minor: int = 0  #: stays as the customer's credit: no payment is left that could go back

    @property
    def credit_minor(self) -> int:
        """Gross of all credit notes."""
        return sum(note.gross_minor for note in self.notes)

    @property
    def facts(self) -> dict[str, Any]:
        """Their numbers, for the history."""
        return {
            "credit_notes": [note.number for note in self.notes],
            "refunded_minor": sum(refund.amount_minor for refund in self.refunds),
        }


def book(
    order: Order,
    *,
    source: str,
    title: str,
    by: Any,
    credit: Callable[[], list[Invoice]],
    as_credit: bool = False,
) -> Booked:
    """Credit with ``credit`` and send back what no open invoice of the order takes, in the caller's transaction.

    ``title``: why, for the refunds. ``as_credit``: the customer expressly wants store credit. Raises Refused in words.
    """
    owed = int(Invoice.objects.open().filter(order=order).aggregate(sum=Sum("open_minor"))["sum"] or 0)
    try:
        found = Booked(credit())
    except CreditTooLarge as error:
        left = money_text(max(0, error.left_minor), order.currency)
        raise Refused(_("At most %(left)s are left to credit.") % {"left": left}) from None
    except GivenUp as error:
        raise Refused(str(error)) from None
    except AlreadyCancelled:
        raise Refused(_("The invoice was cancelled; nothing is left to credit.")) from None
    except ValueError:
        raise Refused(_("This cannot be credited any more. Please look again; nothing was done.")) from None
    found.open_minor = min(owed, found.credit_minor)
    found.left_minor = found.credit_minor - found.open_minor
    for payment, amount in payments_back(order, found.left_minor):
        refund = request_refund(
            payment=payment,
            amount_minor=amount,
            source=f"{source}:{payment.pk}",
            reason=title,
            as_credit=as_credit and order.user_id is not None,
            by=by,
        )
        found.refunds.append(refund)
        found.left_minor -= amount
    return found


def effects_of(order: Order, work: Callable[[], Booked]) -> Effects:
    """What ``work`` would do, found out by doing it and taking it back."""

    def rehearse() -> tuple[Booked, Effects]:
        booked = work()
        return booked, Effects(rows=of_entries([f"invoice:{note.number}" for note in booked.notes]))

    booked, found = rehearsed(rehearse)
    found.amount_minor = found.cost_minor = booked.credit_minor
    found.booked = _("at once")
    for note in booked.notes:
        facts = {
            "number": note.corrects.number if note.corrects else "",
            "amount": money_text(note.gross_minor, order.currency),
            "vat": money_text(note.vat_minor, order.currency),
        }
        found.say(
            MONEY, _("Invoice %(number)s gets a credit note of %(amount)s (%(vat)s of it VAT).") % facts
        )
    _say_money(found, booked, order)
    found.say(MAIL, _("The customer gets the credit note by mail: %(email)s.") % {"email": order.email})
    if booked.refunds:
        found.say(MAIL, _("A further mail says when the money is on its way."))
        for refund in booked.refunds:
            found.later_rows += of_postings(postings_back(order, refund.amount_minor, refund.way))
        found.later = _("when the money has gone back")
    return found


def postings_back(order: Order, amount_minor: int, way: str) -> list[Posting]:
    """What is booked when so much (minor units) of an order has gone back this way."""
    if way == CREDIT and order.user_id is not None:
        return rules.refunded_to_credit(
            order_number=order.number,
            user_id=order.user_id,
            amount_minor=amount_minor,
            currency=order.currency,
        )
    return rules.refund_succeeded(
        order_number=order.number,
        amount_minor=amount_minor,
        by_card=way == CARD,
        currency=order.currency,
    )


def _say_money(found: Effects, booked: Booked, order: Order) -> None:
    for refund in booked.refunds:
        amount = {"amount": money_text(refund.amount_minor, order.currency)}
        if refund.way == CREDIT:
            found.say(MONEY, _("%(amount)s become the customer's store credit, at once.") % amount)
        elif refund.way == CARD:
            found.say(MONEY, _("%(amount)s go back to the customer's card, by themselves.") % amount)
        else:
            found.say(MONEY, _("%(amount)s go back by bank transfer; accounting sends it.") % amount)
    if booked.open_minor:
        amount = {"amount": money_text(booked.open_minor, order.currency)}
        found.say(MONEY, _("%(amount)s are taken off what the customer still owes.") % amount)
    if booked.left_minor:
        amount = {"amount": money_text(booked.left_minor, order.currency)}
        found.say(
            MONEY,
            _("%(amount)s stay as the customer's credit: no payment is left that could go back.") % amount,
        )


def done_text(booked: Booked, order: Order) -> str:
    """What happened, in words for staff."""
    facts = {
        "credit": money_text(booked.credit_minor, order.currency),
        "refund": money_text(sum(refund.amount_minor for refund in booked.refunds), order.currency),
    }
    return _("Credited %(credit)s; %(refund)s are on their way back.") % facts


def in_language(language: str, words: Callable[[], str]) -> str:
    """A text that the customer will read, in their language."""
    with translation.override(language or settings.LANGUAGE_CODE):
        return words()
