"""Pages of the bank: bring files, see what became of them, accounts against the books, lines, mappings."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from fulfilment.finance.bank import actions, queries
from fulfilment.finance.bank.models import BankAccount, CsvMapping, Statement, StatementFile, StatementLine
from fulfilment.finance.bank.parsers import MAX_BYTES
from fulfilment.finance.ledger.actions import post
from fulfilment.finance.ledger.models import Account
from fulfilment.finance.ledger.postings import Posting
from tests.fulfilment.finance.bank.papers import OURS, THEIRS, Entry, camt, make_account, transaction
from tests.fulfilment.finance.orders import make_staff

pytestmark = pytest.mark.django_db
NAUGHTY = [
    "'; DROP TABLE x; --",
    "<script>alert(1)</script>",
    "\u202eevil",
    "%",
    "9" * 40,
    "-1",
    "1e400",
    "\0",
]
CSV = "Tag;Betrag;Zweck\n20.11.2026;5,00;<b>Schuhe</b>\n"


def bring(data: bytes, name: str = "day.xml") -> StatementFile:
    file, _new = actions.take_file(name=name, content=data)
    return actions.read(file.pk)


def upload(desk: Client, *files: tuple[str, bytes], **also: Any) -> Any:
    sent = [SimpleUploadedFile(name, data) for name, data in files]
    return desk.post(reverse("finance:bank-files"), {"papers": sent} | also, follow=True)


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


@pytest.fixture
def bank() -> BankAccount:
    """An account with statements, a gap, one that does not add up, a batch replaced, a refused file, a mapping."""
    account = make_account()
    batch = [transaction("1.00", text="a"), transaction("2.00", text="b")]
    paid = [transaction("5.00", text="R2026-000123", name="Ada Müller", iban=THEIRS, e2e="K10001")]
    bring(
        camt(
            Entry("3.00", ref="B"),
            Entry("5.00", transactions=paid),
            opening="0.00",
            closing="8.00",
            number="1",
        )
    )
    bring(camt(Entry("3.00", ref="B", transactions=batch), kind="054"), "details.xml")
    bring(
        camt(
            Entry("5.00", sign="DBIT", day="2026-11-25"),
            opening="9.00",
            closing="3.00",
            day="2026-11-25",
            number="2",
        )
    )
    bring(camt(Entry("x")), "bad.xml")
    CsvMapping.objects.create(
        name="Bank", account=account, settings={"columns": {"booked_on": "Tag", "amount": "Betrag"}}
    )
    return account


def addresses() -> list[str]:
    return [
        reverse("finance:bank-accounts"),
        reverse("finance:bank-account-add"),
        reverse("finance:bank-account", args=[BankAccount.objects.latest("pk").pk]),
        reverse("finance:bank-files"),
        *[reverse("finance:bank-file", args=[file.pk]) for file in StatementFile.objects.all()],
        reverse("finance:bank-file-progress", args=[StatementFile.objects.latest("pk").pk]),
        reverse("finance:bank-statements"),
        *[reverse("finance:bank-statement", args=[one.pk]) for one in Statement.objects.all()],
        reverse("finance:bank-lines"),
        *[reverse("finance:bank-line", args=[one.pk]) for one in StatementLine.objects.all()],
        reverse("finance:bank-mappings"),
        reverse("finance:bank-mapping-add"),
        reverse("finance:bank-mapping", args=[CsvMapping.objects.latest("pk").pk]),
    ]


def test_every_page_opens_with_and_without_anything(desk: Client, bank: BankAccount) -> None:
    for address in addresses():
        assert desk.get(address).status_code == 200, address


def test_empty_pages_say_what_to_do(desk: Client) -> None:
    for name in ("accounts", "files", "statements", "lines", "mappings"):
        response = desk.get(reverse(f"finance:bank-{name}"))
        assert response.status_code == 200
        assert 'class="empty"' in response.content.decode()


def test_who_may_only_see_changes_nothing(bank: BankAccount, finance_addresses: None) -> None:
    from django.contrib.auth.models import Permission

    user = make_staff("looks@example.com")
    user.user_permissions.set(Permission.objects.filter(codename="view_statements"))
    client = Client()
    client.force_login(user)
    file = StatementFile.objects.get(state="refused")
    assert client.get(reverse("finance:bank-files")).status_code == 200
    assert client.post(reverse("finance:bank-files"), {}).status_code == 403
    for name, args in (
        ("bank-account-add", []), ("bank-mapping-add", []), ("bank-account", [bank.pk]),
    ):  # fmt: skip
        assert client.get(reverse(f"finance:{name}", args=args)).status_code == 403
    assert client.post(reverse("finance:bank-file-again", args=[file.pk])).status_code == 403
    assert client.post(reverse("finance:bank-mapping-preview")).status_code == 403


@pytest.mark.parametrize("word", NAUGHTY)
@pytest.mark.parametrize("name", ["files", "statements", "lines", "mappings"])
def test_nonsense_in_a_filter_is_no_error_of_ours(
    name: str, word: str, desk: Client, bank: BankAccount
) -> None:
    for key in ("q", "sort", "page", "account", "state", "mark", "way", "first", "last", "format"):
        assert desk.get(reverse(f"finance:bank-{name}"), {key: word}).status_code in (200, 400)


@pytest.mark.parametrize("name", ["accounts", "files", "statements", "lines", "mappings"])
def test_every_list_is_also_a_csv(name: str, desk: Client, bank: BankAccount) -> None:
    response = desk.get(reverse(f"finance:bank-{name}"), {"format": "csv"})
    assert response["Content-Type"].startswith("text/csv")
    assert response.content.decode("utf-8-sig").count("\n") > 1


@pytest.mark.parametrize("name", ["accounts", "files", "statements", "lines", "mappings"])
def test_pages_ask_the_database_as_often_with_many_rows_as_with_few(
    name: str, desk: Client, bank: BankAccount
) -> None:
    address = reverse(f"finance:bank-{name}")
    desk.get(address)
    with CaptureQueriesContext(
        connection,
    ) as few:
        desk.get(address)
    for number in range(6):
        other = make_account(name=f"Konto {number}", iban="", number=f"N{number}")
        data = camt(*[Entry(f"{number + 1}.00", day="2026-11-27")] * 5, number=f"9{number}")
        bring(
            data.replace(f"<IBAN>{OURS}</IBAN>".encode(), f"<Othr><Id>N{number}</Id></Othr>".encode()),
            f"{number}.xml",
        )
        CsvMapping.objects.create(name=f"M{number}", account=other, settings={})
    assert StatementFile.objects.filter(state="imported").count() >= 9
    with CaptureQueriesContext(connection) as many:
        desk.get(address)
    assert len(many) == len(few)


def test_uploaded_files_are_kept_and_said(desk: Client, bank: BankAccount, queue: Any) -> None:
    response = upload(desk, ("a.xml", camt(Entry("7.00"))), ("b.xml", camt(Entry("8.00"))), ("c.xml", b" "))
    assert StatementFile.objects.filter(state="waiting").count() == 2
    said = text_of(response)
    assert "c.xml" in said and "2 Dateien werden jetzt eingelesen." in said
    assert StatementFile.objects.get(name="a.xml").uploaded_by is not None


def test_one_uploaded_file_leads_to_its_page_with_progress(
    desk: Client, bank: BankAccount, queue: Any
) -> None:
    response = upload(desk, ("a.xml", camt(Entry("7.00"))))
    file = StatementFile.objects.get(name="a.xml")
    assert response.redirect_chain[-1][0] == reverse("finance:bank-file", args=[file.pk])
    assert 'hx-trigger="every 1s"' in response.content.decode()
    StatementFile.objects.filter(pk=file.pk).update(state="reading", lines_total=10, lines_done=4)
    part = desk.get(reverse("finance:bank-file-progress", args=[file.pk]))
    assert "<progress" in part.content.decode() and 'value="4"' in part.content.decode()
    assert "HX-Refresh" not in part
    StatementFile.objects.filter(pk=file.pk).update(state="imported")
    assert desk.get(reverse("finance:bank-file-progress", args=[file.pk]))["HX-Refresh"] == "true"


def test_an_upload_too_large_or_of_too_many_is_refused_in_words(
    desk: Client, bank: BankAccount, queue: Any
) -> None:
    said = text_of(upload(desk, ("big.xml", b"x" * (MAX_BYTES + 1))))
    assert "big.xml" in said and "20 MB" in said
    assert upload(desk, *[(f"{number}.xml", b"x") for number in range(21)]).status_code == 400
    assert upload(desk).status_code == 400
    assert upload(desk, ("a.csv", b"x"), mapping="999").status_code == 400
    assert not StatementFile.objects.filter(state="waiting").exists()


def test_a_file_uploaded_twice_says_that_nothing_changed(desk: Client, bank: BankAccount) -> None:
    data = camt(Entry("7.00"))
    bring(data)
    assert "nichts wurde geändert" in text_of(upload(desk, ("again.xml", data)))


def test_a_file_is_downloaded_as_it_came_and_never_shown(desk: Client, bank: BankAccount) -> None:
    file = StatementFile.objects.get(name="bad.xml")
    response = desk.get(reverse("finance:bank-file-download", args=[file.pk]))
    assert b"".join(response.streaming_content) == camt(Entry("x"))
    assert response["Content-Disposition"].startswith("attachment")
    assert response["Content-Type"] == "application/octet-stream"


def test_an_account_the_file_asks_for_is_filled_in_and_the_file_read(desk: Client, queue: Any) -> None:
    file = bring(camt(Entry("5.00")))
    page = desk.get(reverse("finance:bank-file", args=[file.pk])).content.decode()
    address = f"{reverse('finance:bank-account-add')}?file={file.pk}"
    assert address in page
    form = desk.get(address).context["form"]
    assert (form["iban"].value(), form["ledger_account"].value()) == (
        OURS,
        Account.objects.get(role="bank").pk,
    )
    facts = {"name": "Giro", "iban": OURS, "currency": "EUR", "is_active": "on"}
    facts["ledger_account"] = str(Account.objects.get(role="bank").pk)
    response = desk.post(address, facts)
    assert response["Location"] == reverse("finance:bank-file", args=[file.pk])
    assert actions.read(file.pk).state == "imported"
    assert BankAccount.history.get().history_user is not None


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        ("iban", "DE89370400440532013001", 400),
        ("iban", "", 400),
        ("iban", "DE89 3704 0044 0532 0130 00", 400),  # somebody else's already
        ("iban", "DE02 1203 0000 0000 2020 51", 302),
        ("bic", "X", 400),
        ("bic", "BYLADEM1001", 302),
        ("currency", "XXX", 400),
        ("ledger_account", "", 400),
        ("ledger_account", "999999", 400),
        ("name", "", 400),
        ("name", "x" * 81, 400),
    ],
)
def test_what_is_no_account_is_refused_in_words(
    field: str, value: str, status: int, desk: Client, bank: BankAccount
) -> None:
    own = Account.objects.create(number="1210", kind="asset", name_de="Zweites", name_en="Second")
    facts = {
        "name": "New",
        "iban": THEIRS,
        "currency": "EUR",
        "is_active": "on",
        "ledger_account": str(own.pk),
    }
    response = desk.post(reverse("finance:bank-account-add"), facts | {field: value})
    assert response.status_code == status


def test_there_is_one_account_for_our_invoices(desk: Client, bank: BankAccount) -> None:
    for name, iban in (("One", OURS), ("Two", THEIRS)):
        account = BankAccount.objects.filter(iban=iban).first() or BankAccount(iban=iban)
        account.name, account.is_default, account.ledger_account = (
            name,
            True,
            Account.objects.get(role="bank"),
        )
        actions.save_account(account=account)
    assert BankAccount.objects.get(is_default=True).name == "Two"


def test_accounts_show_statements_against_books(desk: Client, bank: BankAccount) -> None:
    post(
        source="test:1",
        kind="manual",
        lines=[Posting("bank", debit_minor=1_000), Posting("receivable", credit_minor=1_000)],
        booked_on=dt.date(2026, 11, 20),
    )
    post(
        source="test:2",
        kind="manual",
        lines=[Posting("bank", debit_minor=50), Posting("receivable", credit_minor=50)],
        booked_on=dt.date(2026, 11, 26),  # after the last statement: not compared
    )
    row = queries.account_rows()[0]
    assert (row.closing_minor, row.books_minor, row.difference_minor) == (300, 1_000, 700)
    assert (row.gaps, row.off, row.last_day) == (1, 1, dt.date(2026, 11, 25))
    assert row.drift_minor == 300 - (0 + 300 + 500 - 500)
    said = text_of(desk.get(reverse("finance:bank-accounts")))
    assert "3,00" in said and "10,00" in said and "7,00" in said


def test_lost_lines_show_as_drift(bank: BankAccount) -> None:
    BankAccount.objects.create(name="B", iban=THEIRS, ledger_account=Account.objects.get(role="bank"))
    bring(camt(Entry("5.00"), opening="0.00", closing="5.00", iban=THEIRS))
    bring(
        camt(Entry("5.00"), opening="5.00", closing="10.00", iban=THEIRS, number="2")
    )  # equal, another file
    row = next(row for row in queries.account_rows() if row.account.name == "B")
    assert row.drift_minor == 500


@pytest.mark.parametrize(
    ("query", "amounts"),
    [
        ({}, [-500, 100, 200, 500]),
        ({"way": "in"}, [100, 200, 500]),
        ({"way": "out"}, [-500]),
        ({"way": "replaced"}, [300]),
        ({"q": "müller"}, [500]),
        ({"q": "R2026-000123"}, [500]),
        ({"q": "K10001"}, [500]),
        ({"q": "DE02 1203"}, [500]),
        ({"q": "5,00"}, [-500, 500]),
        ({"first": "2026-11-21"}, [-500]),
        ({"last": "2026-11-20"}, [100, 200, 500]),
        ({"q": "nothing"}, []),
    ],
)
def test_lines_are_found(query: dict[str, str], amounts: list[int], desk: Client, bank: BankAccount) -> None:
    page = desk.get(reverse("finance:bank-lines"), query).context["page"]
    assert sorted(line.amount_minor for line in page) == amounts


def test_statements_with_something_wrong_are_found(desk: Client, bank: BankAccount) -> None:
    for mark, count in (("gap", 1), ("off", 1), ("wrong", 1), ("", 3)):
        page = desk.get(reverse("finance:bank-statements"), {"mark": mark}).context["page"]
        assert page.paginator.count == count, mark


def mapping_facts(**also: str) -> dict[str, str]:
    facts = {
        "name": "Neu", "account": str(BankAccount.objects.get().pk), "encoding": "auto", "delimiter": ";",
        "header_row": "1", "date_format": "d.m.Y", "decimal": ",", "currency": "EUR", "debit_marks": "S",
        "column_booked_on": "Tag", "column_amount": "Betrag", "column_text": "Zweck",
    }  # fmt: skip
    return facts | also


def test_a_preview_shows_what_comes_of_a_sample_and_keeps_nothing(desk: Client, bank: BankAccount) -> None:
    response = desk.post(reverse("finance:bank-mapping-preview"), mapping_facts(sample=CSV))
    shown = response.content.decode()
    assert "&lt;b&gt;Schuhe&lt;/b&gt;" in shown and "5,00" in shown
    assert CsvMapping.objects.count() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"column_amount": "Nirgends"},
        {"date_format": "Y-m-d"},
        {"column_booked_on": ""},
        {"delimiter": "#"},
        {"header_row": "-1"},
    ],
)
def test_a_preview_of_what_does_not_fit_says_why(
    wrong: dict[str, str], desk: Client, bank: BankAccount
) -> None:
    response = desk.post(reverse("finance:bank-mapping-preview"), mapping_facts(sample=CSV) | wrong)
    assert response.status_code == 200


def test_a_mapping_made_for_a_file_reads_it(desk: Client, bank: BankAccount, queue: Any) -> None:
    CsvMapping.objects.all().delete()
    file = bring(CSV.encode(), "umsatz.csv")
    assert file.refused_code == "no_mapping"
    address = f"{reverse('finance:bank-mapping-add')}?file={file.pk}"
    assert address in desk.get(reverse("finance:bank-file", args=[file.pk])).content.decode()
    assert "Betrag" in desk.get(address).content.decode()
    tried = desk.post(address, mapping_facts(step="try"))
    assert tried.status_code == 200 and not CsvMapping.objects.exists()
    response = desk.post(address, mapping_facts(step="save"))
    assert response["Location"] == reverse("finance:bank-file", args=[file.pk])
    assert actions.read(file.pk).state == "imported"
    assert StatementLine.objects.filter(text="<b>Schuhe</b>").exists()


def test_a_mapping_without_day_amount_or_account_is_refused_in_words(desk: Client, bank: BankAccount) -> None:
    for wrong in ({"column_booked_on": ""}, {"column_amount": ""}, {"account": ""}, {"name": "Bank"}):
        response = desk.post(reverse("finance:bank-mapping-add"), mapping_facts(step="save") | wrong)
        assert response.status_code == 400, wrong
    assert CsvMapping.objects.count() == 1


def test_reading_again_is_for_refused_files_only(desk: Client, bank: BankAccount, queue: Any) -> None:
    for state, then in (("refused", "waiting"), ("imported", "imported")):
        file = StatementFile.objects.filter(state=state).latest("pk")
        desk.post(reverse("finance:bank-file-again", args=[file.pk]))
        file.refresh_from_db()
        assert file.state == then


def test_hostile_names_are_text_on_every_page(desk: Client, bank: BankAccount) -> None:
    hostile = "<script>alert(1)</script>"
    escaped = hostile.replace("<", "&lt;").replace(">", "&gt;")
    bring(
        camt(Entry("9.00", transactions=[transaction("9.00", text=escaped, name=escaped)])), f"{hostile}.xml"
    )
    for address in addresses():
        assert "<script>alert" not in desk.get(address).content.decode(), address
