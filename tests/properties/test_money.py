"""Money: parts add up to the whole, whatever is divided by whatever."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.kernel.money import (
    EXPONENTS,
    CurrencyMismatch,
    Money,
    net_from_gross,
    round_half_up,
    split,
    to_decimal,
    to_minor,
    vat_from_gross,
)

amounts = st.integers(-(10**15), 10**15)
weights = st.lists(st.integers(0, 10**9), min_size=1, max_size=40)
rates = st.integers(0, 10_000)
currencies = st.sampled_from(sorted(EXPONENTS))


@given(amounts, weights)
def test_parts_add_up_to_the_whole(amount: int, shares: list[int]) -> None:
    assert sum(split(amount, shares)) == amount


@given(amounts, weights)
def test_no_part_is_more_than_one_unit_from_its_fair_share(amount: int, shares: list[int]) -> None:
    fair = shares if sum(shares) else [1] * len(shares)
    for part, share in zip(split(amount, shares), fair, strict=True):
        assert abs(part - Fraction(amount * share, sum(fair))) < 1


@given(amounts, weights)
def test_nothing_goes_to_a_weight_of_zero(amount: int, shares: list[int]) -> None:
    if sum(shares):
        assert all(part == 0 for part, share in zip(split(amount, shares), shares, strict=True) if share == 0)


@given(amounts, weights)
def test_a_refund_is_the_mirror_of_the_sale(amount: int, shares: list[int]) -> None:
    assert split(-amount, shares) == [-part for part in split(amount, shares)]


@given(st.integers(0, 10**12), weights, st.integers(1, 10**6))
def test_only_the_proportion_of_weights_matters(amount: int, shares: list[int], factor: int) -> None:
    assert split(amount, shares) == split(amount, [share * factor for share in shares])


def test_ties_go_to_the_earlier_part() -> None:
    assert split(100, [1, 1, 1]) == [34, 33, 33]
    assert split(-100, [1, 1, 1]) == [-34, -33, -33]


@pytest.mark.parametrize("wrong", [[], [-1, 2]])
def test_weights_that_make_no_sense_are_refused(wrong: list[int]) -> None:
    with pytest.raises(ValueError):
        split(100, wrong)


@given(amounts, rates)
def test_vat_and_net_add_up_to_the_gross_amount(gross: int, rate: int) -> None:
    assert vat_from_gross(gross, rate) + net_from_gross(gross, rate) == gross


@given(amounts, rates)
def test_vat_is_the_exact_value_rounded_commercially(gross: int, rate: int) -> None:
    exact = Fraction(gross * rate, 10_000 + rate)
    vat = vat_from_gross(gross, rate)
    assert abs(vat - exact) <= Fraction(1, 2)
    if abs(vat - exact) == Fraction(1, 2):
        assert abs(vat) > abs(exact), "a half is rounded away from zero"


@given(amounts, rates)
def test_vat_of_a_refund_is_the_mirror_of_the_sales(gross: int, rate: int) -> None:
    assert vat_from_gross(-gross, rate) == -vat_from_gross(gross, rate)


def test_vat_of_everyday_prices() -> None:
    assert vat_from_gross(11900, 1900) == 1900
    assert vat_from_gross(10700, 700) == 700
    assert vat_from_gross(9999, 1900) == 1596  # 15.9648 EUR
    assert vat_from_gross(9999, 0) == 0


def test_a_negative_rate_is_refused() -> None:
    with pytest.raises(ValueError):
        vat_from_gross(100, -1)


@given(amounts, currencies)
def test_minor_units_come_back_from_decimals_unchanged(amount: int, currency: str) -> None:
    assert to_minor(to_decimal(amount, currency), currency) == amount


@given(st.decimals(-(10**9), 10**9, allow_nan=False, places=4))
def test_fractions_of_a_cent_are_refused_not_rounded(amount: Decimal) -> None:
    if amount == amount.quantize(Decimal("0.01")):
        assert to_decimal(to_minor(amount)) == amount
    else:
        with pytest.raises(ValueError, match="fractions"):
            to_minor(amount)


@given(st.decimals(-(10**9), 10**9, allow_nan=False, places=3))
def test_rounding_is_commercial(value: Decimal) -> None:
    assert round_half_up(value) == int(value.to_integral_value(ROUND_HALF_UP))


@given(amounts, amounts, currencies, currencies)
def test_currencies_are_never_mixed(a: int, b: int, first: str, second: str) -> None:
    left, right = Money(a, first), Money(b, second)
    if first == second:
        assert (left + right).amount_minor == a + b
        assert (left < right) == (a < b)
        assert left - right == -(right - left)
    else:
        for combine in (left.__add__, left.__sub__, left.__lt__, left.__le__):
            with pytest.raises(CurrencyMismatch):
                combine(right)


@pytest.mark.parametrize("wrong", [1.5, "1", True, None, Decimal(1)])
def test_money_is_whole_minor_units_only(wrong: object) -> None:
    with pytest.raises(TypeError):
        Money(wrong)  # type: ignore[arg-type]


def test_money_is_not_multiplied_by_fractions() -> None:
    assert 3 * Money(5) == Money(15)
    with pytest.raises(TypeError):
        Money(5) * 1.19  # type: ignore[operator]


def test_an_unknown_currency_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="XXX"):
        Money(1, "XXX")


def test_money_is_written_with_its_currencys_digits() -> None:
    assert str(Money(1234)) == "12.34 EUR"
    assert str(Money(1234, "JPY")) == "1234 JPY"
    assert str(Money(-5)) == "-0.05 EUR"
