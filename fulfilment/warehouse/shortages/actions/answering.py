"""The answer, or the shop's rule when none comes: it replans pick, parcel, invoice and payment in one transaction."""

from __future__ import annotations

import logging
from typing import Any

from django.utils.translation import gettext as _

from catalogue.partner.models import InsufficientStock
from checkout.order.actions import cancel_pieces, replace_pieces
from checkout.order.models import Order
from fulfilment.warehouse.dispatch.queries import to_pack
from fulfilment.warehouse.picking import actions as picking
from fulfilment.warehouse.picking.actions.sites import distribute, hold_order
from fulfilment.warehouse.picking.models import PickLine, PickList
from fulfilment.warehouse.picking.planning import Want
from fulfilment.warehouse.routing.models import Routing
from fulfilment.warehouse.shortages import approving, queries
from fulfilment.warehouse.shortages.models import (
    CUSTOMER,
    REFUND,
    RULE,
    SEND,
    STAFF,
    SUBSTITUTE,
    WAIT,
    ShortagePolicy,
    ShortageQuestion,
)
from fulfilment.warehouse.stock.actions import StockError, set_aside_missing
from fulfilment.warehouse.stock.models import BinStock
from shop.kernel.clock import now
from shop.kernel.states import StaleState, StateError, move
from shop.kernel.transactions import retrying

from .goods import refresh_waiting, settle

log = logging.getLogger(__name__)
BATCH = 100  #: overdue questions decided in one run


class ShortageError(StockError):
    """What the person must be told; nothing was changed. The text is for them."""


class AlreadyDecided(ShortageError):
    """The question is no longer open: answered in another tab, decided by the rule, settled or withdrawn."""


def answer(
    *,
    question: ShortageQuestion,
    choice: str,
    by: Any = None,
    why: str = "",
    seen_version: int | None = None,
) -> ShortageQuestion:
    """Decide an open question: ``choice`` is WAIT, SEND, SUBSTITUTE or REFUND. ``by``: staff who answer for the
    customer, with a reason; None: the customer.

    Everything follows in the same transaction. What staff answer may need a second person: then the question stays open
    and the request waits (``approving``). Raises AlreadyDecided when it is no longer open, ShortageError in words
    for a choice that is not offered (any more) or a question that changed since it was seen (``seen_version``).
    """
    voice = STAFF if by is not None else CUSTOMER
    if voice == STAFF and not why.strip():
        raise ShortageError(_("Please say why you answer for the customer."))

    def work() -> ShortageQuestion:
        order = hold_order(question.order_id)
        fresh = ShortageQuestion.objects.get(pk=question.pk)
        _refuse_decided(fresh)
        if seen_version is not None and seen_version != fresh.version:
            raise ShortageError(
                _("The question has changed since you opened it. Please look at it again and choose.")
            )
        settle(order_id=order.pk)
        fresh.refresh_from_db()
        _refuse_decided(fresh)
        return decide_or_ask(order, fresh, choice=choice, voice=voice, by=by, why=why.strip())

    try:
        return retrying(work)
    except InsufficientStock:
        raise _sold() from None
    except StaleState:
        raise _decided(ShortageQuestion.objects.get(pk=question.pk)) from None


def approved(
    *, question: ShortageQuestion, choice: str, voice: str, why: str, most_minor: int, by: Any
) -> ShortageQuestion:
    """Within the transaction of a second person who approved: the decision as it was asked for. ``by``: who asked, None
    for the shop's rule. Raises as answer() does, and ShortageError when more than ``most_minor`` would go back."""
    order, fresh = _opened(question)
    if approving.back_minor(order, fresh, choice) > most_minor:
        raise ShortageError(
            _("More would go back now. Please decline this one, so that it can be asked for anew.")
        )
    try:
        return decide(order, fresh, choice=choice, voice=voice, by=by, why=why)
    except InsufficientStock:
        raise _sold() from None


def declined(*, question: ShortageQuestion, choice: str, why: str, by: Any) -> ShortageQuestion:
    """Within the transaction of a second person who declined what the shop's rule wanted: ``choice`` instead."""
    order, fresh = _opened(question)
    return decide(order, fresh, choice=choice, voice=STAFF, by=by, why=why)


def _opened(question: ShortageQuestion) -> tuple[Order, ShortageQuestion]:
    """The order, held, and the question as it is now. Raises AlreadyDecided."""
    order = hold_order(question.order_id)
    settle(order_id=order.pk)
    fresh = ShortageQuestion.objects.get(pk=question.pk)
    _refuse_decided(fresh)
    return order, fresh


def decide_or_ask(
    order: Order, question: ShortageQuestion, *, choice: str, voice: str, by: Any = None, why: str = ""
) -> ShortageQuestion:
    """Within a transaction that holds the order: decide, or put it before a second person when more money would go back
    than this voice may send alone; the question then stays open."""
    amount = approving.needs_second_minor(order, question, choice=choice, voice=voice, by=by)
    if not amount or choice not in choices(question):
        return decide(order, question, choice=choice, voice=voice, by=by, why=why)
    approving.ask(order, question, choice=choice, voice=voice, amount_minor=amount, why=why, by=by)
    return question


def decide_by_rule(order: Order, question: ShortageQuestion) -> ShortageQuestion:
    """As decide_or_ask(), what the shop's rule says."""
    return decide_or_ask(order, question, choice=rule_for(question), voice=RULE)


def decide(
    order: Order,
    question: ShortageQuestion,
    *,
    choice: str,
    voice: str,
    by: Any = None,
    why: str = "",
) -> ShortageQuestion:
    """Within a transaction that holds the order: note the decision (one of two wins) and do what it says."""
    if choice not in choices(question):
        raise ShortageError(_("This cannot be chosen. Please choose one of the ways that are offered."))
    _note(question, choice, voice, by, why)
    approving.void(question, approving.ANSWERED)
    if choice in (REFUND, SUBSTITUTE):
        _amend(order, question, choice, by)
    if choice != WAIT and order.status != "cancelled":
        _close_empty_lists(order, by)
    refresh_waiting(order.pk)
    return question


def _note(question: ShortageQuestion, choice: str, voice: str, by: Any, why: str) -> None:
    move(
        question,
        to="defaulted" if voice == RULE else "answered",
        by=by,
        why=why or choice,
        answer=choice,
        answered_by_whom=voice,
        answered_at=now(),
        note=why[:300],
    )


def choices(question: ShortageQuestion) -> list[str]:
    """What may be chosen now. Two queries at most."""
    found = [WAIT]
    if queries.sends_something_now(question):
        found.append(SEND)
    if question.substitute_id is not None:
        found.append(SUBSTITUTE)
    return [*found, REFUND]


def rule_for(question: ShortageQuestion) -> str:
    """What the shop's rule says for this question; waiting where it makes no sense, as there is no rest to send."""
    wanted = ShortagePolicy.current().default_answer
    return wanted if wanted in choices(question) else WAIT


def _amend(order: Order, question: ShortageQuestion, choice: str, by: Any) -> None:
    line, pieces = question.order_line, question.pieces
    why = _("pieces could not be found")
    if choice == SUBSTITUTE and question.substitute is not None:
        added = replace_pieces(
            order=order,
            line_id=line.pk,
            quantity=pieces,
            stockrecord=question.substitute,
            unit_minor=question.substitute_minor or 0,
            source=question.source,
            why=why,
            by=by,
        )
        wants = [Want(added.pk, added.stockrecord_id, pieces)]
        distribute(order, wants, cause=Routing.SHORT, by=by)
    else:
        cancel_pieces(order=order, lines={line.pk: pieces}, source=question.source, why=why, by=by)
    set_phantoms_aside(order, question, by)


def set_phantoms_aside(order: Order, question: ShortageQuestion, by: Any) -> None:
    """The pieces are promised to nobody now, but nobody could find them: they must not be sold again. Part of a
    caller's transaction."""
    short = PickLine.objects.filter(order_line=question.order_line_id, state="short")
    doubtful = BinStock.objects.filter(stockrecord=question.order_line.stockrecord_id, is_doubtful=True)
    if not short.filter(
        bin=None
    ).exists():  # else every doubtful bin was passed over when the walk was planned
        doubtful = doubtful.filter(bin__in=short.values("bin"))
    for row in doubtful.select_related("bin__site", "stockrecord").order_by("pk"):
        set_aside_missing(
            stockrecord=row.stockrecord,
            bin=row.bin,
            cause=f"missing:{order.number}",
            by=by,
            why="could not be found",
        )


def _close_empty_lists(order: Order, by: Any) -> None:
    """A list of which nothing is to be picked or packed any more leads nowhere: nobody shall find it at the packing
    table. Goods that come open it again."""
    for pick_list in PickList.objects.filter(order=order, state__in=("open", "picked")):
        lines = pick_list.lines
        if lines.filter(state="open").exists() or any(row.quantity for row in to_pack(pick_list)):
            continue
        others = PickList.objects.filter(order=order).exclude(pk=pick_list.pk).exclude(state="cancelled")
        if lines.filter(quantity_picked__gt=0).exists():
            if pick_list.state == "picked":
                move(pick_list, to="packed", by=by, why="nothing is left to pack here")
        elif others.exists():
            move(pick_list, to="cancelled", by=by, why="nothing is left to pick here")


def _sold() -> ShortageError:
    return ShortageError(_("The substitute has been sold meanwhile. Please choose something else."))


def _refuse_decided(question: ShortageQuestion) -> None:
    if not question.is_open:
        raise _decided(question)


def _decided(question: ShortageQuestion) -> AlreadyDecided:
    if question.state == "settled":
        return AlreadyDecided(_("The missing pieces have turned up: nothing needs to be decided any more."))
    if question.state == "withdrawn":
        return AlreadyDecided(_("The order was cancelled: nothing needs to be decided any more."))
    if question.state == "defaulted":
        return AlreadyDecided(
            _("The time to answer is over, so we have decided: %(answer)s.") % _named(question)
        )
    return AlreadyDecided(_("This question has been answered already: %(answer)s.") % _named(question))


def _named(question: ShortageQuestion) -> dict[str, str]:
    return {"answer": question.get_answer_display()}


def apply_default(*, question_id: int) -> bool:
    """The time is over: the shop's rule decides.

    False when somebody was faster, there is still time, or a second person has to approve it first.
    """

    def work() -> bool:
        found = ShortageQuestion.objects.get(pk=question_id)
        order = hold_order(found.order_id)
        if order.status not in picking.WANTED:
            return False  # cancelled: the question is withdrawn by what hears of that
        settle(order_id=order.pk)
        found.refresh_from_db()
        if not found.is_open or found.deadline > now():
            return False
        return not decide_by_rule(order, found).is_open

    try:
        return retrying(work)
    except StaleState:
        return False


def apply_defaults() -> int:
    """Decide every overdue question; safe beside another worker and beside customers. Returns how many."""
    due = ShortageQuestion.objects.filter(state="asked", deadline__lte=now()).order_by("deadline", "pk")
    due = due.exclude(pk__in=approving.waiting_questions())
    done = 0
    for question_id in list(due.values_list("pk", flat=True)[:BATCH]):
        try:
            done += apply_default(question_id=question_id)
        except (StateError, StockError, ValueError) as error:
            log.error("question %s about missing pieces cannot be decided: %s", question_id, error)
    return done
