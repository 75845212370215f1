"""The staff pages of finance: they open, they say what is asked, they refuse nonsense in words."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from checkout.payment.actions import request_refund
from checkout.payment.models import Payment, Refund
from fulfilment.finance.invoicing.actions import hold
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.ledger.actions import post
from fulfilment.finance.ledger.models import Account, Entry
from fulfilment.finance.ledger.postings import Posting
from fulfilment.finance.ledger.queries import balance_minor
from fulfilment.finance.reconciliation.actions import assign, record
from fulfilment.finance.reconciliation.models import Receipt
from tests.fulfilment.finance.books import problems
from tests.fulfilment.finance.orders import Wish, capture, dispatch, make_order, make_staff
from tests.support.helpers import Outbox

pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 11, 20)
NAUGHTY = [
    "'; DROP TABLE x; --",
    "<script>alert(1)</script>",
    "\u202eevil",
    "💥" * 30,
    "%",
    "_",
    "9" * 40,
    "-1",
    "1e400",
]


def invoiced(outbox: Outbox, *wishes: Wish, method: str = "invoice", shipping_minor: int = 0) -> Invoice:
    order = make_order(*wishes, method=method, shipping_minor=shipping_minor)
    if method == "card":
        capture(order)
    dispatch(order)
    outbox.drain()
    return Invoice.objects.get(order=order)


def busy(outbox: Outbox, times: int = 1) -> Invoice:
    """A shop with some of everything."""
    for _ in range(times):
        invoiced(outbox, method="card", shipping_minor=490)
        invoice = invoiced(outbox, Wish(2, 5_000), Wish(1, 1_070, 700))
        at = Receipt.objects.count()
        receipt = record(booked_on=DAY, amount_minor=2_000, reference=f"1/{at}", payer="Hanna Petersen")
        assign(receipt=receipt, order=invoice.order, invoice=invoice, amount_minor=1_500)
    hold(invoice=invoice, why="a complaint is open")
    return invoice


def addresses(invoice: Invoice) -> list[str]:
    receipt = Receipt.objects.latest("pk")
    assignment = receipt.assignments.latest("pk")
    return [
        reverse("finance:index"),
        reverse("finance:trial-balance"),
        reverse("finance:account", args=["1400"]),
        reverse("finance:journal"),
        reverse("finance:entry", args=[Entry.objects.earliest("pk").pk]),
        reverse("finance:open-items"),
        reverse("finance:invoices"),
        reverse("finance:invoice", args=[invoice.number]),
        reverse("finance:credit-note", args=[invoice.number]),
        reverse("finance:cancel-invoice", args=[invoice.number]),
        reverse("finance:receipts"),
        reverse("finance:record-receipt"),
        reverse("finance:receipt-suggestions") + "?amount=5,00",
        reverse("finance:receipt", args=[receipt.pk]),
        reverse("finance:withdraw-receipt", args=[receipt.pk]),
        reverse("finance:undo-assignment", args=[assignment.pk]),
        reverse("finance:transfers"),
        reverse("finance:merchant"),
    ]


@pytest.mark.parametrize("language", ["de", "en"])
def test_every_page_opens_in_both_languages(outbox: Outbox, desk: Client, language: str) -> None:
    invoice = busy(outbox)
    for address in addresses(invoice):
        response = desk.get(address, headers={"accept-language": language})
        assert response.status_code == 200, address


def test_every_page_is_for_staff_with_the_permission_alone(outbox: Outbox, desk: Client) -> None:
    invoice = busy(outbox)
    pages = addresses(invoice)
    nobody = Client()
    shopper = Client()
    shopper.force_login(get_user_model().objects.create_user(email="a@example.com", password="x"))
    clerk = Client()
    clerk.force_login(make_staff("b@example.com"))
    for address in pages:
        assert nobody.get(address).status_code == 302, address
        assert shopper.get(address).status_code == 403, address
        assert clerk.get(address).status_code == 403, address


def test_no_page_needs_more_queries_for_more_rows(outbox: Outbox, desk: Client) -> None:
    lists = ["index", "trial-balance", "journal", "open-items", "invoices", "receipts"]
    pages = [reverse(f"finance:{name}") for name in lists] + [reverse("finance:account", args=["1400"])]
    busy(outbox)
    few = {page: _queries(desk, page) for page in pages}
    busy(outbox, times=8)
    assert {page: _queries(desk, page) for page in pages} == few
    assert max(few.values()) <= 25


def _queries(desk: Client, page: str) -> int:
    desk.get(page)
    with CaptureQueriesContext(connection) as caught:
        assert desk.get(page).status_code == 200
    return len(caught)


@pytest.mark.parametrize("value", NAUGHTY)
def test_junk_in_filters_is_answered_without_an_error_of_ours(
    outbox: Outbox, desk: Client, value: str
) -> None:
    invoice = busy(outbox)
    for address in addresses(invoice):
        for name in (
            "q",
            "state",
            "kind",
            "first",
            "last",
            "amount",
            "age",
            "page",
            "sort",
            "search",
            "text",
        ):
            response = desk.get(address.split("?")[0], {name: value})
            assert response.status_code in (200, 400), (address, name)
            assert "<script>alert(1)" not in response.content.decode(), address


def test_things_that_do_not_exist_are_not_found(outbox: Outbox, desk: Client) -> None:
    busy(outbox)
    for name, key in [
        ("invoice", "R9999-000001"), ("invoice-pdf", "R9999-000001"), ("credit-note", "nothing"), ("account", "9999"),
        ("entry", 10**7), ("entry", 10**30), ("receipt", 10**7), ("receipt", 10**30), ("undo-assignment", 10**30),
        ("withdraw-receipt", 10**30), ("note-sent", 10**30),
    ]:  # fmt: skip
        assert desk.get(reverse(f"finance:{name}", args=[key])).status_code == 404, (name, key)


def test_the_trial_balance_shows_each_account_and_ends_at_zero(outbox: Outbox, desk: Client) -> None:
    busy(outbox)
    report = desk.get(reverse("finance:trial-balance")).context["report"]
    shown = {row.cells[0]: row.cells[5] for row in report.rows}
    assert shown["1400"] == balance_minor("receivable")
    _total, _name, opening, debit, credit, closing = report.foot.cells
    assert (opening, closing) == (0, 0)
    assert debit == credit > 0
    assert not report.warning


def test_the_account_sheet_runs_on_over_its_pages(outbox: Outbox, desk: Client) -> None:
    busy(outbox, times=3)
    sheet = desk.get(reverse("finance:account", args=["1400"])).context["report"].rows
    assert len(sheet) > 8
    balance = 0
    for start in range(0, len(sheet), 4):
        carried, *rows = sheet[start : start + 4]
        assert (carried.style, carried.cells[7]) == ("note", balance)
        for row in rows:
            balance += (row.cells[5] or 0) - (row.cells[6] or 0)
            assert row.cells[7] == balance
    assert balance == sheet.closing_minor == balance_minor("receivable")


def test_an_account_sheet_that_begins_later_carries_its_opening(outbox: Outbox, desk: Client) -> None:
    busy(outbox)
    context = desk.get(reverse("finance:account", args=["1200"]), {"first": "2026-11-21"}).context
    assert (context["report"].rows.opening_minor, context["rows"]) == (2_000, [])
    assert "20" in context["report"].stats[0]["value"]


def test_the_journal_finds_by_number_amount_kind_and_subject(outbox: Outbox, desk: Client) -> None:
    invoice = busy(outbox)
    journal = reverse("finance:journal")
    [row] = desk.get(journal, {"q": invoice.number, "kind": "invoice_issued"}).context["rows"]
    assert row["total_minor"] == invoice.gross_minor
    assert len(desk.get(journal, {"amount": "60,70"}).context["rows"]) == 1
    assert len(desk.get(journal, {"q": f"order:{invoice.order_number}"}).context["rows"]) == 2
    assert desk.get(journal, {"amount": "abc"}).status_code == 400


def test_csv_files_hold_amounts_and_disarm_formulas(outbox: Outbox, desk: Client) -> None:
    busy(outbox)
    record(booked_on=DAY, amount_minor=123_456, reference="9/9", payer="=HYPERLINK(1)")
    text = desk.get(reverse("finance:receipts"), {"format": "csv"}).content.decode()
    assert "1234,56" in text
    assert "'=HYPERLINK" in text
    for name in ("trial-balance", "journal", "open-items", "invoices"):
        response = desk.get(reverse(f"finance:{name}"), {"format": "csv"})
        assert response["Content-Type"].startswith("text/csv")
        assert response.content.decode().count("\n") > 1
    assert "60,70" in desk.get(reverse("finance:account", args=["1400"]), {"format": "csv"}).content.decode()


def test_open_items_are_counted_by_age(outbox: Outbox, desk: Client, clock: Any) -> None:
    clock.on(dt.date(2026, 9, 1))
    old = invoiced(outbox)
    clock.on(dt.date(2026, 11, 22))
    new = invoiced(outbox, Wish(1, 5_000))
    context = desk.get(reverse("finance:open-items")).context
    shown = {bucket["code"]: bucket["minor"] for bucket in context["buckets"]}
    assert shown == {"not_due": 5_000, "d1_30": 0, "d31_60": 0, "d61_90": 11_900, "d91": 0}
    assert [row.number for row in context["page"]] == [old.number, new.number]
    [only] = desk.get(reverse("finance:open-items"), {"age": "not_due"}).context["page"]
    assert only.number == new.number


def test_a_receipt_is_recorded_and_assigned_in_one_go(outbox: Outbox, desk: Client) -> None:
    invoice = invoiced(outbox)
    form = {
        "booked_on": "2026-11-20", "amount": "119,00", "payer": "Hanna Petersen", "reference": "47/3",
        "text": f"Rechnung {invoice.number}", "step": "find",
    }  # fmt: skip
    page = desk.post(reverse("finance:record-receipt"), form)
    assert f'value="invoice:{invoice.pk}"' in page.content.decode()
    assert re.search(rf'id="t-invoice:{invoice.pk}" checked', page.content.decode())
    assert not Receipt.objects.exists()
    form |= {"step": "record", "target": f"invoice:{invoice.pk}", f"amount:invoice:{invoice.pk}": "119,00"}
    response = desk.post(reverse("finance:record-receipt"), form)
    receipt = Receipt.objects.get()
    assert response["Location"] == reverse("finance:receipt", args=[receipt.pk])
    invoice.refresh_from_db()
    assert (invoice.state, receipt.state) == ("paid", "assigned")
    assert problems() == []


def test_the_same_receipt_twice_names_the_first_and_keeps_what_was_typed(
    outbox: Outbox, desk: Client
) -> None:
    form = {"booked_on": "2026-11-20", "amount": "5,00", "reference": "47/3", "step": "record"}
    desk.post(reverse("finance:record-receipt"), form)
    response = desk.post(reverse("finance:record-receipt"), form | {"payer": "Somebody Else"})
    assert response.status_code == 409
    text = response.content.decode()
    assert "Somebody Else" in text
    assert reverse("finance:receipt", args=[Receipt.objects.get().pk]) in text


@pytest.mark.parametrize(
    "bad",
    [
        {"amount": "abc"},
        {"amount": "-5"},
        {"amount": "0,001"},
        {"booked_on": "2099-01-01"},
        {"booked_on": "31.02.2026"},
        {"reference": ""},
        {"target": "invoice:999999999", "amount:invoice:999999999": "1"},
        {"target": "invoice:" + "9" * 30, "amount:x": "1"},
        {"target": "order:1; DROP", "amount:x": "1"},
        {"target": "order:999999", "amount:order:999999": "1000"},
    ],
)
def test_a_wrong_receipt_is_refused_in_words_and_nothing_is_booked(desk: Client, bad: dict[str, str]) -> None:
    form = {"booked_on": "2026-11-20", "amount": "5,00", "reference": "47/3", "step": "record"} | bad
    response = desk.post(reverse("finance:record-receipt"), form)
    assert response.status_code == 400
    assert not Receipt.objects.exists()
    assert not Entry.objects.exists()


def test_nul_bytes_are_refused_not_stored(desk: Client) -> None:
    form = {"booked_on": "2026-11-20", "amount": "5,00", "reference": "4\x007/3", "step": "record"}
    assert desk.post(reverse("finance:record-receipt"), form).status_code == 400


def test_undoing_asks_for_a_reason_and_opens_the_invoice_again(outbox: Outbox, desk: Client) -> None:
    invoice = busy(outbox)
    assignment = Receipt.objects.latest("pk").assignments.get()
    address = reverse("finance:undo-assignment", args=[assignment.pk])
    assert desk.post(address, {"reason": ""}).status_code == 400
    assert desk.post(address, {"reason": "wrong customer"}).status_code == 302
    invoice.refresh_from_db()
    assert invoice.open_minor == invoice.gross_minor
    assert problems() == []
    assert desk.get(address).status_code == 200


def test_a_withdrawn_receipt_leaves_the_bank_account(outbox: Outbox, desk: Client) -> None:
    busy(outbox)
    receipt = Receipt.objects.latest("pk")
    desk.post(reverse("finance:withdraw-receipt", args=[receipt.pk]), {"reason": "typed wrongly"})
    assert balance_minor("bank") == 0
    assert problems() == []


def test_a_credit_note_is_shown_first_and_issued_once(outbox: Outbox, desk: Client) -> None:
    invoice = invoiced(outbox, Wish(2, 10_000))
    address = reverse("finance:credit-note", args=[invoice.number])
    key = desk.get(address).context["form"].initial["key"]
    form = {"key": str(key), "reason": "returned", f"line-{invoice.lines.get().pk}": "1", "step": "preview"}
    preview = desk.post(address, form)
    assert preview.context["preview"]["gross_minor"] == 5_000
    assert Invoice.objects.count() == 1
    for _ in range(2):
        desk.post(address, form | {"step": "issue"})
    note = Invoice.objects.get(kind="credit_note")
    assert (note.gross_minor, note.number[-6:]) == (5_000, "000001")
    assert desk.get(reverse("finance:invoice", args=[note.number])).status_code == 200
    assert problems() == []


@pytest.mark.parametrize(
    "bad",
    [{"amount": "5000"}, {"line": "3"}, {"reason": "", "amount": "5"}, {}, {"line": "1", "amount": "5"}],
)
def test_a_wrong_credit_note_is_refused_in_words(outbox: Outbox, desk: Client, bad: dict[str, str]) -> None:
    invoice = invoiced(outbox, Wish(2, 10_000))
    address = reverse("finance:credit-note", args=[invoice.number])
    form = {"key": str(desk.get(address).context["form"].initial["key"]), "reason": "x", "step": "issue"}
    line = f"line-{invoice.lines.get().pk}"
    form |= {line if name == "line" else name: value for name, value in bad.items()}
    assert desk.post(address, form).status_code == 400
    assert not Invoice.objects.filter(kind="credit_note").exists()


def test_cancelling_says_why_and_leads_to_the_cancellation(outbox: Outbox, desk: Client) -> None:
    invoice = invoiced(outbox)
    address = reverse("finance:cancel-invoice", args=[invoice.number])
    assert desk.post(address, {"reason": ""}).status_code == 400
    response = desk.post(address, {"reason": "wrong address"})
    document = Invoice.objects.get(kind="cancellation")
    assert response["Location"] == reverse("finance:invoice", args=[document.number])
    assert desk.get(address).status_code == 404
    assert problems() == []


def test_the_pdf_and_the_xml_are_made_when_asked_for_and_stay_the_same(outbox: Outbox, desk: Client) -> None:
    invoice = invoiced(outbox)
    pdf = desk.get(reverse("finance:invoice-pdf", args=[invoice.number]))
    assert pdf.content.startswith(b"%PDF")
    assert desk.get(reverse("finance:invoice-pdf", args=[invoice.number])).content == pdf.content
    xml = desk.get(reverse("finance:invoice-xml", args=[invoice.number]))
    assert invoice.number.encode() in xml.content
    invoice.refresh_from_db()
    assert len(invoice.pdf_sha256) == len(invoice.xml_sha256) == 64


def test_the_start_page_says_what_is_unexplained_and_what_waits(outbox: Outbox, desk: Client) -> None:
    busy(outbox)
    context = desk.get(reverse("finance:index")).context
    assert context["unexplained_minor"] == 500
    assert context["difference_minor"] == 0
    assert context["bank_minor"] == 2_000
    assert len(context["tasks"]) >= 2


def test_a_refund_by_transfer_is_noted_as_sent_and_booked_from_the_bank(outbox: Outbox, desk: Client) -> None:
    order = make_order(method="prepayment", status="awaiting_payment")
    receipt = record(booked_on=DAY, amount_minor=11_900, reference="1/1", payer="Hanna Petersen")
    assign(receipt=receipt, order=order, amount_minor=11_900)
    payment = Payment.objects.get(order=order)
    request_refund(payment=payment, amount_minor=11_900, source="test", reason="changed her mind")
    page = desk.get(reverse("finance:transfers"))
    assert "Hanna Petersen" in page.content.decode()
    refund = Refund.objects.get()
    assert (
        desk.post(reverse("finance:note-sent", args=[refund.pk]), {"reference": "SEPA 1"}).status_code == 302
    )
    outbox.drain()
    assert (balance_minor("bank"), balance_minor("receivable")) == (0, 0)
    assert problems() == []


def test_the_merchants_data_are_checked_and_only_later_documents_carry_them(
    outbox: Outbox, desk: Client
) -> None:
    before = invoiced(outbox)
    address = reverse("finance:merchant")
    form = dict(desk.get(address).context["form"].initial)
    assert desk.post(address, form | {"iban": "DE00 1234"}).status_code == 400
    assert desk.post(address, form | {"vat_id": "DE1"}).status_code == 400
    assert desk.post(address, form | {"vat_id": "", "tax_number": ""}).status_code == 400
    assert desk.post(address, form | {"name": "Neue Firma GmbH"}).status_code == 302
    after = invoiced(outbox)
    assert Invoice.objects.get(pk=before.pk).seller["name"] != "Neue Firma GmbH"
    assert after.seller["name"] == "Neue Firma GmbH"


def test_a_double_click_assigns_a_part_of_a_receipt_once(desk: Client, outbox: Outbox) -> None:
    order = make_order()
    dispatch(order)
    outbox.drain()
    invoice = Invoice.objects.get(order=order)
    receipt = record(
        booked_on=dt.date(2026, 11, 20), amount_minor=30_000, reference="9/9", text=invoice.number
    )
    address, target = reverse("finance:receipt", args=[receipt.pk]), f"invoice:{invoice.pk}"
    seen = re.search(r'name="seen" value="(\d+)"', desk.get(address).content.decode())
    assert seen
    sent = {"target": target, f"amount:{target}": "119,00", "step": "assign", "seen": seen[1]}
    assert desk.post(address, sent).status_code == 302
    again = desk.post(address, sent)
    assert again.status_code == 409
    receipt.refresh_from_db()
    assert receipt.assigned_minor == 11_900


def test_accounts_of_our_own_do_not_look_like_a_difference(desk: Client) -> None:
    """Own accounts have no role: two of them are still two accounts on the overview."""
    for number in ("4900", "4980"):
        Account.objects.update_or_create(
            number=number, defaults={"role": "", "kind": "expense", "name_de": number}
        )
        lines = [Posting(f"#{number}", debit_minor=100), Posting("bank", credit_minor=100)]
        post(source=f"own:{number}", kind="manual", lines=lines)
    assert desk.get(reverse("finance:index")).context["difference_minor"] == 0
