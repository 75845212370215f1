"""A second person for files of transfers: above a limit of the day, or to accounts that one gave oneself.

Refunds that staff ask for above a limit were approved one by one; refunds that the house makes by itself (returns,
withdrawals) and paybacks were not, and nobody approved the account they go to. So the file is looked at as a whole, see
docs/decisions/0065.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db.models import Q, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from checkout.payment.approval import KIND as REFUND_KIND
from shop.approvals import actions as approvals
from shop.approvals.kinds import CannotRun, Kind, Outcome, register
from shop.approvals.models import Approval
from shop.kernel import clock

from .models import TransferBatch
from .receivers import bank_day_from
from .waiting import APPROVAL_KIND as KIND
from .waiting import Waiting

#: 2,500.00: what one person may send in one day without another, unless limits say else.
LIMIT_MINOR = 250_000


def second_person_needed(*, rows: Sequence[Waiting], by: Any) -> bool:
    """Whether ``by`` needs somebody else to send these.

    Counted with all that they sent alone today, so that five small files are one large one; what goes to accounts they
    gave themselves is held to the limit of refunds.
    """
    total, typed = sent_today_minor(by)
    total += sum(row.amount_minor for row in rows)
    typed += sum(row.amount_minor for row in rows if row.given_by_id and row.given_by_id == by.pk)
    return approvals.needed(kind_name=KIND, amount_minor=total, by=by) or (
        typed > 0 and approvals.needed(kind_name=REFUND_KIND, amount_minor=typed, by=by)
    )


def sent_today_minor(by: Any) -> tuple[int, int]:
    """What ``by`` has sent alone today, and of that what went to accounts they gave themselves (minor units)."""
    midnight = timezone.make_aware(dt.datetime.combine(clock.today(), dt.time()))
    mine = TransferBatch.objects.filter(made_by=by, approved_by=None, made_at__gte=midnight)
    sums = mine.exclude(state="cancelled").aggregate(
        total=Sum("transfers__amount_minor"),
        typed=Sum("transfers__amount_minor", filter=Q(transfers__account_given_by=by)),
    )
    return int(sums["total"] or 0), int(sums["typed"] or 0)


def run(approval: Approval, by: Any) -> Outcome:
    """Make the file as it was asked for, everything read anew; a day that has passed becomes the next on which banks
    move money. Raises CannotRun in words."""
    from . import actions

    wish = actions.from_facts(approval.facts)
    wish = replace(wish, execute_on=max(wish.execute_on, bank_day_from(clock.today())))
    try:
        batch = actions.write(wish=wish, by=approval.requested_by, approved_by=by)
    except actions.Refused as refused:
        raise CannotRun(str(refused)) from refused
    text = _("File %(number)s is made; who asked for it hands it to the bank.") % {"number": batch.message_id}
    return Outcome(text, reverse("finance:transfer-batch", args=[batch.pk]))


def register_kind() -> None:
    """Called when the room is ready."""
    register(Kind(KIND, gettext_lazy("File of transfers"), "sepa.approve_transfers", LIMIT_MINOR, run))
