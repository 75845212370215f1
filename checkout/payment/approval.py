"""Refunds above a limit: one asks, another approves; below the limit they are done at once.

What counts is all that staff sent back of the same order: five refunds below the limit are one above it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Q, Sum
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from checkout.order.models import Order
from shop.approvals import actions as approvals
from shop.approvals.kinds import CannotRun, Kind, Outcome, register
from shop.approvals.models import Approval
from shop.kernel.states import StaleState, StateError
from shop.kernel.transactions import retrying
from shop.ui.numbers import money_text

from .actions.refunds import Changed, NoAccount, RefundTooLarge, held, refundable_minor, request_refund
from .models import CARD, CREDIT, OPEN_STATES, Payment, Refund

KIND = "refund"
LIMIT_MINOR = (
    25_000  #: 250.00: what one person may send back of one order without another, unless limits say else
)
REASONS = (
    ("goodwill", gettext_lazy("Goodwill")),
    ("credit", gettext_lazy("What a credit note left over")),
    ("withdrawal", gettext_lazy("Withdrawal")),
    ("overpaid", gettext_lazy("Paid too much")),
    ("cancelled", gettext_lazy("The order is cancelled")),
    ("other", gettext_lazy("Something else")),
)


@dataclass(frozen=True)
class Asked:
    """What came of a wish: the refunds that are on their way, or the request that waits for a second person."""

    refunds: tuple[Refund, ...] = ()
    approval: Approval | None = None
    is_new: bool = True


def sent_by_staff_minor(order: Order) -> int:
    """What staff have sent back of an order so far, in minor units; refunds that failed do not count."""
    rows = Refund.objects.filter(payment__order=order, requested_by__isnull=False).exclude(state="failed")
    return int(rows.aggregate(total=Sum("amount_minor"))["total"] or 0)


def second_person_needed(*, order: Order, amount_minor: int, by: Any) -> bool:
    """Whether ``by`` needs somebody else to send back ``amount_minor`` of this order. Three queries."""
    return approvals.needed(kind_name=KIND, amount_minor=amount_minor + sent_by_staff_minor(order), by=by)


def give_back(
    *,
    payment: Payment,
    amount_minor: int,
    seen_minor: int,
    token: str,
    reason_code: str,
    reason: str,
    as_credit: bool = False,
    by: Any,
) -> Asked:
    """Staff send money of a payment back: at once up to the limit, else after a second person approved.

    as_credit: the customer expressly wants store credit instead (§ 357 (3) BGB). seen_minor: what the page said may go
    back; token: names the form, so that a double click is one wish. Raises Changed, RefundTooLarge, ValueError without
    a reason, below one minor unit, or where there is no account for credit.
    """
    if not reason.strip():
        raise ValueError(_("Please say why."))
    if as_credit and payment.order.user_id is None:
        raise ValueError(_("Store credit needs a customer account; this order was placed without one."))

    def work() -> Asked:
        current = held(payment.pk)
        # Over the order: the second click may mean another payment, as the first took all of the one before.
        source = f"staff:order:{payment.order_id}:{token}"
        known = Refund.objects.filter(source=source).first()
        if known is not None:
            return Asked((known,), is_new=False)
        left = refundable_minor(current)
        if left != seen_minor:
            raise Changed(_("Meanwhile somebody else sent money of this payment back. Please look again."))
        if not 0 < amount_minor <= left:
            raise RefundTooLarge(amount_minor, left)
        if second_person_needed(order=current.order, amount_minor=amount_minor, by=by):
            return _ask_for_refund(current, amount_minor, source, reason_code, reason, as_credit, by)
        made = request_refund(
            payment=current,
            amount_minor=amount_minor,
            source=source,
            reason=reason,
            as_credit=as_credit,
            by=by,
        )
        return Asked((made,))

    return retrying(work)


def ask_to_cancel(*, order: Order, amount_minor: int, reason: str, by: Any) -> Asked:
    """Cancelling this order sends more back than ``by`` may alone: the whole cancellation waits for a second person,
    and nobody goes on with the order meanwhile."""
    from checkout.order.actions import hold

    money, key = money_text(amount_minor, order.currency), f"cancel:{order.pk}"
    with translation.override(settings.LANGUAGE_CODE):  # kept as text, for staff
        hold_reason = _("Waits for the approval of its cancellation.")

    def work() -> Asked:
        holds = _may_hold(order, key)
        approval, is_new = approvals.ask(
            kind_name=KIND,
            key=key,
            title=_("Cancel order %(number)s and give %(amount)s back")
            % {"number": order.number, "amount": money},
            amount_minor=amount_minor,
            currency=order.currency,
            facts={"verb": "cancel", "order_id": order.pk, "held_as": hold_reason if holds else ""},
            consequences=[
                _("Order %(number)s is cancelled; reserved pieces are free again.")
                % {"number": order.number},
                _("%(amount)s go back to the customer.") % {"amount": money},
                _("The customer is told by mail."),
            ],
            reason_code="cancelled",
            reason=reason,
            by=by,
        )
        if is_new and holds:
            hold(order=order, by=by, why=hold_reason)
        return Asked(approval=approval, is_new=is_new)

    return retrying(work)


def _may_hold(order: Order, key: str) -> bool:
    """Whether nobody holds the order for another reason; a hold that an earlier request left behind is ours."""
    now = Order.objects.select_for_update(no_key=True).get(pk=order.pk)
    if not now.on_hold:
        return True
    before = Approval.objects.filter(kind=KIND, key=key).order_by("-pk").first()
    return before is not None and before.facts.get("held_as") == now.hold_reason


def _ask_for_refund(
    payment: Payment,
    amount_minor: int,
    source: str,
    reason_code: str,
    reason: str,
    as_credit: bool,
    by: Any,
) -> Asked:
    number, money = payment.order.number, money_text(amount_minor, payment.currency)
    ways = {CARD: _("by card"), CREDIT: _("as store credit")}
    way = ways.get(Refund(payment=payment, as_credit=as_credit).way, _("by bank transfer"))
    approval, is_new = approvals.ask(
        kind_name=KIND,
        key=f"payment:{payment.pk}",
        title=_("Give %(amount)s of order %(number)s back") % {"amount": money, "number": number},
        amount_minor=amount_minor,
        currency=payment.currency,
        facts={
            "verb": "refund",
            "payment_id": payment.pk,
            "amount_minor": amount_minor,
            "source": source,
            "as_credit": as_credit,
        },
        consequences=[
            _("%(amount)s go back to the customer %(way)s.") % {"amount": money, "way": way},
            _("The customer is told by mail when it is done."),
        ],
        reason_code=reason_code,
        reason=reason,
        by=by,
    )
    return Asked(approval=approval, is_new=is_new)


def run(approval: Approval, by: Any) -> Outcome:
    """Do what was approved, reading everything anew. Raises CannotRun in words."""
    verb = _cancel if approval.facts.get("verb") == "cancel" else _refund
    return verb(approval, by)


def _refund(approval: Approval, by: Any) -> Outcome:
    payment = Payment.objects.select_related("order").get(pk=approval.facts["payment_id"])
    try:
        request_refund(
            payment=payment,
            amount_minor=int(approval.facts["amount_minor"]),
            source=approval.facts["source"],
            reason=approval.reason,
            as_credit=bool(approval.facts.get("as_credit")),
            by=approval.requested_by,
        )
    except RefundTooLarge as error:
        left = money_text(error.left_minor, payment.currency)
        raise CannotRun(_("Only %(left)s are left to give back.") % {"left": left}) from None
    except NoAccount:
        raise CannotRun(
            _(
                "The customer's account is gone, so nobody could spend the credit. Please decline this one "
                "and give the money back as it was paid."
            )
        ) from None
    return Outcome(_("The money is on its way back."), _url(payment.order))


def _cancel(approval: Approval, by: Any) -> Outcome:
    from checkout.order.actions import cancel

    order = Order.objects.get(pk=approval.facts["order_id"])
    back = sum(refundable_minor(payment) for payment in Payment.objects.filter(order=order))
    if back > approval.amount_minor:
        raise CannotRun(
            _(
                "More would go back now: %(amount)s. Please decline this one, so that it can be asked for anew."
            )
            % {"amount": money_text(back, order.currency)}
        )
    if order.status == "awaiting_payment" and not back:
        raise CannotRun(_("The order is cancelled already, or still waits for its money."))
    if order.status == "awaiting_payment" and _card_may_be_charged(order):
        raise CannotRun(
            _(
                "The customer is paying by card in this moment. Please look again when that is over; "
                "nothing was done."
            )
        )
    try:
        done = cancel(order=order, by=approval.requested_by, why=approval.reason)
    except StaleState:
        raise CannotRun(_("The order was changed in this moment. Please try again.")) from None
    except StateError:
        raise CannotRun(_("Parts of the order have left the house. Take them back as a return.")) from None
    if not done:
        raise CannotRun(_("The order is cancelled already, or still waits for its money."))
    return Outcome(_("The order is cancelled and its money is on its way back."), _url(order))


def _card_may_be_charged(order: Order) -> bool:
    """Whether the provider has to be asked before the order can be cancelled, which no decision waits for."""
    open_ones = Payment.objects.of_order(order).filter(method=CARD, state__in=OPEN_STATES)
    return open_ones.exclude(intent_id=None).exists()


def ended(approval: Approval, by: Any) -> None:
    """Declined or withdrawn. An order that was put on hold for its cancellation goes on when that was withdrawn.

    When it was declined it stays on hold, saying so, until somebody lets it go on or asks again. A hold that has
    another reason by now is left alone.
    """
    held_as = approval.facts.get("held_as")
    if not held_as:
        return
    rows = Order.objects.filter(pk=approval.facts["order_id"], on_hold=True, hold_reason=held_as)
    if approval.state == "withdrawn":
        rows.update(on_hold=False, hold_reason="")
        return
    with translation.override(settings.LANGUAGE_CODE):  # kept as text, for staff
        why = _("Its cancellation was declined by %(name)s: %(words)s") % {
            "name": by.name,
            "words": approval.words,
        }
    if rows.update(hold_reason=why[:300]):
        approval.facts["held_as"] = why[:300]
        approval.save(update_fields=["facts"])


def requests_of(
    order: Order, payments: Iterable[Payment], also: Mapping[str, str] | None = None
) -> list[Approval]:
    """What was asked for about an order's money, the newest first; ``also``: kind -> key of what other rooms asked for
    about the same order. One query."""
    keys = [f"cancel:{order.pk}", *(f"payment:{payment.pk}" for payment in payments)]
    wanted = Q(kind=KIND, key__in=keys)
    for kind, key in (also or {}).items():
        wanted |= Q(kind=kind, key=key)
    return list(Approval.objects.filter(wanted).select_related("requested_by", "decided_by").order_by("-pk"))


def _url(order: Order) -> str:
    return reverse("dashboard:order", args=[order.number])


def register_kind() -> None:
    """Called when the room is ready."""
    register(Kind(KIND, gettext_lazy("Refund"), "payment.approve_refunds", LIMIT_MINOR, run, REASONS, ended))


__all__ = [
    "KIND", "REASONS", "Asked", "Changed", "ask_to_cancel", "give_back", "register_kind", "requests_of",
    "second_person_needed", "sent_by_staff_minor",
]  # fmt: skip
