"""Balances per account and day: right to the last entry at any moment, kept equal to recomputed."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fulfilment.finance.ledger.actions import post, reverse
from fulfilment.finance.ledger.models import Account, Entry
from fulfilment.finance.ledger.postings import Posting, swapped
from fulfilment.finance.ledger.queries import balances_by_subject, trial_balance
from fulfilment.finance.reports import balances, verify
from fulfilment.finance.reports.actions import BATCH, roll_up
from fulfilment.finance.reports.models import DayBalance, NewEntry, SubjectBalance

pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 11, 20)
PAIR = [Posting("bank", debit_minor=500), Posting("receivable", credit_minor=500, subject="order:K1")]


def bank() -> int:
    return Account.objects.get(role="bank").pk


def differences() -> list[str]:
    return [sentence for _name, check in verify.CHECKS for sentence in check()]


@pytest.mark.both_databases
def test_an_entry_counts_before_and_after_it_was_rolled_up() -> None:
    post(source="a", kind="manual", lines=PAIR, booked_on=DAY)
    before = balances.by_account(last_day=DAY)
    assert before[bank()].closing_minor == 500
    assert NewEntry.objects.count() == 1
    assert roll_up() == 1
    assert NewEntry.objects.count() == 0
    assert balances.by_account(last_day=DAY) == before
    assert roll_up() == 0
    assert balances.by_account(last_day=DAY) == before


@pytest.mark.both_databases
def test_an_entry_of_a_day_long_past_changes_every_day_since() -> None:
    post(source="a", kind="manual", lines=PAIR, booked_on=DAY)
    roll_up()
    post(source="b", kind="manual", lines=PAIR, booked_on=DAY - dt.timedelta(days=300))
    row = balances.by_account(first_day=DAY, last_day=DAY)[bank()]
    assert (row.opening_minor, row.debit_minor, row.closing_minor) == (500, 500, 1_000)
    assert [one.amount_minor for one in balances.days_of(bank())] == [500, 500]


def test_a_draft_that_was_rolled_back_is_noted_nowhere() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        post(source="a", kind="manual", lines=PAIR, booked_on=DAY)
        raise ZeroDivisionError
    assert not NewEntry.objects.exists()


@pytest.mark.both_databases
def test_many_entries_posted_by_one_statement_are_all_noted() -> None:
    """As a bulk does it: drafts with lines, then one UPDATE that posts them all."""
    accounts = {account.role: account for account in Account.objects.exclude(role="")}
    drafts = Entry.objects.bulk_create(
        [Entry(source=f"bulk:{at}", kind="manual", booked_on=DAY) for at in range(20)]
    )
    for draft in drafts:
        draft.lines.create(account=accounts["bank"], debit_minor=100)
        draft.lines.create(account=accounts["receivable"], credit_minor=100, subject="order:K1")
    Entry.objects.filter(source__startswith="bulk:").update(posted_at=timezone.now())
    assert NewEntry.objects.count() == 20
    assert roll_up() == 20
    assert SubjectBalance.objects.get(subject="order:K1").balance_minor == -2_000


def test_rolling_up_goes_in_batches_of_bounded_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fulfilment.finance.reports.actions.BATCH", 3)
    for at in range(8):
        post(source=f"e{at}", kind="manual", lines=PAIR, booked_on=DAY)
    assert roll_up(most=3) == 3
    assert differences() == []
    assert roll_up() == 5
    assert BATCH <= 10_000


@pytest.mark.both_databases
def test_a_sub_account_has_the_balance_of_any_day() -> None:
    receivable = Account.objects.get(role="receivable").pk
    post(source="a", kind="manual", lines=PAIR, booked_on=DAY)
    roll_up()
    later = DAY + dt.timedelta(days=3)
    post(source="b", kind="manual", lines=PAIR, booked_on=later)
    assert balances.by_subject(receivable, DAY) == {"order:K1": -500}
    assert balances.by_subject(receivable, later) == {"order:K1": -1_000}
    assert balances.by_subject(receivable, DAY - dt.timedelta(days=1)) == {}
    assert balances.sides(receivable, later) == (0, 1_000)


@pytest.mark.both_databases
def test_a_sub_account_that_moved_before_and_after_a_day_has_what_it_had_then() -> None:
    """Kept, only noted, and both; booked for days before what is kept already."""
    receivable = Account.objects.get(role="receivable").pk
    long_ago = DAY - dt.timedelta(days=400)
    post(source="a", kind="manual", lines=PAIR, booked_on=long_ago)
    post(source="b", kind="manual", lines=PAIR, booked_on=DAY)
    for rolled_up in range(2):
        assert balances.by_subject(receivable, long_ago) == {"order:K1": -500}, rolled_up
        assert balances.sides(receivable, DAY - dt.timedelta(days=1)) == (0, 500)
        assert balances.sides(receivable, long_ago - dt.timedelta(days=1)) == (0, 0)
        assert balances.by_subject(receivable, DAY) == {"order:K1": -1_000}
        roll_up()
    post(source="c", kind="manual", lines=PAIR, booked_on=long_ago - dt.timedelta(days=9))
    post(source="d", kind="manual", lines=swapped(PAIR), booked_on=DAY)
    for _rolled_up in range(2):
        assert balances.sides(receivable, long_ago - dt.timedelta(days=1)) == (0, 500)
        assert balances.sides(receivable, long_ago) == (0, 1_000)
        assert balances.by_subject(receivable, DAY) == {"order:K1": -1_000}
        roll_up()
    kept = SubjectBalance.objects.get(account=receivable, subject="order:K1")
    assert (kept.first_day, kept.last_day) == (long_ago - dt.timedelta(days=9), DAY)
    assert differences() == []


@pytest.mark.both_databases
def test_lines_without_a_sub_account_are_no_sub_account_on_any_day() -> None:
    receivable = Account.objects.get(role="receivable").pk
    lines = [Posting("receivable", debit_minor=500), Posting("bank", credit_minor=500)]
    post(source="a", kind="manual", lines=lines, booked_on=DAY)
    for _rolled_up in range(2):
        assert balances.sides(receivable, DAY - dt.timedelta(days=1)) == (0, 0)
        assert balances.sides(receivable, DAY) == (0, 0)
        roll_up()


@pytest.mark.both_databases
def test_postgresql_does_not_compile_reports() -> None:
    """What it believes to be dear is most of it never done; see shop/settings/database.py."""
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL compiles")
    with connection.cursor() as cursor:
        cursor.execute("SHOW jit")
        assert cursor.fetchone() == ("off",)


FAULTS = {
    "balances_equal_their_lines": lambda: DayBalance.objects.filter(account_id=bank()).update(
        debit_minor=499
    ),
    "subjects_equal_their_lines": lambda: SubjectBalance.objects.update(balance_minor=1),
    "subjects_equal_their_lines: days": lambda: SubjectBalance.objects.update(
        last_day=DAY + dt.timedelta(days=1)
    ),
    "subjects_equal_their_lines: missing": lambda: SubjectBalance.objects.all().delete(),
    "the_trigger_is_in_place": lambda: _drop_trigger(),
}


def _drop_trigger() -> None:
    table = "" if connection.vendor == "sqlite" else " ON ledger_entry"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER reports_entry_noted{table}")


@pytest.mark.both_databases
@pytest.mark.parametrize("name", FAULTS)
def test_the_check_names_the_fault(name: str) -> None:
    check = getattr(verify, name.partition(":")[0])
    post(source="a", kind="manual", lines=PAIR, booked_on=DAY)
    roll_up()
    assert check() == []
    FAULTS[name]()
    assert check() != []


def test_an_entry_that_is_in_no_balance_and_noted_nowhere_is_found() -> None:
    post(source="a", kind="manual", lines=PAIR, booked_on=DAY)
    assert differences() == []
    NewEntry.objects.all().delete()
    assert verify.balances_equal_their_lines() != []
    assert verify.subjects_equal_their_lines() != []


ROLES = ["bank", "receivable", "revenue_19", "vat_19", "revenue_abroad", "unexplained"]


def _line(role: str, amount: int, country: str, rate: int | None) -> Posting:
    side = {"debit_minor": amount} if amount > 0 else {"credit_minor": -amount}
    subject = f"order:K{abs(amount) % 3}" if role in ("receivable", "unexplained") else ""
    return Posting(
        role, subject=subject, vat_country=country, vat_rate_bp=rate, tax_base_minor=rate and amount, **side
    )


@pytest.mark.both_databases
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    print_blob=True,
)
@given(data=st.data())
def test_kept_equals_recomputed_whatever_was_posted_reversed_and_rolled_up_when(data: Any) -> None:
    with transaction.atomic():
        point = transaction.savepoint()
        for at in range(data.draw(st.integers(1, 25))):
            step = data.draw(st.sampled_from(["post", "post", "post", "reverse", "roll up"]))
            day = DAY + dt.timedelta(days=data.draw(st.integers(-40, 5)))
            if step == "post":
                amount = data.draw(st.integers(1, 10**6)) * data.draw(st.sampled_from([1, -1]))
                country, rate = data.draw(
                    st.sampled_from([("", None), ("DE", 1900), ("DE", 0), ("AT", 2000)])
                )
                pair = data.draw(st.permutations(ROLES))[:2]
                lines = [_line(pair[0], amount, country, rate), _line(pair[1], -amount, country, rate)]
                post(source=f"h{at}", kind="manual", lines=lines, booked_on=day)
            elif step == "reverse":
                free = Entry.objects.filter(reverses=None, reversed_by=None).first()
                if free:
                    reverse(entry=free, why="test", booked_on=day)
            else:
                roll_up(most=data.draw(st.integers(1, 4)))
            _compare(DAY + dt.timedelta(days=data.draw(st.integers(-40, 6))))
        assert differences() == []
        transaction.savepoint_rollback(point)


def _compare(day: dt.date) -> None:
    """The quick reads say what the ledger's own sums over all lines say."""
    first = day - dt.timedelta(days=10)
    quick = balances.by_account(first_day=first, last_day=day)
    naive = {row.account.pk: row for row in trial_balance(first_day=first, last_day=day)}
    assert set(quick) == set(naive)
    for pk, row in naive.items():
        assert (row.opening_minor, row.debit_minor, row.credit_minor) == (
            quick[pk].opening_minor,
            quick[pk].debit_minor,
            quick[pk].credit_minor,
        )
    receivable = Account.objects.get(role="receivable")
    assert balances.by_subject(receivable.pk, dt.date.max) == balances_by_subject("receivable")
    for at in (first, day):
        then = balances_by_subject("receivable", until=at)
        assert balances.by_subject(receivable.pk, at) == then
        owed = sum(amount for amount in then.values() if amount > 0)
        assert balances.sides(receivable.pk, at) == (owed, owed - sum(then.values()))
