"""The four choices in words, with what each means for goods and money; for mail, shopper's page and staff alike."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from checkout.payment.models import CARD, PREPAYMENT
from shop.ui.numbers import money_text

from . import queries
from .actions.answering import choices
from .models import REFUND, SEND, SUBSTITUTE, WAIT, ShortageQuestion


@dataclass(frozen=True)
class Choice:
    """One way to go on: its code, what the button says, and what it means."""

    code: str
    title: str
    effect: str


def choices_in_words(question: ShortageQuestion) -> list[Choice]:
    """What the customer may choose now, with its effect. A handful of queries."""
    return [Choice(code, title_of(code), effect_of(question, code)) for code in choices(question)]


def title_of(code: str) -> str:
    """A choice as the customer says it."""
    titles = {
        WAIT: _("I wait until everything is here"),
        SEND: _("Send the rest now"),
        SUBSTITUTE: _("I take the substitute"),
        REFUND: _("Cancel the missing pieces"),
    }
    return str(titles.get(code, code))


def effect_of(question: ShortageQuestion, code: str) -> str:
    """What happens to goods and money when this is chosen."""
    if code == WAIT:
        return _("We keep your order together and send it as soon as the missing pieces have come.")
    if code == SEND:
        return _(
            "We send what is here; the missing pieces follow without a further charge as soon as they have come."
        )
    if code == SUBSTITUTE:
        return _substitute(question)
    return _refund(question)


def _substitute(question: ShortageQuestion) -> str:
    record = question.substitute
    if record is None:
        return ""
    currency = question.order.currency
    freed = queries.freed_minor(question.order_line, question.pieces)
    costs = min((question.substitute_minor or 0) * question.pieces, freed)
    text = _("We send %(n)s × %(title)s instead, for %(costs)s.") % {
        "n": question.pieces,
        "title": record.product.title_local,
        "costs": money_text(costs, currency),
    }
    less = freed - costs
    return f"{text} {_less(question, less)}" if less else f"{text} {_('The price stays the same.')}"


def _refund(question: ShortageQuestion) -> str:
    freed = queries.freed_minor(question.order_line, question.pieces)
    if queries.is_rest(question):
        text = _("Nothing else is left of your order, so it is cancelled as a whole.")
        return f"{text} {_less(question, question.order.total_minor)}"
    text = ngettext(
        "The missing piece is taken out of your order.",
        "The missing pieces are taken out of your order.",
        question.pieces,
    )
    return f"{text} {_less(question, freed)}"


def _less(question: ShortageQuestion, amount_minor: int) -> str:
    amount = {"amount": money_text(amount_minor, question.order.currency)}
    if question.order.payment_method in (CARD, PREPAYMENT):
        return _("You get back %(amount)s the way you paid.") % amount
    return _("Your order costs %(amount)s less.") % amount


def outcome(question: ShortageQuestion) -> str:
    """What became of a question, for the customer."""
    if question.state == "settled":
        return _("The missing pieces have turned up. Your order goes on as you placed it.")
    if question.state == "withdrawn":
        return _("Your order was cancelled, so there is nothing to decide any more.")
    texts = {
        WAIT: _("We wait for the missing pieces and send everything together."),
        SEND: _("We send what is here; the missing pieces follow."),
        SUBSTITUTE: _("The substitute takes the place of the missing pieces."),
        REFUND: _("The missing pieces are no longer part of your order."),
    }
    return str(texts.get(question.answer, ""))
