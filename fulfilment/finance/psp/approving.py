"""Giving card money without an order back above the limit: a second person decides (shop.approvals)."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from checkout.payment.approval import LIMIT_MINOR
from shop.approvals import actions as approvals
from shop.approvals.kinds import CannotRun, Kind, Outcome, register
from shop.approvals.models import Approval
from shop.ui.numbers import money_text

from . import unmatched
from .models import Explanation, UnmatchedMoney

KIND = "stray_money"


def key_of(money: UnmatchedMoney) -> str:
    """What a request for approval knows the money by."""
    return f"unmatched:{money.pk}"


def give_back(*, money: UnmatchedMoney, why: str, by: Any) -> Explanation | Approval:
    """Give it back, or above the limit of ``by`` ask a second person; then the money stays unexplained. Raises
    CannotExplain in words."""
    if not approvals.needed(kind_name=KIND, amount_minor=abs(money.amount_minor), by=by):
        made = unmatched.explain(money=money, kind=Explanation.GIVE_BACK, why=why, by=by)
        nudge(made.pk)
        return made
    unmatched.refuse_unsuitable(money, Explanation.GIVE_BACK)
    if not money.is_open:
        raise unmatched.CannotExplain(_("Somebody else has explained it meanwhile. Please look again."))
    facts = {"amount": money_text(money.amount_minor, money.currency), "reference": money.reference}
    asked, _is_new = approvals.ask(
        kind_name=KIND,
        key=key_of(money),
        title=_("Give %(amount)s without an order back (%(reference)s)") % facts,
        amount_minor=money.amount_minor,
        currency=money.currency,
        facts={"money_id": money.pk},
        consequences=[_("The provider is asked to send %(amount)s back to the card they came from.") % facts],
        reason=why,
        by=by,
    )
    return asked


def waiting_for(money: UnmatchedMoney) -> Approval | None:
    """The request that waits for a second person. One query."""
    return Approval.objects.filter(kind=KIND, key=key_of(money), state="waiting").first()


def nudge(explanation_id: int) -> None:
    """Let a worker ask the provider now; the sweep does it otherwise."""
    from .tasks import send_back

    transaction.on_commit(lambda: send_back.delay(explanation_id), robust=True)


def run(approval: Approval, by: Any) -> Outcome:
    """Give it back as it was asked for. Raises CannotRun in words."""
    money = UnmatchedMoney.objects.get(pk=approval.facts["money_id"])
    try:
        made = unmatched.explain(
            money=money, kind=Explanation.GIVE_BACK, why=approval.reason, by=approval.requested_by
        )
    except unmatched.CannotExplain as error:
        raise CannotRun(str(error)) from None
    nudge(made.pk)
    return Outcome(_("The money is on its way back."), reverse("finance:unmatched-money", args=[money.pk]))


def register_kind() -> None:
    """Called when the room is ready. Who may approve refunds may approve these."""
    title = gettext_lazy("Card money given back")
    register(Kind(KIND, title, "payment.approve_refunds", LIMIT_MINOR, run))
