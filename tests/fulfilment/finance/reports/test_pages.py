"""The pages of reports: screen, CSV and PDF, in both languages, for those who may, refusing nonsense in words."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape

from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.ledger.actions import post
from fulfilment.finance.ledger.postings import Posting
from fulfilment.finance.reports.actions import roll_up
from tests.fulfilment.finance.orders import Wish, capture, dispatch, make_order, make_staff, make_user
from tests.support.helpers import Outbox

pytestmark = pytest.mark.django_db
PAGES = [
    "trial-balance", "report-income", "report-balance", "report-vat", "report-oss", "report-advances",
    "report-open-items", "report-margin-orders", "report-margin-articles",
]  # fmt: skip
NAUGHTY = [
    "'; DROP TABLE x; --",
    "<script>alert(1)</script>",
    "\u202eevil",
    "%",
    "9" * 40,
    "-1",
    "1e400",
    "\x00",
]


def addresses() -> list[str]:
    return [*(reverse(f"finance:{name}") for name in PAGES), reverse("finance:account", args=["1400"])]


def busy(outbox: Outbox, times: int = 1) -> None:
    """Card orders and orders on account, at home and abroad, with and without a customer's account."""
    for _ in range(times):
        card = make_order(Wish(2, 5_000, unit_cost_minor=1_000), method="card", shipping_minor=490)
        capture(card)
        dispatch(card)
        dispatch(make_order(Wish(1, 11_900), Wish(1, 1_070, 700), user=make_user()))
        dispatch(make_order(Wish(1, 12_000, 2000), country="AT"))
        capture(make_order(method="card", user=make_user()))
    outbox.drain()


def rows_of(response: Any) -> list[list[str]]:
    return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig")), delimiter=";"))


@pytest.mark.parametrize("language", ["de", "en"])
def test_every_report_opens_as_page_csv_and_pdf(outbox: Outbox, desk: Client, language: str) -> None:
    busy(outbox)
    for address in addresses():
        page = desk.get(address, headers={"accept-language": language})
        assert page.status_code == 200, address
        sheet = desk.get(address, {"format": "csv"}, headers={"accept-language": language})
        assert len(rows_of(sheet)) > 1, address
        paper = desk.get(address, {"format": "pdf"}, headers={"accept-language": language})
        assert paper.content.startswith(b"%PDF"), address


def test_every_report_says_so_when_there_is_nothing(desk: Client) -> None:
    for address in addresses():
        page = desk.get(address)
        assert page.status_code == 200
        assert page.context["rows"] == [], address
        title, text = page.context["report"].empty
        assert title and escape(title) in page.content.decode(), address
        assert text and escape(text) in page.content.decode(), address
        assert desk.get(address, {"format": "pdf"}).content.startswith(b"%PDF"), address


def test_reports_are_for_those_who_may_see_the_ledger(finance_addresses: None) -> None:
    clerk = Client()
    clerk.force_login(make_staff("clerk@example.com"))
    for address in [reverse("finance:reports"), *addresses()]:
        assert Client().get(address).status_code == 302, address
        assert clerk.get(address).status_code == 403, address


@pytest.mark.parametrize("text", NAUGHTY)
def test_nonsense_in_the_address_is_refused_in_words(desk: Client, text: str) -> None:
    names = [
        "first",
        "last",
        "day",
        "q",
        "age",
        "by",
        "with_",
        "sort",
        "page",
        "year",
        "quarter",
        "customer",
        "kz",
    ]
    for address in addresses():
        for name in names:
            assert desk.get(address, {name: text}).status_code in (200, 400, 404), (address, name)


def test_no_report_needs_more_queries_for_more_rows(outbox: Outbox, desk: Client) -> None:
    busy(outbox)
    roll_up()
    desk.get(addresses()[0])  # permissions and content types are asked for once
    few = {address: _queries(desk, address) for address in addresses()}
    busy(outbox, times=4)
    assert {address: _queries(desk, address) for address in addresses()} == few
    assert max(few.values()) <= 20


def _queries(desk: Client, address: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert desk.get(address).status_code == 200
    return len(queries)


def test_a_long_account_sheet_is_paged_with_the_balance_carried_forward(desk: Client) -> None:
    first = dt.date(2026, 1, 1)
    for at in range(130):
        lines = [Posting("bank", debit_minor=at + 1), Posting("unexplained", credit_minor=at + 1)]
        post(source=f"e{at}", kind="manual", lines=lines, booked_on=first + dt.timedelta(days=at // 20))
        if at == 70:
            roll_up()
    pages = [rows_of_page(desk, number) for number in (1, 2, 3)]
    lines_shown = [row for page in pages for row in page if row["style"] != "note"]
    balances = [
        int(row["cells"][7]["text"].translate(str.maketrans("", "", ",.€\xa0"))) for row in lines_shown
    ]
    assert balances == [sum(range(1, at + 2)) for at in range(130)]
    carried = [page[0]["cells"][7]["text"] for page in pages]
    assert carried[0] == carried_text(0) and carried[1] == lines_shown[49]["cells"][7]["text"]
    whole = rows_of(desk.get(reverse("finance:account", args=["1200"]), {"format": "csv"}))
    assert len(whole) == 1 + 1 + 130 + 1
    assert whole[-1][-1].replace(",", ".") == whole[-2][-1].replace(",", ".")


def carried_text(amount: int) -> str:
    from shop.ui.numbers import money_text

    return money_text(amount)


def rows_of_page(desk: Client, number: int) -> list[dict[str, Any]]:
    response = desk.get(reverse("finance:account", args=["1200"]), {"page": number})
    return list(response.context["rows"])


def test_a_figure_opens_to_what_is_behind_it(outbox: Outbox, desk: Client) -> None:
    busy(outbox)
    number = Invoice.objects.order_by("pk").values_list("number", flat=True)[0]
    page = desk.get(reverse("finance:report-income"))
    links = {row["cells"][1]["url"] for row in page.context["rows"]}
    sheet = next(link for link in links if "/8400/" in link)
    lines = desk.get(sheet).context["rows"]
    entries = {row["cells"][1]["url"] for row in lines if row["cells"][1]["url"]}
    assert any(number in desk.get(entry).content.decode() for entry in entries)
