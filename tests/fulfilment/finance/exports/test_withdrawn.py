"""A DATEV batch that was made is withdrawn: its entries go into another one, its file stays as it was."""

from __future__ import annotations

import pytest
from django.core.files.storage import storages
from django.test import Client
from django.urls import reverse

from fulfilment.finance.exports import actions, verify
from fulfilment.finance.exports.models import BatchEntry, Export
from fulfilment.finance.ledger.models import Entry
from shop.kernel.models import StateChange
from shop.kernel.states import StateError

from .test_exports import FIRST, LAST, NUMBERS, ask, colleague, some_books

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def breaches() -> list[str]:
    return [sentence for _name, check in verify.CHECKS for sentence in check()]


def test_its_entries_are_exportable_again_and_its_file_is_kept_to_the_byte() -> None:
    some_books()
    first = ask()
    with storages["documents"].open(first.key) as file:
        bytes_then = file.read()
    person, count = colleague("finance"), Entry.objects.count()
    with pytest.raises(actions.Refused):
        actions.ask_for_datev(first_day=FIRST, last_day=LAST, **NUMBERS, by=None)
    assert actions.withdraw(export=first, why="wrong client number", by=person) == count
    first.refresh_from_db()
    assert (first.state, first.entries) == ("withdrawn", count)
    assert not BatchEntry.objects.exists()
    change = StateChange.objects.get(machine="export", new="withdrawn")
    assert (change.why, change.by) == ("wrong client number", person)
    assert breaches() == []
    second = ask()
    assert second.entries == count and BatchEntry.objects.filter(export=second).count() == count
    with storages["documents"].open(first.key) as file:
        assert file.read() == bytes_then
    assert breaches() == []


def test_it_is_withdrawn_once_with_a_reason_and_only_when_it_was_made() -> None:
    some_books()
    waiting = actions.ask_for_datev(first_day=FIRST, last_day=LAST, **NUMBERS, by=None)
    with pytest.raises(StateError):
        actions.withdraw(export=waiting, why="x", by=None)
    assert BatchEntry.objects.filter(export=waiting).exists()
    made = actions.make(waiting.pk)
    with pytest.raises(ValueError, match="why"):
        actions.withdraw(export=made, why=" ", by=None)
    actions.withdraw(export=made, why="x", by=None)
    stale = Export.objects.get(pk=made.pk)
    with pytest.raises(StateError):
        actions.withdraw(export=stale, why="x", by=None)
    journal = actions.make(actions.ask_for_journal(first_day=FIRST, last_day=LAST, by=None).pk)
    with pytest.raises(actions.NoBatch):
        actions.withdraw(export=journal, why="x", by=None)


def test_entries_of_a_withdrawn_batch_and_a_lost_file_are_found() -> None:
    some_books()
    first = ask()
    actions.withdraw(export=first, why="x", by=None)
    BatchEntry.objects.create(entry=Entry.objects.order_by("pk")[0], export=first)
    assert breaches() == [f"export {first.pk} is withdrawn and still holds entries"]
    BatchEntry.objects.all().delete()
    storages["documents"].delete(first.key)
    assert breaches() == [f"the file of export {first.pk} is missing"]


def test_the_page_says_before_what_will_happen_and_after_what_happened(client: Client) -> None:
    some_books()
    client.force_login(colleague("finance"))
    export = ask()
    page, withdraw, download = (
        reverse(f"finance:{name}", args=[export.pk])
        for name in ("export", "export-withdraw", "export-download")
    )
    shown = client.get(page).content.decode()
    assert f"Seine {export.entries} Buchungen werden aus ihm herausgenommen" in shown
    assert "wurde schon abgeholt" not in shown
    fetched = b"".join(client.get(download).streaming_content)
    assert "Diese Datei wurde schon abgeholt" in client.get(page).content.decode()
    assert client.get(withdraw).status_code == 405
    assert client.post(withdraw, {"reason": ""}).status_code == 400
    assert client.post(withdraw, {"reason": "x" * 301}).status_code == 400
    assert Export.objects.get().state == "made"
    done = client.post(withdraw, {"reason": "falsche Mandantennummer"}, follow=True).content.decode()
    assert (
        "ist zurückgezogen; seine Datei bleibt hier" in done and "für den nächsten DATEV-Stapel frei" in done
    )
    assert "Dieser Stapel wurde zurückgezogen" in done and "falsche Mandantennummer" in done
    assert withdraw not in done, "it is offered no more"
    again = client.post(withdraw, {"reason": "x"}, follow=True).content.decode()
    assert "der noch nicht zurückgezogen ist" in again
    kept = client.get(download)
    assert f"withdrawn-{export.name}" in kept["Content-Disposition"]
    assert b"".join(kept.streaming_content) == fetched
    rows = client.get(reverse("finance:exports"), {"state": "withdrawn"}).content.decode()
    assert "zurückgezogen" in rows and download in rows


def test_who_may_not_make_exports_withdraws_none(client: Client) -> None:
    some_books()
    export = ask()
    client.force_login(colleague("warehouse"))
    assert (
        client.post(reverse("finance:export-withdraw", args=[export.pk]), {"reason": "x"}).status_code == 403
    )
    assert Export.objects.get().state == "made"
