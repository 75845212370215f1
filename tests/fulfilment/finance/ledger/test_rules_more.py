"""More worked examples, read as in test_rules.py: (account in SKR03, debit, credit), amounts in cents."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fulfilment.finance.ledger import charts, rules
from fulfilment.finance.ledger.models import ENTRY_KINDS
from fulfilment.finance.ledger.rules import TaxShare

from .test_rules import ORDER, booked

GERMAN = TaxShare("DE", 1900, 10_000, 1_900)


def test_the_card_provider_keeps_2_03_of_a_payment_and_gives_it_back_one_day() -> None:
    fee = rules.provider_fee(reference="txn_1", amount_minor=203)
    assert booked(fee) == [("4970", 203, 0), ("1360", 0, 203)]
    assert booked(rules.provider_fee(reference="txn_2", amount_minor=-203)) == [
        ("4970", 0, 203),
        ("1360", 203, 0),
    ]


def test_the_payout_of_116_97_arrives_at_the_bank() -> None:
    came = rules.receipt_recorded(receipt_id=7, amount_minor=11_697)
    known = rules.payout_arrived(receipt_id=7, payout="po_1", amount_minor=11_697)
    assert booked([*came, *known]) == [
        ("1200", 11_697, 0),  # on the bank account
        ("1590", 0, 11_697),
        ("1590", 11_697, 0),  # explained at once
        ("1360", 0, 11_697),  # the provider owes it no more
    ]
    assert known[1].subject == "psp:po_1"


def test_the_card_provider_takes_its_claim_of_9_00_from_the_bank() -> None:
    left = rules.disbursement_recorded(disbursement_id=3, amount_minor=900)
    known = rules.payout_taken(disbursement_id=3, payout="po_2", amount_minor=900)
    assert booked([*left, *known]) == [
        ("1590", 900, 0),
        ("1200", 0, 900),  # left the bank account
        ("1360", 900, 0),  # we owe the provider no more
        ("1590", 0, 900),
    ]
    assert known[0].subject == "psp:po_2"


def test_a_refund_of_19_90_is_sent_by_transfer() -> None:
    left = rules.disbursement_recorded(disbursement_id=3, amount_minor=1_990)
    known = rules.disbursement_explained(disbursement_id=3, account="money_transit", amount_minor=1_990)
    assert booked([*left, *known]) == [
        ("1590", 1_990, 0),
        ("1200", 0, 1_990),
        ("1362", 1_990, 0),
        ("1590", 0, 1_990),
    ]


def test_the_bank_takes_4_90_for_keeping_the_account() -> None:
    lines = rules.disbursement_explained(disbursement_id=4, account="bank_charges", amount_minor=490)
    assert booked(lines) == [("4972", 490, 0), ("1590", 0, 490)]


def test_the_tax_office_pays_12_00_back() -> None:
    lines = rules.receipt_explained(receipt_id=9, account="vat_prepaid", amount_minor=1_200)
    assert booked(lines) == [("1590", 1_200, 0), ("1780", 0, 1_200)]


def test_banks_on_the_way_kept_15_00_of_a_transfer() -> None:
    assert booked(rules.charges_withheld(order_number=ORDER, amount_minor=1_500)) == [
        ("4972", 1_500, 0),
        ("1400", 0, 1_500),
    ]


@pytest.mark.parametrize(
    ("amount", "lines"),
    [(130, [("2150", 130, 0), ("1400", 0, 130)]), (-130, [("1400", 130, 0), ("2660", 0, 130)])],
    ids=["worth less", "worth more"],
)
def test_money_in_another_currency(amount: int, lines: list[tuple[str, int, int]]) -> None:
    assert booked(rules.exchange_difference(order_number=ORDER, amount_minor=amount)) == lines


def test_a_claim_over_119_00_is_written_off_and_its_vat_with_it() -> None:
    lines = rules.written_off(order_number=ORDER, taxes=[GERMAN])
    assert booked(lines) == [
        ("2406", 10_000, 0),  # the net is lost
        ("1776", 1_900, 0),  # the tax office gives the VAT back
        ("1400", 0, 11_900),  # the customer is asked no more
    ]
    assert lines[1].tax_base_minor == -10_000


def test_half_of_what_was_written_off_is_paid_after_all() -> None:
    lines = rules.write_off_recovered(order_number=ORDER, taxes=[TaxShare("DE", 1900, 5_000, 950)])
    assert booked(lines) == [("2732", 0, 5_000), ("1776", 0, 950), ("1400", 5_950, 0)]
    assert lines[1].tax_base_minor == 5_000


def test_a_claim_from_france_and_one_without_vat_are_written_off() -> None:
    assert booked(rules.written_off(order_number=ORDER, taxes=[TaxShare("FR", 2000, 10_000, 2_000)])) == [
        ("2408", 10_000, 0),
        ("1767", 2_000, 0),
        ("1400", 0, 12_000),
    ]
    untaxed = [TaxShare("AT", 0, 10_000, 0, "K")]
    assert booked(rules.written_off(order_number=ORDER, taxes=untaxed)) == [
        ("2400", 10_000, 0),
        ("1400", 0, 10_000),
    ]


def test_goods_to_a_firm_in_austria_and_a_service_under_the_reverse_charge() -> None:
    taxes = [
        TaxShare("AT", 0, 10_000, 0, "K"),
        TaxShare("AT", 0, 2_000, 0, "AE"),
        TaxShare("CH", 0, 500, 0, "G"),
    ]
    assert booked(rules.invoice_issued(order_number=ORDER, taxes=taxes)) == [
        ("1400", 12_500, 0),
        ("8125", 0, 10_000),  # intra-community supply
        ("8337", 0, 2_000),  # reverse charge
        ("8120", 0, 500),  # export
    ]


def test_a_gift_card_over_50_00_is_sold_and_used() -> None:
    sold = rules.gift_card_sold(card="G-1", amount_minor=5_000)
    assert booked(sold) == [("1360", 5_000, 0), ("1705", 0, 5_000)]
    used = rules.gift_card_used(card="G-1", order_number=ORDER, amount_minor=2_000)
    assert booked(used) == [("1705", 2_000, 0), ("1400", 0, 2_000)]
    assert {sold[1].subject, used[0].subject} == {"gift-card:G-1"}


def test_30_00_go_back_as_store_credit_and_pay_the_next_order_in_both_charts() -> None:
    """A debt of ours to the customer instead of to the order: neither revenue nor VAT moves."""
    back = rules.refunded_to_credit(order_number=ORDER, user_id=7, amount_minor=3_000)
    assert booked(back) == [("1400", 3_000, 0), ("1706", 0, 3_000)]
    spent = rules.credit_spent(order_number=ORDER, user_id=7, amount_minor=3_000)
    assert booked(spent) == [("1400", 0, 3_000), ("1706", 3_000, 0)]
    moved = rules.credit_moved_along(from_user_id=7, to_user_id=8, amount_minor=3_000)
    assert booked(moved) == [("1706", 3_000, 0), ("1706", 0, 3_000)]
    assert [line.subject for line in (*back, *moved)] == [
        "order:" + ORDER,
        "customer:7",
        "customer:7",
        "customer:8",
    ]
    numbers = {name: {row.role: row.number for row in charts.rows(name)} for name in charts.KNOWN}
    assert [(of["store_credit"], of["receivable"]) for of in numbers.values()] == [
        ("1706", "1400"),
        ("3506", "1200"),
    ]


def test_a_sale_at_the_till_and_80_cents_missing_in_the_evening() -> None:
    sale = rules.cash_sale(subject="till:17", taxes=[GERMAN])
    assert booked(sale) == [("1000", 11_900, 0), ("8400", 0, 10_000), ("1776", 0, 1_900)]
    assert sale[0].subject == "till:17"
    assert booked(rules.cash_difference(subject="till:1", amount_minor=-80)) == [
        ("2308", 80, 0),
        ("1000", 0, 80),
    ]
    assert booked(rules.cash_difference(subject="till:1", amount_minor=80)) == [
        ("2308", 0, 80),
        ("1000", 80, 0),
    ]


def test_both_charts_have_the_same_roles_and_no_number_twice() -> None:
    first, second = (charts.rows(name) for name in charts.KNOWN)
    assert {(row.role, row.kind) for row in first} == {(row.role, row.kind) for row in second}
    assert len({row.number for row in second}) == len(second)


def test_each_kind_of_entry_has_a_name() -> None:
    assert len(dict(ENTRY_KINDS)) == len(ENTRY_KINDS)


#: Rules with a worked example that no running code calls: the shop sells no gift cards and has no till yet.
NO_EVENT_YET = {"gift_card_sold", "gift_card_used", "cash_sale", "cash_difference"}
NO_RULES = {"HOME", "TaxShare", "swapped"}


def test_every_rule_is_called_by_running_code_where_its_event_exists() -> None:
    """The table of money.md, row by row: a rule that nobody calls would keep the books silent about an event."""
    root = Path(charts.__file__).parents[2]
    files = [path for path in root.rglob("*.py") if "rules" not in path.parts]
    called = {name for path in files for name in re.findall(r"rules\.(\w+)", path.read_text())}
    assert set(rules.__all__) - called - NO_RULES <= NO_EVENT_YET
