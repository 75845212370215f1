"""Money that goes back for missing pieces, above a limit: a second person decides (shop.approvals).

What the customer chooses needs nobody: what cannot be delivered is not owed, and what was paid for it goes back
(§ 326 (1) and (4) BGB). What staff answer for the customer, and what the shop's own rule does without an answer, does.
docs/decisions/0064-missing-pieces-above-the-limit.md
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from checkout.order.models import Order
from checkout.payment.actions.refunds import refundable_minor
from checkout.payment.approval import LIMIT_MINOR, sent_by_staff_minor
from checkout.payment.models import Payment
from shop.approvals import actions as approvals
from shop.approvals.kinds import CannotRun, Kind, Outcome, register
from shop.approvals.models import Approval
from shop.kernel.states import StateError
from shop.ui.numbers import money_text

from . import queries
from .models import CUSTOMER, REFUND, RULE, SUBSTITUTE, WAIT, ShortageQuestion

KIND = "missing_pieces"
#: Why a request is no longer to be decided.
ANSWERED = gettext_lazy("The question was answered otherwise.")
TURNED_UP = gettext_lazy("The pieces turned up.")
CHANGED = gettext_lazy("The question has changed meanwhile.")
CANCELLED = gettext_lazy("The order was cancelled.")


def key_of(question: ShortageQuestion) -> str:
    """What a request for approval knows the question by."""
    return question.source


def back_minor(order: Order, question: ShortageQuestion, choice: str) -> int:
    """What would go back to the customer with this choice, in minor units; 0 while nothing has been paid."""
    if choice not in (REFUND, SUBSTITUTE):
        return 0
    freed = queries.freed_minor(question.order_line, question.pieces)
    if choice == SUBSTITUTE:
        freed -= min((question.substitute_minor or 0) * question.pieces, freed)
    elif queries.is_rest(question):
        freed = order.total_minor
    here = sum(refundable_minor(payment) for payment in Payment.objects.filter(order=order))
    return min(freed, here)


def needs_second_minor(order: Order, question: ShortageQuestion, *, choice: str, voice: str, by: Any) -> int:
    """The amount for which this decision needs a second person; 0 when it needs none."""
    if voice == CUSTOMER:
        return 0
    amount = back_minor(order, question, choice)
    if not amount:
        return 0
    if voice == RULE:
        return amount if amount > approvals.limit_minor(kind_name=KIND, by=None) else 0
    all_of_it = amount + sent_by_staff_minor(order)
    return amount if approvals.needed(kind_name=KIND, amount_minor=all_of_it, by=by) else 0


def ask(
    order: Order, question: ShortageQuestion, *, choice: str, voice: str, amount_minor: int, why: str, by: Any
) -> Approval:
    """Put the decision before a second person, once while it waits. The customer may still answer meanwhile."""
    with translation.override(settings.LANGUAGE_CODE):  # kept as text, for staff
        facts = {
            "number": order.number,
            "amount": money_text(amount_minor, order.currency),
            "pieces": question.pieces,
            "title": question.order_line.title,
        }
        sentences = [
            _("%(pieces)s × %(title)s cannot be found; they are taken out of order %(number)s.") % facts,
            _("%(amount)s go back to the customer.") % facts,
            _("When it is declined, the customer goes on waiting for the goods."),
        ]
        asked, _is_new = approvals.ask(
            kind_name=KIND,
            key=key_of(question),
            title=_("Give %(amount)s of order %(number)s back for missing pieces") % facts,
            amount_minor=amount_minor,
            currency=order.currency,
            facts={"question_id": question.pk, "choice": choice, "voice": voice, "why": why},
            consequences=sentences if voice == RULE else sentences[:2],
            reason=why or _("Nobody answered in time; the shop's rule says so."),
            by=by,
        )
    return asked


def void(question: ShortageQuestion, why: Any) -> None:
    """The question was decided otherwise, or is another one now: nobody approves it any more. ``why``: lazy text."""
    with translation.override(settings.LANGUAGE_CODE):  # kept as text, for staff
        approvals.void(kind_name=KIND, key=key_of(question), why=str(why))


def waiting_for(question: ShortageQuestion) -> Approval | None:
    """The request that waits for a second person. One query."""
    return Approval.objects.filter(kind=KIND, key=key_of(question), state="waiting").first()


def waiting_questions() -> set[int]:
    """Ids of the questions whose decision waits for a second person. One query."""
    rows = Approval.objects.filter(kind=KIND, state="waiting").values_list("facts", flat=True)
    return {int(facts["question_id"]) for facts in rows}


def requests_of(questions: QuerySet[ShortageQuestion] | list[ShortageQuestion]) -> list[Approval]:
    """What was asked for about these questions, the newest first. One query."""
    keys = [key_of(question) for question in questions]
    found = Approval.objects.filter(kind=KIND, key__in=keys).select_related("requested_by", "decided_by")
    return list(found.order_by("-pk"))


def run(approval: Approval, by: Any) -> Outcome:
    """Do what was approved, reading everything anew. Raises CannotRun in words."""
    from .actions.answering import ShortageError, approved

    facts = approval.facts
    question = ShortageQuestion.objects.select_related("order").get(pk=facts["question_id"])
    try:
        approved(
            question=question,
            choice=facts["choice"],
            voice=facts["voice"],
            why=facts["why"],
            most_minor=approval.amount_minor,
            by=approval.requested_by,
        )
    except ShortageError as error:
        raise CannotRun(str(error)) from None
    except (StateError, ValueError):
        raise CannotRun(_("The order was changed in this moment. Please try again.")) from None
    return Outcome(
        _("The pieces are out of the order; what was paid for them goes back."),
        reverse("warehouse:shortage", args=[question.pk]),
    )


def ended(approval: Approval, by: Any) -> None:
    """The shop's rule was declined: the customer waits for the goods, until staff ask anew. Declined as an answer that
    staff gave for the customer, the question stays open."""
    from .actions.answering import ShortageError, declined

    if approval.facts["voice"] != RULE or approval.state != "declined":
        return
    question = ShortageQuestion.objects.get(pk=approval.facts["question_id"])
    try:
        declined(question=question, choice=WAIT, why=approval.words, by=by)
    except ShortageError:  # answered or settled in this moment: nothing is left to decide
        return


def register_kind() -> None:
    """Called when the room is ready. Who may approve refunds may approve these."""
    title = gettext_lazy("Refund for missing pieces")
    register(Kind(KIND, title, "payment.approve_refunds", LIMIT_MINOR, run, ended=ended))
