"""The clock: one moment for all, the shop's own midnight."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from shop.kernel import clock as house
from tests.support.helpers import Clock

JUST_BEFORE_MIDNIGHT_UTC = dt.datetime(2026, 6, 30, 22, 30, tzinfo=dt.UTC)


def test_today_is_the_shops_day_not_that_of_utc(clock: Clock) -> None:
    clock.stop(JUST_BEFORE_MIDNIGHT_UTC)
    assert house.today() == dt.date(2026, 7, 1)


def test_a_stopped_clock_stands_and_moves_only_when_told(clock: Clock) -> None:
    moment = clock.stop(JUST_BEFORE_MIDNIGHT_UTC)
    assert house.now() == house.now() == moment
    clock.advance(days=45)
    assert house.today() == dt.date(2026, 8, 15)


def test_after_the_block_time_runs_again() -> None:
    with house.frozen(JUST_BEFORE_MIDNIGHT_UTC), house.frozen(JUST_BEFORE_MIDNIGHT_UTC + dt.timedelta(1)):
        assert house.now() > JUST_BEFORE_MIDNIGHT_UTC
    assert abs((house.now() - timezone.now()).total_seconds()) < 5


def test_a_moment_without_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"), house.frozen(dt.datetime(2026, 1, 1)):
        pass


@pytest.mark.parametrize("day", [dt.date(2026, 3, 29), dt.date(2026, 10, 25), dt.date(2028, 2, 29)])
def test_noon_is_on_its_day_also_when_clocks_change(day: dt.date, clock: Clock) -> None:
    clock.on(day)
    assert house.today() == day
