"""Manual entries and opening balances above the limit: what happens when a second person approves."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from shop.approvals import kinds
from shop.approvals.models import Approval

LIMIT_MINOR = 100_000  #: up to 1,000.00 one person is enough, unless a row of ApprovalLimit says otherwise


def register() -> None:
    """Make the kind known; called when the app is ready."""
    from .actions.manual import KIND

    title = gettext_lazy("Manual entries and opening balances")
    kinds.register(kinds.Kind(KIND, title, "ledger.approve_entries", LIMIT_MINOR, _run))


def _run(approval: Approval, by: Any) -> kinds.Outcome:
    """Post it as it was asked for, in the name of who wrote it; what has changed since is refused in words."""
    from .actions.days import LedgerError
    from .actions.openings import KEY_PREFIX

    try:
        return _openings(approval) if approval.key.startswith(KEY_PREFIX) else _manual(approval)
    except LedgerError as error:
        raise kinds.CannotRun(str(error)) from error


def _manual(approval: Approval) -> kinds.Outcome:
    from .actions.manual import from_facts, write

    entry = write(manual=from_facts(approval.facts), by=approval.requested_by)
    text = _("Posted as entry %(id)d.") % {"id": entry.pk}
    return kinds.Outcome(text, reverse("finance:entry", args=[entry.pk]))


def _openings(approval: Approval) -> kinds.Outcome:
    from .actions.openings import from_facts, write_openings

    year, rows = from_facts(approval.facts)
    count = len(write_openings(year=year, rows=rows, by=approval.requested_by))
    url = f"{reverse('finance:journal')}?kind=opening_balance&first={year}-01-01&last={year}-01-01"
    return kinds.Outcome(posted_text(count, year), url)


def posted_text(count: int, year: int) -> str:
    """What to say of opening balances that were posted."""
    text = ngettext(
        "%(n)d opening balance of %(year)d is posted.",
        "%(n)d opening balances of %(year)d are posted.",
        count,
    )
    return text % {"n": count, "year": year}
