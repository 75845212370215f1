"""The sums of invoices: recomputed independently with fractions, from the outside."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fulfilment.finance.invoicing.einvoice import AllowanceCharge, EInvoice, Line, VatCategory, spread, totals
from fulfilment.finance.invoicing.einvoice.totals import LEVEL_AT_MINOR, share
from tests.fulfilment.finance.documents.makers import BUYER, DAY, RATES, SELLER, invoice

rates = st.sampled_from(
    [(VatCategory.STANDARD, rate) for rate in sorted({r for rs in RATES.values() for r in rs})]
)
untaxed = st.sampled_from([(VatCategory.ZERO, 0), (VatCategory.EXPORT, 0)])
amounts = st.one_of(st.integers(0, 200_000), st.sampled_from([0, 1, 2, 4995, 9995, 1_000_000_00]))


@st.composite
def lines(draw) -> Line:
    category, rate = draw(st.one_of(rates, rates, untaxed))
    return Line("x", draw(st.integers(1, 500)), draw(amounts), rate, category, discount_minor=draw(amounts))


@st.composite
def orders(draw, most: int = 15) -> EInvoice:
    goods = tuple(draw(st.lists(lines(), min_size=1, max_size=most)))
    voucher = draw(st.integers(0, sum(line.gross_minor for line in goods)))
    extras = spread(is_charge=False, gross_minor=voucher, reason="Voucher", over=goods)
    for category, rate in draw(st.lists(rates, max_size=2)):
        extras += (AllowanceCharge(True, draw(amounts), "Shipping", rate, category),)
    return EInvoice("R1", DAY, SELLER, BUYER, goods, allowances_charges=extras)


def half_up(value: Fraction) -> int:
    return int(value + Fraction(1, 2))


def recomputed(order: EInvoice) -> dict[tuple[str, int], tuple[Fraction, Fraction]]:
    """Net and VAT per rate by another way: fractions of a euro instead of integer arithmetic."""
    found: dict[tuple[str, int], tuple[Fraction, Fraction]] = defaultdict(lambda: (Fraction(0), Fraction(0)))
    parts = [(1, line) for line in order.lines]
    parts += [(1 if extra.is_charge else -1, extra) for extra in order.allowances_charges]
    for sign, part in parts:
        rate = Fraction(part.rate_bp, 10_000)
        vat = Fraction(half_up(part.gross_minor - part.gross_minor / (1 + rate)), 100)
        net, had = found[part.category, part.rate_bp]
        gross = Fraction(part.gross_minor, 100)
        found[part.category, part.rate_bp] = (net + sign * (gross - vat), had + sign * vat)
    return found


@given(orders())
def test_totals_equal_an_independent_recomputation(order):
    sums = totals(order)
    expected = {key: (net * 100, vat * 100) for key, (net, vat) in recomputed(order).items()}
    assert {
        (rate.category, rate.rate_bp): (rate.net_minor, rate.vat_minor) for rate in sums.rates
    } == expected


@given(orders())
def test_the_total_is_to_the_cent_what_the_customer_was_asked_to_pay(order):
    asked = sum(line.gross_minor for line in order.lines)
    asked += sum(
        extra.gross_minor if extra.is_charge else -extra.gross_minor for extra in order.allowances_charges
    )
    assert totals(order).gross_minor == asked


@given(orders())
def test_the_parts_of_a_document_add_up(order):
    sums = totals(order)
    assert sum(sums.line_nets) == sums.lines_net_minor
    assert sums.lines_net_minor - sums.allowances_net_minor + sums.charges_net_minor == sums.net_minor
    assert sum(rate.vat_minor for rate in sums.rates) == sums.vat_minor
    assert sums.net_minor + sums.vat_minor == sums.gross_minor


@given(
    price=st.integers(1, 50_000), count=st.integers(1, 600), rate=st.sampled_from([1900, 2000, 2500, 2700])
)
@settings(max_examples=60)
def test_rounding_of_many_equal_lines_never_piles_up_beyond_the_limit(price, count, rate):
    order = EInvoice("R1", DAY, SELLER, BUYER, (Line("x", 1, price, rate),) * count)
    sums = totals(order)
    assert abs(Fraction(sums.vat_minor) - Fraction(sums.net_minor * rate, 10_000)) < LEVEL_AT_MINOR
    assert sums.gross_minor == price * count
    exact = Fraction(price * rate, 10_000 + rate)
    assert all(abs(vat - exact) < 1 for vat in sums.line_vats)


def test_two_hundred_lines_at_49_95_would_pile_up_without_levelling():
    order = EInvoice("R1", DAY, SELLER, BUYER, (Line("x", 1, 4995),) * 200)
    assert 200 * 798 - Fraction(200 * (4995 - 798) * 19, 100) > 100  # the naive sum is more than a euro off
    assert totals(order).vat_minor == half_up(Fraction(200 * 4995 * 19, 119)) == 159_504


@given(lines(), st.lists(st.integers(0, 50), min_size=1, max_size=5))
def test_parts_of_a_line_add_up_to_the_line(line, quantities):
    line = replace(line, quantity=max(1, sum(quantities)))
    quantities = quantities if sum(quantities) else [1]
    parts = share(line, quantities)
    order = invoice(lines=(line,), allowances_charges=(), buyer=BUYER)
    divided = invoice(lines=parts, allowances_charges=(), buyer=BUYER)
    assert sum(part.gross_minor for part in parts) == line.gross_minor
    assert sum(part.discount_minor for part in parts) == line.discount_minor
    assert totals(divided).vat_minor == totals(order).vat_minor


def test_a_part_of_a_line_must_not_ask_for_more_than_the_line():
    with pytest.raises(ValueError, match="add up"):
        share(Line("x", 3, 300), [2, 2])


def test_a_voucher_is_spread_over_the_rates_to_the_cent():
    goods = (Line("a", 1, 1000), Line("b", 1, 1000, 700), Line("c", 1, 1000, 0, VatCategory.ZERO))
    parts = spread(is_charge=False, gross_minor=100, reason="Voucher", over=goods)
    assert [(part.rate_bp, part.gross_minor) for part in parts] == [(1900, 34), (700, 33), (0, 33)]


def test_a_paid_amount_lowers_what_is_due_and_nothing_else():
    assert totals(invoice(prepaid_minor=10_000)).gross_minor == totals(invoice()).gross_minor
    assert totals(invoice(prepaid_minor=10_000)).due_minor == totals(invoice()).due_minor - 10_000
