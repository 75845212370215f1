"""What staff do with a question: offer a substitute, take it back, give more time, ask again; and the shop's rule."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _

from catalogue.partner.models import StockRecord
from checkout.order.models import Line
from fulfilment.warehouse.picking.actions import WANTED
from fulfilment.warehouse.picking.actions.sites import hold_order
from fulfilment.warehouse.shortages import approving, queries
from fulfilment.warehouse.shortages.models import ShortagePolicy, ShortageQuestion
from shop.kernel.clock import now
from shop.kernel.states import move
from shop.kernel.transactions import retrying
from shop.ui.numbers import money_text

from .answering import AlreadyDecided, ShortageError
from .asking import tell
from .goods import refresh_waiting, settle

HOURS_MAX = 24 * 30  #: longer than a month nobody waits for a letter


def may_offer(user: Any) -> bool:
    """Whether this person may offer substitutes, by the shop's rule."""
    who = ShortagePolicy.current().offerers
    if who == ShortagePolicy.NOBODY:
        return False
    wanted = "offer_substitutes" if who == ShortagePolicy.TRUSTED else "answer_questions"
    return bool(user.has_perm(f"shortages.{wanted}"))


def offer_substitute(
    *, question: ShortageQuestion, stockrecord: StockRecord, unit_minor: int, by: Any
) -> None:
    """Offer another article for the missing pieces, at ``unit_minor`` a piece (gross, minor units); mailed anew.

    Never dearer than what is missing. ShortageError in words; AlreadyDecided when the question is no longer open.
    """

    def work() -> None:
        hold_order(question.order_id)
        fresh = _open(question)
        line = Line.objects.get(pk=fresh.order_line_id)
        _check_offer(fresh, line, stockrecord, unit_minor)
        _change(fresh, substitute=stockrecord, substitute_minor=unit_minor, offered_by=by if by.pk else None)

    retrying(work)
    question.refresh_from_db()


def _check_offer(question: ShortageQuestion, line: Line, stockrecord: StockRecord, unit_minor: int) -> None:
    if stockrecord.pk == line.stockrecord_id:
        raise ShortageError(_("This is the article that is missing. Please choose another one."))
    if stockrecord.price_currency != question.order.currency:
        raise ShortageError(_("The substitute is priced in another currency."))
    if unit_minor < 1:
        raise ShortageError(_("The price must be more than zero."))
    most = queries.freed_minor(line, question.pieces) // question.pieces
    if unit_minor > most:
        raise ShortageError(
            _("A substitute is never dearer than what is missing: at most %(most)s a piece.")
            % {"most": money_text(most, question.order.currency)}
        )
    if stockrecord.available < question.pieces:
        raise ShortageError(
            _("Only %(left)s pieces of %(sku)s are free; %(wanted)s are wanted.")
            % {
                "left": stockrecord.available,
                "sku": stockrecord.partner_sku,
                "wanted": question.pieces,
            }
        )


def take_offer_back(*, question: ShortageQuestion, by: Any) -> None:
    """The substitute is no longer offered; the customer is told by a new mail. AlreadyDecided when it was answered."""

    def work() -> None:
        hold_order(question.order_id)
        fresh = _open(question)
        if fresh.substitute_id is not None:
            _change(fresh, substitute=None, substitute_minor=None, offered_by=None)

    retrying(work)
    question.refresh_from_db()


def extend(*, question: ShortageQuestion, hours: int, by: Any) -> None:
    """Give the customer so many hours from now. ShortageError for less than 1 or too many, AlreadyDecided."""
    if not 1 <= hours <= HOURS_MAX:
        raise ShortageError(_("Please give between 1 and %(most)s hours.") % {"most": HOURS_MAX})

    def work() -> None:
        hold_order(question.order_id)
        fresh = _open(question)
        _change(fresh, mail=False, deadline=now() + dt.timedelta(hours=hours))

    retrying(work)
    question.refresh_from_db()


def ask_again(*, question: ShortageQuestion, by: Any, why: str) -> None:
    """The goods that the customer waits for do not come: the customer chooses anew, by a new mail and deadline.

    ShortageError in words without a reason, for a question that waits for nothing, and when the line is being asked
    about already; AlreadyDecided when the goods have turned up.
    """
    if not why.strip():
        raise ShortageError(_("Please say why the customer is asked again."))

    def work() -> None:
        order = hold_order(question.order_id)
        settle(order_id=order.pk)
        fresh = ShortageQuestion.objects.select_related("order").get(pk=question.pk)
        if fresh.is_open or not fresh.hopes or order.status not in WANTED:
            raise AlreadyDecided(_("Nothing is waited for here any more. Nothing was changed."))
        if ShortageQuestion.objects.filter(order_line=fresh.order_line_id, state="asked").exists():
            raise ShortageError(_("The customer is being asked about this article already."))
        move(
            fresh,
            to="asked",
            by=by,
            why=why.strip()[:300],
            answer="",
            answered_by_whom="",
            answered_at=None,
            note="",
            deadline=now() + dt.timedelta(hours=ShortagePolicy.current().hours),
            version=F("version") + 1,
        )
        fresh.refresh_from_db()
        tell(fresh)
        refresh_waiting(order.pk)

    retrying(work)
    question.refresh_from_db()


def _open(question: ShortageQuestion) -> ShortageQuestion:
    fresh = ShortageQuestion.objects.select_related("order").get(pk=question.pk)
    if not fresh.is_open:
        raise AlreadyDecided(_("This question is no longer open. Nothing was changed."))
    return fresh


def _change(question: ShortageQuestion, *, mail: bool = True, **fields: Any) -> None:
    rows = ShortageQuestion.objects.filter(pk=question.pk, state="asked")
    if not rows.update(version=F("version") + 1 if mail else F("version"), **fields):
        raise AlreadyDecided(_("This question is no longer open. Nothing was changed."))
    approving.void(question, approving.CHANGED)
    if mail:
        question.refresh_from_db()
        tell(question)


def set_policy(*, asks: bool, hours: int, default_answer: str, offerers: str, by: Any) -> ShortagePolicy:
    """Change the shop's rule. ShortageError for a time that is none. Open questions keep their deadline."""
    if not 1 <= hours <= HOURS_MAX:
        raise ShortageError(_("Please give between 1 and %(most)s hours.") % {"most": HOURS_MAX})
    policy, _made = ShortagePolicy.objects.update_or_create(
        pk=1,
        defaults={"asks": asks, "hours": hours, "default_answer": default_answer, "offerers": offerers},
    )
    return policy
