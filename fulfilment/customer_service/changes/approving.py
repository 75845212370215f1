"""Staff change an order for its customer. What sends back more than they may alone waits for a second person.

The customer's own change needs nobody: what is not wanted before it is packed is not owed (docs/decisions/0068).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from checkout.order.actions import hold, release_hold
from checkout.order.models import Order
from checkout.payment.approval import KIND as REFUND
from checkout.payment.approval import LIMIT_MINOR, second_person_needed
from checkout.payment.models import CARD, OPEN_STATES, Payment
from fulfilment.warehouse.picking.actions import hold_order
from shop.approvals import actions as approvals
from shop.approvals.kinds import CannotRun, Kind, Outcome, register
from shop.approvals.models import Approval
from shop.kernel.transactions import retrying
from shop.ui.numbers import money_text

from .actions import change
from .altering import ChangeRefused
from .models import OrderChange
from .preview import preview
from .wishes import Wish

KIND = "order_change"
BEING_PAID = gettext_lazy(
    "The customer is paying by card in this moment. Please look again when that is over; nothing was done."
)


@dataclass(frozen=True)
class Asked:
    """What came of a wish of staff: the change, or the request that waits for a second person."""

    change: OrderChange | None = None
    approval: Approval | None = None
    is_new: bool = True


def key_of(order: Order) -> str:
    """What a request for approval knows the order by."""
    return f"change:{order.pk}"


def needs_second(order: Order, back_minor: int, by: Any) -> bool:
    """Whether ``by`` needs somebody else to change the order so that this much goes back. Three queries at most."""
    return back_minor > 0 and second_person_needed(order=order, amount_minor=back_minor, by=by)


def change_or_ask(*, order: Order, wish: Wish, key: str, by: Any, why: str, seen_minor: int) -> Asked:
    """Change an order for its customer, or ask for approval when more goes back than ``by`` may send alone; nobody
    begins to pick it meanwhile. Raises as change()."""
    known = OrderChange.objects.filter(key=key, order=order).first()
    if known is not None:
        return Asked(known, is_new=False)
    if not why.strip():
        raise ChangeRefused(_("Please say why."))
    seen = preview(order=order, wish=wish, by=by)
    if not needs_second(order, seen.back_minor, by):
        return Asked(change(order=order, wish=wish, key=key, by=by, why=why, seen_minor=seen_minor))
    if seen.after_minor != seen_minor:
        raise ChangeRefused(_("A price has changed since you looked. Please look again."))
    facts = {"order_id": order.pk, "wish": wish.plain(), "key": key, "after_minor": seen.after_minor}
    return retrying(lambda: _ask(order.pk, facts, seen.back_minor, why, by))


def _ask(order_id: int, facts: dict[str, Any], back_minor: int, why: str, by: Any) -> Asked:
    order = hold_order(order_id)
    money = {"amount": money_text(back_minor, order.currency), "number": order.number}
    with translation.override(settings.LANGUAGE_CODE):  # kept as text, for staff
        approval, is_new = approvals.ask(
            kind_name=KIND,
            key=key_of(order),
            title=_("Change order %(number)s and give %(amount)s back") % money,
            amount_minor=back_minor,
            currency=order.currency,
            facts=facts,
            consequences=[
                _("Order %(number)s is changed; pieces that are not wanted are free again.") % money,
                _("%(amount)s go back to the customer.") % money,
                _("The customer is told by mail."),
            ],
            reason=why,
            by=by,
        )
    if is_new:
        hold_meanwhile(approval, by)
    return Asked(approval=approval, is_new=is_new)


def is_being_paid(order: Order) -> bool:
    """Whether a card could still be charged for an order that waits for its money: the provider has to be asked, which
    no decision waits for."""
    if order.status != "awaiting_payment":
        return False
    open_ones = Payment.objects.of_order(order).filter(method=CARD, state__in=OPEN_STATES)
    return open_ones.exclude(intent_id=None).exists()


def run(approval: Approval, by: Any) -> Outcome:
    """Do what was approved, reading everything anew. Raises CannotRun in words."""
    facts, asker = approval.facts, approval.requested_by
    order = Order.objects.get(pk=facts["order_id"])
    wish = Wish.of(facts["wish"])
    if is_being_paid(order):
        raise CannotRun(str(BEING_PAID))
    try:
        back = preview(order=order, wish=wish, by=asker).back_minor
        if back > approval.amount_minor:
            raise CannotRun(
                _(
                    "More would go back now: %(amount)s. Please decline this one, so that it can be asked for anew."
                )
                % {"amount": money_text(back, order.currency)}
            )
        change(
            order=order,
            wish=wish,
            key=facts["key"],
            by=asker,
            why=approval.reason,
            seen_minor=int(facts["after_minor"]),
        )
    except ChangeRefused as problem:
        raise CannotRun(str(problem)) from None
    let_go(approval, by)
    return Outcome(_("The order is changed and its money is on its way back."), _url(order))


def ended(approval: Approval, by: Any) -> None:
    """Declined or withdrawn: the order goes on as it was ordered."""
    let_go(approval, by)


def hold_meanwhile(approval: Approval, by: Any) -> None:
    """Nobody begins to pick the order (``order_id`` of the facts) while this waits. Part of a caller's transaction."""
    order = hold_order(approval.facts["order_id"])
    if order.on_hold:
        return
    with translation.override(settings.LANGUAGE_CODE):  # kept as text, for staff
        held_as = _("Waits for the approval of a change.")
    hold(order=order, by=by, why=held_as)
    approval.facts["held_as"] = held_as
    approval.save(update_fields=["facts"])


def let_go(approval: Approval, by: Any) -> None:
    """Picking may begin, unless somebody holds the order for another reason."""
    order = hold_order(approval.facts["order_id"])
    held_as = approval.facts.get("held_as")
    if held_as and order.on_hold and order.hold_reason == held_as:
        release_hold(order=order, by=by)


def _url(order: Order) -> str:
    return reverse("dashboard:order", args=[order.number])


def register_kind() -> None:
    """Called when the room is ready. Who may approve refunds may approve these; the limit is that of refunds."""
    title = gettext_lazy("Change of an order")
    register(Kind(KIND, title, "payment.approve_refunds", LIMIT_MINOR, run, ended=ended, limit_of=REFUND))
