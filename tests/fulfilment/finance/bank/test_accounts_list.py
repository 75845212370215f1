"""Our bank accounts: the list searched, filtered, sorted, as a file; which account of the books each is booked on."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from fulfilment.finance.bank import actions
from fulfilment.finance.bank.models import BankAccount
from fulfilment.finance.ledger.models import Account
from tests.factories.people import make_staff
from tests.fulfilment.finance.bank.papers import Entry, camt, make_account

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("finance_addresses")]


@pytest.fixture(autouse=True)
def _three_accounts() -> None:
    make_account(name="Giro", bank_name="Hafenbank")
    make_account(name="alt", iban="DE12500105170648489890", is_active=False)
    make_account(name="Zinsen", iban="", number="4711")
    paper = camt(Entry("20.00"), opening="0.00", closing="20.00")
    actions.read(actions.take_file(name="day.xml", content=paper)[0].pk)


def names(desk: Client, **query: Any) -> list[str]:
    page = desk.get(reverse("finance:bank-accounts"), query)
    assert page.status_code == 200
    return [row.account.name for row in page.context["page"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["Giro", "Zinsen", "alt"]),
        ({"q": "hafen"}, ["Giro"]),
        ({"q": "DE12 5001 0517"}, ["alt"]),
        ({"q": "4711"}, ["Zinsen"]),
        ({"q": "nobody"}, []),
        ({"use": "no"}, ["alt"]),
        ({"use": "yes"}, ["Giro", "Zinsen"]),
        ({"sort": "account"}, ["alt", "Giro", "Zinsen"]),
        ({"sort": "-account"}, ["Zinsen", "Giro", "alt"]),
        ({"sort": "until"}, ["Giro", "Zinsen", "alt"]),
        ({"sort": "-statements"}, ["Giro", "Zinsen", "alt"]),
        ({"sort": "nonsense"}, ["Giro", "Zinsen", "alt"]),
    ],
)
def test_accounts_are_found_and_sorted(desk: Client, query: dict[str, str], found: list[str]) -> None:
    assert names(desk, **query) == found


def test_the_file_holds_what_the_filters_leave(desk: Client) -> None:
    sheet = desk.get(reverse("finance:bank-accounts"), {"q": "zins", "format": "csv"})
    text = b"".join(sheet.streaming_content).decode() if sheet.streaming else sheet.content.decode()
    assert "4711" in text and "Giro" not in text


def test_a_filter_of_nonsense_is_answered_in_words(desk: Client) -> None:
    assert desk.get(reverse("finance:bank-accounts"), {"use": "perhaps"}).status_code == 400


def posted(desk: Client, address: str, **data: Any) -> Any:
    sent = {"name": "Neu", "iban": "", "number": "99", "currency": "EUR", "is_active": "on"} | data
    return desk.post(address, sent)


@pytest.mark.parametrize("role", ["receivable", "psp_clearing", "money_transit", "stock"])
def test_a_bank_account_is_not_booked_on_what_documents_keep(desk: Client, role: str) -> None:
    other = Account.objects.get(role=role).pk
    assert posted(desk, reverse("finance:bank-account-add"), ledger_account=other).status_code == 400
    assert BankAccount.objects.count() == 3


def test_two_bank_accounts_of_one_currency_are_not_booked_on_one_account(desk: Client) -> None:
    bank = Account.objects.get(role="bank").pk
    address = reverse("finance:bank-account-add")
    answer = posted(desk, address, ledger_account=bank)
    assert answer.status_code == 400
    assert "ledger_account" in answer.context["form"].errors
    own = Account.objects.create(number="1210", kind="asset", name_de="Zweites", name_en="Second").pk
    assert posted(desk, address, ledger_account=own).status_code == 302


def test_the_account_of_the_books_stays_once_money_is_booked_there(desk: Client) -> None:
    giro = BankAccount.objects.get(name="Giro")
    own = Account.objects.create(number="1210", kind="asset", name_de="Zweites", name_en="Second").pk
    answer = posted(
        desk, reverse("finance:bank-account", args=[giro.pk]), name="Giro 2", iban=giro.iban, number="",
        ledger_account=own,
    )  # fmt: skip
    assert answer.status_code == 302
    giro.refresh_from_db()
    assert (giro.name, giro.ledger_account.role) == ("Giro 2", "bank")


def test_a_new_account_of_the_books_is_made_in_place_and_proposed_when_none_is_free(desk: Client) -> None:
    address = reverse("finance:bank-account-add")
    form = desk.get(address).context["form"]
    assert (form["ledger_account"].value(), form["new_number"].value()) == (None, "1201")
    assert posted(desk, address, new_number="1201").status_code == 302
    made = BankAccount.objects.select_related("ledger_account").get(number="99").ledger_account
    assert (made.number, made.kind, made.name_de, made.role) == ("1201", "asset", "Neu", "")
    assert made.history.get().history_user is not None
    assert desk.get(address).context["form"]["new_number"].value() == "1202"


def test_who_chooses_an_account_need_not_empty_the_number_that_was_proposed(desk: Client) -> None:
    address = reverse("finance:bank-account-add")
    proposed = desk.get(address).context["form"]["new_number"].value()
    own = Account.objects.create(number="1210", kind="asset", name_de="Zweites", name_en="Second")
    assert posted(desk, address, ledger_account=own.pk, new_number=proposed).status_code == 302
    assert BankAccount.objects.get(number="99").ledger_account == own
    assert not Account.objects.filter(number=proposed).exists()


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({}, "ledger_account"),  # neither
        ({"new_number": "1209", "ledger_account": "own"}, "ledger_account"),  # both
        ({"new_number": "1200"}, "new_number"),  # taken
        ({"new_number": "12"}, "new_number"),
        ({"new_number": "12a1"}, "new_number"),
        ({"new_number": "９９９９"}, "new_number"),
        ({"new_number": "9" * 40}, "new_number"),
        ({"new_number": "1201", "number": "4711"}, "number"),  # another bank account has this number
    ],
)
def test_what_makes_no_account_makes_neither_and_says_so_beside_the_field(
    data: dict[str, str], field: str, desk: Client
) -> None:
    own = Account.objects.create(number="1210", kind="asset", name_de="Zweites", name_en="Second").pk
    sent = {name: str(own) if value == "own" else value for name, value in data.items()}
    before = Account.objects.count()
    answer = posted(desk, reverse("finance:bank-account-add"), **sent)
    assert answer.status_code == 400
    assert field in answer.context["form"].errors
    assert (Account.objects.count(), BankAccount.objects.count()) == (before, 3)


def test_who_does_not_keep_the_accounts_of_the_books_chooses_one(client: Client) -> None:
    client.force_login(
        make_staff("kai@example.org", "dashboard.enter", "bank.view_statements", "bank.manage_accounts")
    )
    address = reverse("finance:bank-account-add")
    assert "new_number" not in client.get(address).context["form"].fields
    before = Account.objects.count()
    assert posted(client, address, new_number="1201").status_code == 400
    assert Account.objects.count() == before
