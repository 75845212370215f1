"""Remedies above a limit: one asks, another decides (``shop.approvals``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from checkout.payment.approval import KIND as REFUND
from checkout.payment.approval import LIMIT_MINOR as REFUND_LIMIT_MINOR
from fulfilment.customer_service.cases import actions as cases
from fulfilment.customer_service.cases.models import Case
from shop.approvals.kinds import CannotRun, Kind, Outcome, register
from shop.approvals.models import Approval
from shop.kernel.states import StateError

from .models import Reason

MONEY_KIND = "desk_money"  #: money that goes back without a credit note; its limit is that of refunds
#: Kind -> its title, and up to which amount (minor units) nobody else is needed unless a limit says otherwise.
LIMITS = {
    "replacement": (gettext_lazy("Replacement"), 20_000),
    "goodwill": (gettext_lazy("Goodwill and price reductions"), 5_000),
    "money_back": (gettext_lazy("Money back for articles"), 25_000),
    "voucher": (gettext_lazy("Vouchers for customers"), 5_000),
}


class Reasons:
    """The reasons as they are in the table now: code and label."""

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return iter([(row.code, row.title) for row in Reason.objects.all()])


def run(approval: Approval, by: Any) -> Outcome:
    """Do what was approved. Raises CannotRun in words."""
    from .actions import MOVED, run_approved
    from .acts import Refused

    try:
        remedy = run_approved(approval, by)
        _ended(approval, by)
    except Refused as error:
        raise CannotRun(str(error)) from None
    except StateError:
        raise CannotRun(str(MOVED)) from None
    return Outcome(remedy.result, reverse("service:act", args=[remedy.order.number]))


def ended(approval: Approval, by: Any) -> None:
    """Declined or withdrawn: what waited for it goes on, and the case is told, with the words."""
    _ended(approval, by)
    case = Case.objects.filter(pk=approval.facts.get("case_id")).first()
    if case is None:
        return
    words = {"title": approval.title, "name": by.name, "words": approval.words or "–"}
    said = (
        _("%(name)s declined “%(title)s”: %(words)s") % words
        if approval.state == "declined"
        else _("%(name)s withdrew “%(title)s”: %(words)s") % words
    )
    cases.note(case=case, body=said, key=f"ended:{approval.pk}", by=by)


def _ended(approval: Approval, by: Any) -> None:
    from .acts import ACTS

    act = ACTS.get(approval.facts["act"])
    if act is not None:
        act.ended(approval, by)


def register_kinds() -> None:
    """Called when the room is ready."""
    money = Kind(
        MONEY_KIND, gettext_lazy("Cancelled orders and money back"), "payment.approve_refunds", REFUND_LIMIT_MINOR, run,
        Reasons(), ended, limit_of=REFUND,
    )  # fmt: skip
    register(money)
    for name, (title, limit_minor) in LIMITS.items():
        register(Kind(name, title, "remedies.approve_remedies", limit_minor, run, Reasons(), ended))
