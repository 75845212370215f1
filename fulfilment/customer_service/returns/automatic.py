"""What is carried out by itself: a withdrawal in time, of goods that are like new. All else waits for a person."""

from __future__ import annotations

from django.conf import settings
from django.db.models import F, Sum
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from checkout.order.models import Line, Order
from fulfilment.customer_service.withdrawals.models import Withdrawal
from fulfilment.customer_service.withdrawals.period import excluded_lines, is_late, until_of
from fulfilment.finance.invoicing.models import InvoiceLine
from fulfilment.warehouse.receiving.models import GRADE_A

from .left import CAUSE
from .models import Settlement
from .plan import Plan

(
    CANCELLED,
    EXCHANGE,
    EXCHANGED,
    NOT_WITHDRAWN,
    REPLACEMENT,
    TOO_LATE,
    EXCLUDED,
    TRACES,
    NOT_INVOICED,
    NOTHING_CREDITED,
    REFUSED,
    NEVER_CAME,
    SHORTENED,
) = (
    "cancelled",
    "exchange",
    "exchanged",
    "not_withdrawn",
    "replacement",
    "too_late",
    "excluded",
    "traces",
    "not_invoiced",
    "nothing_credited",
    "refused",
    "never_came",
    "shortened",
)
REASONS = {
    CANCELLED: _(
        "It came back for new goods, and their order was cancelled: decide whether its money goes back instead."
    ),
    EXCHANGE: _(
        "It came for an exchange that needs a person: traces, pieces missing, money given meanwhile, or another hold. "
        "Release the order with the new goods (if they have left, nothing more is due), or cancel it and give the "
        "money back."
    ),
    EXCHANGED: _(
        "Other pieces of this article were exchanged for a cheaper size, and money went back for them: look what was "
        "paid for those that came, and add a price reduction if it is more than is credited."
    ),
    NOT_WITHDRAWN: _("It was not sent back because of a withdrawal."),
    REPLACEMENT: _(
        "These goods were sent for others, free of charge: look whether the first order can still be withdrawn from."
    ),
    TOO_LATE: _("The withdrawal came after its 14 days."),
    EXCLUDED: _("The law leaves goods of it out of the right of withdrawal (§ 312g (2) BGB)."),
    TRACES: _("Not everything is like new: look whether value was lost."),
    NOT_INVOICED: _("Not everything that came back stands on an invoice."),
    NOTHING_CREDITED: _("Nothing is left to credit."),
    REFUSED: _(
        "Finance cannot correct an invoice of this order as it stands; a part was written off, for example."
    ),
    NEVER_CAME: _(
        "New goods went out for it, and the old ones never came: ask the customer for them, then say here what was "
        "agreed. Should they come after all, it is reckoned anew."
    ),
    SHORTENED: _(
        "It came back for new goods of which some pieces were cancelled: decide whether money goes back for those. "
        "Keep the value of the pieces that were sent."
    ),
}


def withdrawal_of(settlement: Settlement) -> Withdrawal | None:
    """The withdrawal that announced the return."""
    kind, _colon, number = settlement.cause.partition(":")
    return Withdrawal.objects.filter(number=number).first() if kind == "withdrawal" else None


def replaced_by(settlement: Settlement) -> Order | None:
    """The order that sends new goods for what came back. One query at most."""
    kind, _colon, number = settlement.cause.partition(":")
    if kind != CAUSE:
        return None
    return Order.objects.filter(number=number, replaces=settlement.order_id).first()


def new_goods_go(made: Order) -> str:
    """That nothing is due, because new goods go out; kept as text, for staff."""
    with translation.override(settings.LANGUAGE_CODE):
        return gettext("New goods go out for it with order %(number)s.") % {"number": made.number}


def is_replaced(settlement: Settlement) -> bool:
    """Whether new goods were sent for all of it: the return of a replacement, with no more pieces than it had. Then no
    money is due. Two queries."""
    made = replaced_by(settlement)
    if made is None or made.status == "cancelled":
        return False
    sent = dict(
        Line.objects.filter(order=made)
        .order_by()
        .values_list("replacement_for")
        .annotate(n=Sum(F("quantity") - F("quantity_cancelled")))
    )
    came: dict[int, int] = {}
    for line in settlement.lines:
        came[line["order_line_id"]] = came.get(line["order_line_id"], 0) + line["quantity"]
    return all(count <= sent.get(pk, 0) for pk, count in came.items())


def _was_exchanged(plan: Plan) -> bool:
    """Whether a cheaper size took the price of its line down: then the line's pieces are worth their average, which is
    less than was paid for those that were kept. One query."""
    lines = [one.line.pk for credit in plan.credits for one in credit.pieces]
    return InvoiceLine.objects.filter(reduces__in=lines, invoice__source__startswith="exchange:").exists()


def waits_because(settlement: Settlement, plan: Plan) -> str:
    """Why a person must look (a key of ``REASONS``), "" when it is carried out by itself."""
    withdrawal = withdrawal_of(settlement)
    if withdrawal is None:
        made = replaced_by(settlement)
        return CANCELLED if made is not None and made.status == "cancelled" else NOT_WITHDRAWN
    if settlement.order.replaces_id is not None:
        # New goods under § 439 (1) BGB or an exchange are no new contract: their delivery begins no new 14 days, but
        # its full price of long ago would be credited. A person looks at the first order's period and exclusions.
        return REPLACEMENT
    if is_late(withdrawal, until_of(settlement.order_id)):
        return TOO_LATE
    came = {int(line["order_line_id"]) for line in settlement.lines if line["order_line_id"]}
    if came and excluded_lines(settlement.order_id, came):
        return EXCLUDED
    if any(line["grade"] != GRADE_A for line in settlement.lines):
        return TRACES
    if plan.missing:
        return NOT_INVOICED
    if _was_exchanged(plan):
        return EXCHANGED
    return "" if plan.credit_minor or plan.is_free else NOTHING_CREDITED
