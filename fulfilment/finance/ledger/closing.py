"""What is still open in a month, asked of every room before the month is closed.

A room registers its question in its ``apps.ready()``; the ledger knows nobody above itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Count, Sum
from django.urls import reverse
from django.utils.translation import ngettext

from shop.approvals.models import Approval

from .models import Entry
from .queries import balances_by_subject


@dataclass(frozen=True, slots=True)
class Matter:
    """Something that should be done before a month is closed: how much of it, in words, and where it is done."""

    text: str
    count: int
    url: str = ""
    amount_minor: int | None = None


Question = Callable[[dt.date, dt.date], list[Matter]]
_QUESTIONS: dict[str, Question] = {}


def register(name: str, question: Question) -> None:
    """Ask ``question`` (first day, last day -> matters) before a month is closed; once per name."""
    _QUESTIONS[name] = question


def open_matters(first_day: dt.date, last_day: dt.date) -> list[Matter]:
    """All that is still open in these days. A constant number of queries."""
    asked = [_unexplained, _waiting, _without_papers, *_QUESTIONS.values()]
    return [matter for question in asked for matter in question(first_day, last_day) if matter.count]


def _unexplained(first_day: dt.date, last_day: dt.date) -> list[Matter]:
    """Money nobody has explained until the last day, whenever it came."""
    balances = balances_by_subject("unexplained", until=last_day)
    text = ngettext(
        "%(n)d amount of money is unexplained", "%(n)d amounts of money are unexplained", len(balances)
    )
    url = reverse("finance:receipts") + "?state=unexplained"
    return [Matter(text % {"n": len(balances)}, len(balances), url, sum(map(abs, balances.values())))]


def _waiting(first_day: dt.date, last_day: dt.date) -> list[Matter]:
    """Manual entries and opening balances of these days that wait for a second person. One query."""
    days = {"facts__booked_on__gte": first_day.isoformat(), "facts__booked_on__lte": last_day.isoformat()}
    waiting = Approval.objects.filter(kind="manual_entry", state="waiting", **days)
    found = waiting.aggregate(count=Count("pk"), amount=Sum("amount_minor"))
    text = ngettext("%(n)d entry waits for approval", "%(n)d entries wait for approval", found["count"])
    url = f"{reverse('dashboard:approvals')}?kind=manual_entry&state=waiting"
    return [Matter(text % {"n": found["count"]}, found["count"], url, found["amount"] or 0)]


def _without_papers(first_day: dt.date, last_day: dt.date) -> list[Matter]:
    """Manual entries of these days that have no attachment and were not reversed."""
    bare = Entry.objects.filter(
        kind="manual", booked_on__gte=first_day, booked_on__lte=last_day, attachments__isnull=True
    )
    count = bare.filter(reversed_by__isnull=True).count()
    text = ngettext("%(n)d manual entry has no attachment", "%(n)d manual entries have no attachment", count)
    days = f"first={first_day.isoformat()}&last={last_day.isoformat()}"
    return [Matter(text % {"n": count}, count, f"{reverse('finance:journal')}?kind=manual&{days}")]
