"""Which bins are counted when: what moves much money often, the rest seldom."""

from __future__ import annotations

import datetime as dt

import pytest

from fulfilment.warehouse.counting import actions
from fulfilment.warehouse.counting.judging import policy
from fulfilment.warehouse.counting.models import CountPolicy, CountTask
from fulfilment.warehouse.counting.planning import article_classes, bins_due, plan_counts
from fulfilment.warehouse.counting.tasks import plan
from fulfilment.warehouse.stock.models import DISPATCH, PACKING, Movement
from shop.customers.models import User
from tests.factories.stock import make_bin, make_stockrecord
from tests.support.helpers import Clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(db: None) -> None:
    """Three articles in a bin each; of 100 EUR dispatched 80, 15 and 5 are theirs."""
    for sku, place, pieces in (("FAST", "A-01", 80), ("MIDDLE", "B-01", 15), ("SLOW", "C-01", 5)):
        record = make_stockrecord(sku, bins={place: 3}, unit_cost_minor=100)
        Movement.objects.create(
            kind=DISPATCH, stockrecord=record, bin=make_bin("PACK-01", kind=PACKING), quantity=-pieces
        )


def due() -> list[tuple[str, str]]:
    return [(bin.code, abc) for bin, abc in bins_due(policy())]


def test_articles_are_ranked_by_the_value_dispatched_lately(house: None, clock: Clock) -> None:
    assert sorted(article_classes(policy()).values()) == ["A", "B"]
    assert due() == [("A-01", "A"), ("B-01", "B"), ("C-01", "C")]
    clock.advance(days=91)
    assert article_classes(policy()) == {}
    assert due() == [("A-01", "C"), ("B-01", "C"), ("C-01", "C")]


def test_a_bin_is_due_again_after_the_days_of_its_class(house: None, staff: User, clock: Clock) -> None:
    clock.stop(dt.datetime(2026, 11, 25, 8, tzinfo=dt.UTC))
    assert plan_counts() == 3
    for task in CountTask.objects.all():
        actions.start(task=task, by=staff)
        actions.tally(task=task, stockrecord=task.bin.contents.get().stockrecord, quantity=3, by=staff)
        assert actions.finish(task=task, by=staff) == "booked"
    assert due() == []
    clock.advance(days=30)
    assert due() == [("A-01", "A")]
    clock.advance(days=30)
    assert [bin for bin, _abc in due()] == ["A-01"]


def test_no_more_bins_than_people_can_count_and_the_dearest_first(house: None) -> None:
    CountPolicy.objects.filter(pk=policy().pk).update(bins_per_day=2)
    assert plan() == 2
    assert list(CountTask.objects.order_by("pk").values_list("bin__code", "abc", "cause")) == [
        ("A-01", "A", "cycle"),
        ("B-01", "B", "cycle"),
    ]
    assert plan_counts() == 0
    CountTask.objects.filter(bin__code="A-01").update(state="cancelled")
    assert plan_counts() == 1


def test_nothing_is_planned_where_the_policy_says_so(house: None) -> None:
    CountPolicy.objects.filter(pk=policy().pk).update(bins_per_day=0)
    assert plan_counts() == 0


def test_planning_costs_a_constant_number_of_queries(house: None, django_assert_num_queries: object) -> None:
    rules = policy()
    for n in range(30):
        make_stockrecord(f"MORE-{n}", bins={f"M-{n:02}": 1})
    with django_assert_num_queries(5):  # type: ignore[operator]
        assert len(bins_due(rules)) == 33
