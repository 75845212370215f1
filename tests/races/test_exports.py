"""Exports in a crowd: an entry is in one DATEV batch, a file is made once, a Z3 export is one moment of the books."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.storage import storages

from fulfilment.finance.exports import actions
from fulfilment.finance.exports.actions import making
from fulfilment.finance.exports.models import BatchEntry, Export
from fulfilment.finance.exports.z3 import books
from fulfilment.finance.ledger.actions import post
from fulfilment.finance.ledger.models import Entry
from fulfilment.finance.ledger.postings import Posting
from tests.fulfilment.finance.exports.z3_reader import read
from tests.races.crowd import all_at_once

pytestmark = [pytest.mark.both_databases]
FIRST, LAST = dt.date(2026, 11, 1), dt.date(2026, 11, 30)
NUMBERS = {"consultant": 12_345, "client": 678, "year_month": 1, "is_final": True}
PAIR = [Posting("bank", debit_minor=500), Posting("receivable", credit_minor=500)]


def book(name: str) -> Entry:
    return post(source=name, kind="manual", lines=PAIR, booked_on=dt.date(2026, 11, 20))


def ask() -> Any:
    return actions.ask_for_datev(first_day=FIRST, last_day=LAST, by=None, **NUMBERS).pk


def test_two_batches_of_the_same_days_share_the_entries_and_double_none(fresh_database: None) -> None:
    for number in range(60):
        book(f"fact:{number}")
    answers = all_at_once([ask] * 4 + [lambda: book("late").pk] * 2)
    refused = [answer for answer in answers[:4] if isinstance(answer, actions.Refused)]
    assert all(isinstance(answer, int | actions.Refused) for answer in answers), answers
    assert len(refused) == 3 - (Export.objects.count() - 1), "who finds nothing new is told so"
    assert BatchEntry.objects.count() == len(set(BatchEntry.objects.values_list("entry_id", flat=True)))
    assert BatchEntry.objects.filter(entry__source__startswith="fact:").count() == 60
    for export in Export.objects.all():
        assert export.entries == export.batch_entries.count() > 0


def test_of_many_workers_one_makes_the_file(fresh_database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    book("fact:1")
    pk, begun, whole = ask(), [], making.write

    def write(export: Export, file: Any) -> int:
        begun.append(export.pk)
        return whole(export, file)

    monkeypatch.setattr(making, "write", write)
    answers = all_at_once([lambda: actions.make(pk).state] * 6)
    assert set(answers) <= {"made", "waiting"} and begun == [pk]
    assert Export.objects.get().state == "made"


def test_what_is_posted_while_tables_are_written_is_in_none_of_them(
    fresh_database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    book("before")
    whole = books._postings

    def postings(stretch: Any) -> Iterator[Any]:
        [answer] = all_at_once([lambda: book("meanwhile").pk])
        assert isinstance(answer, int), answer
        yield from whole(stretch)

    tables = tuple(
        books.Table(table.name, table.meaning, table.columns, postings, table.keys, table.refers)
        if table is books.POSTINGS
        else table
        for table in actions.making.z3.package.TABLES
    )
    monkeypatch.setattr("fulfilment.finance.exports.z3.package.TABLES", tables)
    export = actions.make(actions.ask_for_z3(first_day=FIRST, last_day=LAST, by=None).pk)
    with storages["documents"].open(export.key) as file:
        read_ = read(file.read())
    assert [row["Quelle"] for row in read_.tables["Buchungen"]] == ["before"]
    assert len(read_.tables["Buchungszeilen"]) == 2
    assert Entry.objects.filter(source="meanwhile", posted_at__isnull=False).exists()
