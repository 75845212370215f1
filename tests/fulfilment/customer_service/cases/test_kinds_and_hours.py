"""A case sorted by law, and due times that only run while service works."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from fulfilment.customer_service.cases import kinds
from fulfilment.customer_service.cases.hours import OpeningHours, due_after

DAY = dt.date(2026, 3, 10)
NINE_TO_FIVE = OpeningHours(dt.time(9), dt.time(17))


@pytest.mark.parametrize(
    ("reason", "today", "kind", "until", "presumed"),
    [
        ("changed_mind", dt.date(2026, 3, 24), "withdrawal", dt.date(2026, 3, 24), False),
        ("changed_mind", dt.date(2026, 3, 25), "goodwill", dt.date(2026, 3, 24), False),
        ("faulty", dt.date(2027, 3, 10), "warranty", dt.date(2028, 3, 10), True),
        ("faulty", dt.date(2027, 3, 11), "warranty", dt.date(2028, 3, 10), False),
        ("faulty", dt.date(2028, 3, 10), "warranty", dt.date(2028, 3, 10), False),
        ("faulty", dt.date(2028, 3, 11), "goodwill", dt.date(2028, 3, 10), False),
        ("damaged", dt.date(2026, 3, 12), "transport_damage", dt.date(2028, 3, 10), True),
        ("wrong_or_missing", dt.date(2026, 3, 12), "short_delivery", dt.date(2028, 3, 10), True),
        ("guarantee", dt.date(2036, 3, 12), "guarantee", None, False),
        ("question", dt.date(2026, 3, 12), "question", None, False),
    ],
)
def test_what_somebody_wants_is_sorted_by_the_day_of_delivery(
    reason: str, today: dt.date, kind: str, until: dt.date | None, presumed: bool
) -> None:
    found = kinds.sort_case(reason, delivered_on=DAY, today=today)
    assert (found.kind.code, found.until, found.fault_presumed) == (kind, until, presumed)


@pytest.mark.parametrize("reason", ["changed_mind", "faulty", "damaged"])
def test_a_delivery_nobody_knows_shortens_no_right(reason: str) -> None:
    found = kinds.sort_case(reason, delivered_on=None, today=dt.date(2036, 1, 1))
    assert found.kind.code != "goodwill" and found.until is None


def test_months_end_on_the_last_day_where_a_month_is_shorter() -> None:
    assert kinds.months_after(dt.date(2028, 2, 29), 12) == dt.date(2029, 2, 28)
    assert kinds.months_after(dt.date(2026, 1, 31), 1) == dt.date(2026, 2, 28)
    assert kinds.months_after(dt.date(2026, 11, 30), 1) == dt.date(2026, 12, 30)
    assert kinds.months_after(dt.date(2026, 12, 5), 12) == dt.date(2027, 12, 5)


def test_every_kind_says_its_duty_and_has_remedies() -> None:
    for kind in kinds.KINDS.values():
        assert str(kind.duty) and kind.remedies and set(kind.remedies) <= set(kinds.REMEDIES)


def _local(*parts: int) -> dt.datetime:
    return timezone.make_aware(dt.datetime(*parts))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("start", "minutes", "due"),
    [
        (_local(2026, 11, 25, 10), 60, _local(2026, 11, 25, 11)),
        (_local(2026, 11, 25, 16, 30), 60, _local(2026, 11, 26, 9, 30)),  # over the evening
        (_local(2026, 11, 27, 16, 30), 60, _local(2026, 11, 30, 9, 30)),  # over the weekend
        (_local(2026, 11, 28, 12), 0, _local(2026, 11, 30, 9)),  # on a Saturday
        (_local(2026, 11, 25, 5), 8 * 60, _local(2026, 11, 25, 17)),  # before it opens, a whole day
        (_local(2026, 12, 24, 16), 120, _local(2026, 12, 28, 10)),  # over Christmas (25th, 26th, Sunday)
        (_local(2026, 3, 27, 16), 120, _local(2026, 3, 30, 10)),  # summer time begins that weekend
    ],
)
def test_due_times_run_only_in_business_hours(start: dt.datetime, minutes: int, due: dt.datetime) -> None:
    assert due_after(start, minutes, NINE_TO_FIVE) == due


def test_holidays_of_one_state_count_only_there() -> None:
    reformation = _local(2025, 10, 31, 9)  # a Friday, a holiday in Hamburg and not in Bavaria
    assert due_after(reformation, 60, OpeningHours(dt.time(9), dt.time(17), "BY")) == _local(2025, 10, 31, 10)
    assert due_after(reformation, 60, OpeningHours(dt.time(9), dt.time(17), "HH")) == _local(2025, 11, 3, 10)


def test_hours_that_never_come_are_an_error() -> None:
    with pytest.raises(ValueError, match="open before"):
        due_after(_local(2026, 1, 1, 1), 5, OpeningHours(dt.time(9), dt.time(9)))
    with pytest.raises(ValueError, match="too far"):
        due_after(_local(2026, 1, 1, 1), 10**7, NINE_TO_FIVE)
