"""64 buyers, 3 pieces: exactly 3 orders. First the race is shown to exist without the guard."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import pytest
from django.db.models import F

from catalogue.partner import actions as stock
from catalogue.partner.models import InsufficientStock, Reservation, StockRecord
from catalogue.partner.verify import CHECKS as STOCK_CHECKS
from checkout.order.actions import Placement, place
from checkout.order.models import Order
from tests.factories.shopping import make_basket, make_placement, make_variant
from tests.races.crowd import all_at_once

pytestmark = [pytest.mark.both_databases]

BUYERS, PIECES = 64, 3


def stock_oscar(wish: stock.Wish, expires_at: dt.datetime | None) -> None:
    """How stock Oscar reserves: availability was looked at on the page before; now simply add."""
    record = StockRecord.objects.filter(pk=wish.stockrecord_id)
    record.update(num_allocated=F("num_allocated") + wish.quantity)
    Reservation.objects.create(
        stockrecord_id=wish.stockrecord_id,
        order_line_id=wish.order_line_id,
        order_id=wish.order_id,
        quantity=wish.quantity,
        quantity_left=wish.quantity,
        expires_at=expires_at,
    )


def waiting_crowd() -> tuple[StockRecord, list[Placement]]:
    """Everybody has seen that pieces are left and stands on the summary page."""
    shoe = make_variant(stock=PIECES)
    crowd = [make_placement(make_basket((shoe, 1)), method="invoice") for _ in range(BUYERS)]
    return shoe, crowd


def orders_of(crowd: list[Placement]) -> Counter[str]:
    answers = all_at_once([lambda p=placement: place(p) for placement in crowd])  # type: ignore[misc]
    strange = [a for a in answers if not isinstance(a, Order | InsufficientStock)]
    assert not strange, strange[:3]
    return Counter(type(answer).__name__ for answer in answers)


def test_without_the_guard_the_shop_oversells(fresh_database: None, monkeypatch: Any) -> None:
    shoe, crowd = waiting_crowd()
    monkeypatch.setattr(stock, "_reserve_one", stock_oscar)
    # The constraint, our second guard, is held off by a flag that only this test sets.
    StockRecord.objects.filter(pk=shoe.pk).update(backorderable=True)
    assert orders_of(crowd)["Order"] > PIECES
    shoe.refresh_from_db()
    assert shoe.num_allocated > shoe.num_in_stock


def test_the_constraint_alone_stops_overselling_too(fresh_database: None, monkeypatch: Any) -> None:
    from django.db import IntegrityError

    shoe, crowd = waiting_crowd()
    monkeypatch.setattr(stock, "_reserve_one", stock_oscar)
    answers = all_at_once([lambda p=placement: place(p) for placement in crowd])  # type: ignore[misc]
    assert Counter(type(a) for a in answers) == {Order: PIECES, IntegrityError: BUYERS - PIECES}


def test_of_64_buyers_at_a_barrier_exactly_three_get_the_three_pieces(fresh_database: None) -> None:
    shoe, crowd = waiting_crowd()
    assert orders_of(crowd) == {"Order": PIECES, "InsufficientStock": BUYERS - PIECES}
    shoe.refresh_from_db()
    assert (shoe.num_in_stock, shoe.num_allocated) == (PIECES, PIECES)
    assert Order.objects.count() == PIECES
    assert [breach for _name, check in STOCK_CHECKS for breach in check()] == []


def test_orders_of_the_same_things_in_other_order_never_block_each_other(fresh_database: None) -> None:
    one, two = make_variant(stock=40), make_variant(stock=40)
    crowd = [
        make_placement(
            make_basket((one, 1), (two, 1)) if i % 2 else make_basket((two, 1), (one, 1)), method="invoice"
        )
        for i in range(24)
    ]
    assert orders_of(crowd) == {"Order": 24}


def test_a_double_click_in_two_windows_makes_one_order(fresh_database: None) -> None:
    placement = make_placement(make_basket((make_variant(), 1)), method="invoice")
    answers = all_at_once([lambda: place(placement) for _ in range(8)])
    assert len({answer.pk for answer in answers}) == 1
    assert Order.objects.count() == 1
