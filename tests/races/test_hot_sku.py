"""Everybody wants the same SKU and gives it back in the same moment: every piece is counted once, nobody is stuck."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from django.db import transaction

from catalogue.partner.actions import Wish, release, reserve
from catalogue.partner.models import InsufficientStock, Reservation, StockRecord
from catalogue.partner.verify import CHECKS
from shop.kernel.models import StateChange
from shop.kernel.transactions import retrying
from tests.factories.stock import make_stockrecord
from tests.races.crowd import all_at_once

pytestmark = [pytest.mark.both_databases]

CROWD, TURNS, FIRST = 16, 6, 60_000_000


def promised(*records: StockRecord) -> list[int]:
    return [StockRecord.objects.get(pk=record.pk).num_allocated for record in records]


def breaches() -> list[str]:
    return [breach for _name, check in CHECKS for breach in check()]


def no_surprise(answers: Iterable[object]) -> None:
    strange = [answer for answer in answers if isinstance(answer, Exception)]
    assert not strange, strange[:3]


def test_pieces_promised_and_freed_by_a_crowd_are_all_there_afterwards(fresh_database: None) -> None:
    record = make_stockrecord("HOT", bins={"A-01": 5})

    def turns(n: int) -> int:
        kept = 0
        for turn in range(TURNS):
            number = FIRST + n * TURNS + turn
            try:
                retrying(lambda number=number: reserve([Wish(record.pk, number, number, 1)], expires_at=None))
            except InsufficientStock:
                continue
            kept += retrying(lambda number=number: release(order_id=number, why="test"))
        return kept

    answers = all_at_once([lambda n=n: turns(n) for n in range(CROWD)])
    no_surprise(answers)
    assert promised(record) == [0] and breaches() == []
    closed = Reservation.objects.filter(state="released").count()
    assert closed == sum(answers) == StateChange.objects.filter(machine="reservation").count()
    assert closed == Reservation.objects.count() > 0


def test_an_order_given_back_by_many_at_once_is_given_back_once(fresh_database: None) -> None:
    one, two = make_stockrecord("ONE", bins={"A-01": 9}), make_stockrecord("TWO", bins={"A-02": 9})
    wishes = [Wish(one.pk, FIRST, FIRST, 2), Wish(two.pk, FIRST + 1, FIRST, 3)]
    retrying(lambda: reserve(wishes, expires_at=None))
    reserve([Wish(one.pk, FIRST + 2, FIRST + 2, 4)], expires_at=None)
    give = [lambda: retrying(lambda: release(order_id=FIRST, why="test")) for _ in range(CROWD)]
    answers = all_at_once(give)
    no_surprise(answers)
    assert sorted(answers) == [0] * (CROWD - 1) + [5]
    assert promised(one, two) == [4, 0] and breaches() == []
    assert StateChange.objects.filter(machine="reservation").count() == 2


def test_orders_of_the_same_skus_are_promised_at_once_whole_or_not_at_all(fresh_database: None) -> None:
    left = {"A": 60, "B": 60, "C": CROWD * TURNS // 3, "D": 60, "E": 60}
    records = [make_stockrecord(sku, bins={f"{sku}-01": 200}) for sku in left]
    for record in records:
        reserve([Wish(record.pk, FIRST + record.pk, FIRST, 200 - left[record.partner_sku])], expires_at=None)

    def buy(number: int) -> bool:
        pieces = [Wish(record.pk, 1000 * number + record.pk, number, 1) for record in records]
        try:
            with transaction.atomic():
                reserve(pieces if number % 2 else pieces[::-1], expires_at=None)
        except InsufficientStock:
            return False
        return True

    # Without retrying(): a deadlock would be an answer here.
    answers = all_at_once(
        [lambda n=n: [buy(FIRST + 1 + n * TURNS + turn) for turn in range(TURNS)] for n in range(CROWD)]
    )
    no_surprise(answers)
    bought = sum(one for row in answers for one in row)
    assert bought == left["C"]
    assert promised(*records) == [200 - left[record.partner_sku] + bought for record in records]
    assert breaches() == []


def test_orders_of_the_same_skus_are_given_back_at_once_without_blocking_each_other(
    fresh_database: None,
) -> None:
    one, two = make_stockrecord("ONE", bins={"A-01": 99}), make_stockrecord("TWO", bins={"A-02": 99})
    for n in range(CROWD):
        pair = [Wish(record.pk, FIRST + 2 * n + i, FIRST + n, 1) for i, record in enumerate((one, two))]
        wishes = pair if n % 2 else pair[::-1]
        retrying(lambda wishes=wishes: reserve(wishes, expires_at=None))
    # Without retrying(): a deadlock would be an answer here.
    answers = all_at_once([lambda n=n: release(order_id=FIRST + n, why="test") for n in range(CROWD)])
    no_surprise(answers)
    assert answers == [2] * CROWD and promised(one, two) == [0, 0] and breaches() == []
