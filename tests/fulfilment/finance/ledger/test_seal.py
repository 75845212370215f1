"""The nightly seal: what was posted is chained by hash, and whoever changes a byte behind our back is found."""

from __future__ import annotations

import datetime as dt
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from fulfilment.finance.ledger import chain, triggers
from fulfilment.finance.ledger.actions import TooEarly, post, seal
from fulfilment.finance.ledger.models import Entry, Seal, SealLink
from fulfilment.finance.ledger.postings import Posting
from fulfilment.finance.ledger.tasks import seal_yesterday
from tests.support.helpers import Clock

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
MONDAY = dt.date(2026, 11, 2)


def booked(source: str, amount: int = 500, **more: Any) -> Entry:
    lines = [Posting("bank", debit_minor=amount), Posting("retained", credit_minor=amount, subject=source)]
    return post(source=source, kind="manual", lines=lines, text=f"text of {source}", **more)


@pytest.fixture
def sealed(clock: Clock) -> list[Entry]:
    """Six entries of two days, both sealed."""
    entries = []
    for offset in (0, 1):
        clock.on(MONDAY + dt.timedelta(days=offset))
        entries += [booked(f"fact:{offset}{at}") for at in range(3)]
    clock.on(MONDAY + dt.timedelta(days=2))
    for offset in (0, 1):
        seal(day=MONDAY + dt.timedelta(days=offset))
    return entries


def behind_the_back(table: str, *statements: str) -> None:
    """Change a table as somebody with the database's password would: without its triggers."""
    with connection.cursor() as cursor:
        for guard in triggers.GUARDS:
            if guard.table == table:
                on = "" if connection.vendor == "sqlite" else f" ON {table}"
                cursor.execute(f"DROP TRIGGER IF EXISTS {guard.name}{on}")
        for statement in statements:
            cursor.execute(statement)


def verdict(*options: str) -> tuple[int, str]:
    said = StringIO()
    try:
        call_command("verify_ledger", *options, stdout=said)
    except SystemExit as exit:
        return int(exit.code or 0), said.getvalue()
    return 0, said.getvalue()


def test_each_day_has_its_seal_and_a_retry_changes_nothing(sealed: list[Entry]) -> None:
    first, second = Seal.objects.order_by("number")
    assert [(row.number, row.day, row.entries) for row in (first, second)] == [
        (1, MONDAY, 3),
        (2, MONDAY + dt.timedelta(days=1), 3),
    ]
    assert seal(day=MONDAY) == first
    assert SealLink.objects.count() == 6
    assert chain.first_breach() == ""
    assert verdict()[0] == 0


def test_only_a_day_that_is_over_is_sealed_and_none_before_the_newest(sealed: list[Entry]) -> None:
    for day in (MONDAY + dt.timedelta(days=2), MONDAY - dt.timedelta(days=1)):
        with pytest.raises(TooEarly):
            seal(day=day)
    with pytest.raises(CommandError):
        call_command("seal_ledger", "--day", (MONDAY + dt.timedelta(days=2)).isoformat())


def test_the_task_seals_yesterday_and_a_night_that_was_missed(sealed: list[Entry], clock: Clock) -> None:
    booked("fact:wednesday")
    clock.on(MONDAY + dt.timedelta(days=3))
    booked("fact:thursday")
    clock.on(MONDAY + dt.timedelta(days=4))
    assert seal_yesterday() == 2
    assert seal_yesterday() == 2
    assert Seal.objects.count() == 3
    clock.on(MONDAY + dt.timedelta(days=5))
    assert seal_yesterday() == 0  # a quiet day has its seal too
    assert chain.first_breach() == ""


def test_an_entry_posted_late_into_a_sealed_day_is_a_link_of_the_day_it_was_posted(
    sealed: list[Entry], clock: Clock
) -> None:
    late = booked("fact:late", booked_on=MONDAY)
    clock.on(MONDAY + dt.timedelta(days=3))
    made = seal(day=MONDAY + dt.timedelta(days=2))
    assert (late.seal_link.seal, late.seal_link.position) == (made, 7)
    assert chain.first_breach() == ""


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("ledger_entryline", "UPDATE ledger_entryline SET debit_minor = debit_minor + 1 WHERE id = {line}"),
        ("ledger_entryline", "UPDATE ledger_entryline SET subject = 'order:X' WHERE id = {line}"),
        ("ledger_entryline", "DELETE FROM ledger_entryline WHERE id = {line}"),
        ("ledger_entry", "UPDATE ledger_entry SET text = 'Text of fact:10' WHERE id = {entry}"),
        ("ledger_entry", "UPDATE ledger_entry SET booked_on = '2026-11-01' WHERE id = {entry}"),
    ],
)
def test_a_byte_changed_behind_the_applications_back_names_the_entry(
    sealed: list[Entry], table: str, change: str
) -> None:
    entry = sealed[3]
    line = entry.lines.order_by("pk")[0]
    behind_the_back(table, change.format(line=line.pk, entry=entry.pk))
    assert f"entry {entry.pk} (" in chain.first_breach()
    assert "was changed after it was sealed" in chain.first_breach()
    code, said = verdict()
    assert code == 1
    assert f"entry {entry.pk} (" in said


def test_the_first_of_two_broken_entries_is_named(sealed: list[Entry]) -> None:
    changes = [f"UPDATE ledger_entry SET text = 'x' WHERE id = {sealed[at].pk}" for at in (4, 1)]
    behind_the_back("ledger_entry", *changes)
    assert f"entry {sealed[1].pk} (" in chain.first_breach()


def test_a_hash_made_anew_for_the_changed_entry_breaks_at_the_next(sealed: list[Entry]) -> None:
    entry = sealed[1]
    behind_the_back("ledger_entry", f"UPDATE ledger_entry SET text = 'x' WHERE id = {entry.pk}")
    link = entry.seal_link
    before = SealLink.objects.get(position=link.position - 1).sha256
    forged = chain.link_digest(before, chain.canonical([entry.pk])[entry.pk])
    behind_the_back(
        "ledger_seallink", f"UPDATE ledger_seallink SET sha256 = '{forged}' WHERE entry_id = {entry.pk}"
    )
    assert f"entry {sealed[2].pk} (" in chain.first_breach()


def test_links_and_seals_that_were_taken_away_are_missed(sealed: list[Entry], clock: Clock) -> None:
    with transaction.atomic():
        behind_the_back("ledger_seallink", "DELETE FROM ledger_seallink WHERE position = 2")
        assert chain.first_breach() == "link 2 of the chain is missing"
        transaction.set_rollback(True)
    with transaction.atomic():
        behind_the_back("ledger_seallink", "DELETE FROM ledger_seallink WHERE position = 6")
        assert "2 of them are linked" in chain.first_breach()
        transaction.set_rollback(True)
    behind_the_back("ledger_seal", "UPDATE ledger_seal SET entries = 3, sha256 = 'x' WHERE number = 2")
    assert "2026-11-03 was changed" in chain.first_breach()


def test_an_entry_slipped_in_with_an_old_moment_is_found(sealed: list[Entry]) -> None:
    fresh = booked("fact:new")
    assert chain.late_entries() == []
    behind_the_back(
        "ledger_entry", f"UPDATE ledger_entry SET posted_at = '2026-11-02 08:00' WHERE id = {fresh.pk}"
    )
    assert [f"entry {fresh.pk} " in sentence for sentence in chain.late_entries()] == [True]


def test_the_database_keeps_seals_as_they_are(sealed: list[Entry]) -> None:
    for rows in (Seal.objects.filter(number=1), SealLink.objects.filter(position=1)):
        with pytest.raises(IntegrityError, match=triggers.SEALED), transaction.atomic():
            rows.update(sha256="x")
    with pytest.raises(IntegrityError, match=triggers.SEALED), transaction.atomic():
        SealLink.objects.filter(position=1)._raw_delete("default")


def test_a_seal_noted_elsewhere_is_compared(sealed: list[Entry]) -> None:
    noted = Seal.objects.get(number=2).sha256
    assert verdict("--seal-was", f"2:{noted}")[0] == 0
    for wrong in (f"1:{noted}", f"2:{'0' * 64}", "nonsense", "99:"):
        assert verdict("--seal-was", wrong)[0] == 1
