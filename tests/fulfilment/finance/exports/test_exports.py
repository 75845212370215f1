"""Exports: a DATEV batch is read back and compared with the books; fixed for ever; the page and its rights."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import random
from collections import Counter
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.files.storage import storages
from django.db import connection
from django.db.models import ProtectedError
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from fulfilment.finance.exports import actions, datev, verify
from fulfilment.finance.exports.datev_rows import AUTOMATIC as AUTOMATIC_ROLES
from fulfilment.finance.exports.datev_rows import Line, Row, rows_of
from fulfilment.finance.exports.models import BatchEntry, Export
from fulfilment.finance.invoicing.actions import cancel_invoice, credit_note
from fulfilment.finance.ledger import charts, rules
from fulfilment.finance.ledger.actions import post
from fulfilment.finance.ledger.actions import reverse as reverse_entry
from fulfilment.finance.ledger.models import Account, Entry
from fulfilment.finance.ledger.postings import Posting
from fulfilment.finance.reports.balances import by_account
from tests.fulfilment.finance.invoicing.firms import FRENCH, firm_order, invoice_of, proof
from tests.fulfilment.finance.orders import Wish, make_staff
from tests.support.helpers import Clock, Outbox

from .reader import AUTOMATIC, Batch, balances, batches

pytestmark = pytest.mark.django_db
FIRST, LAST = dt.date(2026, 10, 1), dt.date(2026, 11, 30)
DAY = dt.date(2026, 11, 20)
NUMBERS = {"consultant": 12_345, "client": 678, "year_month": 1, "is_final": True}


def book(source: str, lines: list[Posting], day: dt.date = DAY, **facts: Any) -> Entry:
    return post(source=source, kind="manual", lines=lines, booked_on=day, **facts)


def some_books() -> None:
    """Every shape of entry: rates mixed, a VAT that DATEV would compute otherwise, abroad, back, bad debt, automatic
    against automatic, a revenue without its VAT."""
    shares = [rules.TaxShare("DE", 1900, 10_001, 1_899), rules.TaxShare("DE", 700, 333, 24)]
    invoice = rules.invoice_issued(order_number="K1", taxes=shares)
    entry = book("a", invoice, dt.date(2026, 10, 5), document="R 2026/0001_ä", text='=Müller "Ł" & Söhne')
    book("b", rules.credit_note_issued(order_number="K1", taxes=shares))
    book("c", rules.invoice_issued(order_number="K2", taxes=[rules.TaxShare("FR", 550, 1_000, 55), *shares]))
    book("d", rules.written_off(order_number="K2", taxes=shares))
    book("e", rules.invoice_issued(order_number="K3", taxes=[rules.TaxShare("DE", 0, 500, 0, "K")]))
    book("f", [
        Posting("revenue_19", debit_minor=1_000, vat_country="DE", vat_rate_bp=1900),
        Posting("vat_19", debit_minor=190, vat_country="DE", vat_rate_bp=1900),
        Posting("revenue_7", credit_minor=1_112, vat_country="DE", vat_rate_bp=700),
        Posting("vat_7", credit_minor=78, vat_country="DE", vat_rate_bp=700),
    ])  # fmt: skip
    book(
        "g",
        [Posting("receivable", debit_minor=77, subject="order:K4"), Posting("revenue_19", credit_minor=77)],
    )
    book("h", [
        Posting("bank", debit_minor=900), Posting("cost_of_payments", debit_minor=100),
        Posting("psp_clearing", credit_minor=600), Posting("unexplained", credit_minor=400),
    ])  # fmt: skip
    reverse_entry(entry=entry, by=None, why="wrong", booked_on=DAY)


def ask(**changes: Any) -> Export:
    facts = {"first_day": FIRST, "last_day": LAST, "by": None, **NUMBERS, **changes}
    return actions.make(actions.ask_for_datev(**facts).pk)


def colleague(role: str) -> Any:
    person = make_staff(f"{role}@shop.example")
    person.groups.add(Group.objects.get(name=role))
    return person


def content(export: Export) -> bytes:
    with storages["documents"].open(export.key) as file:
        return bytes(file.read())


def books() -> dict[str, int]:
    numbers = dict(Account.objects.values_list("pk", "number"))
    return {numbers[pk]: row.closing_minor for pk, row in by_account().items() if row.closing_minor}


@pytest.mark.both_databases
def test_what_datev_reads_are_the_balances_of_the_books() -> None:
    some_books()
    export = ask(last_day=dt.date(2026, 12, 31))
    files = batches(content(export))
    assert balances(files) == books()
    assert export.entries == Entry.objects.count()
    assert next(file.name for file in files) == "EXTF_Buchungsstapel_2026-10_1.csv"


def test_header_and_row_say_what_datev_asks_for() -> None:
    some_books()
    october, *_later = batches(content(ask()))
    head = october.header
    assert head[:5] == ["EXTF", "700", "21", "Buchungsstapel", "13"]
    assert (len(head[5]), head[10:16]) == (17, ["12345", "678", "20260101", "4", "20261001", "20261031"])
    assert (head[18:22], head[26]) == (["1", "0", "1", "EUR"], "03")
    row = october.rows[0]
    assert row[:2] == ["119,00", "S"]
    assert (row[6:10], row[10], row[13]) == (
        ["1400", "8400", "", "0510"],
        "R-2026/0001--",
        'Müller "?" & Söhne',
    )
    assert row[113] == "1"
    abroad = [row for file in _later for row in file.rows if row[39]]
    assert {(row[39], row[40]) for row in abroad} == {("FR", "05,50")}


def test_a_cent_that_datev_would_compute_otherwise_is_put_right_under_key_40() -> None:
    lines = [Line("receivable", "1400", 11_900), Line("revenue_19", "8400", -10_001, "DE", 1900),
             Line("vat_19", "1776", -1_899, "DE", 1900)]  # fmt: skip
    assert rows_of(lines, clearing="1590") == [
        Row(11_900, True, "1400", "8400"),
        Row(1, True, "1776", "8400", key="40"),
    ]


@pytest.mark.both_databases
def test_a_batch_stays_what_it_was_and_later_entries_go_into_the_next() -> None:
    some_books()
    export = ask()
    book("late", [Posting("bank", debit_minor=5), Posting("receivable", credit_minor=5, subject="order:K1")])
    again = io.BytesIO()
    actions.write(export, again)
    assert again.getvalue() == content(export)
    assert hashlib.sha256(again.getvalue()).hexdigest() == export.sha256
    following = ask()
    assert list(following.batch_entries.values_list("entry__source", flat=True)) == ["late"]
    with pytest.raises(actions.Refused):
        ask()
    assert Export.objects.count() == 2


@override("en")
def test_two_years_and_other_currencies_are_refused_in_words() -> None:
    some_books()
    with pytest.raises(actions.Refused, match="fiscal year"):
        ask(year_month=11)
    dollars = [
        Posting("bank", debit_minor=5, currency="USD"),
        Posting("equity", credit_minor=5, currency="USD"),
    ]
    book("usd", dollars)
    with pytest.raises(actions.Refused, match="not in euros"):
        ask()
    assert not BatchEntry.objects.exists()


def test_no_row_books_an_account_against_itself() -> None:
    book("came", rules.receipt_recorded(receipt_id=1, amount_minor=500), dt.date(2026, 10, 5))
    book("left", rules.disbursement_recorded(disbursement_id=1, amount_minor=500))
    back = rules.payment_returned(receipt_id=1, disbursement_id=1, amount_minor=500)
    book("returned", back, dt.date(2026, 11, 3))
    export = ask()
    files = batches(content(export))  # the reader refuses such rows
    assert [len(file.rows) for file in files] == [1, 1], "what moves nothing has no row, and no file is empty"
    assert export.entries == 3
    assert balances(files) == books()


def test_whatever_an_entry_books_datev_ends_with_its_balances() -> None:
    numbers = {row.role: row.number for row in charts.rows("skr03")}
    mixed = ["receivable", "unexplained", "bank", "revenue_abroad", "revenue_0", "revenue_eu", *AUTOMATIC_ROLES,
             *AUTOMATIC_ROLES.values()]  # fmt: skip
    for seed in range(3_000):
        chance = random.Random(seed)
        lines = [
            Line(role, numbers[role], chance.choice((1, -1)) * chance.randint(1, 20_000), chance.choice(("DE", "FR")),
                 chance.choice((None, 0, 700, 1900)))
            for role in chance.choices(mixed, k=chance.randint(1, 6))
        ]  # fmt: skip
        last = chance.choice(mixed)
        lines.append(Line(last, numbers[last], -sum(line.amount_minor for line in lines)))
        expected: Counter[str] = Counter()
        for line in lines:
            expected[line.number] += line.amount_minor
        rows = rows_of([line for line in lines if line.amount_minor], clearing=numbers["unexplained"])
        cells = []
        for row in rows:
            assert row.amount_minor > 0 and row.account != row.contra, (seed, row)
            assert not {row.account, row.contra} <= set(AUTOMATIC), (seed, row)
            amount = f"{row.amount_minor // 100},{row.amount_minor % 100:02d}"
            cells.append(
                [amount, "S" if row.is_debit else "H", "", "", "", "", row.account, row.contra, row.key]
            )
        read_ = balances([Batch("", [], [], cells)])
        assert read_ == {number: value for number, value in expected.items() if value}, seed


@pytest.mark.both_databases
def test_sales_to_firms_in_the_eu_carry_the_buyers_vat_id(outbox: Outbox, clock: Clock) -> None:
    clock.on(DAY)
    invoice = invoice_of(outbox, firm_order(Wish(1, 50_000, 0), category="K", check=proof()))
    credit_note(invoice=invoice, source="t:1", reason="zu viel", amount_minor=1_000)
    cancel_invoice(
        invoice=invoice_of(outbox, firm_order(Wish(1, 900, 0), category="K", check=proof())), reason="x"
    )
    book("oss", rules.invoice_issued(order_number="K9", taxes=[rules.TaxShare("GR", 2400, 1_000, 240)]))
    files = batches(content(ask()))
    by_account = {(row[7], row[39], row[40]) for file in files for row in file.rows if row[39]}
    assert ("8125", FRENCH, "") in by_account
    assert {row[39] for file in files for row in file.rows if row[7] == "8125"} == {FRENCH}
    assert ("8320", "EL", "24,00") in by_account
    assert all(len(country) == 2 for account, country, _rate in by_account if account != "8125")
    assert balances(files) == books()


def test_a_vat_id_from_outside_stays_in_its_field() -> None:
    entry = datev.Booked(1, DAY, "R1", "", [], vat_id='fr 40;"30\r\n3265045999999')
    row = Row(100, True, "1400", "8125", country="FR", is_by_vat_id=True)
    head = datev.Head(1, 1, DAY, DAY, timezone.now(), 1, 4, True, "03", "1590")
    cells = datev._row(entry, row, head).split(";")
    assert (len(cells), cells[39]) == (125, '"FR4030326504599"')
    entry.vat_id = ""
    assert datev._row(entry, row, head).split(";")[39] == '"FR"', "unknown: the country alone"


def test_datev_computes_by_the_account_also_where_our_line_says_no_rate() -> None:
    lines = [
        Line("receivable", "1400", 11_900),
        Line("revenue_19", "8400", -10_000),
        Line("vat_19", "1776", -1_900),
    ]
    assert rows_of(lines, clearing="1590") == [Row(11_900, True, "1400", "8400")]


def test_the_header_names_the_chart_of_the_books_whatever_the_settings_say_later(settings: Any) -> None:
    some_books()
    settings.KONTOR_CHART = "skr04"
    first, *_rest = batches(content(ask()))
    assert first.header[26] == "03"


def test_a_file_that_is_full_goes_on_in_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    some_books()
    monkeypatch.setattr("fulfilment.finance.exports.datev.ROWS_MAX", 3)
    files = batches(content(ask()))
    assert [file.name[-6:-4] for file in files if "2026-11" in file.name][:3] == ["_1", "_2", "_3"]
    assert balances(files) == books()


def test_the_journal_is_every_entry_with_its_lines() -> None:
    some_books()
    export = actions.make(actions.ask_for_journal(first_day=FIRST, last_day=DAY, by=None).pk)
    entries = [json.loads(line) for line in content(export).splitlines()]
    assert len(entries) == export.entries == Entry.objects.filter(booked_on__lte=DAY).count()
    for entry in entries:
        assert sum(line["debit_minor"] - line["credit_minor"] for line in entry["lines"]) == 0
    assert (entries[0]["source"], entries[0]["lines"][0]["account"]) == ("a", "1400")


def test_the_page_asks_lists_and_gives_the_file(client: Client) -> None:
    some_books()
    client.force_login(colleague("finance"))
    days = {"first_day": "2026-10-01", "last_day": "2026-11-30"}
    url = reverse("finance:exports")
    assert client.get(url).status_code == 200
    assert client.post(url, {"kind": "datev", **days}).status_code == 400
    assert client.post(url, {"kind": "datev", **days, "consultant": "1", "client": "x"}).status_code == 400
    assert client.post(url, {"kind": "journal", "first_day": "x", "last_day": ""}).status_code == 400
    sent = {
        "kind": "datev",
        **days,
        "consultant": "12345",
        "client": "678",
        "year_month": "1",
        "is_final": "on",
    }
    assert client.post(url, sent).status_code == 302
    assert client.post(url, sent).status_code == 400
    export = actions.make(Export.objects.get().pk)
    response = client.get(reverse("finance:export-download", args=[export.pk]))
    assert b"".join(response.streaming_content) == content(export)
    page = client.get(url, {"q": export.sha256[:10], "kind": "datev", "sort": "-size"}).content.decode()
    assert export.sha256 in page
    assert export.sha256 in client.get(url, {"format": "csv"}).content.decode()
    assert export.sha256 not in client.get(url, {"last": "2026-09-30"}).content.decode()


def test_a_tax_audit_is_asked_for_and_who_fetches_it_is_noted(client: Client) -> None:
    some_books()
    person = colleague("finance")
    client.force_login(person)
    url = reverse("finance:exports")
    days = {"first_day": "2026-11-01", "last_day": "2026-11-30"}
    refused = client.post(url, {"kind": "z3", **days, "last_day": "2026-11-29"})
    assert refused.status_code == 400 and "ganze Monate" in refused.content.decode()
    assert client.post(url, {"kind": "z3", **days}).status_code == 302
    export = actions.make(Export.objects.get().pk)
    page = client.get(reverse("finance:export", args=[export.pk])).content.decode()
    assert "Noch niemand hat die Datei abgeholt" in page and "nicht endgültig abgeschlossen" in page
    response = client.get(reverse("finance:export-download", args=[export.pk]))
    assert response["Content-Disposition"].endswith(f'GoBD-Z3-2026-11-01-2026-11-30-{export.pk}.zip"')
    assert b"".join(response.streaming_content) == content(export)
    assert [fetch.by for fetch in export.fetches.all()] == [person]
    for kept in (export.fetches.get(), export):
        with pytest.raises(ProtectedError):
            kept.delete()
    page = client.get(reverse("finance:export", args=[export.pk])).content.decode()
    assert "Noch niemand" not in page and export.sha256 in page
    assert export.sha256 in client.get(url, {"kind": "z3", "state": "made"}).content.decode()
    assert export.sha256 not in client.get(url, {"state": "failed"}).content.decode()
    assert client.get(url, {"state": "x"}).status_code == 400


def test_the_fiscal_year_begins_in_a_month_with_a_name(client: Client) -> None:
    client.force_login(colleague("finance"))
    page = client.get(reverse("finance:exports")).content.decode()
    assert '<option value="1" selected>Januar</option>' in page
    assert "Nur für DATEV" in page


@pytest.mark.parametrize("name", ["exports", "export"])
def test_pages_ask_the_database_as_often_with_many_exports_as_with_few(name: str, client: Client) -> None:
    some_books()
    people = [colleague("finance"), *(make_staff(f"s{n}@shop.example") for n in range(6))]
    client.force_login(people[0])

    def one(by: Any) -> Export:
        export = actions.make(actions.ask_for_journal(first_day=FIRST, last_day=LAST, by=by).pk)
        actions.fetched(export=export, by=by)
        return export

    export = one(people[0])
    address = reverse("finance:exports") if name == "exports" else reverse("finance:export", args=[export.pk])
    client.get(address)
    with CaptureQueriesContext(connection) as few:
        assert client.get(address).status_code == 200
    for person in people:
        one(person)
        actions.fetched(export=export, by=person)
    with CaptureQueriesContext(connection) as many:
        assert client.get(address).status_code == 200
    assert len(many) == len(few)


def test_who_may_not_export_sees_nothing(client: Client) -> None:
    some_books()
    export = ask()
    client.force_login(colleague("service"))
    assert client.get(reverse("finance:exports")).status_code == 403
    assert client.post(reverse("finance:exports"), {}).status_code == 403
    for name in ("export", "export-download", "export-again", "export-give-up"):
        address = reverse(f"finance:{name}", args=[export.pk])
        assert client.get(address).status_code == client.post(address).status_code == 403
    assert not export.fetches.exists()


def test_a_batch_that_lost_an_entry_and_a_changed_file_are_found() -> None:
    some_books()
    export = ask()
    assert [sentence for _name, check in verify.CHECKS for sentence in check()] == []
    BatchEntry.objects.filter(entry__source="a").delete()
    assert len(verify.batches_hold_their_entries()) == 1
    Export.objects.update(sha256="0" * 64)
    assert verify.files_are_as_they_were_made() == [f"the file of export {export.pk} was changed"]
    storages["documents"].delete(export.key)
    assert verify.files_are_as_they_were_made() == [f"the file of export {export.pk} is missing"]
