"""Open items and advance payments of any day, the account of a customer, what orders and articles earn."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.db.models import ProtectedError
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from checkout.payment.events import PaymentCaptured
from fulfilment.finance.invoicing.actions import book_capture, cancel_invoice, credit_note, issue_for_parcel
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.ledger import rules
from fulfilment.finance.ledger.actions import post
from fulfilment.finance.ledger.queries import balance_minor
from fulfilment.finance.reconciliation.actions import assign, record
from fulfilment.finance.reports import customers, margin, open_items
from fulfilment.finance.reports.actions import roll_up
from fulfilment.finance.reports.models import CustomerStatement
from shop.kernel import clock
from shop.notifications.models import OutgoingMail
from tests.fulfilment.finance.orders import Wish, make_order, make_staff, make_user
from tests.support.helpers import Outbox

pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 11, 20)


def later(days: int) -> dt.date:
    return DAY + dt.timedelta(days=days)


def issue(
    order: Any, quantities: dict[int, int] | None = None, day: dt.date = DAY, parcel: int = 0
) -> Invoice:
    pieces = quantities or {line.pk: line.quantity for line in order.lines.all()}
    with clock.frozen(clock.at_noon(day)):
        return issue_for_parcel(
            parcel_id=parcel or order.pk, order_id=order.pk, quantities=pieces, dispatched_on=day
        )


def pay(invoice: Invoice, amount: int, day: dt.date) -> None:
    receipt = record(booked_on=day, amount_minor=amount, reference=f"{invoice.number}/{day}/{amount}")
    assign(receipt=receipt, order=invoice.order, invoice=invoice, amount_minor=amount)


def card_paid(order: Any, day: dt.date = DAY) -> None:
    payment = order.payments.get()
    type(payment).objects.filter(pk=payment.pk).update(state="captured")
    event = PaymentCaptured(payment.pk, order.pk, order.number, "card", payment.amount_minor, "EUR", "pi")
    with clock.frozen(clock.at_noon(day)):
        book_capture(captured=event)


def open_on(day: dt.date, **asked: Any) -> list[tuple[str, int]]:
    rows = open_items.items(open_items.Asked(day, **asked), "due_on, invoice_id", list)[0:100]
    return [(row[1], int(row[5])) for row in rows]  # type: ignore[index]


@pytest.mark.both_databases
def test_what_was_open_on_a_day_is_what_the_books_said_then() -> None:
    first, second = issue(make_order()), issue(make_order(), day=later(2))
    pay(first, 4_000, later(5))
    assert open_on(later(-1)) == []
    assert open_on(later(1)) == [(first.number, 11_900)]
    assert open_on(later(4)) == [(first.number, 11_900), (second.number, 11_900)]
    roll_up()
    assert open_on(later(5)) == [(first.number, 7_900), (second.number, 11_900)]
    with clock.frozen(clock.at_noon(later(8))):
        cancel_invoice(invoice=Invoice.objects.get(pk=second.pk), reason="x")
    assert open_on(later(7)) == [(first.number, 7_900), (second.number, 11_900)]
    assert open_on(later(8)) == [(first.number, 7_900)]
    total = sum(bucket.open_minor for bucket in open_items.ageing(open_items.Asked(later(8))))
    assert total == balance_minor("receivable") == 7_900


@pytest.mark.both_databases
def test_what_an_order_owes_stands_on_the_invoice_that_fell_due_last() -> None:
    order = make_order(Wish(2, 20_000))
    line = order.lines.get()
    one = issue(order, {line.pk: 1}, parcel=1)
    other = issue(order, {line.pk: 1}, day=later(3), parcel=2)
    pay(one, 10_000, later(4))
    pay(other, 3_000, later(4))
    assert open_on(later(4)) == [(other.number, 7_000)]


def test_an_order_that_owes_without_an_invoice_is_shown_too() -> None:
    order = make_order(method="card")
    post(source="d", kind="payment_disputed", booked_on=DAY,
         lines=rules.payment_disputed(order_number=order.number, amount_minor=500, fee_minor=0))  # fmt: skip
    assert open_on(DAY) == [("", 500)]


@pytest.mark.both_databases
def test_open_items_by_age_and_customer() -> None:
    user = make_user()
    old, new = issue(make_order(user=user)), issue(make_order(Wish(1, 5_000), user=user), day=later(30))
    guest = issue(make_order(Wish(1, 700)), day=later(30))
    day = later(40)  # the first is due after 14 days: 26 days over
    buckets = {
        bucket.code: (bucket.count, bucket.open_minor) for bucket in open_items.ageing(open_items.Asked(day))
    }
    assert buckets == {
        "not_due": (2, 5_700),
        "d1_30": (1, 11_900),
        "d31_60": (0, 0),
        "d61_90": (0, 0),
        "d91": (0, 0),
    }
    assert open_on(day, age="d1_30") == [(old.number, 11_900)]
    assert open_on(day, age="not_due") == [(new.number, 5_000), (guest.number, 700)]
    assert open_on(day, search=guest.number.lower()) == [(guest.number, 700)]
    assert open_on(day, search="%") == []
    assert open_on(day, customer=f"user:{user.pk}") == [(old.number, 11_900), (new.number, 5_000)]
    rows = open_items.customers(open_items.Asked(day), "owed_minor DESC, customer", list)[0:10]
    found = [(row[0], int(row[-1]), int(row[2])) for row in rows]  # type: ignore[index]
    assert found == [(f"user:{user.pk}", 2, 16_900), ("mail:hanna@example.com", 1, 700)]


@pytest.mark.both_databases
def test_advance_payments_show_the_vat_inside_and_what_was_overpaid() -> None:
    order = make_order(Wish(1, 11_900), Wish(1, 10_700, 700), method="card")
    card_paid(order)
    [one] = open_items.advances(DAY)
    assert (one.credit_minor, one.advance_minor) == (22_600, 22_600)
    assert one.vat == {("DE", 700): (10_700, 700), ("DE", 1900): (11_900, 1_900)}
    assert one.vat_minor == 2_600
    assert open_items.advances(later(-1)) == []
    invoice = issue(order, day=later(2))
    assert open_items.advances(later(2)) == []
    with clock.frozen(clock.at_noon(later(4))):
        credit_note(invoice=invoice, source="c", reason="x", amount_minor=1_000)
    [over] = open_items.advances(later(4))
    assert (over.credit_minor, over.advance_minor, over.vat_minor) == (1_000, 0, 0)
    assert [row.credit_minor for row in open_items.advances(later(1))] == [22_600]


def test_the_account_of_a_customer_holds_every_document_and_payment() -> None:
    user = make_user()
    invoice = issue(make_order(user=user))
    issue(make_order(Wish(1, 700)))
    pay(invoice, 4_000, later(5))
    of = customers.customer(f"user:{user.pk}")
    assert of is not None
    opening, rows = customers.movements(of)
    assert opening == 0
    assert [(row.day, row.amount_minor, row.balance_minor) for row in rows] == [
        (DAY, 11_900, 11_900),
        (later(5), -4_000, 7_900),
    ]
    opening, rows = customers.movements(of, first=later(1), last=later(5))
    assert (opening, [row.balance_minor for row in rows]) == (11_900, [7_900])
    guest = customers.customer("mail:HANNA@example.com")
    assert guest is not None
    assert [row.amount_minor for row in customers.movements(guest)[1]] == [700]


def test_no_order_of_a_customer_with_many_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    user = make_user()
    for at in range(3):
        issue(make_order(Wish(1, 1_000 + at), user=user), day=later(2 - at))
    monkeypatch.setattr(customers, "ORDERS_AT_ONCE", 2)
    of = customers.customer(f"user:{user.pk}")
    assert of is not None
    rows = customers.movements(of)[1]
    assert [row.amount_minor for row in rows] == [1_002, 1_001, 1_000]
    assert rows[-1].balance_minor == 3_003


@pytest.mark.parametrize(
    "key", ["", "user:", "user:0", "user:x", "user:²", f"user:{'9' * 30}", "mail:", "mail:no@x.de", "x:1"]
)
def test_nobody_is_behind_a_key_of_nobody(key: str, desk: Client) -> None:
    assert desk.get(reverse("finance:report-statement"), {"customer": key}).status_code == 404


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_statement_is_a_letter_in_the_customers_language(desk: Client, language: str) -> None:
    user = make_user()
    issue(make_order(user=user, language=language))
    address = reverse("finance:report-statement")
    page = desk.get(address, {"customer": f"user:{user.pk}"})
    assert page.context["report"].foot.cells[-1] == 11_900
    letter = desk.get(page.context["letter_url"])
    assert letter.content.startswith(b"%PDF")
    of = customers.customer(f"user:{user.pk}")
    assert of is not None and of.language == language


def test_what_an_order_earned_is_revenue_less_cost_and_fees() -> None:
    order = make_order(Wish(2, 23_800, unit_cost_minor=4_000))
    invoice = issue(order)
    post(
        source="c",
        kind="goods_dispatched",
        lines=rules.goods_dispatched(order_number=order.number, cost_minor=8_000),
    )
    roll_up()
    pay(invoice, 23_000, DAY)
    post(
        source="f",
        kind="charges_withheld",
        lines=rules.charges_withheld(order_number=order.number, amount_minor=300),
    )
    today = clock.today()
    rows = margin.orders(today, today, "", "placed, number", list)[0:9]
    assert [tuple(map(int, row[2:])) for row in rows] == [(20_000, 8_000, 300, 11_700)]  # type: ignore[index]
    assert margin.orders(today, today, "nothing", "placed, number", list)[0:9] == []


@pytest.mark.both_databases
def test_a_page_its_sums_and_the_best_of_all_come_by_one_statement() -> None:
    for net in (300, 900, 600):
        issue(make_order(Wish(1, net, 0)))
    today = clock.today()
    rows = margin.orders(today, today, "", "margin_minor, number", list)
    with CaptureQueriesContext(connection) as queries:
        rows.load(1, 2)
        assert [int(row[2]) for row in rows[1:2]] == [600]  # type: ignore[index]
        assert rows.totals() == [3, 1_800, 0, 0, 1_800]
        assert [int(row[2]) for row in rows.best()] == [900, 600, 300]
        assert len(rows) == 3
    assert len(queries) == 1
    assert rows[3:9] == []
    assert rows.totals()[0] == 3  # also behind the last page
    nothing = margin.orders(today, today, "nothing", "placed, number", list)
    assert (nothing.totals(), nothing.best()) == ([0, 0, 0, 0, 0], [])


@pytest.mark.both_databases
def test_open_items_say_the_same_looked_up_or_by_the_statement() -> None:
    user = make_user()
    issue(make_order(user=user))
    issue(make_order(Wish(1, 700)))
    order = make_order(method="card")
    post(source="d", kind="payment_disputed", booked_on=DAY,
         lines=rules.payment_disputed(order_number=order.number, amount_minor=500, fee_minor=0))  # fmt: skip
    asked = open_items.Asked(later(1))
    looked_up = open_items.items(asked, "order_number, invoice_id", list)[0:9]
    stated = open_items.items(asked, "order_number, invoice_id", list, papers=True)[0:9]
    assert [tuple(map(str, row)) for row in looked_up] == [tuple(map(str, row)) for row in stated]  # type: ignore[call-overload]
    assert [row[6] for row in looked_up] == [f"user:{user.pk}", *["mail:hanna@example.com"] * 2]  # type: ignore[index]
    assert looked_up[2][7] == "hanna@example.com"  # type: ignore[index]
    names = [row[1] for row in open_items.customers(asked, "name, customer", list)[0:9]]  # type: ignore[index]
    assert names == [looked_up[0][7]] * 2  # type: ignore[index]


@pytest.mark.both_databases
def test_what_an_article_earned_counts_credit_notes_against_it() -> None:
    order = make_order(Wish(2, 23_800, unit_cost_minor=4_000), Wish(1, 1_070, 700, unit_cost_minor=900))
    invoice = issue(order)
    line = invoice.lines.get(rate_bp=1900)
    with clock.frozen(clock.at_noon(DAY)):
        credit_note(invoice=invoice, source="c", reason="x", quantities={line.pk: 1})
    rows = margin.articles(DAY, DAY, "", "margin_minor DESC, sku", list)[0:9]
    assert [tuple(map(int, row[2:])) for row in rows] == [(1, 10_000, 4_000, 6_000), (1, 1_000, 900, 100)]  # type: ignore[index]
    assert margin.rate_bp(6_000, 10_000) == 6_000
    assert margin.rate_bp(-5, 0) is None


def test_an_articles_figures_open_to_its_lines_of_documents(desk: Client) -> None:
    invoice = issue(make_order(Wish(2, 23_800)))
    days = {"first": DAY.isoformat(), "last": DAY.isoformat()}
    page = desk.get(reverse("finance:report-margin-articles"), days)
    [row] = page.context["rows"]
    [line] = desk.get(row["cells"][3]["url"]).context["rows"]
    assert line["cells"][1]["text"] == invoice.number
    assert line["cells"][6]["text"] == row["cells"][3]["text"]
    assert desk.get(reverse("finance:report-article-lines"), {"sku": "x"}).status_code == 404


@pytest.mark.both_databases
def test_an_account_is_sent_once_and_stays_as_it_was(desk: Client, outbox: Outbox) -> None:
    user = make_user()
    invoice = issue(make_order(user=user))
    outbox.drain()
    page = desk.get(reverse("finance:report-statement"), {"customer": f"user:{user.pk}"})
    form = desk.get(page.context["send_url"])
    assert user.email in form.content.decode()
    data = {
        "customer": f"user:{user.pk}",
        "key": form.context["form"]["key"].value(),
        "last": later(60).isoformat(),
    }
    address = reverse("finance:report-send-statement")
    assert [desk.post(address, data).status_code for _ in range(2)] == [302, 302]
    outbox.drain()
    assert outbox.failures() == []
    statement = CustomerStatement.objects.get()
    mail = OutgoingMail.objects.get(kind="customer_statement")
    assert (mail.recipient, statement.balance_minor) == (user.email, 11_900)
    assert mail.attachments.get(mime="application/pdf").source == f"statement:{statement.pk}"
    before = statement.printed
    pay(invoice, 4_000, later(5))
    assert customers.sent_pdf(statement.pk).startswith(b"%PDF")
    assert CustomerStatement.objects.get().printed == before
    assert desk.post(address, {**data, "last": "x"}).status_code == 400
    assert desk.post(address, {**data, "key": "x"}).status_code == 400
    with pytest.raises(ProtectedError):
        statement.delete()


def test_only_who_may_sends_an_account(finance_addresses: None) -> None:
    clerk = Client()
    clerk.force_login(make_staff("clerk@example.com"))
    assert clerk.get(reverse("finance:report-send-statement"), {"customer": "user:1"}).status_code == 403
