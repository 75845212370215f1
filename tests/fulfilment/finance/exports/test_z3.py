"""GoBD Z3: an independent reader takes the medium apart and adds the books up again."""

from __future__ import annotations

import datetime as dt
import io
import re
import tempfile
import tracemalloc
import zipfile
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from django.utils.translation import override
from lxml import etree

from checkout.order.models import Line as OrderLine
from fulfilment.finance.exports import actions
from fulfilment.finance.exports.models import Export
from fulfilment.finance.exports.z3 import Stretch, package
from fulfilment.finance.exports.z3.index import DTD
from fulfilment.finance.invoicing.actions import cancel_invoice, credit_note
from fulfilment.finance.invoicing.models import MerchantProfile
from fulfilment.finance.ledger import rules
from fulfilment.finance.ledger.actions import NewEntry, close_month, post_many
from fulfilment.finance.ledger.actions.accounts import add_account, rename_account
from fulfilment.finance.ledger.models import Account, Entry, EntryLine
from fulfilment.finance.ledger.postings import Posting
from fulfilment.finance.ledger.queries import trial_balance
from fulfilment.finance.reconciliation.actions import assign, record
from shop.kernel import clock
from tests.fulfilment.finance.invoicing.firms import FRENCH, firm_order, invoice_of, proof
from tests.fulfilment.finance.orders import Wish, capture, make_order, make_staff, make_user
from tests.fulfilment.finance.reconciliation.bank_lines import told
from tests.support.helpers import Clock, Outbox

from .test_exports import DAY, book, content, some_books
from .z3_reader import STANDARD, Medium, read

pytestmark = pytest.mark.django_db
OCTOBER = {"first_day": dt.date(2026, 10, 1), "last_day": dt.date(2026, 10, 31)}
NOVEMBER = {"first_day": dt.date(2026, 11, 1), "last_day": dt.date(2026, 11, 30)}
HOSTILE = '=cmd|\' /C calc\'!A0";"1\r\n2\x07;\u202eS\u00f6hne "Ł"'


def whole_month(moment: dt.datetime) -> dict[str, dt.date]:
    """The first and the last day of its month."""
    first = timezone.localtime(moment).date().replace(day=1)
    return {
        "first_day": first,
        "last_day": (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1),
    }


@pytest.fixture(autouse=True)
def _in_november(clock: Clock) -> None:
    """Of which files are made here, when nothing else is asked for."""
    clock.on(dt.date(2026, 11, 20))


def export(**days: Any) -> Export:
    return actions.make(actions.ask_for_z3(**{**NOVEMBER, **days}, by=None).pk)


def medium(**days: Any) -> Medium:
    return read(content(export(**days)))


def cents(value: Decimal) -> int:
    return int(value * 100)


def per_account(read_: Medium, currency: str = "EUR") -> dict[str, tuple[int, int]]:
    """Account -> debits and credits, added up from the postings."""
    sums: dict[str, list[int]] = {}
    for row in read_.tables["Buchungszeilen"]:
        if row["Waehrung"] == currency:
            both = sums.setdefault(row["Konto"], [0, 0])
            both[0] += cents(row["Soll"])
            both[1] += cents(row["Haben"])
    return {number: (debit, credit) for number, (debit, credit) in sums.items()}


def some_trade(outbox: Outbox) -> None:
    """A guest, a customer with two documents taken back in part and whole, a firm abroad, an order paid and not sent,
    money of the bank by hand and by a line, partly assigned."""
    guest = invoice_of(outbox, make_order(Wish(2, 11_900), Wish(1, 3_333, 700), shipping_minor=490))
    customer = make_user()
    order = make_order(Wish(3, 10_001), user=customer)
    invoice = invoice_of(outbox, order)
    credit_note(invoice=invoice, source="t:1", reason="ein Schuh", quantities={invoice.lines.get().pk: 1})
    cancel_invoice(invoice=invoice_of(outbox, make_order(user=customer)), reason="doppelt")
    invoice_of(outbox, firm_order(Wish(1, 50_000, 0), category="K", check=proof(), shipping_minor=900))
    capture(make_order(method="card"))
    outbox.drain()
    receipt = record(
        booked_on=clock.today(), amount_minor=5_000, reference="1/1", payer="Hanna", text=HOSTILE
    )
    assign(receipt=receipt, order=guest.order, amount_minor=4_000)
    told(7_700, "R2026", booked_on=clock.today())
    told(-1_200, "Gebühr", booked_on=clock.today())
    outbox.drain()


@pytest.mark.both_databases
def test_the_postings_add_up_to_the_trial_balance_to_the_cent() -> None:
    some_books()
    book(
        "usd",
        [
            Posting("bank", debit_minor=500, currency="USD"),
            Posting("equity", credit_minor=500, currency="USD"),
        ],
    )
    read_ = medium()
    for currency in ("EUR", "USD"):
        books = trial_balance(**NOVEMBER, currency=currency)
        assert any(row.debit_minor for row in books)
        assert per_account(read_, currency) == {
            row.account.number: (row.debit_minor, row.credit_minor)
            for row in books
            if row.debit_minor or row.credit_minor
        }
        said = {
            row["Konto"]: [cents(row[name]) for name in ("Anfangsbestand", "Soll", "Haben", "Endbestand")]
            for row in read_.tables["Summen_und_Salden"]
            if row["Waehrung"] == currency
        }
        assert said == {
            row.account.number: [row.opening_minor, row.debit_minor, row.credit_minor, row.closing_minor]
            for row in books
        }
    assert any(row["Anfangsbestand"] for row in read_.tables["Summen_und_Salden"])
    assert len(read_.tables["Buchungen"]) == Entry.objects.filter(booked_on__month=11).count()
    assert len(read_.tables["Buchungszeilen"]) == EntryLine.objects.filter(entry__booked_on__month=11).count()


def test_entries_say_what_the_books_say_and_reversals_name_what_they_take_back() -> None:
    some_books()
    clerk = make_staff("clerk@shop.example")
    book("m", [Posting("bank", debit_minor=1), Posting("equity", credit_minor=1)], text="von Hand", by=clerk)
    read_ = medium()
    entries = {row["Quelle"]: row for row in read_.tables["Buchungen"]}
    taken_back = Entry.objects.get(source="a")
    assert entries[f"reversal:{taken_back.pk}"]["Storniert"] == str(taken_back.pk)
    by_hand = Entry.objects.get(source="m")
    assert entries["m"]["Buchung"] == by_hand.pk
    assert (entries["m"]["Buchungstext"], entries["m"]["Erfasser"]) == ("von Hand", str(clerk.pk))
    assert entries["m"]["Buchungstag"] == by_hand.booked_on and entries["m"]["Erfasst_am"] is not None
    kinds = {row["Buchungsart"]: row["Bezeichnung"] for row in read_.tables["Buchungsarten"]}
    assert kinds["manual"] == "Manuelle Buchung"
    assert {"clerk@shop.example", "Clerk"}.isdisjoint(read_.raw["buchungen.csv"].decode().split(";"))


def test_hostile_texts_stay_in_their_cell_and_run_nowhere() -> None:
    book("x", [Posting("bank", debit_minor=1, subject=HOSTILE), Posting("equity", credit_minor=1)],
         text=HOSTILE, document=HOSTILE)  # fmt: skip
    book("y", [Posting("bank", debit_minor=7), Posting("equity", credit_minor=7)], text="@" * 200)
    MerchantProfile.objects.update_or_create(pk=1, defaults={"name": '<b>&"]]>\x0b', "city": "{0}{name}"})
    read_ = medium()
    row = next(row for row in read_.tables["Buchungen"] if row["Quelle"] == "x")
    assert row["Buchungstext"] == "'=cmd|' /C calc'!A0';'1 2;Söhne 'Ł'"
    assert (
        next(row for row in read_.tables["Buchungen"] if row["Quelle"] == "y")["Buchungstext"]
        == "'" + "@" * 200
    )
    assert read_.index.findtext("DataSupplier/Name") == '<b>&"]]>'
    assert "{0}{name}" in read_.raw["LIESMICH.txt"].decode()


@pytest.mark.both_databases
def test_documents_their_parts_taxes_and_customers(outbox: Outbox) -> None:
    some_trade(outbox)
    tables = medium().tables
    gross: Counter[str] = Counter()
    for row in (*tables["Belegpositionen"], *tables["Belegzuschlaege"]):
        gross[row["Beleg"]] += cents(row["Brutto"])
    documents = {row["Beleg"]: row for row in tables["Belege"]}
    assert gross == {number: cents(row["Brutto"]) for number, row in documents.items()}
    taxes: dict[str, list[int]] = {}
    for row in tables["Belegsteuern"]:
        both = taxes.setdefault(row["Beleg"], [0, 0])
        both[0] += cents(row["Netto"])
        both[1] += cents(row["Umsatzsteuer"])
    assert taxes == {n: [cents(row["Netto"]), cents(row["Umsatzsteuer"])] for n, row in documents.items()}
    assert {row["Belegart"] for row in documents.values()} == {
        "Rechnung",
        "Rechnungskorrektur",
        "Stornorechnung",
    }
    assert [row["Brutto"] < 0 for row in documents.values()].count(True) == 2
    firm = next(row for row in documents.values() if row["USt_IdNr"])
    assert (firm["USt_IdNr"], firm["Steuerland"], firm["Umsatzsteuer"]) == (FRENCH, "FR", 0)
    assert {row["Steuerkategorie"] for row in tables["Steuerkategorien"]} == {"S", "K"}
    assert {row["Steuerschluessel"]: row["Steuersatz"] for row in tables["Steuerschluessel"]} == {
        "DE-700": 7,
        "DE-1900": 19,
        "FR-0": 0,
    }
    names = {row["Kunde"]: row["Name"] for row in tables["Kunden"]}
    assert sorted(key.startswith("Gast-") for key in names) == [False, True, True]
    assert set(names) == {row["Kunde"] for row in documents.values()}


@pytest.mark.both_databases
def test_documents_are_the_vat_of_the_books(outbox: Outbox) -> None:
    some_trade(outbox)
    tables = medium().tables
    of_documents: Counter[str] = Counter()
    for row in tables["Belegsteuern"]:
        if row["Umsatzsteuer"]:
            of_documents[row["Steuerschluessel"]] += cents(row["Umsatzsteuer"])
    vat = set(Account.objects.filter(role__startswith="vat_").values_list("number", flat=True))
    of_books: Counter[str] = Counter()
    for row in tables["Buchungszeilen"]:
        if row["Konto"] in vat:
            of_books[row["Steuerschluessel"]] += cents(row["Haben"] - row["Soll"])
    assert of_documents == of_books
    assert len(of_books) == 2


@pytest.mark.both_databases
def test_open_items_are_the_receivable_and_money_is_the_bank(outbox: Outbox) -> None:
    some_trade(outbox)
    tables = medium().tables
    numbers = dict(Account.objects.values_list("role", "number"))
    balances = {row["Konto"]: row["Endbestand"] for row in tables["Summen_und_Salden"]}
    assert sum(row["Offen"] for row in tables["Offene_Posten"]) == balances[numbers["receivable"]]
    assert {row["Offen"] > 0 for row in tables["Offene_Posten"]} == {True, False}, (
        "also what was paid in advance"
    )
    assert sum(row["Betrag"] for row in tables["Zahlungen"]) == balances[numbers["bank"]]
    assert {row["Zahlung"] for row in tables["Zahlungen"]} <= {
        row["Unterkonto"] for row in tables["Buchungszeilen"]
    }
    assert sum(row["Betrag"] for row in tables["Bankumsaetze"]) == Decimal("65.00")
    by_hand = next(row for row in tables["Zahlungen"] if not row["Bankumsatz"])
    assert by_hand["Verwendungszweck"].startswith("'=cmd|' /C calc'!A0';'1 2")


def test_open_items_are_as_of_the_last_day_and_their_customers_are_there(
    outbox: Outbox, clock: Clock
) -> None:
    clock.on(dt.date(2026, 10, 20))
    invoice = invoice_of(outbox, make_order(user=make_user()))
    clock.on(dt.date(2026, 11, 5))
    book("n", [Posting("bank", debit_minor=1), Posting("equity", credit_minor=1)], dt.date(2026, 11, 5))
    tables = medium().tables
    assert tables["Belege"] == []
    [item] = tables["Offene_Posten"]
    assert (item["Beleg"], item["Offen"]) == (invoice.number, Decimal("119.00"))
    assert [row["Kunde"] for row in tables["Kunden"]] == [item["Kunde"]]


def test_goods_are_the_postings_of_the_stock() -> None:
    book("g1", rules.goods_received(subject="receipt:1", cost_minor=9_000))
    book("g2", rules.goods_dispatched(order_number="K1", cost_minor=2_500))
    rows = medium().tables["Warenbewegungen"]
    assert [(row["Zugang"], row["Abgang"]) for row in rows] == [(90, 0), (0, 25)]


@pytest.mark.both_databases
def test_closed_months_give_the_same_bytes_whatever_happens_afterwards(outbox: Outbox, clock: Clock) -> None:
    clock.on(dt.date(2026, 10, 20))
    some_trade(outbox)
    own = add_account(number="4999", kind="expense", name_de="Kleinkram", name_en="Sundries", by=None)
    book("own", [Posting("#4999", debit_minor=5), Posting("bank", credit_minor=5)], dt.date(2026, 10, 21))
    clock.stop(timezone.now())  # what was changed when is told by the real time
    for hard in (False, True):
        close_month(month=OCTOBER["first_day"], hard=hard, why="fertig", by=None)
    assert Stretch(**{name[:-4]: day for name, day in OCTOBER.items()}).closed_at() is not None
    before = export(**OCTOBER)
    rename_account(account=own, name_de="Anderes", name_en="Other", by=None)
    add_account(number="4998", kind="expense", name_de="Neu", name_en="New", by=None)
    MerchantProfile.objects.update(name="Umbenannt GmbH")
    some_trade(outbox)
    after = export(**OCTOBER)
    assert after.pk != before.pk and after.sha256 == before.sha256
    names = [row["Bezeichnung"] for row in read(content(after)).tables["Konten"]]
    assert "Kleinkram" in names and "Anderes" not in names
    assert export(**whole_month(clock.now())).sha256 != before.sha256


def test_it_tells_nobodys_mail_and_phone(outbox: Outbox) -> None:
    some_trade(outbox)
    raw = medium().raw
    whole = b"".join(raw.values()).decode()
    assert OrderLine.objects.exists() and "Hanna" in whole
    assert "@example.com" not in whole and "+33" not in whole


@override("en")
def test_only_whole_months_in_which_something_was_booked() -> None:
    some_books()
    with pytest.raises(actions.Refused, match="whole months"):
        export(first_day=dt.date(2026, 11, 2))
    with pytest.raises(actions.Refused, match="whole months"):
        export(last_day=dt.date(2026, 11, 29))
    with pytest.raises(actions.Refused, match="Nothing was booked"):
        export(first_day=dt.date(2025, 1, 1), last_day=dt.date(2025, 12, 31))
    assert not Export.objects.exists()
    year = medium(first_day=dt.date(2026, 1, 1), last_day=dt.date(2026, 12, 31))
    assert len(year.tables["Buchungen"]) == Entry.objects.count()


def test_the_tables_are_in_german_whoever_asks() -> None:
    some_books()
    with override("en"):
        english = content(export())
    with override("de"):
        assert content(export()) == english


def test_the_reader_notices_what_is_wrong() -> None:
    """The other tests are worth as much as their reader."""
    some_books()
    whole = content(export())

    def changed(name: str, old: bytes, new: bytes) -> bytes:
        file = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(whole)) as packed, zipfile.ZipFile(file, "w") as other:
            for each in packed.namelist():
                data = packed.read(each)
                assert each != name or old in data
                other.writestr(each, data.replace(old, new, 1) if each == name else data)
        return file.getvalue()

    read(whole)
    for name, old, new in (
        ("index.xml", b"<Accuracy>2</Accuracy>", b"<Digits>2</Digits>"),
        ("index.xml", b"<MaxLength>11</MaxLength>", b"<MaxLength>2</MaxLength>"),
        ("index.xml", b"<ColumnDelimiter>;", b"<ColumnDelimiter>|"),
        ("konten.csv", b'"1400"', b'"1401"'),
        ("buchungszeilen.csv", b",", b"."),
        ("buchungen.csv", b'"', b'"="'),
        ("summen_und_salden.csv", b"\r\n", b"\n"),
    ):
        with pytest.raises((AssertionError, KeyError)):
            read(changed(name, old, new))


def contents(model: Any) -> set[str]:
    """Sequences of children that a content model of a DTD allows, each child followed by a blank; at most two of what
    may come again and again."""
    if model is None or model.type == "pcdata":
        return {""}
    if model.type == "element":
        found = {f"{model.name} "}
    else:
        left, right = contents(model.left), contents(model.right)
        found = left | right if model.type == "or" else {one + two for one in left for two in right}
    twice = found | {one + two for one in found for two in found}
    return {"once": found, "opt": found | {""}, "plus": twice, "mult": twice | {""}}[model.occur]


def test_what_our_dtd_allows_the_standard_allows_too() -> None:
    dtd = etree.DTD(str(DTD))
    seen = 0
    for element in dtd.iterelements():
        for children in contents(element.content):
            assert re.fullmatch(STANDARD.get(element.name, ""), children), f"{element.name}: {children}"
            seen += 1
    assert seen > 50
    assert STANDARD.keys() <= {element.name for element in dtd.iterelements()}


def test_memory_does_not_grow_with_the_books(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stretch", "books", "documents", "bank"):
        monkeypatch.setattr(f"fulfilment.finance.exports.z3.{name}.CHUNK_RECORDS", 50)
    monkeypatch.setattr("fulfilment.finance.exports.z3.table.CHUNK_ROWS", 50)

    def peak(number: int) -> int:
        """Most bytes held while the books are written with this many entries more."""
        begin = Entry.objects.count()
        lines = rules.invoice_issued(order_number="K1", taxes=[rules.TaxShare("DE", 1900, 10_000, 1_900)])
        entries = [
            NewEntry(source=f"n:{at}", kind="manual", lines=lines, booked_on=DAY, text="x" * 100)
            for at in range(begin, begin + number)
        ]
        post_many(entries=entries)
        del entries
        with tempfile.TemporaryFile() as file:
            tracemalloc.start()
            assert package.write(Stretch(*NOVEMBER.values()), file) == begin + number
            most = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        return most

    peak(50)  # what is loaded once
    few, many = peak(150), peak(1_800)
    assert many < 1.3 * few, (few, many)


def test_tables_are_written_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    some_books()
    whole = content(export())
    monkeypatch.setattr("fulfilment.finance.exports.z3.table.CHUNK_ROWS", 2)
    monkeypatch.setattr("fulfilment.finance.exports.z3.documents.CUSTOMERS_AT_ONCE", 1)
    monkeypatch.setattr("fulfilment.finance.exports.z3.bank.AT_ONCE", 1)
    assert content(export()) == whole
    assert {table.file for table in package.TABLES} < set(read(whole).names)
