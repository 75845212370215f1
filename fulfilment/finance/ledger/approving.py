"""Manual entries above the limit: what happens when a second person approves."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from shop.approvals import kinds
from shop.approvals.models import Approval

LIMIT_MINOR = 100_000  #: up to 1,000.00 one person is enough, unless a row of ApprovalLimit says otherwise


def register() -> None:
    """Make the kind known; called when the app is ready."""
    from .actions.manual import KIND

    title = gettext_lazy("Manual entry")
    kinds.register(kinds.Kind(KIND, title, "ledger.approve_entries", LIMIT_MINOR, _run))


def _run(approval: Approval, by: Any) -> kinds.Outcome:
    """Post it as it was asked for, in the name of who wrote it; what has changed since is refused in words."""
    from .actions.days import LedgerError
    from .actions.manual import from_facts, write

    try:
        entry = write(manual=from_facts(approval.facts), by=approval.requested_by)
    except LedgerError as error:
        raise kinds.CannotRun(str(error)) from error
    text = _("Posted as entry %(id)d.") % {"id": entry.pk}
    return kinds.Outcome(text, reverse("finance:entry", args=[entry.pk]))
