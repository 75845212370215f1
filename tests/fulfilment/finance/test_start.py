"""The start page of finance: cash and what is expected, what is to be done, how far the bank is read, what stands
still."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

from checkout.order.actions import hold as hold_order
from checkout.order.models import Order
from checkout.payment.actions import request_refund
from checkout.payment.actions.credit import block_customer
from checkout.payment.models import Payment, Refund
from fulfilment.finance.bank import actions as bank
from fulfilment.finance.bank.models import BankAccount, StatementFile
from fulfilment.finance.bank.reads import is_old, reads
from fulfilment.finance.dunning.actions import hold_customer, hold_invoice
from fulfilment.finance.exports.models import Export
from fulfilment.finance.invoicing.actions import hold
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.psp.models import Cursor, Payout
from fulfilment.finance.reconciliation.actions import record, record_disbursement
from fulfilment.finance.start.expected import habits, outlook
from shop.kernel.models import Delivery, Message
from tests.factories.finance import invoice_for, pay_invoice
from tests.factories.people import make_staff
from tests.factories.shopping import make_user
from tests.fulfilment.finance.bank.papers import Entry, camt, make_account
from tests.fulfilment.finance.orders import make_order

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
TODAY = dt.date(2026, 11, 18)  #: a Wednesday
MONDAY = dt.date(2026, 11, 16)
DELIVERY_MINOR = 490


def days(count: int) -> dt.timedelta:
    return dt.timedelta(days=count)


@pytest.fixture(autouse=True)
def _on_a_wednesday_in_english(clock: Any) -> Iterator[None]:
    clock.on(TODAY)
    with override("en"):
        yield


@pytest.fixture
def office(finance_addresses: None) -> Client:
    """Who may do everything in finance and beside it."""
    user = make_staff("office@example.org")
    user.user_permissions.set(Permission.objects.all())
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def page(client: Client) -> Any:
    response = client.get(reverse("finance:index"))
    assert response.status_code == 200
    return response


def owed(clock: Any, user: Any, minor: int, due: dt.date) -> Invoice:
    """An open invoice that is due on a day (14 days after it was issued), with the delivery for this much."""
    clock.on(due - days(14))
    invoice = invoice_for(user, price_minor=minor - DELIVERY_MINOR)
    assert (invoice.due_on, invoice.open_minor) == (due, minor)
    clock.on(TODAY)
    return invoice


def paid(clock: Any, user: Any, *, late: int) -> None:
    """An invoice of long ago that was paid ``late`` days after it was due."""
    invoice = owed(clock, user, 5_000, TODAY - days(60))
    clock.on(TODAY - days(60) + days(late))
    pay_invoice(invoice)
    clock.on(TODAY)


def payout(name: str, minor: int, day: dt.date, status: str = "in_transit") -> Payout:
    return Payout.objects.create(
        psp_id=name, amount_minor=minor, provider_status=status, arrival_date=day,
        created_at=dt.datetime(2026, 11, 17, 9, tzinfo=dt.UTC),
    )  # fmt: skip


def imported(*entries: Entry, **facts: Any) -> StatementFile:
    file, _new = bank.take_file(name="day.xml", content=camt(*entries, **facts), by=make_staff())
    return bank.read(file.pk)


def test_open_items_are_expected_in_the_week_they_are_due_in(clock: Any) -> None:
    owed(clock, make_user(), 10_000, TODAY)
    owed(clock, make_user(), 2_000, MONDAY + days(6))
    owed(clock, make_user(), 1_700, MONDAY + days(7))
    owed(clock, make_user(), 1_050, TODAY - days(1))
    owed(clock, make_user(), 1_030, MONDAY + days(7 * 8))
    found = outlook(today=TODAY, cash_minor=1_000)
    assert [week.comes_minor for week in found.weeks] == [12_000, 1_700, 0, 0, 0, 0, 0, 0]
    assert [week.cash_minor for week in found.weeks[:2]] == [13_000, 14_700]
    assert (found.overdue_minor, found.later_minor, found.late_customers) == (1_050, 1_030, 0)
    assert (found.weeks[0].first_day, found.weeks[-1].last_day) == (MONDAY, MONDAY + days(55))


def test_who_pays_late_as_a_rule_is_expected_so_much_later(clock: Any) -> None:
    slow, punctual = make_user(), make_user()
    for late in (10, 11):
        paid(clock, slow, late=late)
    paid(clock, punctual, late=0)
    paid(clock, make_user(), late=30)  # owes nothing any more
    owed(clock, slow, 10_000, TODAY)
    owed(clock, slow, 3_000, TODAY - days(5))  # overdue, and not later than they always pay
    owed(clock, slow, 900, TODAY - days(40))
    owed(clock, punctual, 2_000, TODAY)
    assert habits() == {slow.pk: 11}
    found = outlook(today=TODAY, cash_minor=0)
    assert [week.items_minor for week in found.weeks[:3]] == [2_000, 13_000, 0]
    assert (found.overdue_minor, found.late_customers) == (900, 1)


def test_payouts_come_when_they_arrive_and_refunds_by_transfer_go_now(clock: Any) -> None:
    payout("po_late", 40_000, TODAY - days(3))
    payout("po_next", 5_000, MONDAY + days(8))
    payout("po_debit", -900, MONDAY + days(9))
    payout("po_failed", 77_777, TODAY, status="failed")
    order = make_order(method="prepayment")
    payment = Payment.objects.get(order=order)
    Payment.objects.filter(pk=payment.pk).update(state="captured")
    payment.refresh_from_db()
    request_refund(payment=payment, amount_minor=1_900, source="t", reason="came back")
    found = outlook(today=TODAY, cash_minor=100)
    assert [(week.comes_minor, week.goes_minor) for week in found.weeks[:3]] == [
        (40_000, 1_900),
        (4_100, 0),
        (0, 0),
    ]
    assert found.weeks[-1].cash_minor == 100 + 40_000 - 1_900 + 4_100


def test_cash_is_what_the_last_statements_say_and_later_lines(office: Client) -> None:
    account = make_account(is_default=True)
    imported(Entry("20.00", day="2026-11-16"), opening="100.00", closing="120.00", day="2026-11-16")
    imported(Entry("5.00", day="2026-11-17"), kind="052", day="2026-11-17")
    dollars = BankAccount.objects.create(
        name="Dollar", number="77", currency="USD", ledger_account=account.ledger_account
    )
    context = page(office).context
    assert context["bank_minor"] == 12_500
    places = {place.read.account.pk: place for place in context["cash"].places}
    assert places[account.pk].read.until == dt.date(2026, 11, 17)
    assert places[dollars.pk].balance_minor is None, "nobody knows it, which is not nothing"
    assert context["outlook"].weeks[0].cash_minor == 12_500


def test_an_account_whose_files_tell_no_balance_counts_with_the_books_once(office: Client) -> None:
    account = make_account()
    BankAccount.objects.create(name="Zweites", number="78", ledger_account=account.ledger_account)
    record(booked_on=TODAY, amount_minor=2_000, reference="1/1")
    context = page(office).context
    assert context["bank_minor"] == 2_000
    imported(Entry("20.00", day="2026-11-16"), opening="0.00", closing="20.00", day="2026-11-16")
    assert page(office).context["bank_minor"] == 2_000


def test_the_page_says_who_read_the_bank_until_when_and_what_is_missing(office: Client) -> None:
    make_account()
    imported(Entry("20.00", day="2026-11-02"), opening="0.00", closing="20.00", day="2026-11-02")
    imported(Entry("1.00", day="2026-11-11"), opening="70.00", closing="71.00", day="2026-11-11")
    text = page(office).content.decode()
    for words in (
        "11 Nov 2026",
        "too old",
        "1 gap",
        "day.xml",
        "lager@example.org",
        "the statements are old",
    ):
        assert words in text, words


@pytest.mark.parametrize(
    ("until", "old"),
    [
        ("2026-11-17", False),
        ("2026-11-16", False),
        ("2026-11-13", False),
        ("2026-11-12", True),
        ("2026-12-01", False),
    ],
)
def test_a_statement_is_too_old_when_those_of_three_business_days_are_missing(until: str, old: bool) -> None:
    # On a Wednesday: Friday's is enough on Wednesday morning (Monday and Tuesday are missing), Thursday's is not.
    assert is_old(dt.date.fromisoformat(until), TODAY) is old


def test_an_account_nobody_has_read_and_one_out_of_use(db: None) -> None:
    make_account()
    make_account(iban="DE12500105170648489890", name="Alt", is_active=False)
    [one] = reads(TODAY)
    assert (one.account.name, one.until, one.balance_minor, one.file, one.is_old) == (
        "Giro",
        None,
        None,
        None,
        True,
    )


def busy(clock: Any, at: int) -> None:
    """A little of everything that a clerk may find in the morning."""
    user = make_user(first_name="Otto", last_name=f"Krause {at}")
    invoice = owed(clock, user, 5_000, TODAY - days(3))
    hold(invoice=invoice, why="the shoe is too small")
    hold_invoice(invoice=invoice, until=TODAY + days(9), reason="asked the customer", by=None)
    hold_customer(user=user, until=TODAY + days(9), reason="is ill", by=None)
    block_customer(user_id=user.pk, reason="never pays", by=make_staff())
    paid(clock, user, late=4)
    order = make_order(method="card", status="confirmed")
    hold_order(order=order, by=None, why="address is wrong")
    payment = Payment.objects.get(order=order)
    Payment.objects.filter(pk=payment.pk).update(
        state="disputed", answer_dispute_by=dt.datetime(2026, 11, 27 - at % 3, 12, tzinfo=dt.UTC)
    )
    Refund.objects.create(payment=payment, amount_minor=500, state="failed", source=f"f{at}", reason="x",
                          failure_text="account closed")  # fmt: skip
    record(booked_on=TODAY, amount_minor=2_000, reference=f"9/{at}")
    record_disbursement(booked_on=TODAY, amount_minor=2_000, reference=f"8/{at}")
    payout(f"po_{at}", 100, TODAY)
    bank.read(bank.take_file(name=f"bad{at}.xml", content=camt(Entry(f"x{at}")))[0].pk)
    Export.objects.create(kind="journal", first_day=TODAY, last_day=TODAY)
    Delivery.objects.create(
        message=Message.objects.create(name="X", payload={}), subscriber=f"finance.x{at}", state=Delivery.DEAD,
        last_error="ValueError: no such thing",
    )  # fmt: skip


def test_what_stands_still_is_named_with_its_reason_and_a_way_to_free_it(clock: Any, office: Client) -> None:
    busy(clock, 0)
    Cursor.objects.update_or_create(name="balance", defaults={"problem": "the key was refused"})
    text = page(office).content.decode()
    order = Order.objects.get(on_hold=True)
    invoice = Invoice.objects.get(held=True)
    refund = Refund.objects.get()
    for why in (
        "the shoe is too small", "asked the customer", "is ill", "never pays", "address is wrong", "account closed",
        "the key was refused", "finance.x0", "ValueError: no such thing", "bad0.xml",
    ):  # fmt: skip
        assert why in text, why
    for url in (
        reverse("dashboard:order", args=[order.number]), reverse("finance:invoice", args=[invoice.number]),
        reverse("finance:dunning-holds"), reverse("dashboard:customer", args=[invoice.user_id]),
        reverse("finance:refund-again", args=[refund.pk]), reverse("dashboard:operations"),
    ):  # fmt: skip
        assert f'href="{url}"' in text, url


def test_what_is_to_be_done_is_counted_and_leads_there(clock: Any, office: Client) -> None:
    for at in range(2):
        busy(clock, at)
    tasks = {str(task["text"]): task for task in page(office).context["tasks"]}
    for words, url in (
        ("4 lines of the bank to explain", reverse("finance:workbench")),
        ("2 disputed payments", reverse("dashboard:orders") + "?payment=disputed"),
        ("2 refunds failed", reverse("finance:refunds") + "?state=failed"),
        ("2 files of the bank were refused", reverse("finance:bank-files") + "?state=refused"),
        ("2 exports are not made", reverse("finance:exports")),
    ):
        assert tasks[words]["url"] == url
    assert tasks["2 disputed payments"]["note"] == "answer the first by 26 Nov 2026"
    assert any(words.endswith("to close") for words in tasks), "September and October are over"


def test_money_that_came_and_as_much_that_left_is_not_called_explained(office: Client) -> None:
    record(booked_on=TODAY, amount_minor=2_000, reference="1/1")
    record_disbursement(booked_on=TODAY, amount_minor=2_000, reference="1/2")
    response = page(office)
    assert response.context["unexplained_minor"] == 0
    assert "every cent is explained" not in response.content.decode()


def test_who_may_not_open_a_page_gets_no_link_to_it(clock: Any, desk: Client) -> None:
    busy(clock, 0)
    response = desk.get(reverse("finance:index"))
    assert response.status_code == 200
    text = response.content.decode()
    assert reverse("dashboard:operations") not in text
    assert reverse("dashboard:order", args=[Order.objects.get(on_hold=True).number]) not in text
    assert "address is wrong" in text


def test_a_shop_without_anything_says_so(office: Client) -> None:
    text = page(office).content.decode()
    for words in (
        "every cent is explained",
        "Nothing waits for you.",
        "Nothing stands still.",
        "No bank account yet",
    ):
        assert words in text, words


def test_the_page_costs_the_same_however_much_there_is(clock: Any, office: Client) -> None:
    make_account()
    imported(Entry("20.00", day="2026-11-16"), opening="0.00", closing="20.00", day="2026-11-16")
    busy(clock, 0)

    def cost() -> int:
        page(office)
        with CaptureQueriesContext(connection) as caught:
            page(office)
        return len(caught)

    before = cost()
    for at in range(1, 7):
        busy(clock, at)
        make_account(iban="", number=f"N{at}", name=f"Giro {at}")
    assert cost() == before <= 40
