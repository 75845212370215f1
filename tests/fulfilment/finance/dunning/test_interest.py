"""Default interest against hand calculation and against a naive day-by-day sum."""

from __future__ import annotations

import csv
import datetime as dt
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfilment.finance.dunning.basedata import BASE_RATES
from fulfilment.finance.dunning.interest import NoBaseRate, interest_minor, segments
from tests.support import needs

D = dt.date
RATES = [(D(2025, 7, 1), 127), (D(2026, 1, 1), 127), (D(2026, 7, 1), 152)]


def test_a_consumer_pays_five_points_above_the_base_rate_by_the_day() -> None:
    parts = segments(
        principal=[(D.min, 100_000)],
        first=D(2026, 6, 1),
        last=D(2026, 7, 30),
        base_rates=RATES,
        points_bp=500,
    )
    # 30 days at 6.27 % and 30 days at 6.52 % of 1,000.00: 5.1534 + 5.3589 = 10.51
    assert [(part.days, part.rate_bp) for part in parts] == [(30, 627), (30, 652)]
    assert interest_minor(parts) == 1051


def test_a_negative_base_rate_lowers_the_rate() -> None:
    parts = segments(
        principal=[(D.min, 365_000)],
        first=D(2020, 1, 1),
        last=D(2020, 1, 1),
        base_rates=[(D(2020, 1, 1), -88)],
        points_bp=500,
    )
    assert interest_minor(parts) == 41  # 3,650.00 x 4.12 % / 365 = 0.412


def test_a_payment_lowers_the_principal_from_its_day_on() -> None:
    parts = segments(
        principal=[(D.min, 100_000), (D(2026, 8, 10), 40_000)],
        first=D(2026, 8, 1),
        last=D(2026, 8, 20),
        base_rates=RATES,
        points_bp=500,
    )
    assert [(part.days, part.principal_minor) for part in parts] == [(9, 100_000), (11, 40_000)]


def test_without_a_base_rate_nothing_is_guessed() -> None:
    with pytest.raises(NoBaseRate):
        segments(
            principal=[(D.min, 1)], first=D(1999, 1, 1), last=D(1999, 1, 2), base_rates=RATES, points_bp=500
        )


@given(
    first=st.dates(D(2024, 1, 1), D(2026, 6, 30)),
    length=st.integers(0, 700),
    amounts=st.lists(
        st.tuples(st.dates(D(2024, 1, 1), D(2027, 1, 1)), st.integers(0, 10_000_000)), max_size=4
    ),
    changes=st.lists(st.tuples(st.dates(D(2024, 1, 2), D(2027, 1, 1)), st.integers(-100, 900)), max_size=4),
)
def test_segments_equal_the_sum_of_single_days(
    first: D, length: int, amounts: list[tuple[D, int]], changes: list[tuple[D, int]]
) -> None:
    principal = [(D.min, 5_000_000), *sorted(dict(amounts).items())]
    rates = [(D.min, 150), *sorted(dict(changes).items())]
    last = first + dt.timedelta(days=length)
    exact = Fraction(0)
    for offset in range(length + 1):
        day = first + dt.timedelta(days=offset)
        amount = [value for start, value in principal if start <= day][-1]
        rate = max(0, [value for start, value in rates if start <= day][-1] + 500)
        exact += Fraction(amount * rate, 365 * 10_000)
    parts = segments(principal=principal, first=first, last=last, base_rates=rates, points_bp=500)
    assert interest_minor(parts) == int(exact + Fraction(1, 2))


def test_our_base_rates_agree_with_the_published_tables() -> None:
    with needs.shared_data("base_rates.csv").open() as file:
        theirs = {row["valid_from"]: round(float(row["percent"]) * 100) for row in csv.DictReader(file)}
    with BASE_RATES.open() as file:
        ours = {row["valid_from"]: int(row["rate_bp"]) for row in csv.DictReader(file)}
    assert ours == theirs
