"""Taking back what a person wrote: above the limit by two people, as writing it was."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import translation

from fulfilment.finance.ledger.actions import (
    LedgerError,
    ManualLine,
    PeriodClosed,
    enter,
    post,
    reverse_by_hand,
    waiting_reversal,
    why_not,
)
from fulfilment.finance.ledger.models import ENTRY_KINDS, Entry
from fulfilment.finance.ledger.postings import Posting
from fulfilment.finance.ledger.queries import balance_minor
from shop.approvals import actions as approvals
from shop.approvals.kinds import CannotRun
from tests.factories.people import make_staff
from tests.fulfilment.finance.books import closed, problems
from tests.fulfilment.finance.ledger.test_manual import DAY, manual

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english() -> Any:
    with translation.override("en"):
        yield


@pytest.fixture
def clerk() -> Any:
    return make_staff("ada@example.org", "ledger.post_entries")


@pytest.fixture
def boss() -> Any:
    return make_staff("bea@example.org", "ledger.approve_entries", "ledger.post_into_closed")


def large(clerk: Any, boss: Any, amount_minor: int = 100_001) -> Entry:
    """A manual entry above the limit, which two people posted."""
    lines = (ManualLine("1000", debit_minor=amount_minor), ManualLine("1200", credit_minor=amount_minor))
    entry, request = enter(manual=manual(*lines), by=clerk)
    if request is not None:
        approvals.approve(approval=request, by=boss)
        entry = Entry.objects.get(source=request.key)
    assert entry is not None
    return entry


def test_a_large_entry_is_reversed_by_two_people_as_it_was_written(clerk: Any, boss: Any) -> None:
    entry = large(clerk, boss)
    before = balance_minor("bank")
    facts = {"entry": entry, "why": "twice", "booked_on": DAY, "by": clerk}
    reversal, request = reverse_by_hand(**facts)
    assert reversal is None and request is not None
    assert (request.amount_minor, request.requested_by, balance_minor("bank")) == (100_001, clerk, before)
    assert len(request.consequences) == 2 and any("1,000.01" in one for one in request.consequences)
    assert reverse_by_hand(**facts) == (None, request), "asked for twice it is one request"
    assert waiting_reversal(entry) == request
    with pytest.raises(approvals.NotYours):
        approvals.approve(approval=request, by=clerk)
    approvals.approve(approval=request, by=boss)
    entry = Entry.objects.select_related("reversed_by").get(pk=entry.pk)
    assert (entry.reversed_by.by, entry.reversed_by.text, balance_minor("bank")) == (
        clerk,
        "twice",
        before + 100_001,
    )
    assert reverse_by_hand(**{**facts, "entry": entry}) == (entry.reversed_by, None)
    assert waiting_reversal(entry) is None
    assert problems() == []


def test_the_limit_of_a_reversal_is_that_of_the_entry(clerk: Any, boss: Any) -> None:
    reversal, request = reverse_by_hand(
        entry=large(clerk, boss, 100_000), why="twice", booked_on=DAY, by=clerk
    )
    assert reversal is not None and request is None


def test_a_reversal_that_waits_is_refused_in_words_once_its_month_is_closed(clerk: Any, boss: Any) -> None:
    entry = large(clerk, boss)
    _reversal, request = reverse_by_hand(entry=entry, why="twice", booked_on=DAY, by=clerk)
    assert request is not None
    closed(dt.date(2026, 11, 1), dt.date(2026, 11, 30))
    with pytest.raises(CannotRun):
        approvals.approve(approval=request, by=boss)
    request.refresh_from_db()
    assert request.state == "waiting"
    approvals.decline(approval=request, by=boss, words="another day, please")
    _reversal, again = reverse_by_hand(entry=entry, why="twice", booked_on=dt.date(2026, 12, 1), by=clerk)
    assert again is not None and again != request
    approvals.approve(approval=again, by=boss)
    assert problems() == []


def test_only_what_a_person_wrote_is_reversed_by_hand(clerk: Any) -> None:
    pair = [Posting("bank", debit_minor=5), Posting("retained", credit_minor=5)]
    for kind, _label in ENTRY_KINDS:
        entry = post(source=f"fact:{kind}", kind=kind, lines=pair, booked_on=DAY)
        reason = why_not(entry)
        assert bool(reason) == (kind not in ("manual", "opening_balance")), kind
        if reason:
            with pytest.raises(LedgerError):
                reverse_by_hand(entry=entry, why="x", booked_on=DAY, by=clerk)
    entry = Entry.objects.get(source="fact:manual")
    for why, day in ((" ", DAY), ("x", DAY - dt.timedelta(days=1))):
        with pytest.raises(LedgerError):
            reverse_by_hand(entry=entry, why=why, booked_on=day, by=clerk)
    closed(dt.date(2026, 11, 1), dt.date(2026, 11, 30))
    with pytest.raises(PeriodClosed):
        reverse_by_hand(entry=entry, why="x", booked_on=DAY, by=clerk)
    done, _request = reverse_by_hand(entry=entry, why="x", booked_on=dt.date(2026, 12, 1), by=clerk)
    assert done is not None
    entry = Entry.objects.select_related("reversed_by").get(pk=entry.pk)
    assert reverse_by_hand(entry=entry, why="x", booked_on=DAY, by=clerk) == (done, None)
    assert why_not(entry)
    assert why_not(done)
