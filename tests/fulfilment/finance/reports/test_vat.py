"""VAT per line of the return, the OSS quarter with its file, the threshold: worked examples, held against documents."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse

from fulfilment.finance.invoicing.actions import credit_note, issue_for_parcel
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.ledger import rules
from fulfilment.finance.ledger.actions import Opening, open_balances, post
from fulfilment.finance.ledger.models import EntryLine
from fulfilment.finance.ledger.postings import Posting
from fulfilment.finance.reports import vat, verify
from shop.kernel import clock
from tests.fulfilment.finance.orders import Wish, make_order

pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 11, 20)
NOVEMBER = {"first": dt.date(2026, 11, 1), "last": dt.date(2026, 11, 30)}
FOURTH = {"first": dt.date(2026, 10, 1), "last": dt.date(2026, 12, 31)}


def book(source: str, lines: Any, day: dt.date = DAY, kind: str = "invoice_issued") -> None:
    post(source=source, kind=kind, lines=lines, booked_on=day)


def share(country: str, rate: int, net: int, category: str = "S") -> rules.TaxShare:
    return rules.TaxShare(country, rate, net, net * rate // 10_000, category)


def invoice(*wishes: Wish, country: str = "DE", day: dt.date = DAY) -> Invoice:
    order = make_order(*wishes, country=country)
    pieces = {line.pk: line.quantity for line in order.lines.all()}
    with clock.frozen(clock.at_noon(day)):
        return issue_for_parcel(parcel_id=order.pk, order_id=order.pk, quantities=pieces, dispatched_on=day)


def figures() -> dict[tuple[str, str, int | None], tuple[int, int]]:
    return {
        (row.line.kz, row.country, row.rate_bp): (row.base_minor, row.tax_minor)
        for row in vat.vat_rows(**NOVEMBER)
    }


def test_each_sale_stands_on_its_line_of_the_return() -> None:
    shares = [
        share("DE", 1900, 10_000), share("DE", 700, 5_000), share("DE", 1600, 1_000), share("FR", 0, 7_000, "K"),
        share("CH", 0, 6_000, "G"), share("AT", 0, 4_000, "AE"), share("DE", 0, 3_000, "AE"), share("DE", 0, 500, "E"),
        share("AT", 2000, 2_000),
    ]  # fmt: skip
    book("invoice:1", rules.invoice_issued(order_number="K1", taxes=shares))
    assert figures() == {
        ("81", "DE", 1900): (10_000, 1_900),
        ("86", "DE", 700): (5_000, 350),
        ("35", "DE", 1600): (1_000, 160),
        ("41", "FR", 0): (7_000, 0),
        ("43", "CH", 0): (6_000, 0),
        ("48", "DE", 0): (500, 0),
        ("60", "DE", 0): (3_000, 0),
        ("21", "AT", 0): (4_000, 0),
        ("45", "AT", 2000): (2_000, 400),
    }
    at_home = [row for row in vat.vat_rows(**NOVEMBER) if row.line.kz != "45"]
    assert vat.payable_minor(at_home) == 1_900 + 350 + 160


def test_a_credit_note_and_a_write_off_lower_base_and_vat_in_their_own_period() -> None:
    book(
        "invoice:1",
        rules.invoice_issued(order_number="K1", taxes=[share("DE", 1900, 10_000)]),
        dt.date(2026, 10, 5),
    )
    back = rules.credit_note_issued(order_number="K1", taxes=[share("DE", 1900, 4_000)])
    book("invoice:2", back, kind="credit_note_issued")
    book("lost", rules.written_off(order_number="K1", taxes=[share("DE", 1900, 1_000)]), kind="written_off")
    assert figures() == {("81", "DE", 1900): (-5_000, -950)}


def test_balances_carried_forward_are_no_vat_of_the_period() -> None:
    """What was owed to the tax office when the books began is on the VAT accounts and in no return."""
    rows = [
        Opening("1776", credit_minor=50_000), Opening("1570", debit_minor=20_000), Opening("1200", debit_minor=30_000),
    ]  # fmt: skip
    open_balances(year=2026, rows=rows, by=None)
    book("invoice:1", rules.invoice_issued(order_number="K1", taxes=[share("DE", 1900, 10_000)]))
    found = vat.vat_rows(first=dt.date(2026, 1, 1), last=dt.date(2026, 12, 31))
    assert [(row.line.kz, row.base_minor, row.tax_minor) for row in found] == [("81", 10_000, 1_900)]
    assert vat.payable_minor(found) == 1_900


def test_a_cell_opens_to_the_lines_that_make_it_and_no_others(desk: Client) -> None:
    """Input VAT and what came in on a write-off have country and rate in common, and nothing else."""
    fees = [
        Posting("cost_of_payments", debit_minor=1_000),
        Posting("input_vat", debit_minor=190, vat_country="DE", vat_rate_bp=1900, tax_base_minor=1_000),
        Posting("bank", credit_minor=1_190),
    ]
    book("fees", fees, kind="manual")
    taxes = [share("DE", 1900, 400)]
    book("back", rules.write_off_recovered(order_number="K1", taxes=taxes), kind="write_off_recovered")
    days = {name: day.isoformat() for name, day in NOVEMBER.items()}
    shown = {}
    for row in desk.get(reverse("finance:report-vat"), days).context["rows"]:
        lines = desk.get(row["cells"][6]["url"]).context["rows"]
        shown[row["cells"][0]["text"]] = (row["cells"][6]["text"], len(lines))
    assert shown == {"81": ("2", 2), "66": ("1", 1)}


def test_the_day_after_the_period_is_not_in_it() -> None:
    book(
        "invoice:1",
        rules.invoice_issued(order_number="K1", taxes=[share("DE", 1900, 10_000)]),
        dt.date(2026, 12, 1),
    )
    assert figures() == {}


def test_figures_equal_the_documents_and_a_changed_line_is_found() -> None:
    whole = invoice(Wish(2, 5_001), Wish(1, 1_070, 700))
    invoice(Wish(1, 12_000, 2000), country="AT")
    credit_note(invoice=whole, source="c1", reason="x", amount_minor=1_234)
    assert verify.vat_equals_documents() == []
    from django.db import connection

    from fulfilment.finance.ledger import triggers

    with connection.cursor() as cursor:
        for guard in triggers.GUARDS:
            table = "" if connection.vendor == "sqlite" else f" ON {guard.table}"
            cursor.execute(f"DROP TRIGGER {guard.name}{table}")
    EntryLine.objects.filter(account__role="revenue_7", credit_minor__gt=0).update(
        credit_minor=F("credit_minor") + 1
    )
    assert "DE 7 %" in verify.vat_equals_documents()[0]


def test_a_sale_too_small_for_a_cent_of_vat_is_in_the_base() -> None:
    book("invoice:1", rules.invoice_issued(order_number="K1", taxes=[share("DE", 1900, 1)]))
    assert figures() == {("81", "DE", 1900): (1, 0)}


def test_money_that_came_in_on_a_write_off_raises_base_and_vat_again() -> None:
    taxes = [share("DE", 1900, 1_000), share("AT", 2000, 500)]
    book("lost", rules.written_off(order_number="K1", taxes=taxes), kind="written_off")
    back = [share("DE", 1900, 400), share("AT", 2000, 500)]
    book("back", rules.write_off_recovered(order_number="K1", taxes=back), kind="write_off_recovered")
    assert figures() == {("81", "DE", 1900): (-600, -114), ("45", "AT", 2000): (0, 0)}


def test_the_oss_quarter_per_country_and_rate_with_the_file_of_the_tax_office() -> None:
    book(
        "invoice:1",
        rules.invoice_issued(order_number="K1", taxes=[share("AT", 2000, 10_000), share("AT", 1000, 5_000)]),
    )
    book(
        "invoice:2",
        rules.invoice_issued(order_number="K2", taxes=[share("GR", 2400, 10_000), share("DE", 1900, 9_900)]),
    )
    back = rules.credit_note_issued(order_number="K3", taxes=[share("FR", 2000, 100)])
    book("invoice:3", back, kind="credit_note_issued")
    rows = vat.oss_rows(**FOURTH)
    assert [(row.country, row.rate_bp, row.base_minor, row.tax_minor) for row in rows] == [
        ("AT", 1000, 5_000, 500),
        ("AT", 2000, 10_000, 2_000),
        ("FR", 2000, -100, -20),
        ("GR", 2400, 10_000, 2_400),
    ]
    assert vat.oss_csv(rows).split("\r\n") == [
        "#v2.0",
        "Satzart,Land des Verbrauchs,Umsatzsteuertyp,Umsatzsteuersatz,Steuerbemessungsgrundlage,Umsatzsteuerbetrag",
        "3,AT,REDUCED,10.00,50.00,5.00",
        "3,AT,STANDARD,20.00,100.00,20.00",
        "3,EL,STANDARD,24.00,100.00,24.00",
        "",
    ]


@pytest.mark.both_databases
def test_the_threshold_counts_consumers_abroad_wherever_they_were_taxed() -> None:
    first = invoice(Wish(1, 12_000, 2000), country="AT")
    invoice(Wish(1, 11_900))
    invoice(Wish(1, 11_900), country="CH")
    assert vat.meter(2026) == vat.Meter(2026, 10_000, {"AT": 10_000})
    credit_note(invoice=first, source="c1", reason="x", amount_minor=6_000)
    assert vat.meter(2026).net_minor == 5_000
    assert vat.meter(2025).net_minor == 0


@pytest.mark.parametrize(
    ("net", "state"),
    [(0, "below"), (799_999, "below"), (800_000, "near"), (1_000_000, "near"), (1_000_001, "above")],
)
def test_the_meter_warns_before_the_threshold_is_passed(net: int, state: str) -> None:
    assert vat.Meter(2026, net, {}).state == state


def test_the_page_warns_and_a_cell_opens_to_its_documents(desk: Client) -> None:
    document = invoice(Wish(1, 1_000_000, 2000), country="AT")
    page = desk.get(reverse("finance:report-oss"), {"year": 2026, "quarter": 4})
    assert "§ 3c" in page.context["report"].warning
    [row] = page.context["rows"]
    behind = desk.get(row["cells"][4]["url"])
    lines = behind.context["rows"]
    assert len(lines) == 2  # revenue and VAT
    for line in lines:
        assert line["cells"][2]["text"] == document.number
        assert line["cells"][2]["url"] == reverse("finance:invoice", args=[document.number])
    file = desk.get(reverse("finance:report-oss"), {"year": 2026, "quarter": 4, "format": "bzst"})
    assert b"3,AT,STANDARD,20.00,8333.33,1666.67" in file.content


@pytest.mark.parametrize("query", [{}, {"kz": "99"}, {"kz": "81", "rate": "x"}, {"kz": "81", "rate": "²"}])
def test_a_cell_that_does_not_exist_is_not_found(desk: Client, query: dict[str, str]) -> None:
    days = {"first": "2026-11-01", "last": "2026-11-30"}
    assert desk.get(reverse("finance:report-vat-lines"), {**days, **query}).status_code == 404
