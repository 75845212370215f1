"""Importing: once however often told, whole or not at all, resumable, and said in words."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.files.storage import storages
from django.db import OperationalError

from fulfilment.finance.bank import actions, queries
from fulfilment.finance.bank.actions import reading, taking
from fulfilment.finance.bank.events import StatementImported
from fulfilment.finance.bank.models import CsvMapping, Statement, StatementFile, StatementLine
from fulfilment.finance.bank.parsers import MAX_BYTES, Refused
from shop.kernel.models import StateChange
from tests.fulfilment.finance.bank.papers import Entry, camt, make_account, mt940, transaction
from tests.support.helpers import Outbox

pytestmark = pytest.mark.django_db


def bring(data: bytes, name: str = "file", **also: Any) -> StatementFile:
    """Take and read a file, as the folder does."""
    file, _new = actions.take_file(name=name, content=data, **also)
    return actions.read(file.pk)


def money() -> list[int]:
    """Amounts of the lines that count, in order."""
    lines = StatementLine.objects.filter(is_replaced=False)
    return sorted(lines.values_list("amount_minor", flat=True))


def test_a_file_becomes_statement_and_lines_and_is_told_once(outbox: Outbox) -> None:
    account = make_account()
    file = bring(camt(Entry("5.00"), Entry("7.00"), opening="0.00", closing="12.00"), "c:\\bank\\a.xml")
    assert (file.state, file.name, file.kind, file.reason) == ("imported", "c:\\bank\\a.xml", "camt053", "")
    assert (file.lines_total, file.lines_done, file.lines_known, file.lines_new) == (2, 2, 0, 2)
    statement = Statement.objects.get()
    assert (statement.account, statement.closing_minor, statement.is_off) == (account, 1_200, False)
    first, last = StatementLine.objects.order_by("pk")
    assert outbox.events(StatementImported) == [
        StatementImported(file.pk, account.pk, 2, first.pk, last.pk, [])
    ]
    moves = StateChange.objects.filter(machine="statement_file").values_list("new", flat=True)
    assert list(moves) == ["reading", "imported"]


def test_the_same_bytes_twice_change_nothing(outbox: Outbox) -> None:
    make_account()
    data = camt(Entry("5.00"))
    bring(data)
    file, new = actions.take_file(name="other name", content=data)
    assert (new, actions.read(file.pk).state) == (False, "imported")
    assert money() == [500]
    assert len(outbox.events(StatementImported)) == 1


def test_the_same_lines_in_another_file_are_known() -> None:
    make_account()
    bring(camt(Entry("5.00", ref="A"), Entry("7.00", ref="B")))
    file = bring(camt(Entry("5.00", ref="A"), Entry("7.00", ref="B"), Entry("9.00", ref="C"), number="2"))
    assert (file.lines_known, file.lines_new) == (2, 1)
    assert money() == [500, 700, 900]


def test_equal_lines_of_a_day_are_counted_and_none_is_dropped() -> None:
    make_account()
    bring(camt(*[Entry("5.00")] * 2, kind="052"))
    bring(camt(*[Entry("5.00")] * 3))
    assert money() == [500, 500, 500]


ONE, TWO = "2026112000000001", "2026112000000002"  #: references of the bank


def places() -> list[tuple[int, str]]:
    return list(StatementLine.objects.order_by("occurrence").values_list("occurrence", "bank_reference"))


@pytest.mark.parametrize("kind", ["052", "053", "054"])
def test_equal_bookings_of_two_files_with_other_references_are_two(kind: str) -> None:
    """Same day, payer, amount and text; only the bank's reference tells them apart."""
    make_account()
    first, second = (
        camt(Entry("5.00", ref=ONE), kind=kind),
        camt(Entry("5.00", ref=TWO), kind=kind, number="2"),
    )
    bring(first)
    file = bring(second)
    assert (file.lines_known, file.lines_new) == (0, 1)
    assert places() == [(1, ONE), (2, TWO)]
    again = bring(camt(Entry("5.00", ref=TWO), kind=kind, number="3"))
    assert (again.lines_known, again.lines_new) == (1, 0), "told once more it is known"
    both = bring(camt(Entry("5.00", ref=TWO), Entry("5.00", ref=ONE), kind=kind, number="4"))
    assert (both.lines_known, both.lines_new) == (2, 0), "in any order"
    other = "053" if kind != "053" else "054"
    day = bring(camt(Entry("5.00", ref="X-9876543210"), Entry("5.00", ref="X-9876543211"), kind=other))
    assert (day.lines_known, day.lines_new) == (2, 0), "another kind of file has references of its own"
    assert places() == [(1, ONE), (2, TWO)]


@pytest.mark.parametrize(
    "refs", [("POS 1", "POS 7"), ("00000001", "00000007"), ("", ONE), (ONE, ""), ("", "")]
)
def test_references_that_only_count_lines_or_are_not_there_tell_nothing_apart(refs: tuple[str, str]) -> None:
    make_account()
    for number, ref in enumerate(refs, start=1):
        bring(camt(Entry("5.00", ref=ref), number=str(number)))
    assert money() == [500]


def test_a_number_of_the_entry_in_its_file_tells_nothing_apart() -> None:
    make_account()
    for number in (ONE, TWO):
        bring(camt(Entry("5.00", more=f"<NtryRef>{number}</NtryRef>"), number=number[-1]))
    assert money() == [500]


def test_mt940_tells_equal_bookings_apart_by_the_banks_reference() -> None:
    make_account()
    for number, ref in enumerate((ONE, TWO, TWO), start=1):
        line = f":61:2611201120C5,00N051NONREF//{ref}"
        bring(mt940(line, ":86:166?00GUTSCHRIFT?20Miete", number=f"{number}/1"))
    assert money() == [500, 500]


def test_a_line_of_the_day_and_of_the_statement_is_one() -> None:
    make_account()
    paid = [transaction("5.00", text="R1", e2e="K1")]
    bring(camt(Entry("5.00", transactions=paid, ref="X"), kind="052"))
    file = bring(camt(Entry("5.00", transactions=paid, ref="Y"), opening="0.00", closing="5.00"))
    assert (money(), file.lines_known) == ([500], 1)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_batch_and_its_transactions_count_once_in_any_order(order: tuple[int, int], outbox: Outbox) -> None:
    make_account()
    files = [
        camt(Entry("60.00", ref="B7"), opening="0.00", closing="60.00"),
        camt(
            Entry(
                "60.00",
                ref="B7",
                transactions=[transaction("10.00", text="a"), transaction("50.00", text="b")],
            ),
            kind="054",
        ),
    ]
    for place in order:
        bring(files[place])
    assert money() == [1_000, 5_000]
    whole = StatementLine.objects.get(is_collective=True)
    assert whole.is_replaced
    told = [event.replaced_line_ids for event in outbox.events(StatementImported)]
    assert told == ([[], [whole.pk]] if order == (0, 1) else [[], []])


def test_mt940_and_camt_of_the_same_day_are_the_same_lines() -> None:
    make_account()
    details = ":86:166?00GUTSCHRIFT?20EREF+K1?21SVWZ+Rechnung für Müller"
    bring(mt940(":61:2611201120C5,00NTRFNONREF//R1", details))
    file = bring(
        camt(
            Entry(
                "5.00", ref="R1", transactions=[transaction("5.00", text="Rechnung fuer Mueller", e2e="K1")]
            )
        )
    )
    assert (money(), file.lines_known) == ([500], 1)


def test_an_unknown_account_is_asked_for_and_the_file_read_once_it_is_there() -> None:
    file = bring(camt(Entry("5.00")))
    assert (file.state, file.kind, file.refused_code) == ("refused", "camt053", "unknown_account")
    assert file.refused_facts["iban"] in file.reason
    assert not Statement.objects.exists()
    make_account()
    assert actions.read_again(file=file)
    assert actions.read(file.pk).state == "imported"
    assert (money(), file.reason) == ([500], "")


def test_one_unknown_account_in_a_file_of_two_takes_nothing_of_either() -> None:
    make_account()
    both = camt(Entry("5.00")).replace(
        b"</BkToCstmrStmt>",
        camt(Entry("7.00"), iban="DE02120300000000202051")
        .partition(b"<BkToCstmrStmt>")[2]
        .partition(b"</Document>")[0],
    )
    file = bring(both)
    assert file.refused_code == "unknown_account"
    assert money() == []


def test_statements_in_another_currency_or_of_a_closed_account_are_refused() -> None:
    account = make_account(currency="USD")
    assert bring(camt(Entry("5.00"))).refused_code == "account_currency"
    account.currency, account.is_active = "EUR", False
    account.save()
    assert bring(camt(Entry("6.00"))).refused_code == "inactive_account"


def test_a_refused_file_says_its_line_in_words() -> None:
    make_account()
    file = bring(camt(Entry("5.00"), Entry("x")))
    assert (file.state, file.refused_line) == ("refused", 5)
    assert "5" in file.reason and "x" in file.reason
    assert money() == []


def test_too_large_and_empty_files_are_refused_before_they_are_kept() -> None:
    for data, code in ((b"x" * (MAX_BYTES + 1), "too_large"), (b"  \n", "empty")):
        with pytest.raises(Refused) as caught:
            actions.take_file(name="x", content=data)
        assert caught.value.code == code
    assert not StatementFile.objects.exists()


def test_what_is_stored_otherwise_than_it_came_is_refused(tmp_path: Any) -> None:
    make_account()
    file, _new = actions.take_file(name="x", content=camt(Entry("5.00")))
    store = storages["documents"]
    store.delete(file.key)
    with store.open(file.key, "wb") as stored:
        stored.write(camt(Entry("500.00")))
    assert actions.read(file.pk).refused_code == "damaged"
    store.delete(file.key)


def test_a_killed_workers_successor_goes_on_and_doubles_nothing(
    monkeypatch: pytest.MonkeyPatch, clock: Any, outbox: Outbox
) -> None:
    make_account()
    monkeypatch.setattr(reading, "CHUNK_LINES", 2)
    file, _new = actions.take_file(
        name="x", content=camt(*[Entry(f"{number}.00", ref=str(number)) for number in range(1, 8)])
    )
    whole, calls = reading._write_chunk, []

    def dies(*args: Any) -> None:
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(1)
        whole(*args)

    clock.stop(dt.datetime(2026, 11, 21, 8, 0, tzinfo=dt.UTC))
    monkeypatch.setattr(reading, "_write_chunk", dies)
    with pytest.raises(KeyboardInterrupt):
        actions.read(file.pk)
    file.refresh_from_db()
    assert (file.state, file.lines_done, len(money())) == ("reading", 4, 4)
    monkeypatch.setattr(reading, "_write_chunk", whole)
    assert actions.read_waiting() == 0  # its claim still holds
    assert outbox.events(StatementImported) == []
    clock.advance(seconds=reading.CLAIM.total_seconds() + 1)
    assert actions.read_waiting() == 1
    file.refresh_from_db()
    assert (file.state, file.lines_done, file.lines_new) == ("imported", 7, 7)
    assert money() == [100, 200, 300, 400, 500, 600, 700]
    assert [event.lines for event in outbox.events(StatementImported)] == [7]


@pytest.mark.parametrize("known", [0, 2, 3])
def test_equal_lines_of_a_killed_worker_are_counted_on(
    known: int, monkeypatch: pytest.MonkeyPatch, clock: Any
) -> None:
    """Of five equal lines some were known; the successor counts those that the dead worker wrote or passed."""
    make_account()
    clock.stop(dt.datetime(2026, 11, 21, 8, 0, tzinfo=dt.UTC))
    if known:
        bring(camt(*[Entry("5.00")] * known, kind="052"))
    monkeypatch.setattr(reading, "CHUNK_LINES", 2)
    file, _new = actions.take_file(name="x", content=camt(*[Entry("5.00")] * 5))
    whole, calls = reading._write_chunk, []

    def dies(*args: Any) -> None:
        if calls:
            raise KeyboardInterrupt
        calls.append(1)
        whole(*args)

    monkeypatch.setattr(reading, "_write_chunk", dies)
    with pytest.raises(KeyboardInterrupt):
        actions.read(file.pk)
    monkeypatch.setattr(reading, "_write_chunk", whole)
    clock.advance(seconds=reading.CLAIM.total_seconds() + 1)
    actions.read_waiting()
    file.refresh_from_db()
    assert (file.state, file.lines_known) == ("imported", known)
    assert money() == [500] * 5


def test_a_worker_that_was_thought_dead_writes_nothing_any_more(
    monkeypatch: pytest.MonkeyPatch, clock: Any, outbox: Outbox
) -> None:
    make_account()
    monkeypatch.setattr(reading, "CHUNK_LINES", 1)
    clock.stop(dt.datetime(2026, 11, 21, 8, 0, tzinfo=dt.UTC))
    file, _new = actions.take_file(name="x", content=camt(Entry("1.00"), Entry("2.00"), Entry("3.00")))
    whole, calls = reading._write_chunk, []

    def slow(*args: Any) -> None:
        calls.append(1)
        if len(calls) == 2:  # sleeps so long that another worker takes over and ends it
            clock.advance(seconds=reading.CLAIM.total_seconds() + 1)
            assert actions.read_waiting() == 1
        whole(*args)

    monkeypatch.setattr(reading, "_write_chunk", slow)
    assert actions.read(file.pk).state == "imported"
    assert money() == [100, 200, 300]
    assert len(outbox.events(StatementImported)) == 1


def test_a_busy_database_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    make_account()
    file, _new = actions.take_file(name="x", content=camt(Entry("1.00")))

    def busy(*_args: Any, **_also: Any) -> None:
        raise OperationalError("disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(reading, "finish", busy)
        with pytest.raises(OperationalError):
            actions.read(file.pk)
    file.refresh_from_db()
    assert file.state == "reading"  # not refused: the next look goes on


def test_gaps_are_marked_whatever_comes_first_and_end_when_they_are_filled() -> None:
    make_account()
    days = ["2026-11-18", "2026-11-19", "2026-11-20"]
    files = [
        camt(
            Entry("1.00", day=day),
            opening=f"{number}.00",
            closing=f"{number + 1}.00",
            day=day,
            number=str(number),
        )
        for number, day in enumerate(days)
    ]
    bring(files[2])
    bring(files[0])
    assert list(Statement.objects.filter(has_gap=True).values_list("number", flat=True)) == ["2"]
    bring(files[1])
    assert not Statement.objects.filter(has_gap=True).exists()


def test_a_csv_is_read_by_the_one_mapping_that_fits() -> None:
    account = make_account()
    text = b"Tag;Betrag;Zweck\n20.11.2026;5,00;R1\n"
    file = bring(text)
    assert file.refused_code == "no_mapping"
    columns = {"booked_on": "Tag", "amount": "Betrag", "text": "Zweck"}
    mapping = CsvMapping.objects.create(name="Bank", account=account, settings={"columns": columns})
    actions.read_again(file=file)
    assert actions.read(file.pk).state == "imported"
    CsvMapping.objects.create(name="Other", account=account, settings={"columns": columns})
    other = bring(text + b"21.11.2026;6,00;R2\n")
    assert other.refused_code == "several_mappings"
    actions.read_again(file=other, mapping=mapping)
    assert (actions.read(other.pk).state, money()) == ("imported", [500, 600])


def test_the_queue_is_asked_once_the_file_is_kept(queue: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(taking, "nudge", asked.append)
    file, _new = actions.take_file(name="x", content=camt(Entry("1.00")))
    assert file.state == "waiting"


def test_lines_of_a_file_that_is_being_read_are_not_shown_yet() -> None:
    make_account()
    file = bring(camt(Entry("5.00")))
    assert queries.lines().count() == 1
    StatementFile.objects.filter(pk=file.pk).update(state="reading")
    assert queries.lines().count() == 0


def test_how_far_the_statements_reach_is_known() -> None:
    make_account()
    assert queries.known_until() is None
    bring(camt(Entry("5.00"), day="2026-11-20"))
    bring(camt(Entry("6.00", day="2026-11-19"), day="2026-11-19"))
    assert queries.known_until() == dt.date(2026, 11, 20)
