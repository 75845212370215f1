"""The database's own refusals, tried by raw means: no Python check stands in front of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.core.management.sql import emit_post_migrate_signal
from django.db import IntegrityError, connection, transaction

from fulfilment.finance.ledger import checks, guards, triggers
from fulfilment.finance.ledger.actions import post
from fulfilment.finance.ledger.models import Account, Entry, EntryLine
from fulfilment.finance.ledger.postings import Posting
from shop.kernel.clock import now
from tests.fulfilment.finance.books import closed

pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 11, 2)


def draft(*amounts: tuple[int, int], currency: str = "EUR", day: dt.date = DAY) -> Entry:
    entry = Entry.objects.create(source=f"raw:{Entry.objects.count()}", kind="manual", booked_on=day)
    bank = Account.objects.get(role="bank")
    for debit, credit in amounts:
        EntryLine.objects.create(
            entry=entry, account=bank, debit_minor=debit, credit_minor=credit, currency=currency
        )
    return entry


def publish(entry: Entry) -> None:
    Entry.objects.filter(pk=entry.pk).update(posted_at=now())


def posted() -> Entry:
    return post(
        source="fact:1",
        kind="manual",
        lines=[Posting("bank", debit_minor=500), Posting("receivable", credit_minor=500)],
    )


def refused(work: Callable[[], object], message: str) -> None:
    with pytest.raises(IntegrityError, match=message), transaction.atomic():
        work()


def test_an_entry_with_one_line_is_not_posted() -> None:
    entry = draft((100, 0))
    refused(lambda: publish(entry), triggers.TWO_LINES)


def test_an_entry_that_does_not_balance_is_not_posted() -> None:
    entry = draft((100, 0), (0, 99))
    refused(lambda: publish(entry), triggers.BALANCED)


def test_currencies_balance_each_for_itself() -> None:
    entry = draft((100, 0))
    EntryLine.objects.create(
        entry=entry, account=Account.objects.get(role="bank"), credit_minor=100, currency="USD"
    )
    refused(lambda: publish(entry), triggers.BALANCED)


def test_a_balanced_entry_is_posted() -> None:
    entry = draft((100, 0), (0, 60), (0, 40))
    publish(entry)
    entry.refresh_from_db()
    assert entry.posted_at is not None


def test_an_entry_cannot_be_born_posted() -> None:
    refused(
        lambda: Entry.objects.create(source="x", kind="manual", booked_on=DAY, posted_at=now()), triggers.BORN
    )


def test_a_posted_entry_refuses_every_update() -> None:
    entry = posted()
    refused(lambda: Entry.objects.filter(pk=entry.pk).update(text="other"), triggers.KEPT)
    refused(lambda: Entry.objects.filter(pk=entry.pk).update(posted_at=None), triggers.KEPT)


def test_a_posted_entry_refuses_delete() -> None:
    entry = posted()
    with connection.cursor() as cursor:
        refused(lambda: cursor.execute("DELETE FROM ledger_entry WHERE id = %s", [entry.pk]), triggers.KEPT)


def test_lines_of_a_posted_entry_refuse_update_delete_and_insert() -> None:
    entry = posted()
    line = entry.lines.first()
    assert line is not None
    refused(lambda: entry.lines.filter(pk=line.pk).update(debit_minor=501), triggers.LINES_KEPT)
    refused(lambda: EntryLine.objects.filter(pk=line.pk)._raw_delete("default"), triggers.LINES_KEPT)
    refused(
        lambda: EntryLine.objects.create(entry=entry, account=line.account, debit_minor=1),
        triggers.LINES_KEPT,
    )


def test_a_line_cannot_be_moved_into_a_posted_entry() -> None:
    entry, other = posted(), draft((5, 0))
    refused(lambda: other.lines.update(entry=entry), triggers.LINES_KEPT)


def test_a_draft_may_still_change() -> None:
    entry = draft((100, 0), (0, 99))
    entry.lines.filter(credit_minor=99).update(credit_minor=100)
    publish(entry)


@pytest.mark.parametrize(("debit", "credit"), [(0, 0), (5, 5)])
def test_a_line_has_one_positive_side(debit: int, credit: int) -> None:
    refused(lambda: draft((debit, credit)), "one_positive_side")


def test_a_closed_period_refuses_entries() -> None:
    closed(dt.date(2026, 10, 1), dt.date(2026, 10, 31))
    entry = draft((100, 0), (0, 100), day=dt.date(2026, 10, 31))
    refused(lambda: publish(entry), triggers.CLOSED)
    publish(draft((100, 0), (0, 100), day=dt.date(2026, 11, 1)))


def test_the_guards_are_in_place_and_a_lost_one_is_named_and_mended() -> None:
    assert guards.missing(triggers.GUARDS) == []
    assert checks.guards_are_in_place(databases=["default"]) == []
    table = "" if connection.vendor == "sqlite" else " ON ledger_entry"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER ledger_entry_post{table}")
    assert guards.missing(triggers.GUARDS) == ["ledger_entry_post"]
    assert [error.id for error in checks.guards_are_in_place(databases=["default"])] == ["ledger.W001"]
    assert guards.install(triggers.GUARDS) == ["ledger_entry_post"]
    assert guards.missing(triggers.GUARDS) == []
    assert guards.install(triggers.GUARDS) == []


@pytest.mark.both_databases
def test_a_guard_that_sleeps_or_is_only_awake_elsewhere_is_missing() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL lets triggers sleep")
    for asleep in ("DISABLE", "ENABLE REPLICA"):
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE ledger_entry {asleep} TRIGGER ledger_entry_kept")
        assert guards.missing(triggers.GUARDS) == ["ledger_entry_kept"]
        assert guards.install(triggers.GUARDS) == ["ledger_entry_kept"]
        assert guards.missing(triggers.GUARDS) == []


@pytest.mark.both_databases
def test_a_guard_of_the_same_name_on_another_table_guards_nothing() -> None:
    here, there = ("ledger_entry_kept", "ledger_period")
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"DROP TRIGGER {here}")
            cursor.execute(triggers_sql(here).replace("ON ledger_entry ", f"ON {there} ").replace(
                "OLD.posted_at IS NOT NULL", "OLD.closed_at IS NOT NULL"))  # fmt: skip
        else:
            cursor.execute(f"DROP TRIGGER {here} ON ledger_entry")
            cursor.execute(
                f"CREATE TRIGGER {here} BEFORE UPDATE ON {there} FOR EACH ROW EXECUTE FUNCTION {here}()"
            )
    assert guards.missing(triggers.GUARDS) == [here]


def triggers_sql(name: str) -> str:
    return next(guard.sqlite for guard in triggers.GUARDS if guard.name == name)


def test_a_table_rebuilt_on_sqlite_gets_its_guards_back_from_migrate() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite rebuilds tables")
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER ledger_line_insert")
    emit_post_migrate_signal(verbosity=0, interactive=False, db="default")
    assert guards.missing(triggers.GUARDS) == []
