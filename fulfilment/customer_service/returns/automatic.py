"""What is carried out by itself: a withdrawal in time, of goods that are like new. All else waits for a person."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fulfilment.customer_service.cases.kinds import withdrawal_until
from fulfilment.customer_service.withdrawals.models import Withdrawal
from fulfilment.warehouse.dispatch.queries import delivered_on
from fulfilment.warehouse.receiving.models import GRADE_A

from .models import Settlement
from .plan import Plan

NOT_WITHDRAWN, TOO_LATE, TRACES, NOT_INVOICED, NOTHING_CREDITED = (
    "not_withdrawn",
    "too_late",
    "traces",
    "not_invoiced",
    "nothing_credited",
)
REASONS = {
    NOT_WITHDRAWN: _("It was not sent back because of a withdrawal."),
    TOO_LATE: _("The withdrawal came after its 14 days."),
    TRACES: _("Not everything is like new: look whether value was lost."),
    NOT_INVOICED: _("Not everything that came back stands on an invoice."),
    NOTHING_CREDITED: _("Nothing is left to credit."),
}


def withdrawal_of(settlement: Settlement) -> Withdrawal | None:
    """The withdrawal that announced the return."""
    kind, _colon, number = settlement.cause.partition(":")
    return Withdrawal.objects.filter(number=number).first() if kind == "withdrawal" else None


def waits_because(settlement: Settlement, plan: Plan) -> str:
    """Why a person must look (a key of ``REASONS``), "" when it is carried out by itself."""
    withdrawal = withdrawal_of(settlement)
    if withdrawal is None:
        return NOT_WITHDRAWN
    until = withdrawal_until(delivered_on(settlement.order_id))
    if until is not None and timezone.localtime(withdrawal.received_at).date() > until:
        return TOO_LATE
    if any(line["grade"] != GRADE_A for line in settlement.lines):
        return TRACES
    if plan.missing:
        return NOT_INVOICED
    return "" if plan.credit_minor or plan.is_free else NOTHING_CREDITED
