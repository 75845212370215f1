"""Months are closed in their order; what falls into a closed one is posted on the next open day and says so."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import translation

from fulfilment.finance.ledger import triggers
from fulfilment.finance.ledger.actions import (
    CannotClose,
    LedgerError,
    NewEntry,
    PeriodClosed,
    close_month,
    next_open_day,
    post,
    post_many,
    reopen_month,
    state_of,
)
from fulfilment.finance.ledger.closing import open_matters
from fulfilment.finance.ledger.models import Entry, Period
from fulfilment.finance.ledger.postings import Posting
from fulfilment.finance.ledger.queries import balance_minor
from shop.kernel.clock import now
from shop.kernel.models import StateChange
from tests.fulfilment.finance.books import closed, problems
from tests.support.helpers import Clock

pytestmark = pytest.mark.django_db
SEPTEMBER, OCTOBER, NOVEMBER = dt.date(2026, 9, 15), dt.date(2026, 10, 15), dt.date(2026, 11, 15)


def pair(amount: int = 500) -> list[Posting]:
    return [Posting("bank", debit_minor=amount), Posting("retained", credit_minor=amount)]


def booked(day: dt.date, source: str = "", **more: Any) -> Entry:
    return post(source=source or f"fact:{day}", kind="manual", lines=pair(), booked_on=day, **more)


@pytest.fixture(autouse=True)
def _december(clock: Clock) -> None:
    clock.on(dt.date(2026, 12, 3))


def test_months_are_closed_in_their_order_and_only_when_they_are_over() -> None:
    booked(SEPTEMBER)
    with pytest.raises(CannotClose, match="09/2026"):
        close_month(month=OCTOBER, why="VAT return", by=None)
    with pytest.raises(CannotClose):
        close_month(month=dt.date(2026, 12, 1), why="VAT return", by=None)
    with pytest.raises(CannotClose):
        close_month(month=SEPTEMBER, why=" ", by=None)
    close_month(month=SEPTEMBER, why="VAT return", by=None)
    close_month(month=OCTOBER, why="VAT return", by=None)
    assert [state_of(day) for day in (SEPTEMBER, OCTOBER, NOVEMBER)] == ["soft", "soft", "open"]


def test_a_month_is_closed_for_good_only_after_it_was_softly_closed_and_then_for_ever() -> None:
    booked(SEPTEMBER)
    with pytest.raises(CannotClose):
        close_month(month=SEPTEMBER, hard=True, why="annual accounts", by=None)
    close_month(month=SEPTEMBER, why="VAT return", by=None)
    close_month(month=OCTOBER, why="VAT return", by=None)
    with pytest.raises(CannotClose, match="09/2026"):
        close_month(month=OCTOBER, hard=True, why="annual accounts", by=None)
    close_month(month=SEPTEMBER, hard=True, why="annual accounts", by=None)
    close_month(month=SEPTEMBER, hard=True, why="twice", by=None)
    with pytest.raises(CannotClose):
        close_month(month=SEPTEMBER, why="softer", by=None)
    reopen_month(month=OCTOBER, why="forgot an invoice", by=None)
    with pytest.raises(CannotClose):
        reopen_month(month=SEPTEMBER, why="forgot an invoice", by=None)


def test_months_are_opened_in_reverse_order_with_a_reason_that_is_kept() -> None:
    booked(SEPTEMBER)
    for month in (SEPTEMBER, OCTOBER):
        close_month(month=month, why="VAT return", by=None)
    with pytest.raises(CannotClose, match="10/2026"):
        reopen_month(month=SEPTEMBER, why="forgot an invoice", by=None)
    with pytest.raises(CannotClose):
        reopen_month(month=OCTOBER, why="", by=None)
    period = reopen_month(month=OCTOBER, why="forgot an invoice", by=None)
    assert (state_of(OCTOBER), period.closed_at) == ("open", None)
    moves = StateChange.objects.filter(machine="period", thing_id=period.pk).values_list("new", "why")
    assert list(moves) == [("soft", "VAT return"), ("open", "forgot an invoice")]
    with pytest.raises(CannotClose):
        reopen_month(month=NOVEMBER, why="never closed", by=None)


def test_what_happened_in_a_closed_month_is_posted_on_the_next_open_day_and_says_so() -> None:
    closed(dt.date(2026, 9, 1), dt.date(2026, 9, 30))
    closed(dt.date(2026, 10, 1), dt.date(2026, 10, 31), "soft")
    entry = booked(SEPTEMBER, text="K10001 Hanna Petersen")
    entry.refresh_from_db()
    assert entry.booked_on == dt.date(2026, 11, 1)
    assert entry.text.startswith("K10001 Hanna Petersen [")
    assert "15.09.2026" in entry.text
    long = booked(OCTOBER, text="x" * 300)
    assert len(long.text) <= 200
    assert "15.10.2026" in long.text
    assert balance_minor("bank") == 1_000
    assert next_open_day(SEPTEMBER) == dt.date(2026, 11, 1)
    assert next_open_day(NOVEMBER) == NOVEMBER


def test_who_insists_on_the_day_is_refused_in_words() -> None:
    closed(dt.date(2026, 9, 1), dt.date(2026, 9, 30), "soft")
    with pytest.raises(PeriodClosed, match=r"15\.09\.2026"), transaction.atomic():
        booked(SEPTEMBER, only_on_its_day=True)
    assert not Entry.objects.exists()


def test_into_a_softly_closed_month_goes_only_what_says_why_and_into_a_hard_one_nothing() -> None:
    soft = closed(dt.date(2026, 9, 1), dt.date(2026, 9, 30), "soft")
    entry = booked(SEPTEMBER, only_on_its_day=True, into_closed="the auditor asks for it")
    entry.refresh_from_db()
    assert (entry.booked_on, entry.into_closed) == (SEPTEMBER, "the auditor asks for it")
    Period.objects.filter(pk=soft.pk).update(state="hard")
    with pytest.raises(PeriodClosed), transaction.atomic():
        booked(SEPTEMBER, "fact:2", only_on_its_day=True, into_closed="the auditor asks for it")


@pytest.mark.parametrize(("state", "reason"), [("hard", "a reason"), ("soft", "")])
def test_the_database_itself_refuses_both_kinds(state: str, reason: str) -> None:
    closed(dt.date(2026, 9, 1), dt.date(2026, 9, 30), state)
    entry = Entry.objects.create(source="raw", kind="manual", booked_on=SEPTEMBER, into_closed=reason)
    for debit, credit in ((5, 0), (0, 5)):
        entry.lines.create(account_id=1, debit_minor=debit, credit_minor=credit)
    with pytest.raises(IntegrityError, match=triggers.CLOSED), transaction.atomic():
        Entry.objects.filter(pk=entry.pk).update(posted_at=now())


def test_what_is_still_open_is_told_before_a_month_is_closed() -> None:
    post(
        source="receipt:1",
        kind="receipt_recorded",
        lines=[
            Posting("bank", debit_minor=700, subject="receipt:1"),
            Posting("unexplained", credit_minor=700, subject="receipt:1"),
        ],
        booked_on=OCTOBER,
    )
    booked(OCTOBER)
    with translation.override("en"):
        matters = open_matters(dt.date(2026, 10, 1), dt.date(2026, 10, 31))
    texts = {matter.text: matter for matter in matters}
    assert list(texts) == ["1 amount of money is unexplained", "1 manual entry has no attachment"]
    assert texts["1 amount of money is unexplained"].amount_minor == 700
    assert open_matters(dt.date(2026, 9, 1), dt.date(2026, 9, 30)) == []


def test_many_entries_at_once_are_the_same_entries() -> None:
    closed(dt.date(2026, 9, 1), dt.date(2026, 9, 30))
    post(source="fact:known", kind="manual", lines=pair(1))
    wanted = [NewEntry(f"fact:{at}", "manual", pair(at), OCTOBER, f"text {at}") for at in range(1, 500)]
    wanted += [NewEntry("fact:known", "manual", pair(9)), NewEntry("fact:7", "manual", pair(9))]
    wanted += [NewEntry("fact:late", "manual", pair(3), SEPTEMBER, "late")]
    made = post_many(entries=wanted)
    assert len(made) == 500
    assert "fact:known" not in made
    assert balance_minor("bank") == 1 + sum(range(1, 500)) + 3
    late = Entry.objects.get(source="fact:late")
    assert (late.booked_on, "15.09.2026" in late.text) == (dt.date(2026, 10, 1), True)
    assert Entry.objects.get(pk=made["fact:7"]).text == "text 7"
    assert post_many(entries=wanted) == {}
    assert Entry.objects.count() == 501
    assert problems() == []


def test_one_unsound_entry_of_many_keeps_all_out() -> None:
    bad = [Posting("bank", debit_minor=5), Posting("receivable", credit_minor=4)]
    for lines in (bad, [Posting("nonsense", debit_minor=5), Posting("receivable", credit_minor=5)]):
        with pytest.raises(LedgerError):
            post_many(entries=[NewEntry("fact:1", "manual", pair()), NewEntry("fact:2", "manual", lines)])
    assert not Entry.objects.exists()
