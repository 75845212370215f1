"""Exports that cannot be made: said in words, tried again, given up; one of them never keeps the others waiting."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.core.files.storage import storages
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from fulfilment.finance.exports import actions, reasons, verify
from fulfilment.finance.exports.actions import making
from fulfilment.finance.exports.models import BatchEntry, Export
from fulfilment.finance.ledger.models import Entry
from fulfilment.finance.start.tasks import TASKS
from shop.kernel.models import StateChange
from shop.kernel.states import StateError
from tests.support.helpers import Clock

from .test_exports import FIRST, LAST, NUMBERS, ask, colleague, some_books

pytestmark = pytest.mark.django_db
NOVEMBER = {"first_day": dt.date(2026, 11, 1), "last_day": dt.date(2026, 11, 30), "by": None}


def batch() -> Export:
    return actions.ask_for_datev(first_day=FIRST, last_day=LAST, by=None, **NUMBERS)


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What writes files raises what ``broken`` is called with."""

    def breaks(error: Exception | None) -> None:
        def raises(*args: Any, **kwargs: Any) -> int:
            if error is None:
                return 0
            raise error

        monkeypatch.setattr(making, "write", raises)

    return breaks


def until_failed(export: Export, clock: Clock) -> Export:
    for _attempt in range(making.ATTEMPTS_MAX):
        export = actions.make(export.pk)
        clock.advance(minutes=10)
    assert export.state == "failed"
    return export


@pytest.mark.both_databases
def test_a_failure_is_said_rests_and_is_tried_again_three_times(broken: Any, clock: Clock) -> None:
    some_books()
    clock.stop()
    export = batch()
    broken(OSError("no space left"))
    export = actions.make(export.pk)
    assert (export.state, export.attempts, export.problem, export.detail) == (
        "waiting",
        1,
        "storage",
        "OSError",
    )
    assert actions.make(export.pk).attempts == 1, "it rests"
    assert actions.make_waiting() == 0
    clock.advance(seconds=61)
    assert actions.make_waiting() == 1
    clock.advance(seconds=121)
    assert actions.make_waiting() == 1
    export.refresh_from_db()
    assert (export.state, export.attempts, export.problem) == ("failed", 3, "storage")
    assert actions.make_waiting() == 0
    assert StateChange.objects.get(machine="export", thing_id=export.pk).why == "storage"


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (SoftTimeLimitExceeded(), "time"),
        (OperationalError("gone"), "database"),
        (OSError("full"), "storage"),
        (KeyError("role"), "other"),
    ],
)
def test_each_reason_has_words_in_both_languages(
    error: Exception, problem: str, broken: Any, clock: Clock
) -> None:
    some_books()
    broken(error)
    export = until_failed(batch(), clock)
    assert export.problem == problem
    with override("en"):
        english = export.reason
    with override("de"):
        assert english and export.reason and export.reason != english
    assert reasons.words("") == reasons.words("asked again") == ""


def test_one_that_cannot_be_made_does_not_keep_the_next_waiting(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    some_books()
    clock.stop()
    poisoned, sound = batch(), actions.ask_for_journal(**NOVEMBER)
    whole = making.write

    def write(export: Export, file: Any) -> int:
        if export.pk == poisoned.pk:
            raise KeyError("role")
        return whole(export, file)

    monkeypatch.setattr(making, "write", write)
    clock.advance(seconds=121)
    assert actions.make_waiting() == 1
    clock.advance(seconds=61)  # the first one has rested and is due again
    assert actions.make_waiting() == 1
    sound.refresh_from_db()
    assert sound.state == "made"


@pytest.mark.both_databases
def test_one_worker_at_a_time_and_a_dead_one_has_a_successor(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    some_books()
    clock.stop()
    export = batch()
    began = []

    def write(export: Export, file: Any) -> int:
        began.append(export.pk)
        assert actions.make(export.pk).state == "waiting", "a second worker leaves it alone"
        assert actions.make_waiting() == 0
        return 0

    monkeypatch.setattr(making, "write", write)
    actions.make(export.pk)
    assert began == [export.pk]
    left = actions.ask_for_journal(**NOVEMBER)
    for attempt in range(1, making.ATTEMPTS_MAX + 1):  # workers that die without a word
        assert making._claim(left.pk) is not None
        assert actions.make_waiting() == 0
        clock.advance(seconds=331)
        left.refresh_from_db()
        assert left.attempts == attempt
    assert actions.make_waiting() == 1
    left.refresh_from_db()
    assert (left.state, left.problem) == ("failed", "lost")


def test_a_claim_outlives_every_task(settings: Any) -> None:
    assert making.CLAIM.total_seconds() > settings.CELERY_TASK_TIME_LIMIT


@pytest.mark.both_databases
def test_what_failed_is_asked_for_again_by_a_person(broken: Any, clock: Clock) -> None:
    some_books()
    export = batch()
    with pytest.raises(StateError):
        actions.again(export=export, by=None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(making, "write", lambda *args: 1 / 0)
        export = until_failed(export, clock)
    person = colleague("finance")
    actions.again(export=export, by=person)
    assert (export.state, export.attempts, export.problem) == ("waiting", 0, "")
    export = actions.make(export.pk)
    assert (export.state, export.entries) == ("made", Entry.objects.count())
    assert list(StateChange.objects.filter(machine="export").values_list("new", "by")) == [
        ("failed", None),
        ("waiting", person.pk),
        ("made", None),
    ]


@pytest.mark.both_databases
def test_given_up_its_entries_go_into_the_next_batch(clock: Clock) -> None:
    some_books()
    export = batch()
    with pytest.raises(StateError):
        actions.give_up(export=export, by=None)
    assert BatchEntry.objects.count() == Entry.objects.count()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(making, "write", lambda *args: 1 / 0)
        export = until_failed(export, clock)
    assert actions.give_up(export=export, by=None) == Entry.objects.count()
    export.refresh_from_db()
    assert (export.state, export.entries) == ("given_up", 0)
    assert [sentence for _name, check in verify.CHECKS for sentence in check()] == []
    with pytest.raises(StateError):
        actions.again(export=export, by=None)
    following = ask()
    assert following.entries == Entry.objects.count()


def test_what_failed_waits_on_the_start_page_until_it_is_given_up(broken: Any, clock: Clock) -> None:
    some_books()
    ask()

    def waiting() -> int:
        return next(task for task in TASKS if task.code == "exports").rows()[0].count()

    assert waiting() == 0
    broken(OSError("full"))
    export = until_failed(actions.ask_for_journal(**NOVEMBER), clock)
    assert waiting() == 1
    actions.give_up(export=export, by=None)
    assert waiting() == 0


def test_a_worker_that_wakes_up_late_makes_nothing_of_what_was_given_up(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    some_books()
    export = batch()

    def write(one: Export, file: Any) -> int:
        Export.objects.filter(pk=one.pk).update(state="failed")
        actions.give_up(export=Export.objects.get(pk=one.pk), by=None)
        return 5

    monkeypatch.setattr(making, "write", write)
    assert actions.make(export.pk).state == "given_up"
    export.refresh_from_db()
    assert (export.state, export.sha256, export.entries) == ("given_up", "", 0)


def test_the_page_says_why_and_offers_both_ways(client: Client, broken: Any, clock: Clock) -> None:
    some_books()
    client.force_login(colleague("finance"))
    page = reverse("finance:export", args=[1])
    assert client.get(page).status_code == 404
    export = batch()
    page, again, give_up = (
        reverse(f"finance:{name}", args=[export.pk]) for name in ("export", "export-again", "export-give-up")
    )
    assert "export-again" not in client.get(page).content.decode()
    assert client.get(again).status_code == client.get(give_up).status_code == 405
    for address in (again, give_up):  # nothing to mend
        assert "nicht fehlgeschlagen" in client.post(address, follow=True).content.decode()
    broken(OSError("full"))
    until_failed(export, clock)
    shown = client.get(page).content.decode()
    assert "Der Datenträger ist voll" in shown and again in shown and give_up in shown
    assert "Der Datenträger ist voll" in client.get(reverse("finance:exports")).content.decode()
    assert (
        "Der Datenträger ist voll"
        in client.get(reverse("finance:exports"), {"state": "failed"}).content.decode()
    )
    assert "wird noch einmal erstellt" in client.post(again, follow=True).content.decode()
    until_failed(export, clock)
    assert (
        "Buchungen sind für den nächsten DATEV-Stapel frei"
        in client.post(give_up, follow=True).content.decode()
    )
    assert Export.objects.get().state == "given_up"
    assert client.get(reverse("finance:export-download", args=[export.pk])).status_code == 404


def test_a_file_that_lies_nowhere_any_more_is_no_error_of_ours(client: Client) -> None:
    some_books()
    client.force_login(colleague("finance"))
    export = ask()
    stored = Path(storages["documents"].path(export.key))
    stored.write_bytes(stored.read_bytes() + b"x")
    changed = client.get(reverse("finance:export-download", args=[export.pk]))
    assert changed.status_code == 409 and "nicht, was archiviert wurde" in changed.content.decode()
    storages["documents"].delete(export.key)
    assert client.get(reverse("finance:export-download", args=[export.pk])).status_code == 409
    assert not export.fetches.exists()
