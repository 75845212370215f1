"""Manual entries, their reversals and opening balances above the limit: what happens when a second person approves."""

from __future__ import annotations

import datetime as dt
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
    from .actions import correct, openings
    from .actions.days import LedgerError

    try:
        if approval.key.startswith(openings.KEY_PREFIX):
            return _openings(approval)
        return _reversal(approval) if approval.key.startswith(correct.KEY_PREFIX) else _manual(approval)
    except LedgerError as error:
        raise kinds.CannotRun(str(error)) from error


def _manual(approval: Approval) -> kinds.Outcome:
    from .actions.manual import from_facts, write

    entry = write(manual=from_facts(approval.facts), by=approval.requested_by)
    text = _("Posted as entry %(id)d.") % {"id": entry.pk}
    return kinds.Outcome(text, reverse("finance:entry", args=[entry.pk]))


def _reversal(approval: Approval) -> kinds.Outcome:
    from .actions.correct import write_reversal
    from .models import Entry

    facts = approval.facts
    entry = Entry.objects.get(pk=facts["entry"])
    reversal = write_reversal(
        entry=entry,
        why=facts["why"],
        booked_on=dt.date.fromisoformat(facts["booked_on"]),
        by=approval.requested_by,
    )
    return kinds.Outcome(reversed_text(entry, reversal), reverse("finance:entry", args=[reversal.pk]))


def reversed_text(entry: Any, reversal: Any) -> str:
    """What to say of an entry that was reversed."""
    return _("Entry %(id)d is reversed by entry %(reversal)d.") % {"id": entry.pk, "reversal": reversal.pk}


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
