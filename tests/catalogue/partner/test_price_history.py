"""Prices and their history: the 30-day price of § 11 PAngV, and a history that nobody can change."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from catalogue.partner.models import PricePeriod, StockRecord
from catalogue.partner.prices import NoReduction, lowest_before, set_price, unlawful_references
from shop.kernel.clock import now
from tests.factories.shopping import make_variant

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
START = dt.datetime(2026, 1, 1, 9, tzinfo=dt.UTC)


def history(clock: Any, *steps: tuple[int, int], reduced: bool = False) -> StockRecord:
    """A stock record with prices as (days after the start, minor units); the last one ``reduced`` where wished."""
    clock.stop(START)
    record = make_variant(price_minor=steps[0][1])
    for number, (day, minor) in enumerate(steps[1:], start=2):
        clock.stop(START + dt.timedelta(days=day))
        set_price(stockrecord=record, gross_minor=minor, reduced=reduced and number == len(steps))
    return record


def test_a_price_set_40_days_ago_and_asked_until_the_sale_is_the_reference(clock: Any) -> None:
    record = history(clock, (0, 10_000), (40, 8_000), reduced=True)
    assert record.reference_price_minor == 10_000
    assert PricePeriod.objects.get(stockrecord=record, valid_to=None).reference_minor == 10_000
    assert list(unlawful_references()) == []


def test_of_80_100_90_the_reference_is_80_so_that_90_may_not_be_called_a_reduction(clock: Any) -> None:
    record = history(clock, (0, 8_000), (20, 10_000))
    clock.stop(START + dt.timedelta(days=30))
    assert lowest_before(record, now()) == 8_000
    with pytest.raises(NoReduction) as refused:
        set_price(stockrecord=record, gross_minor=9_000, reduced=True)
    assert refused.value.reference_minor == 8_000
    record.refresh_from_db()
    assert (record.price_minor, record.reference_price_minor) == (10_000, None)
    assert PricePeriod.objects.filter(stockrecord=record).count() == 2
    set_price(stockrecord=record, gross_minor=7_900, reduced=True)
    assert record.reference_price_minor == 8_000


def test_a_price_that_ended_more_than_30_days_before_no_longer_counts(clock: Any) -> None:
    record = history(clock, (0, 8_000), (20, 10_000))
    end = START + dt.timedelta(days=20)
    assert lowest_before(record, end + dt.timedelta(days=29)) == 8_000
    assert lowest_before(record, end + dt.timedelta(days=30)) == 10_000
    clock.stop(end + dt.timedelta(days=31))
    set_price(stockrecord=record, gross_minor=9_000, reduced=True)
    assert record.reference_price_minor == 10_000


def test_a_further_reduction_keeps_the_first_reference_and_the_end_of_the_sale_drops_it(clock: Any) -> None:
    record = history(clock, (0, 10_000), (40, 8_000), reduced=True)
    clock.stop(START + dt.timedelta(days=80))
    set_price(stockrecord=record, gross_minor=6_000, reduced=True)
    assert record.reference_price_minor == 10_000
    assert list(unlawful_references()) == []
    clock.stop(START + dt.timedelta(days=90))
    set_price(stockrecord=record, gross_minor=10_000)
    assert record.reference_price_minor is None
    clock.stop(START + dt.timedelta(days=95))
    with pytest.raises(NoReduction):  # the sale's own price counts within the 30 days
        set_price(stockrecord=record, gross_minor=6_500, reduced=True)


def test_a_price_that_rises_within_a_sale_is_no_reduction(clock: Any) -> None:
    """§ 11 (2) PAngV keeps the first reference only while the price falls without interruption."""
    record = history(clock, (0, 10_000), (40, 8_000), reduced=True)
    clock.stop(START + dt.timedelta(days=50))
    with pytest.raises(NoReduction) as refused:
        set_price(stockrecord=record, gross_minor=9_000, reduced=True)
    assert refused.value.reference_minor == 8_000
    record.refresh_from_db()
    assert (record.price_minor, record.reference_price_minor) == (8_000, 10_000)
    set_price(stockrecord=record, gross_minor=6_000, reduced=True)
    assert record.reference_price_minor == 10_000
    assert list(unlawful_references()) == []


def test_a_row_that_kept_the_reference_over_a_rise_is_named(clock: Any) -> None:
    record = history(clock, (0, 10_000), (40, 8_000), reduced=True)
    clock.stop(START + dt.timedelta(days=50))
    PricePeriod.objects.filter(stockrecord=record, valid_to=None).update(valid_to=now())
    PricePeriod.objects.create(
        stockrecord=record, gross_minor=9_000, currency="EUR", reference_minor=10_000, valid_from=now()
    )
    StockRecord.objects.filter(pk=record.pk).update(price=90)
    assert list(unlawful_references()) == [
        f"{record.partner_sku}: 10000 is shown, the history says 8000",
    ]


def test_prices_in_another_currency_do_not_count(clock: Any) -> None:
    record = history(clock, (0, 10_000))
    PricePeriod.objects.create(stockrecord=record, gross_minor=100, currency="DKK", valid_from=now())
    clock.stop(START + dt.timedelta(days=40))
    set_price(stockrecord=record, gross_minor=8_000, reduced=True)
    assert record.reference_price_minor == 10_000
    assert PricePeriod.objects.filter(currency="DKK", valid_to=None).exists()


def test_two_prices_in_the_same_moment_are_two_intervals(clock: Any) -> None:
    record = history(clock, (0, 10_000), (5, 9_000), (5, 8_000))
    rows = list(PricePeriod.objects.filter(stockrecord=record).order_by("valid_from"))
    assert [row.gross_minor for row in rows] == [10_000, 9_000, 8_000]
    assert [row.valid_to for row in rows[:-1]] == [row.valid_from for row in rows[1:]]


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows.update(gross_minor=1),
        lambda rows: rows.filter(valid_to=None).update(reference_minor=1),
        lambda rows: rows.exclude(valid_to=None).update(valid_to=None),
        lambda rows: rows.update(valid_from=START - dt.timedelta(days=9)),
        lambda rows: rows._raw_delete(rows.db),
    ],
)
def test_the_database_refuses_to_change_or_delete_history(clock: Any, change: Any) -> None:
    record = history(clock, (0, 10_000), (5, 9_000))
    rows = PricePeriod.objects.filter(stockrecord=record)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        change(rows)


def test_a_thousand_reductions_are_checked_in_a_constant_number_of_queries(clock: Any) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert list(unlawful_references()) == []
        return len(seen)

    history(clock, (0, 10_000), (40, 8_000), reduced=True)
    one = cost()
    for _more in range(4):
        history(clock, (0, 10_000), (40, 8_000), reduced=True)
    assert cost() == one == 2
