"""Each rule of stock, broken behind the application's back: ``verify_stock`` says so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalogue.partner.models import StockRecord
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.models import Bin, BinStock, Handling, Lot, LotStock, Movement
from fulfilment.warehouse.stock.queries import stock_differences
from shop.kernel.clock import today
from tests.factories.stock import make_bin, make_stockrecord

pytestmark = pytest.mark.django_db


def a_house(name: str = "") -> None:
    """A plain article on the shelf and in quarantine, one with lots, one with serial numbers."""
    plain = make_stockrecord(f"PLAIN{name}", bins={"A-01": 5})
    quarantine = make_bin("Q-01", kind="quarantine", sequence=90)
    stock.transfer(stockrecord=plain, source=make_bin("A-01"), target=quarantine, quantity=2)
    cream, watch = make_stockrecord(f"CREAM{name}"), make_stockrecord(f"WATCH{name}")
    stock.set_handling(stockrecord=cream, tracking="lot", has_best_before=True)
    stock.set_handling(stockrecord=watch, tracking="serial")
    ends = today() + dt.timedelta(days=90)
    stock.receive(stockrecord=cream, bin=make_bin("A-01"), quantity=4, lot="L-1", best_before=ends)
    stock.receive(stockrecord=watch, bin=make_bin("A-01"), quantity=1, lot="S-1")


def of(sku: str) -> dict[str, Any]:
    return {"stockrecord__partner_sku": sku}


def sum_of_the_sale() -> None:
    StockRecord.objects.filter(partner_sku="PLAIN").update(num_in_stock=4)


def sum_of_quarantine() -> None:
    StockRecord.objects.filter(partner_sku="PLAIN").update(num_quarantine=1)


def kind_of_a_full_bin() -> None:
    Bin.objects.filter(code="Q-01").update(kind="pick")


def sum_of_a_bin() -> None:
    BinStock.objects.filter(**of("PLAIN"), bin__code="A-01").update(quantity=9)


def sum_of_a_lot() -> None:
    LotStock.objects.filter(lot__code="L-1").update(quantity=3)


def a_movement_without_its_lot() -> None:
    cream = StockRecord.objects.get(partner_sku="CREAM")
    Movement.objects.create(kind="count", stockrecord=cream, bin=make_bin("A-01"), quantity=1)
    BinStock.objects.filter(stockrecord=cream).update(quantity=5)
    StockRecord.objects.filter(pk=cream.pk).update(num_in_stock=5)


def lots_of_an_article_without_lots() -> None:
    Handling.objects.filter(**of("CREAM")).update(tracking="none")


def an_article_that_asks_for_lots_all_at_once() -> None:
    Handling.objects.create(stockrecord=StockRecord.objects.get(partner_sku="PLAIN"), tracking="lot")


def a_serial_number_in_two_places() -> None:
    LotStock.objects.filter(lot__code="S-1").update(is_serial=False)
    LotStock.objects.create(lot=Lot.objects.get(code="S-1"), bin=make_bin("B-01"), quantity=1)


def a_serial_number_that_nobody_guards() -> None:
    LotStock.objects.filter(lot__code="S-1").update(is_serial=False)


BROKEN: dict[Callable[[], None], str] = {
    sum_of_the_sale: "PLAIN: 4 in stock, movements add up to 3",
    sum_of_quarantine: "PLAIN: 1 in quarantine, movements add up to 2",
    kind_of_a_full_bin: "PLAIN: 2 in quarantine, movements add up to 0",
    sum_of_a_bin: "9 kept, movements add up to 3",
    sum_of_a_lot: "3 kept, movements add up to 4",
    a_movement_without_its_lot: "4 in lots, there should be 5",
    lots_of_an_article_without_lots: "4 in lots, there should be 0",
    an_article_that_asks_for_lots_all_at_once: "0 in lots, there should be 3",
    a_serial_number_in_two_places: "serial number S-1: 2 pieces in the house",
    a_serial_number_that_nobody_guards: "lot S-1: its row in a bin does not know",
}


@pytest.mark.parametrize(("damage", "words"), BROKEN.items(), ids=[damage.__name__ for damage in BROKEN])
def test_what_is_broken_is_named(damage: Callable[[], None], words: str) -> None:
    a_house()
    assert stock_differences() == []
    damage()
    assert any(words in sentence for sentence in stock_differences()), stock_differences()


def test_verifying_takes_the_same_number_of_queries_however_much_there_is() -> None:
    a_house()
    with CaptureQueriesContext(connection) as few:
        stock_differences()
    for n in range(5):
        a_house(f"-{n}")
    with CaptureQueriesContext(connection) as many:
        assert stock_differences() == []
    assert len(few) == len(many) == 14
