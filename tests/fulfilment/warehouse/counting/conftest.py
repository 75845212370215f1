"""A shelf to count, and three people: who counts, who counts again, who approves."""

from __future__ import annotations

import pytest

from catalogue.partner.models import StockRecord
from fulfilment.warehouse.counting import actions
from fulfilment.warehouse.counting.models import CountTask
from fulfilment.warehouse.stock.models import Bin
from shop.customers.models import User
from tests.factories.people import make_staff
from tests.factories.stock import make_bin, make_stockrecord


@pytest.fixture
def shoe() -> StockRecord:
    return make_stockrecord("SHOE-1", bins={"A-01": 10}, unit_cost_minor=3_000)


@pytest.fixture
def place(shoe: StockRecord) -> Bin:
    return make_bin("A-01")


@pytest.fixture
def colleague(db: None) -> User:
    return make_staff("zweite@example.org", "counting.count_bins", first_name="Zoe", last_name="Zweite")


@pytest.fixture
def boss(db: None) -> User:
    return make_staff("chef@example.org", "counting.approve_counts", first_name="Cem", last_name="Chef")


@pytest.fixture
def task(place: Bin, staff: User) -> CountTask:
    return actions.ask(bin=place, by=staff)[0]
