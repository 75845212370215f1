"""Two at once at one serial number, one lot, one empty bin: real threads, real commits."""

from __future__ import annotations

import pytest
from django.db import transaction

from catalogue.partner.models import InsufficientStock, StockRecord
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.actions import StockError
from fulfilment.warehouse.stock.models import LotStock, Movement
from fulfilment.warehouse.stock.queries import stock_differences
from tests.factories.stock import make_bin, make_stockrecord
from tests.races.crowd import all_at_once

pytestmark = pytest.mark.usefixtures("fresh_database")
PEOPLE = 6


def test_a_serial_number_that_many_scan_at_once_is_received_once() -> None:
    record = make_stockrecord("WATCH-1")
    stock.set_handling(stockrecord=record, tracking="serial")
    bins = [make_bin(f"W-{n}", sequence=n) for n in range(PEOPLE)]
    answers = all_at_once(
        [lambda b=place: stock.receive(stockrecord=record, bin=b, quantity=1, lot="S-1") for place in bins]
    )
    assert sum(isinstance(answer, Movement) for answer in answers) == 1
    assert sum(isinstance(answer, StockError) for answer in answers) == PEOPLE - 1, answers
    assert LotStock.objects.get(quantity__gt=0).quantity == 1
    assert stock_differences() == []


def test_of_many_who_take_from_one_lot_nobody_takes_what_is_not_there() -> None:
    record = make_stockrecord("CREAM-1")
    stock.set_handling(stockrecord=record, tracking="lot")
    source, target = make_bin("A-01"), make_bin("B-01", sequence=50)
    for code in ("L-1", "L-2"):
        stock.receive(stockrecord=record, bin=source, quantity=10, lot=code)
    lot = stock.find_lot(stockrecord_id=record.pk, code="L-1")
    what = {"stockrecord": record, "source": source, "target": target, "quantity": 3, "lot": lot}
    answers = all_at_once([lambda: stock.transfer(**what)] * PEOPLE)
    assert answers.count(None) == 3
    assert all(isinstance(answer, stock.NotEnoughInBin) for answer in answers if answer is not None)
    assert stock_differences() == []


def test_pieces_are_sold_or_set_aside_but_never_both() -> None:
    record, place = make_stockrecord(bins={"A-01": 5}), make_bin("A-01")

    def buy() -> None:
        with transaction.atomic():
            StockRecord.objects.get(pk=record.pk).reserve(2)

    aside = {"stockrecord": record, "bin": place, "cause": "missing:1"}
    answers = all_at_once([buy, lambda: stock.set_aside_missing(**aside)] * 3)
    bought = sum(answer is None for answer in answers[::2])
    assert all(answer is None or isinstance(answer, InsufficientStock) for answer in answers[::2]), answers
    record.refresh_from_db()
    assert record.num_allocated == 2 * bought <= record.num_in_stock
    assert record.num_quarantine == sum(answers[1::2]) == 5 - record.num_in_stock


def test_many_who_receive_with_a_cost_keep_the_average_right() -> None:
    record, place = make_stockrecord(unit_cost_minor=0), make_bin("A-01")
    costs = [100, 200, 300, 400, 500, 600]
    all_at_once(
        [
            lambda c=cost: stock.receive(stockrecord=record, bin=place, quantity=10, unit_cost_minor=c)
            for cost in costs
        ]
    )
    record.refresh_from_db()
    assert record.num_in_stock == 60
    # Each step rounds to a cent, so the order of the people may matter by a few cents, never by a delivery.
    assert abs(record.unit_cost_minor - sum(costs) // len(costs)) <= 3
    assert stock_differences() == []
