"""A return that sends back more than one person may: the settlement waits for another one (``shop.approvals``).

What the law leaves no choice about needs nobody (``automatic.py``); what a person decides, as goodwill does.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from checkout.payment.approval import KIND as REFUND
from checkout.payment.approval import LIMIT_MINOR, second_person_needed
from fulfilment.customer_service.cases.hours import due_after
from fulfilment.customer_service.cases.models import NORMAL, ServicePolicy
from fulfilment.finance.invoicing.actions import GivenUp
from shop.approvals import actions as approvals
from shop.approvals.kinds import CannotRun, Kind, Outcome, register
from shop.approvals.models import Approval
from shop.kernel import clock
from shop.kernel.states import StateError
from shop.ui.numbers import money_text

from . import automatic
from .models import Settlement
from .plan import Plan, TooMuchKept, first_order

KIND = "return_money"
APPROVE_WITHIN_HOURS = 8  #: business hours until somebody should have decided
DECIDED = gettext_lazy("The return was decided otherwise.")


class NotSo(ValueError):
    """It is not done; the message says why, for people."""


def key_of(settlement: Settlement) -> str:
    """What a request for approval knows the settlement by."""
    return f"settlement:{settlement.pk}"


def needs_second(settlement: Settlement, planned: Plan, by: Any) -> bool:
    """Whether ``by`` needs somebody else to send this much back; what is only credited needs nobody. Four queries at
    most for a return of an order that replaces none."""
    return bool(planned.refund_minor) and second_person_needed(
        order=first_order(settlement.order), amount_minor=planned.refund_minor, by=by
    )


def announced(planned: Plan) -> dict[str, Any]:
    """What the second person reads, as plain values: what is approved is this and nothing else. Minor units."""
    return {
        "credits": [[credit.invoice.pk, credit.credit_minor] for credit in planned.credits],
        "payments": [[payment.pk, amount] for payment, amount in planned.payments],
        "open": planned.open_minor,
        "left": planned.left_minor,
    }


def ask(settlement: Settlement, planned: Plan, *, by: Any) -> tuple[Approval, bool]:
    """Put the settlement as it stands in memory before a second person; part of a caller's transaction.

    Returns the request and whether it is new. Raises NotSo when something else was asked for about it and still waits.
    """
    policy = ServicePolicy.current()
    facts = {
        "settlement_id": settlement.pk,
        "kept": settlement.kept,
        "kept_why": settlement.kept_why,
        "with_shipping": settlement.with_shipping,
        "announced": announced(planned),
    }
    with translation.override(settings.LANGUAGE_CODE):  # kept as text, for staff
        number = settlement.returning.number
        found, is_new = approvals.ask(
            kind_name=KIND,
            key=key_of(settlement),
            title=_("Give %(amount)s back for return %(number)s (order %(order)s)")
            % {
                "amount": money_text(planned.refund_minor, settlement.currency),
                "number": number,
                "order": settlement.order.number,
            },
            amount_minor=planned.refund_minor,
            currency=settlement.currency,
            facts=facts,
            consequences=_consequences(settlement, planned),
            reason=settlement.kept_why
            or str(
                automatic.REASONS.get(settlement.waits_because, _("Return %(number)s") % {"number": number})
            ),
            by=by,
            due_at=due_after(clock.now(), policy.minutes(APPROVE_WITHIN_HOURS, NORMAL), policy.opening),
        )
    if not is_new and found.facts != facts:
        raise NotSo(
            _(
                "Something else waits for approval already: %(title)s. It must be decided or withdrawn first; nothing "
                "was done."
            )
            % {"title": found.title}
        )
    return found, is_new


def _consequences(settlement: Settlement, planned: Plan) -> list[str]:
    def money(amount_minor: int) -> str:
        return money_text(amount_minor, settlement.currency)

    found = [
        _("Invoice %(number)s gets a credit note of %(amount)s.")
        % {"number": credit.invoice.number, "amount": money(credit.credit_minor)}
        for credit in planned.credits
    ]
    for payment, amount in planned.payments:
        way = _("by card") if payment.method == "card" else _("by bank transfer")
        found.append(_("%(amount)s go back to the customer %(way)s.") % {"amount": money(amount), "way": way})
    if planned.open_minor:
        found.append(
            _("%(amount)s are taken off what the customer still owes.")
            % {"amount": money(planned.open_minor)}
        )
    if planned.left_minor:
        found.append(_("%(amount)s stay as the customer's credit.") % {"amount": money(planned.left_minor)})
    kept_minor = sum(settlement.kept.values())
    if kept_minor:
        found.append(
            _("%(amount)s are kept for a loss of value: %(why)s")
            % {"amount": money(kept_minor), "why": settlement.kept_why}
        )
    return [*found, _("The customer is told by mail when it is done.")]


def void(settlement: Settlement) -> None:
    """It was decided without the request: nobody approves it any more. Part of a caller's transaction; two queries."""
    with translation.override(settings.LANGUAGE_CODE):  # kept as text, for staff
        approvals.void(kind_name=KIND, key=key_of(settlement), why=str(DECIDED))


def requests_of(settlement: Settlement) -> list[Approval]:
    """What was asked for about it, the newest first. One query."""
    rows = Approval.objects.filter(kind=KIND, key=key_of(settlement))
    return list(rows.select_related("requested_by", "decided_by").order_by("-pk"))


def in_words(problem: Exception) -> str:
    """Why a settlement was not carried out, for people: our own words, or that something has changed."""
    if isinstance(problem, (NotSo, GivenUp)):
        return str(problem)
    return _(
        "This is not so any more: an invoice or a payment has changed. Nothing was done; please look again."
    )


def run(approval: Approval, by: Any) -> Outcome:
    """Do what was approved, reckoning it anew. Raises CannotRun in words, also when it would be anything else now."""
    from .actions import run_approved

    try:
        done = run_approved(approval)
    except TooMuchKept:
        raise CannotRun(_changed()) from None
    except StateError:
        raise CannotRun(str(DECIDED)) from None
    except ValueError as problem:
        raise CannotRun(in_words(problem)) from None
    words = _("Credited %(credit)s; %(refund)s are on their way back.") % {
        "credit": money_text(done.credited_minor, done.currency),
        "refund": money_text(done.refunded_minor, done.currency),
    }
    return Outcome(words, reverse("service:settlement", args=[done.returning.number]))


def check_announced(approval: Approval, planned: Plan) -> None:
    """Raises NotSo when carrying it out would do anything else now than the second person read."""
    if announced(planned) != approval.facts["announced"]:
        raise NotSo(_changed())


def _changed() -> str:
    return _("Other amounts would go back now. Please decline this one, so that it can be asked for anew.")


def register_kind() -> None:
    """Called when the room is ready. Who may approve refunds may approve these; the limit is that of refunds."""
    title = gettext_lazy("Money for a return")
    register(Kind(KIND, title, "payment.approve_refunds", LIMIT_MINOR, run, limit_of=REFUND))
