"""Staff pages of the books: trial balance, account sheet, journal, files."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from fulfilment.finance.ledger.actions import post
from fulfilment.finance.ledger.models import Account
from fulfilment.finance.ledger.postings import Posting
from fulfilment.finance.ledger.queries import balance_minor
from fulfilment.finance.reconciliation.actions import record
from tests.fulfilment.finance.filled import DAY, busy
from tests.support.helpers import Outbox

pytestmark = pytest.mark.django_db


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


def test_accounts_of_our_own_do_not_look_like_a_difference(desk: Client) -> None:
    """Own accounts have no role: two of them are still two accounts on the overview."""
    for number in ("4900", "4980"):
        Account.objects.update_or_create(
            number=number, defaults={"role": "", "kind": "expense", "name_de": number}
        )
        lines = [Posting(f"#{number}", debit_minor=100), Posting("bank", credit_minor=100)]
        post(source=f"own:{number}", kind="manual", lines=lines)
    assert desk.get(reverse("finance:index")).context["difference_minor"] == 0
