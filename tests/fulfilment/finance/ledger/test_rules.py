"""The bookkeeping as worked examples: one event each, amounts in cents, accounts by their numbers in SKR03.

How to read an example: (account, debit, credit). 119,00 EUR at 19 % are 100,00 net and 19,00 VAT.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from fulfilment.finance.ledger import charts, rules
from fulfilment.finance.ledger.postings import Posting
from fulfilment.finance.ledger.rules import TaxShare

ORDER = "K10001"
NUMBERS = {row.role: row.number for row in charts.rows("skr03")}


def booked(lines: Sequence[Posting]) -> list[tuple[str, int, int]]:
    """The lines as an accountant writes them, after checking that they balance."""
    assert sum(line.debit_minor for line in lines) == sum(line.credit_minor for line in lines)
    return [(NUMBERS[line.role], line.debit_minor, line.credit_minor) for line in lines]


def test_a_customer_pays_119_00_by_card() -> None:
    lines = rules.card_captured(order_number=ORDER, amount_minor=11_900)
    assert booked(lines) == [
        ("1360", 11_900, 0),  # the payment provider owes us the money
        ("1400", 0, 11_900),  # the order is in credit until it is invoiced
    ]
    assert {line.subject for line in lines} == {"order:K10001"}


def test_an_invoice_over_119_00_at_19_percent_and_21_40_at_7_percent() -> None:
    taxes = [TaxShare("DE", 1900, 10_000, 1_900), TaxShare("DE", 700, 2_000, 140)]
    lines = rules.invoice_issued(order_number=ORDER, taxes=taxes)
    assert booked(lines) == [
        ("1400", 14_040, 0),  # the customer owes 140,40
        ("8400", 0, 10_000),  # revenue at 19 %
        ("1776", 0, 1_900),  # VAT 19 %
        ("8300", 0, 2_000),  # revenue at 7 %
        ("1771", 0, 140),  # VAT 7 %
    ]
    assert [(line.vat_rate_bp, line.tax_base_minor) for line in lines[2::2]] == [(1900, 10_000), (700, 2_000)]


def test_an_invoice_to_france_over_120_00_at_20_percent() -> None:
    lines = rules.invoice_issued(order_number=ORDER, taxes=[TaxShare("FR", 2000, 10_000, 2_000)])
    assert booked(lines) == [("1400", 12_000, 0), ("8320", 0, 10_000), ("1767", 0, 2_000)]
    assert {(line.vat_country, line.vat_rate_bp) for line in lines[1:]} == {("FR", 2000)}


def test_an_export_of_100_00_without_vat() -> None:
    lines = rules.invoice_issued(order_number=ORDER, taxes=[TaxShare("DE", 0, 10_000, 0)])
    assert booked(lines) == [("1400", 10_000, 0), ("8120", 0, 10_000)]


def test_a_german_rate_of_former_days_has_its_own_accounts() -> None:
    lines = rules.invoice_issued(order_number=ORDER, taxes=[TaxShare("DE", 1600, 10_000, 1_600)])
    assert booked(lines) == [("1400", 11_600, 0), ("8200", 0, 10_000), ("1770", 0, 1_600)]


def test_a_credit_note_over_11_90_of_that_invoice() -> None:
    lines = rules.credit_note_issued(order_number=ORDER, taxes=[TaxShare("DE", 1900, 1_000, 190)])
    assert booked(lines) == [
        ("1400", 0, 1_190),  # the customer owes 11,90 less
        ("8400", 1_000, 0),  # less revenue
        ("1776", 190, 0),  # less VAT
    ]
    assert lines[2].tax_base_minor == -1_000


def test_11_90_go_back_to_the_card() -> None:
    lines = rules.refund_succeeded(order_number=ORDER, amount_minor=1_190)
    assert booked(lines) == [("1400", 1_190, 0), ("1360", 0, 1_190)]


def test_11_90_go_back_by_bank_transfer() -> None:
    lines = rules.refund_succeeded(order_number=ORDER, amount_minor=1_190, by_card=False)
    assert booked(lines) == [("1400", 1_190, 0), ("1362", 0, 1_190)]


def test_a_transfer_of_119_00_arrives_and_is_found_to_belong_to_the_order() -> None:
    arrived = rules.receipt_recorded(receipt_id=7, amount_minor=11_900)
    explained = rules.receipt_assigned(receipt_id=7, order_number=ORDER, amount_minor=11_900)
    assert booked(arrived) == [("1200", 11_900, 0), ("1590", 0, 11_900)]
    assert booked(explained) == [("1590", 11_900, 0), ("1400", 0, 11_900)]
    assert arrived[1].subject == explained[0].subject == "receipt:7"


def test_a_refund_of_119_00_by_transfer_comes_back_less_5_00_that_the_banks_kept() -> None:
    """114.00 came; 119.00 are to be sent once more, the 5.00 are our cost."""
    lines = rules.transfer_came_back(receipt_id=7, amount_minor=11_400, charges_minor=500, subject="order:K1")
    assert booked(lines) == [
        ("1590", 11_400, 0),
        ("4972", 500, 0),
        ("1362", 0, 11_900),
    ]
    assert len(rules.transfer_came_back(receipt_id=7, amount_minor=11_900)) == 2


def test_three_cents_are_missing_and_given_up() -> None:
    assert booked(rules.rounding_difference(order_number=ORDER, amount_minor=3)) == [
        ("2309", 3, 0),
        ("1400", 0, 3),
    ]


def test_a_parcel_leaves_with_goods_that_cost_us_45_00() -> None:
    lines = rules.goods_dispatched(order_number=ORDER, cost_minor=4_500)
    assert booked(lines) == [("3960", 4_500, 0), ("3980", 0, 4_500)]


def test_goods_that_cost_us_45_00_are_sent_once_more_under_warranty() -> None:
    lines = rules.goods_replaced(order_number=ORDER, cost_minor=4_500)
    assert booked(lines) == [("4790", 4_500, 0), ("3980", 0, 4_500)]
    back = rules.goods_returned(order_number=ORDER, cost_minor=4_500, replaced=True)
    assert booked(back) == [("4790", 0, 4_500), ("3980", 4_500, 0)]


def test_a_supplier_delivers_goods_for_300_00_and_has_not_invoiced_them_yet() -> None:
    lines = rules.goods_received(subject="receipt:77", cost_minor=30_000)
    assert booked(lines) == [
        ("3980", 30_000, 0),  # the stock is worth 300,00 more
        ("1792", 0, 30_000),  # the supplier's invoice will clear it
    ]
    assert {line.subject for line in lines} == {"receipt:77"}


def test_goods_for_1200_00_were_there_when_the_books_began() -> None:
    lines = rules.stock_opened(subject="receipt:1", cost_minor=120_000)
    assert booked(lines) == [
        ("3980", 120_000, 0),  # they are worth it from the first day
        ("9000", 0, 120_000),  # nobody will send an invoice: it is carried forward
    ]


def test_a_customer_sends_goods_back_that_cost_us_45_00() -> None:
    lines = rules.goods_returned(order_number=ORDER, cost_minor=4_500)
    assert booked(lines) == [
        ("3960", 0, 4_500),  # they were not sold after all
        ("3980", 4_500, 0),  # they are in the house again
    ]
    assert {line.subject for line in lines} == {"order:K10001"}


def test_goods_that_cost_us_30_00_are_thrown_away() -> None:
    lines = rules.goods_scrapped(subject="return:R1", cost_minor=3_000)
    assert booked(lines) == [("3962", 3_000, 0), ("3980", 0, 3_000)]


def test_a_count_finds_two_pieces_less_than_the_books_at_30_00_each() -> None:
    lines = rules.stock_difference(subject="count:C10001", value_minor=-6_000)
    assert booked(lines) == [
        ("3961", 6_000, 0),  # an expense
        ("3980", 0, 6_000),  # the stock is worth 60,00 less
    ]


def test_a_transfer_arrives_with_one_piece_more_than_was_sent() -> None:
    lines = rules.stock_difference(subject="transfer:T10001", value_minor=3_000)
    assert booked(lines) == [("3961", 0, 3_000), ("3980", 3_000, 0)]


def test_a_customers_bank_takes_119_00_back_and_the_provider_charges_20_00() -> None:
    lines = rules.payment_disputed(order_number=ORDER, amount_minor=11_900, fee_minor=2_000)
    assert booked(lines) == [("1400", 11_900, 0), ("4971", 2_000, 0), ("1360", 0, 13_900)]
    assert len(rules.payment_disputed(order_number=ORDER, amount_minor=11_900, fee_minor=0)) == 2


def test_the_provider_holds_50_00_that_belong_to_no_order() -> None:
    lines = rules.money_unmatched(reference="pi_1", amount_minor=5_000)
    assert booked(lines) == [("1360", 5_000, 0), ("1590", 0, 5_000)]


def test_a_dunning_fee_of_2_50_and_interest_of_1_20_are_paid() -> None:
    lines = rules.dunning_costs_paid(receipt_id=7, order_number=ORDER, fee_minor=250, interest_minor=120)
    assert booked(lines) == [("1590", 370, 0), ("2709", 0, 250), ("2650", 0, 120)]
    assert (
        len(rules.dunning_costs_paid(receipt_id=7, order_number=ORDER, fee_minor=250, interest_minor=0)) == 2
    )


@pytest.mark.parametrize("chart", charts.KNOWN)
def test_both_charts_know_every_role_once(chart: str) -> None:
    rows = charts.rows(chart)
    assert {row.role for row in rows} == set(NUMBERS)
    assert len({row.number for row in rows}) == len(rows)


def test_skr04_numbers_the_same_roles_differently() -> None:
    numbers = {row.role: row.number for row in charts.rows("skr04")}
    assert (numbers["receivable"], numbers["revenue_19"], numbers["vat_19"], numbers["bank"]) == (
        "1200",
        "4400",
        "3806",
        "1800",
    )


def test_an_unknown_chart_is_named() -> None:
    with pytest.raises(ValueError, match="skr03, skr04"):
        charts.rows("skr99")


def test_a_dispute_over_119_00_is_won() -> None:
    lines = rules.dispute_won(order_number=ORDER, amount_minor=11_900)
    assert booked(lines) == [
        ("1360", 11_900, 0),  # the payment provider owes us the money again, its fee stays lost
        ("1400", 0, 11_900),  # the customer owes it no more
    ]
